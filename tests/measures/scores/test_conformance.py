"""What holds for every score: range, independence from other rows, exactness on healthy samples."""

import numpy as np
import pytest

from headwater.errors import SampleError
from headwater.measures.frame import SCORES, fit_frame
from headwater.measures.scores.contract import Score
from headwater.samples.values import Sample
from tests.measures.scores.worlds import LAWS, blobs, labels, skewed, texts
from tests.oracles.agreement import assert_means

ROWS_OF_A_UNIT = {"matches": lambda score: 2, "repeats": lambda score: score.block}
FRESH = 6000


@pytest.fixture(scope="module", params=list(LAWS))
def world(request):
    """A law, a small frame of it, and two fresh samples."""
    rng = np.random.default_rng(8)
    law = LAWS[request.param]
    return law, fit_frame(law(300, rng), seed=3), law(FRESH, rng), law(FRESH, rng)


def test_every_score_of_every_kind_is_fitted_somewhere():
    """No score is left out of the tests below because the worlds have nothing for it."""
    rng = np.random.default_rng(0)
    for law, kind in ((blobs, "numeric"), (labels, "categorical"), (texts, "text")):
        assert tuple(score.name for score in fit_frame(law(300, rng)).scores) == SCORES[kind]


def test_scores_keep_the_contract(world):
    """Names are unique, parts are named, values have a row per unit, a column per part, and are in [0, 1]."""
    _, frame, fresh, _ = world
    assert len({score.name for score in frame.scores}) == len(frame.scores)
    for score in frame.scores:
        values = score.values(fresh)
        units = FRESH // ROWS_OF_A_UNIT.get(score.name, lambda score: 1)(score)
        assert isinstance(score, Score)
        assert frame.reference.kind in score.kinds
        assert values.dtype == np.float64
        assert values.shape == (units, len(score.parts))
        assert len(set(score.parts)) == len(score.parts)
        assert values.min() >= 0 and values.max() <= 1


def test_healthy_samples_score_as_held_out_data_does(world):
    """Given a frame of 150 rows, means over two fresh samples agree, however badly it was fitted."""
    _, frame, held_out, fresh = world
    for score in frame.scores:
        differences = score.values(held_out) - score.values(fresh)
        if differences.any():  # among ties nothing may be between modes, in either sample
            assert_means(differences, np.zeros(len(score.parts)))


@pytest.mark.parametrize(
    "law, name",
    [
        (skewed, "spread"),
        (skewed, "support"),
        (labels, "unseen"),
        (labels, "rare"),
        (texts, "unseen"),
        (texts, "rare"),
        (texts, "novelty"),
        (texts, "surprise"),
    ],
)
def test_rows_of_the_frame_itself_do_not(law, name):
    """Negative control: the rows that a score was fitted to are not what a healthy sample is like."""
    rng = np.random.default_rng(1)
    frame = fit_frame(law(300, rng), seed=3)
    score = frame.score(name)
    with pytest.raises(AssertionError, match=r"differ from theory|Not equal"):
        assert_means(score.values(law(FRESH, rng)), score.values(frame.fitted_on).mean(axis=0))


def test_a_row_scores_the_same_whatever_the_other_rows_are(world):
    """Alone, or among others in another order: independent rows give independent values."""
    _, frame, fresh, _ = world
    order = np.random.default_rng(2).permutation(40)
    some = fresh.take(np.arange(40))
    for score in frame.scores:
        if score.name in ROWS_OF_A_UNIT:
            continue
        values = score.values(some)
        alone = np.concatenate([score.values(some.take(np.array([row]))) for row in range(40)])
        np.testing.assert_allclose(score.values(some.take(order)), values[order], atol=1e-12)
        np.testing.assert_allclose(alone, values, atol=1e-12)


