"""Causes in worlds where each is planted, and in hand-made evidence."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from headwater.errors import SampleError
from headwater.measures.causes import Evidence, Tolerances, differential
from headwater.samples.values import Sample
from verification.causes import world
from verification.worlds import CAUSES, EVIDENCE

RUNS = 20
SEED = 4
FALSE_ALARM = 1e-6


@pytest.fixture(scope="module")
def worlds():
    return {(true, run): world(true, run, SEED) for true in CAUSES for run in range(RUNS)}


@pytest.fixture(scope="module")
def answers(worlds):
    return {key: differential(given).answer for key, given in worlds.items()}


def right(answers):
    return sum(answer == true for (true, _), answer in answers.items())


def enough(count, total):
    """Whether so few right ones are at least a millionth likely if 95 % are right."""
    return binom.cdf(count, total, 0.95) > FALSE_ALARM


@pytest.mark.slow
def test_each_cause_is_told_from_the_others(answers):
    """At least 95 % right with full evidence, and wrong (not *cannot tell*) in at most 1 %."""
    assert enough(right(answers), len(answers))
    for true in CAUSES:
        assert enough(sum(answers[true, run] == true for run in range(RUNS)), RUNS), true
    wrong = sum(answer not in (true, "cannot tell") for (true, _), answer in answers.items())
    assert binom.sf(wrong - 1, len(answers), 0.01) > FALSE_ALARM


@pytest.mark.slow
def test_shuffled_answers_are_not_accepted(answers):
    """Power: the answers of one world held against the truth of another fail the same bound."""
    keys = list(answers)
    order = np.random.default_rng(11).permutation(len(keys))
    shuffled = {key: answers[keys[at]] for key, at in zip(keys, order, strict=True)}
    assert not enough(right(shuffled), len(shuffled))


@pytest.mark.slow
def test_swapped_evidence_breaks_it(worlds):
    """Power: with generations in reverse and real data swapped, what was right is not."""
    found = {}
    for (true, run), given in worlds.items():
        if run < 5 and true != "none":
            last = max(given.generations)
            swapped = replace(
                given,
                generations={last - generation: each for generation, each in given.generations.items()},
                checkpoints={-step: each for step, each in given.checkpoints.items()},
                training=given.generations[0],
                newer=given.reference,
            )
            found[true, run] = differential(swapped).answer
    assert not enough(right(found), len(found))


@pytest.mark.slow
def test_missing_evidence_leads_to_cannot_tell_and_not_astray(worlds):
    """Wrong in at most 1 %, over all causes and all that may be missing."""
    found = Counter(
        differential(left(worlds[true, run])).answer in (true, "cannot tell")
        for true in CAUSES
        for run in range(3)
        for name, left in EVIDENCE.items()
        if name != "full evidence"
    )
    assert binom.sf(found[False] - 1, found.total(), 0.01) > FALSE_ALARM


@pytest.fixture
def normals():
    rng = np.random.default_rng(12)
    return lambda shift=0.0, width=1.0, rows=500: Sample.of(shift + width * rng.normal(size=(rows, 2)))


def weighing(found, cause):
    return next(each for each in found.weighings if each.cause == cause)


@pytest.fixture
def narrowing(normals):
    """A line that loses spread from generation to generation."""
    return {generation: normals(width=0.75**generation) for generation in range(5)}


def test_narrowing_by_own_output_is_collapse_without_newer_data(normals, narrowing):
    """A moving world cannot move a line that learns from models alone."""
    found = differential(Evidence(narrowing, normals(), ancestry="synthetic"))
    assert found.answer == "collapse"
    assert "spread" in str(weighing(found, "collapse").for_)


@pytest.mark.parametrize(
    ("ancestry", "newer", "support", "decides"),
    [
        (None, True, "unknown", "lineage"),
        (None, False, "unknown", "lineage"),
        ("mixed", False, "unknown", "newer real data"),
        ("mixed", True, "for", ""),
        ("real", True, "against", "lineage"),
    ],
)
def test_what_decides_collapse_is_what_is_missing(normals, narrowing, ancestry, newer, support, decides):
    """Lineage, or the newer reference, by name."""
    given = Evidence(narrowing, normals(), normals() if newer else None, ancestry=ancestry)
    found = weighing(differential(given), "collapse")
    assert found.support == support
    assert decides in " ".join(found.would_decide)


def test_one_transition_is_not_progress(normals):
    """Two generations that differ leave collapse open, and one more would decide."""
    given = Evidence({0: normals(), 1: normals(width=0.4)}, normals(), normals(), ancestry="synthetic")
    found = weighing(differential(given), "collapse")
    assert found.support == "unknown"
    assert "another generation" in found.would_decide[0]


def test_a_world_that_narrows_with_its_line_is_drift(normals, narrowing):
    """Spread falls, but toward the real data of now: the model follows."""
    found = differential(Evidence(narrowing, normals(), normals(width=0.75**4), ancestry="mixed"))
    assert found.answer == "drift"
    assert weighing(found, "collapse").support == "against"
    assert "followed" in str(weighing(found, "drift").for_)


@pytest.mark.parametrize(
    ("deployed", "drift", "performative"),
    [(True, "against", "for"), (False, "for", "against"), (None, "unknown", "unknown")],
)
def test_a_world_that_came_to_the_output_is_told_by_who_sees_it(normals, deployed, drift, performative):
    """The same samples: only whether the output is seen tells movement by itself from movement toward it."""
    line = {generation: normals(1.0) for generation in range(3)}
    found = differential(Evidence(line, normals(), normals(0.9), ancestry="real", deployed=deployed))
    assert weighing(found, "drift").support == drift
    assert weighing(found, "performative").support == performative
    if deployed is None:
        assert "sees the output" in weighing(found, "performative").would_decide[0]


def test_a_line_that_followed_its_world_did_not_draw_it(normals):
    """The last output is where the world is now because it learned from it; the first one was not."""
    line = {generation: normals(shift) for generation, shift in enumerate((0.0, 0.5, 1.0))}
    found = differential(Evidence(line, normals(), normals(1.0), ancestry="real", deployed=True))
    assert found.answer == "drift"


def test_two_causes_may_be_shown_together(normals, narrowing):
    """A line that collapses while its world moves aside: both, and which is first goes by the effect."""
    found = differential(Evidence(narrowing, normals(), normals(2.0), ancestry="synthetic"))
    assert {found.answer, *found.also} == {"collapse", "drift"}


def test_a_poor_fit_is_not_called_healthy(normals):
    """All five excluded and the output off: no cause of these, and not *none*."""
    line = {generation: normals(1.0) for generation in range(3)}
    checkpoints = {0: normals(3.0), 1: line[2]}
    given = Evidence(line, normals(), normals(), checkpoints=checkpoints, ancestry="real")
    found = differential(given)
    assert found.answer == "cannot tell"
    assert found.remaining == ()
    assert "poor fit" in found.summary


def test_a_large_sample_alone_shows_nothing(normals):
    """A shift that 20,000 rows tell beyond doubt is none of the causes where it is within tolerance."""
    line = {generation: normals(0.02 * generation, rows=20_000) for generation in range(4)}
    given = Evidence(line, normals(rows=20_000), normals(0.05, rows=20_000), ancestry="mixed", deployed=True)
    found = differential(given, most=2000)
    assert not [each for each in found.weighings if each.support == "for"]
    strict = differential(given, most=3000, tolerances=Tolerances(distance=1e-6))
    assert weighing(strict, "drift").strength > 100


def test_a_sample_in_two_roles_is_one_sample(normals):
    """The reference given as the newer data too has certainly not moved."""
    real = normals()
    found = weighing(differential(Evidence({0: normals()}, real, real, training=real)), "drift")
    assert found.support == "against"


def test_it_goes_to_json_and_repeats(normals, narrowing):
    """Plain types, the same twice, all five causes with what speaks for and against them."""
    given = Evidence(narrowing, normals(), normals(), ancestry="synthetic")
    first, second = (differential(given, seed=3).to_dict() for _ in range(2))
    assert first == second
    assert json.loads(json.dumps(first)) == first
    assert {each["cause"] for each in first["causes"]} == set(CAUSES) - {"none"}
    assert first["causes"][0]["for"]


def test_bad_evidence_is_refused(normals):
    """In words that name the sample."""
    with pytest.raises(SampleError, match="no generation"):
        Evidence({}, normals())
    with pytest.raises(SampleError, match="generation 3 has 1 features"):
        Evidence({3: Sample.of(np.zeros(40))}, normals())
    with pytest.raises(SampleError, match="newer is a text sample"):
        Evidence({0: normals()}, normals(), Sample.of(["a"] * 40, kind="text"))
    with pytest.raises(SampleError, match="training has 10 rows"):
        Evidence({0: normals()}, normals(), training=normals(rows=10))
    with pytest.raises(SampleError, match="ancestry 'some'"):
        Evidence({0: normals()}, normals(), ancestry="some")
    with pytest.raises(SampleError, match="level"):
        differential(Evidence({0: normals()}, normals()), level=1.0)
