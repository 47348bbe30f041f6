"""Numbers against tolerances."""

import numpy as np
import pytest
from scipy.stats import binom, norm

from headwater.errors import SampleError
from headwater.measures.causes.distances import Measurement
from headwater.measures.causes.facts import Fact, Tolerances, both, either, fact, ruled_out, share_fact


def plain(yes, no, value=1.0):
    return Fact("it", value, value, value, 0.5, yes, no)


def test_p_values_are_normal_and_face_each_other():
    """Against the normal law at the distance from the tolerance in standard errors."""
    rows = np.array([0.0, 0.1, 0.3, 0.2])
    measured = Measurement(0.5, {"x": rows})
    error = np.sqrt(3 * np.var(rows))
    found = fact("it", measured, 0.2, 0.95)
    assert found.yes == pytest.approx(norm.sf(0.3 / error))
    assert found.no == pytest.approx(norm.cdf(0.3 / error))
    assert found.high - found.value == pytest.approx(norm.isf(0.025) * error)


def test_without_error_the_number_decides():
    """The same sample in two roles is certainly within tolerance."""
    found = fact("it", Measurement(0.0, {}), 0.02, 0.99)
    assert (found.yes, found.no) == (1.0, 0.0)


def test_the_share_test_holds_its_level():
    """At exactly half the mass, p below 0.05 comes in at most 5 % of draws; at a quarter in more."""
    rng = np.random.default_rng(8)
    runs = 4000
    theirs = rng.binomial(400, 0.2, runs)
    count = {
        mass: sum(
            share_fact("", (int(a), 300, int(b), 400), 0.5).yes <= 0.05
            for a, b in zip(rng.binomial(300, mass, runs), theirs, strict=True)
        )
        for mass in (0.1, 0.05)
    }
    assert binom.sf(count[0.1] - 1, runs, 0.05) > 1e-6
    assert binom.sf(count[0.05] - 1, runs, 0.05) < 1e-6


def test_a_missing_part_has_lost_everything():
    """No row of a part that the others have: loss 1, and the p-value is that of no success."""
    found = share_fact("", (0, 100, 30, 100), 0.5)
    assert found.value == 1
    assert found.yes == pytest.approx((2 / 3) ** 30)
    assert found.no == 1


def test_a_part_that_nobody_has_is_not_known_to_be_lost():
    """No rows on either side tell nothing."""
    found = share_fact("", (0, 100, 0, 100), 0.5)
    assert (found.yes, found.no) == (1.0, 1.0)


def test_either_and_both_pay_for_their_choice():
    """Bonferroni for what one of several may show; the weaker of what both must."""
    one, other = plain(0.01, 0.9), plain(0.2, 0.3)
    assert either([one, other]).yes == pytest.approx(0.02)
    assert either([one, other]).no == 0.9
    assert both(one, other).yes == 0.2
    assert both(one, other).no == pytest.approx(0.6)
    assert ruled_out(0.01, 0.5) == pytest.approx(0.02)


@pytest.mark.parametrize("name", ["distance", "spread", "kept", "aligned"])
def test_a_tolerance_is_a_share(name):
    """Zero would let many rows alone decide."""
    with pytest.raises(SampleError, match=name):
        Tolerances(**{name: 0.0})