def test_a_row_is_in_one_pair_at_most(world):
    """Exchanging one row changes at most one unit of a score of pairs; an odd row is left out."""
    _, frame, fresh, other = world
    score = frame.score("matches")
    index = np.arange(41)
    before = score.values(fresh.take(index))
    assert before.shape == (20, 1)
    changed = []
    for row in range(41):
        rows = fresh.rows[index].copy()
        rows[row] = other.rows[row]
        kind = None if fresh.kind == "numeric" else fresh.kind
        changed.append((score.values(Sample.of(rows, kind=kind)) != before).any(axis=1).sum())
    assert max(changed) <= 1


def test_results_repeat(world):
    """The same reference and seed give the same values; another seed gives another frame."""
    _, frame, fresh, _ = world
    again = fit_frame(frame.reference, seed=3)
    for one, two in zip(frame.scores, again.scores, strict=True):
        np.testing.assert_array_equal(one.values(fresh), two.values(fresh))
    assert not np.array_equal(fit_frame(frame.reference, seed=4).heldout.rows, frame.heldout.rows)


def test_a_sample_of_another_kind_or_dimension_is_refused(world):
    """By every score and by the frame, before anything is computed."""
    _, frame, _, _ = world
    wrong = Sample.of(np.zeros((5, 99)))
    stranger = Sample.of(["a"], kind="text" if frame.reference.kind == "categorical" else "categorical")
    for check in (frame.check, *(score.values for score in frame.scores)):
        with pytest.raises(SampleError, match=r"was fitted on"):
            check(wrong)
        with pytest.raises(SampleError, match=r"was fitted on"):
            check(stranger)


def _degenerate():
    rng = np.random.default_rng(5)
    normal = rng.normal(size=(200, 4))
    constant = normal.copy()
    constant[:, 2] = 0.1
    yield "a constant feature", constant
    yield "only constants", np.full((200, 3), 0.1)
    yield "only zeros", np.zeros((200, 3))
    yield "every row twice", np.repeat(normal[:100], 2, axis=0)
    yield "three rows only", normal[rng.integers(3, size=200)]
    yield "one feature", normal[:, :1]
    yield "more features than rows", rng.normal(size=(120, 300))
    yield "a feature that is another", normal[:, [0, 0, 1]]
    yield "scales of 1e68 and 1e-100", normal * [1e68, 1e-100, 1, 1]
    yield "a far row", np.concatenate([normal[1:], np.full((1, 4), 1e12)])


@pytest.mark.parametrize("rows", [pytest.param(rows, id=name) for name, rows in _degenerate()])
def test_degenerate_numbers_are_scored(rows):
    """Whatever real data looks like, scores are finite, in [0, 1], and healthy samples like held-out data."""
    frame = fit_frame(Sample.of(rows))
    assert {"support", "matches"} <= {score.name for score in frame.scores}
    for sample in (frame.heldout, Sample.of(rows[:1]), Sample.of(rows + 1.0), Sample.of(rows * 1e30)):
        for score in frame.scores:
            values = score.values(sample)
            assert np.isfinite(values).all()
            assert values.min(initial=0) >= 0 and values.max(initial=1) <= 1


@pytest.mark.parametrize("names", [["a"] * 200, ["a", "b"] * 100, [str(each) for each in range(200)]])
def test_degenerate_labels_are_scored(names):
    """One label, two, or every one different."""
    frame = fit_frame(Sample.of(names, kind="categorical"))
    for sample in (frame.heldout, Sample.of(["", "a", "never seen"], kind="categorical")):
        for score in frame.scores:
            assert ((score.values(sample) == 0) | (score.values(sample) == 1)).all()


@pytest.mark.parametrize(
    "documents", [[""] * 200, ["", "a"] * 100, ["one word each time"] * 200, ["a"] * 200]
)
def test_degenerate_texts_are_scored(documents):
    """No words at all, documents without words, of one word, or all the same."""
    frame = fit_frame(Sample.of(documents, kind="text"))
    for sample in (frame.heldout, Sample.of(["", "...", "new", "a a a", "word " * 5000], kind="text")):
        for score in frame.scores:
            values = score.values(sample)
            assert np.isfinite(values).all()
            assert values.min() >= 0 and values.max() <= 1
