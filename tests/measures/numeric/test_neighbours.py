"""Precision, recall, density and coverage against prdc, closed forms and samples that collapsed."""

import gc
import weakref

import numpy as np
import pytest
from prdc import compute_prdc
from scipy.stats import binom

from headwater.errors import SampleError
from headwater.measures.contract import Metric
from headwater.measures.numeric import neighbours
from headwater.measures.numeric.neighbours import (
    Coverage,
    Density,
    Precision,
    Recall,
    neighbourhoods,
    same_law_coverage,
)
from headwater.samples.values import Sample
from tests.oracles.agreement import assert_means

METRICS = [Precision, Recall, Density, Coverage]
rng = np.random.default_rng(20240917)


def normal(rows, features=3, scale=1.0):
    return scale * rng.standard_normal((rows, features))


def grid(rows):
    return rng.integers(0, 4, (rows, 8)).astype(float)


PAIRS = {
    "same law": (normal(400, 64), normal(300, 64)),
    "narrower": (normal(400, 4), normal(500, 4, 0.5)),
    "elsewhere": (normal(200), normal(200) + 2),
    "duplicates": (np.repeat(normal(100, 10), 3, axis=0), np.repeat(normal(100, 10), 2, axis=0)),
    "a grid with ties": (grid(400), grid(300)),
}


