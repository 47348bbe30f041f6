"""Scaling laws with a known exponent, a floor, a factor, and noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from headwater.errors import SampleError
from headwater.measures.definitions.scaling import Scaling, scaling_law
from headwater.measures.definitions.values import Thresholds

SIZES = np.geomspace(100, 1e5, 8)
RUNS = 200


def law(real, synthetic, noise: float, rng=None) -> Scaling:
    factors = np.ones((2, len(SIZES))) if rng is None else np.exp(noise * rng.normal(size=(2, len(SIZES))))
    return Scaling.of(SIZES, real * factors[0], synthetic * factors[1], noise * real, noise * synthetic)


def verdicts(real, synthetic, noise: float) -> list[bool | None]:
    rng = np.random.default_rng(1)
    return [scaling_law(law(real, synthetic, noise, rng), Thresholds()).holds for _ in range(RUNS)]


def test_the_exponent_that_is_lost_is_read_off():
    """Unigrams cut at a rank, or regenerated with another tail, change it; here 0.5 becomes 0.3."""
    found = scaling_law(law(2 * SIZES**-0.5, 2 * SIZES**-0.3, 0.01), Thresholds())
    assert found.holds is True
    assert found.value == pytest.approx(0.2)
    assert found.low < 0.2 < found.high
    assert found.units == "exponent"


def test_a_factor_is_no_change_of_the_law():
    """Twice the risk at every size: as if there were less data, by the same law."""
    found = scaling_law(law(SIZES**-0.5, 2 * SIZES**-0.5, 0.02), Thresholds())
    assert found.holds is False
    assert found.value == pytest.approx(0, abs=1e-9)


def test_a_floor_is_a_change_that_the_larger_half_shows():
    """Some synthetic data in every training set: risk stops falling."""
    real = SIZES**-0.5
    found = scaling_law(law(real, real + 0.004, 0.02), Thresholds())
    assert found.holds is True
    assert found.part == "larger half"
    assert found.parts["larger half"][0] > found.parts["all sizes"][0]


def test_a_steeper_law_is_not_a_loss():
    assert scaling_law(law(SIZES**-0.3, SIZES**-0.5, 0.02), Thresholds()).holds is False


def test_an_unchanged_law_is_called_changed_in_one_run_in_twenty_at_most():
    same = SIZES**-0.5
    assert verdicts(same, 1.3 * same, 0.2).count(True) <= binom.isf(1e-6, RUNS, 0.05)
    # negative control: at the threshold itself an estimate alone would say so in half of all runs
    rng = np.random.default_rng(2)
    bent = 1.3 * SIZES**-0.4
    alone = [scaling_law(law(same, bent, 0.2, rng), Thresholds()).value > 0.1 for _ in range(RUNS)]
    assert sum(alone) > binom.isf(1e-6, RUNS, 0.05)
    assert verdicts(same, bent, 0.2).count(True) <= binom.isf(1e-6, RUNS, 0.05)


def test_noise_beyond_the_stated_errors_widens_the_interval():
    rng = np.random.default_rng(3)
    real = SIZES**-0.5
    noisy = law(real, real, 0.3, rng)
    stated = Scaling.of(SIZES, noisy.real, noisy.synthetic, 0.001 * noisy.real, 0.001 * noisy.synthetic)
    true, small = (scaling_law(each, Thresholds()) for each in (noisy, stated))
    assert small.high - small.low > 0.3 * (true.high - true.low)


def test_without_sizes_it_cannot_be_told_and_says_what_would():
    found = scaling_law(None, Thresholds())
    assert found.holds is None
    assert (found.needed, found.needed_of) == (3, "sizes")
    assert "3 sizes" in found.why
    two = Scaling.of([10, 100], [1, 0.5], [1, 0.9], [0.1, 0.1], [0.1, 0.1])
    assert scaling_law(two, Thresholds()).holds is None
    nothing_left = Scaling.of([10, 100, 1000], [1, 0.5, -0.1], [1, 0.9, 0.3], [0.1] * 3, [0.1] * 3)
    assert scaling_law(nothing_left, Thresholds()).needed == 3


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (([1, 2], [1], [1, 2], [1, 2], [1, 2]), "sizes, risks and errors"),
        (([2, 1], [1, 1], [1, 1], [0, 0], [0, 0]), "increasing"),
        (([1, 2], [1, np.inf], [1, 1], [0, 0], [0, 0]), "not finite"),
        (([1, 2], [1, 1], [1, 1], [0, -1], [0, 0]), "negative"),
    ],
)
def test_curves_that_do_not_fit_together_are_refused(given, problem):
    with pytest.raises(SampleError, match=problem):
        Scaling.of(*given)
