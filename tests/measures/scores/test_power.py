"""Each planted loss moves the score of its aspect the way that the score says, and healthy data does not."""

import numpy as np
import pytest

from headwater.measures.frame import fit_frame
from headwater.samples.values import Sample
from tests.measures.scores.worlds import CHANCES, blobs, labels, texts

ROWS = 3000
SIGMAS = 5.5
"""A healthy mean is this far off with a chance of 2e-8: of the two hundred parts here, none should be."""


def harm(score, sample, held_out) -> float:
    """Most standard errors by which a part's mean went the way that is worse."""
    one, other = score.values(sample), score.values(held_out)
    error = np.sqrt(one.var(axis=0) / len(one) + other.var(axis=0) / len(other))
    z = (one.mean(axis=0) - other.mean(axis=0)) / np.maximum(error, 1e-12)
    worse = {"lower": -z, "higher": z, "either": abs(z)}[score.worse]
    return float(worse.max())


def shrunk(sample, rng):
    rows = sample.rows
    return Sample.of(rows.mean(axis=0) + 0.7 * (rows - rows.mean(axis=0)))


def without_a_mode(sample, rng):
    return sample.take(np.flatnonzero(sample.rows[:, -1] < 10))


def without_tails(sample, rng):
    inside = (abs(sample.rows - np.median(sample.rows, axis=0)) < 1.8).all(axis=1)
    return sample.take(np.flatnonzero(inside))


def made_up(sample, rng):
    rows = sample.rows.copy()
    rows[:300] += [0.0, 6.0, 0.0]
    return Sample.of(rows)


def repeating(sample, rng):
    return sample.take(rng.integers(12, size=ROWS))


def between(sample, rng):
    rows = sample.rows.copy()
    rows[:300] = rng.normal([6.0, 0.0, 0.0], 1.0, size=(300, 3))
    return Sample.of(rows)


def moved(sample, rng):
    return Sample.of(sample.rows + np.array([0.0, 0.3, 0.0]))


def normal(rows, rng):
    return Sample.of(rng.normal(size=(rows, 3)))


def typical(sample, rng):
    """Labels or documents without the rarer half of all words."""
    if sample.kind == "categorical":
        return sample.take(np.flatnonzero([int(each[1:]) < 30 for each in sample.rows]))
    kept = [" ".join(word for word in words if int(word[1:]) < 30) for words in sample.documents]
    return Sample.of(kept, kind="text")


def noisy(sample, rng):
    """A tenth of all words or labels are misspelt."""
    rows = [
        " ".join(f"{word}x" if rng.random() < 0.1 else word for word in row.split()) for row in sample.rows
    ]
    return Sample.of(rows, kind=sample.kind)


def without_a_label(sample, rng):
    return sample.take(np.flatnonzero(sample.rows != "w5"))


def shuffled(sample, rng):
    """Words in pairs that real text has not."""
    return Sample.of([" ".join(reversed(words)) + " w1 w299 w298" for words in sample.documents], kind="text")


def looping(sample, rng):
    return Sample.of(
        [text + " " + text if n % 5 == 0 else text for n, text in enumerate(sample.rows)], "text"
    )


def one_topic(sample, rng):
    return Sample.of(sample.rows[rng.integers(12, size=ROWS)].tolist(), kind="text")


LOSSES = [
    (blobs, shrunk, "spread"),
    (normal, shrunk, "spread"),
    (normal, shrunk, "tails"),
    (normal, without_tails, "tails"),
    (blobs, without_a_mode, "modes"),
    (blobs, made_up, "support"),
    (normal, made_up, "support"),
    (blobs, between, "entanglement"),
    (normal, repeating, "matches"),
    (blobs, moved, "location"),
    (labels, typical, "rare"),
    (labels, noisy, "unseen"),
    (labels, without_a_label, "modes"),
    (labels, repeating, "matches"),
    (texts, typical, "rare"),
    (texts, noisy, "unseen"),
    (texts, shuffled, "novelty"),
    (texts, looping, "repetition"),
    (texts, one_topic, "matches"),
    (texts, typical, "surprise"),
    (texts, noisy, "surprise"),
]


@pytest.mark.parametrize("law, loss, name", LOSSES)
def test_a_loss_moves_the_score_of_its_aspect(law, loss, name):
    """And a fresh sample without the loss does not, which is the control."""
    rng = np.random.default_rng(6)
    frame = fit_frame(law(2 * ROWS, rng), names=(name,), seed=2)
    score, fresh = frame.score(name), law(ROWS, rng)
    assert harm(score, loss(fresh, rng), frame.heldout) > SIGMAS
    assert harm(score, fresh, frame.heldout) < SIGMAS


def test_a_lost_mode_is_not_taken_for_entanglement():
    """Each mode has its own limit: no more than the 2 % of rows that lay between modes still do."""
    rng = np.random.default_rng(7)
    frame = fit_frame(blobs(2 * ROWS, rng))
    left = without_a_mode(blobs(ROWS, rng), rng)
    assert harm(frame.score("modes"), left, frame.heldout) > SIGMAS
    assert harm(frame.score("entanglement"), left, frame.heldout) < 4


def test_the_part_that_moved_is_named():
    """The dropped mode's own part goes to zero; the tail that is cut is the one that is missing."""
    rng = np.random.default_rng(7)
    frame = fit_frame(blobs(2 * ROWS, rng))
    modes = frame.score("modes")
    shares = modes.values(frame.heldout).mean(axis=0)
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.2], atol=0.05)
    left = modes.values(without_a_mode(blobs(ROWS, rng), rng)).mean(axis=0)
    assert dict(zip(modes.parts, left == 0, strict=True)) == {
        "mode 1": False,
        "mode 2": False,
        "mode 3": True,
    }
    tails = frame.score("tails")
    cut = frame.heldout.rows.copy()
    cut[:, 1] = np.minimum(cut[:, 1], 1.5)
    left = tails.values(Sample.of(cut)).mean(axis=0)
    assert [part for part, mass in zip(tails.parts, left, strict=True) if mass == 0] == ["x1 high"]


def test_frequencies_of_the_world_are_zipf():
    """The world's rare labels are rare: what is planted above is in the tails."""
    assert CHANCES[30:].sum() < 0.4
    assert CHANCES[5] > 0.01
