"""Modes that are known, laws that have one bump however strange its shape, and modes that go."""

import re
import time

import numpy as np
import pytest
from scipy.stats import binom, norm

from headwater.errors import SampleError
from headwater.measures.contract import Metric
from headwater.measures.numeric.modes import Modes, fit_modes
from headwater.samples.values import Sample

rng = np.random.default_rng(20240917)
GRID = 8.0 * np.array([[i, j] for i in range(4) for j in range(4)])
RING = 10 * np.column_stack([f(np.linspace(0, 2 * np.pi, 9)[:-1]) for f in (np.cos, np.sin)])
FOUR = 10 * np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])


def mixture(rows, centres, chances=None, scale=1.0):
    which = rng.choice(len(centres), rows, p=chances)
    return centres[which] + scale * rng.standard_normal((rows, centres.shape[1])), which


ANGLE = rng.uniform(0, 3, (3000, 1))
ONE_BUMP = {
    "normal": rng.standard_normal((3000, 1)),
    "normal in 64": rng.standard_normal((3000, 64)),
    "correlated": rng.standard_normal((3000, 20)) @ rng.standard_normal((20, 20)),
    "uniform": rng.random((3000, 3)),
    "uniform in 5": rng.random((3000, 5)),
    "exponential": rng.exponential(size=(3000, 4)),
    "lognormal": np.exp(rng.standard_normal((3000, 3))),
    "Cauchy": rng.standard_cauchy((3000, 3)),
    "a bent ridge": np.hstack([np.cos(ANGLE), np.sin(ANGLE)]) + 0.1 * rng.standard_normal((3000, 2)),
    "a ring": np.hstack([np.cos(2.1 * ANGLE), np.sin(2.1 * ANGLE)]) + 0.1 * rng.standard_normal((3000, 2)),
    "many zeros": np.where(rng.random((3000, 1)) < 0.6, 0, rng.exponential(size=(3000, 1))),
    "few rows": rng.standard_normal((30, 5)),
    "fewer rows than features": rng.standard_normal((40, 100)),
    "one row": np.ones((1, 3)),
    "equal rows": np.full((100, 3), 0.1),
    "huge": 1e99 * rng.standard_normal((500, 2)),
    "tiny": 1e-99 * rng.standard_normal((500, 2)),
    "a constant feature": np.hstack([rng.standard_normal((500, 2)), np.full((500, 1), 7.0)]),
}


@pytest.mark.parametrize("rows", ONE_BUMP.values(), ids=ONE_BUMP)
def test_one_bump_is_one_mode_whatever_its_shape(rows):
    """And no warning comes out, though a mixture fits several Gaussians to most of these."""
    modes = fit_modes(Sample.of(rows), seed=0)
    assert modes.masses.tolist() == [1.0]
    assert not modes.ambiguity(rows).any()


SEVERAL = {
    "a grid": (mixture(3000, GRID)[0], 16),
    "a ring of eight": (mixture(3000, RING)[0], 8),
    "ten in 64 features": (mixture(3000, 2 * rng.standard_normal((10, 64)))[0], 10),
    "four, few rows": (mixture(200, FOUR)[0], 4),
    "a rare one": (mixture(3000, FOUR[:2], [0.97, 0.03])[0], 2),
    "far apart": (np.vstack([rng.standard_normal((900, 2)), 1e4 + rng.standard_normal((900, 2))]), 2),
    "a ring around a ball": (
        np.vstack([ONE_BUMP["a ring"], 0.1 * rng.standard_normal((1500, 2))]),
        2,
    ),
    "two points": (np.repeat([[0.0, 0], [1, 1]], 50, axis=0), 2),
    "two sizes": (np.vstack([rng.standard_normal((900, 3)), 8 + 0.2 * rng.standard_normal((900, 3))]), 2),
}


@pytest.mark.parametrize(("rows", "count"), SEVERAL.values(), ids=SEVERAL)
def test_modes_are_counted(rows, count):
    modes = fit_modes(Sample.of(rows), seed=0)
    assert len(modes) == count
    assert modes.masses.sum() == pytest.approx(1)
    assert (np.diff(modes.masses) <= 0).all()


@pytest.mark.parametrize(("apart", "count"), [(2.5, 1), (5.0, 2)])
def test_two_normals_are_two_modes_if_a_valley_is_between_them(apart, count):
    """Half way the density is 2 phi(apart / 2) / phi(0) of the peaks': 0.92 and 0.09, limit one half."""
    assert (2 * norm.pdf(apart / 2) / norm.pdf(0) < 0.5) == (count == 2)
    rows, _ = mixture(4000, np.array([[0.0], [apart]]))
    assert len(fit_modes(Sample.of(rows), seed=0)) == count


def test_rows_are_assigned_to_the_mode_they_come_from():
    rows, which = mixture(2000, FOUR, [0.4, 0.3, 0.2, 0.1])
    modes = fit_modes(Sample.of(rows), seed=0)
    fresh, origin = mixture(1000, FOUR)
    labels, chances = modes.assign(fresh)
    np.testing.assert_array_equal(labels, origin)  # ten deviations apart; largest mass first
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    np.testing.assert_allclose(modes.masses, np.bincount(which) / 2000)