@pytest.mark.parametrize(("real", "fake"), PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("nearest", [1, 5])
def test_all_four_are_those_of_prdc(real, fake, nearest, capsys):
    ours = neighbourhoods(real, fake, nearest)
    theirs = compute_prdc(real, fake, nearest)
    found = {name: getattr(ours, name) for name in theirs}
    assert found == pytest.approx({name: float(value) for name, value in theirs.items()}, rel=1e-12)


def test_values_of_huge_and_tiny_numbers_are_the_same():
    real, fake = PAIRS["narrower"]
    values = [
        (found.precision, found.recall, found.density, found.coverage)
        for scale in (1.0, 2.0**600, 2.0**-400)
        for found in [neighbourhoods(scale * real, scale * fake, 5)]
    ]
    assert values[0] == values[1] == values[2]


def test_a_sample_that_collapsed_to_one_real_row_is_precise_and_recalls_that_row():
    """The usual mistake is the other way round; and a radius of nought must not lose the row itself."""
    real = normal(200)
    found = neighbourhoods(real, np.repeat(real[:1], 150, axis=0), 5)
    assert found.precision == 1
    assert found.recall == 1 / 200
    inside = ((real - real[0]) ** 2).sum(1) < np.sort(((real[:, None] - real) ** 2).sum(-1), axis=1)[:, 5]
    assert found.coverage == inside.mean()
    assert found.density == pytest.approx(inside.sum() / 5)


def test_a_real_world_of_one_row_is_matched_by_a_model_that_repeats_it():
    """Where every radius is nought a strict inequality would score a perfect model 0."""
    found = neighbourhoods(np.ones((60, 4)), np.ones((40, 4)), 5)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    elsewhere = neighbourhoods(np.ones((60, 4)), np.zeros((40, 4)), 5)
    assert (elsewhere.precision, elsewhere.recall, elsewhere.coverage, elsewhere.density) == (0, 0, 0, 0)


def test_a_copy_of_the_reference_has_a_density_of_one():
    """The copy of the neighbour a ball reaches to is on its edge, and out."""
    real = normal(500, 20)
    assert neighbourhoods(real, real.copy(), 5).density == pytest.approx(1)


@pytest.mark.parametrize(("real", "fake", "nearest"), [(60, 60, 3), (40, 90, 2), (90, 40, 5)])
def test_density_and_coverage_of_the_same_law_have_the_known_means(real, fake, nearest):
    """Whatever the law: a Cauchy one here."""
    draws = np.array(
        [
            (found.density, found.coverage)
            for _ in range(400)
            for found in [
                neighbourhoods(rng.standard_cauchy((real, 2)), rng.standard_cauchy((fake, 2)), nearest)
            ]
        ]
    )
    order = range(1, nearest + 1)
    expected = 1 - np.prod([real - k for k in order]) / np.prod([real + fake - k for k in order])
    assert same_law_coverage(real, fake, nearest) == pytest.approx(expected)
    assert_means(draws, np.array([1.0, expected]))
    with pytest.raises(AssertionError, match="differ from theory"):  # one neighbour more
        assert_means(draws, np.array([1.0, same_law_coverage(real, fake, nearest + 1)]))


@pytest.mark.parametrize("metric", [Precision(), Density(), Coverage()], ids=lambda each: each.about.name)
def test_intervals_hold_what_other_samples_give_against_the_same_reference(metric):
    """Of 200 intervals no more miss the mean than chance brings at 1e-6."""
    reference = Sample.of(normal(250))
    found = [metric(Sample.of(normal(250, scale=0.8)), reference) for _ in range(200)]
    mean = np.mean([each.value for each in found])
    missed = sum(not each.low <= mean <= each.high for each in found)
    assert missed <= binom.isf(1e-6, 200, 0.05)
    narrow = sum(abs(each.value - mean) > (each.high - each.low) / 8 for each in found)
    assert narrow > binom.isf(1e-6, 200, 0.05)


def test_the_interval_of_recall_holds_what_other_real_rows_give():
    sample = Sample.of(normal(250, scale=0.6))
    found = [Recall()(sample, Sample.of(normal(250))) for _ in range(200)]
    mean = np.mean([each.value for each in found])
    assert sum(not each.low <= mean <= each.high for each in found) <= binom.isf(1e-6, 200, 0.05)
    assert sum(abs(each.value - mean) > (each.high - each.low) / 8 for each in found) > binom.isf(
        1e-6, 200, 0.05
    )


def test_each_metric_tells_its_own_number():
    real, fake = PAIRS["narrower"]
    ours = neighbourhoods(real, fake, 5)
    for metric in METRICS:
        found = metric()(Sample.of(fake), Sample.of(real))
        assert isinstance(metric(), Metric)
        assert found.value == getattr(ours, metric().about.name)
        assert found.low <= found.value <= found.high
        assert metric().about.lowest <= found.low and found.high <= metric().about.highest


def test_one_pass_serves_all_four_and_is_forgotten_with_the_sample(monkeypatch):
    passes = []
    real = neighbours.neighbourhoods
    monkeypatch.setattr(neighbours, "neighbourhoods", lambda *given: passes.append(1) or real(*given))
    sample, reference = Sample.of(normal(50)), Sample.of(normal(50))
    for metric in METRICS:
        metric()(sample, reference)
    assert len(passes) == 1
    Coverage(nearest=3)(sample, reference)
    Coverage(nearest=3)(sample, Sample.of(normal(50)))
    assert len(passes) == 3
    gone = weakref.ref(sample)
    del sample
    gc.collect()
    assert gone() is None


def test_a_lost_half_of_the_world_shows_in_recall_and_coverage_only():
    real = normal(1000, 2)
    real[:500] += 20
    found = neighbourhoods(real, normal(1000, 2), 5)
    assert found.precision > 0.9
    assert 0.4 < found.coverage <= 0.5 and 0.4 < found.recall <= 0.5
    assert found.density == pytest.approx(1, abs=0.2)


def test_thinning_is_told():
    reference = Sample.of(normal(300))
    found = Coverage(most=100)(Sample.of(normal(200)), reference)
    assert any("sample" in note and "100 of 200" in note for note in found.notes)
    assert any("reference" in note and "100 of 300" in note for note in found.notes)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("wrong", [{"nearest": 0}, {"most": 5}, {"level": 1.0}])
def test_hyperparameters_that_mean_nothing_are_refused(metric, wrong):
    with pytest.raises(SampleError):
        metric(**wrong)


def test_a_text_is_refused():
    text = Sample.of(["a"], "text")
    with pytest.raises(SampleError, match="precision of a text sample"):
        Precision()(text, text)
