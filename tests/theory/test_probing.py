"""Random probes of a recursion are unbiased, with the standard error that is claimed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from headwater.errors import NoLaw
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from headwater.theory import laws, probing
from headwater.theory.probing import probed_trajectory
from tests.oracles.agreement import assert_means
from tests.theory.graphs import everyone, everything, in_order
from tests.theory.table import LAWS, risk


def probed(law, regime, probes, seed):
    graph = everything(True)
    recursion = law.recursion(graph, regime, everyone(graph))
    return in_order(graph, recursion.system, probed_trajectory(recursion, 6, probes, seed))


@pytest.mark.parametrize("regime", [Replace(), Accumulate()], ids=str)
@pytest.mark.parametrize("name", ["asymptotic", "poisson"])
def test_probes_are_unbiased(name, regime, monkeypatch):
    """400 runs of 256 probes each; false alarm one in a million.

    Control: the same runs reject a family whose variance grows with its error.
    """
    monkeypatch.setattr(probing, "AT_ONCE", 256)
    law = LAWS[name][0]
    found = np.array([probed(law, regime, 256, seed) for seed in range(400)])
    expected = risk(law, everything(True), regime, 6)
    assert_means(found, expected)
    wrong = laws.QuadraticVariance("wrong", {}, getattr(law, "variance", 1.0), 1.0)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(found, risk(wrong, everything(True), regime, 6))


def test_the_standard_error_is_at_most_what_is_claimed():
    """Relative √(2 / probes); every estimate of a graph of four lies within its normal quantile.

    56 comparisons, false alarm one in a million by the bound.
    """
    probes = 4096
    found = probed(laws.Asymptotic(), Replace(), probes, 7)
    expected = risk(laws.Asymptotic(), everything(True), Replace(), 6)
    quantile = norm.isf(1e-6 / (2 * expected.size))
    assert (abs(found / expected - 1) < quantile * np.sqrt(2 / probes)).all()
    doubled = risk(laws.Asymptotic(), everything(False), Replace(), 6)
    assert (abs(found / doubled - 1) > quantile * np.sqrt(2 / probes)).any()


def test_a_seed_is_a_result():
    """The same seed, the same numbers; another seed, others."""
    first, again, other = (probed(laws.poisson(1.0), Replace(), 32, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(
    ("law", "regime"),
    [
        (laws.Gaussian(0), Replace()),
        (laws.poisson(1.0), Window(2)),
        (laws.Asymptotic(), AccumulateSubsample()),
    ],
    ids=["fitted variances", "windows", "subsampling"],
)
def test_what_cannot_be_probed_is_refused(law, regime):
    """And says what to do instead."""
    with pytest.raises(NoLaw, match="cannot be probed") as caught:
        probed(law, regime, 16, 1)
    assert caught.value.remedy


@pytest.mark.parametrize("regime", [Replace(), Accumulate()], ids=str)
@pytest.mark.parametrize("law", [laws.bernoulli(0.3), laws.exponential(1.0)], ids=["down", "up"])
def test_curved_variances_are_refused(law, regime):
    """Errors of estimation would feed themselves, or be clipped."""
    graph = everything(True)
    recursion = law.recursion(graph, regime, everyone(graph))
    with pytest.raises(NoLaw, match="simulate"):
        probed_trajectory(recursion, 6, 16, 0)