def test_only_what_lies_between_modes_is_ambiguous():
    modes = fit_modes(Sample.of(mixture(2000, FOUR[:2])[0]), seed=0)
    line = FOUR[0] + np.linspace(0, 1, 101)[:, None] * (FOUR[1] - FOUR[0])
    found = modes.ambiguity(line)
    assert found.min() >= 0 and found.max() <= 1
    assert found[[0, 100]].max() < 1e-3
    assert 0.35 < found.argmax() / 100 < 0.65 and found.max() > 0.8
    far = modes.ambiguity(np.full((1, 3), 1e6))
    assert np.isfinite(far).all()


def test_a_known_number_of_modes_is_found_by_k_means():
    rows, which = mixture(900, FOUR)
    modes = fit_modes(Sample.of(rows), seed=0, known=4)
    np.testing.assert_allclose(np.sort(modes.masses), np.sort(np.bincount(which) / 900))
    with pytest.raises(SampleError, match="1 distinct rows have no 2 modes"):
        fit_modes(Sample.of(np.ones((10, 2))), seed=0, known=2)


def test_fits_repeat():
    rows, _ = mixture(6000, GRID)
    one, other = (fit_modes(Sample.of(rows), seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.assign(rows)[1], other.assign(rows)[1])


def test_a_fit_is_quick():
    """Some seconds at the very worst, whatever else the machine does."""
    rows, _ = mixture(10_000, 2 * rng.standard_normal((10, 64)))
    start = time.process_time()
    fit_modes(Sample.of(rows), seed=0)
    assert time.process_time() - start < 10


def test_a_lost_mode_is_counted_and_its_part_is_nought():
    reference = Sample.of(mixture(2000, FOUR)[0])
    real = fit_modes(reference, seed=0)
    lost = int(real.assign(FOUR[3:])[0][0])
    found = Modes()(Sample.of(mixture(1000, FOUR[:3])[0]), reference)
    assert isinstance(Modes(), Metric)
    assert (found.value, found.low, found.high) == (0.75, 0.75, 0.75)
    assert found.parts[f"mode {lost + 1}"][0] == 0
    assert found.notes[0] == "4 real modes"


def test_few_rows_do_not_prove_a_loss():
    """Of a mode with a mass of 0.03, ten rows have none more often than not."""
    reference = Sample.of(mixture(3000, FOUR[:2], [0.97, 0.03])[0])
    sample = Sample.of(mixture(10, FOUR[:1])[0])
    found = Modes()(sample, reference)
    assert (found.value, found.low) == (1, 0.5)
    assert Modes()(Sample.of(mixture(3000, FOUR[:1])[0]), reference).value == 0.5


def test_intervals_of_masses_hold_the_true_ratio():
    """Of the same law all ratios are 1; of another, which the same intervals refuse, they are not."""
    chances, moved = [0.6, 0.3, 0.08, 0.02], [0.5, 0.3, 0.12, 0.08]
    rounds, missed, refused = 100, 0, 0
    for _ in range(rounds):
        reference = Sample.of(mixture(800, FOUR, chances)[0])
        same, other = (
            Modes(known=4)(Sample.of(mixture(600, FOUR, law)[0]), reference) for law in (chances, moved)
        )
        assert same.value == 1
        missed += sum(not low <= 1 <= high for _, low, high in same.parts.values())
        refused += sum(not low <= 1 <= high for _, low, high in other.parts.values())
    # modes of one round depend on each other: as if each miss came four times
    limit = 4 * binom.isf(1e-6, rounds, 0.05)
    assert missed <= limit < refused


def test_modes_that_are_not_real_are_noted():
    reference = Sample.of(mixture(2000, FOUR[:2])[0])
    invented = np.vstack([mixture(900, FOUR[:2])[0], mixture(100, FOUR[3:])[0]])
    _, note = Modes()(Sample.of(invented), reference).notes
    assert re.fullmatch(r"(9.9|10.\d)% of the sample's rows are in no real mode, in 1 bump", note)
    assert Modes()(Sample.of(mixture(1000, FOUR[:2])[0]), reference).notes == ("2 real modes",)


def test_what_means_nothing_is_refused():
    for wrong in ({"share": 0}, {"most_modes": 0}, {"known": 0}, {"level": 1}):
        with pytest.raises(SampleError):
            Modes(**wrong)
    with pytest.raises(SampleError, match="modes of a text sample"):
        fit_modes(Sample.of(["a"], "text"), seed=0)


def test_pixels_that_are_nearly_always_0_are_fitted_all_the_same():
    """Handwritten digits as they come: covariances of many pixels are singular."""
    from sklearn.datasets import load_digits

    reference = Sample.of(load_digits().data[:900])
    assert len(fit_modes(reference, 0)) >= 1
