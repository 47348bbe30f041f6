"""The typical run of a Gaussian that learns only from itself."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.theory.typical import log_variance_drift
from tests.oracles.agreement import assert_means


@pytest.mark.parametrize(("count", "fall"), [(10, 0.11521), (100, 0.010135), (1000, 0.0010013)])
def test_check_values(count, fall):
    """log((n-1)/2) - psi((n-1)/2) with ddof 1, as printed in the design document."""
    assert -log_variance_drift(count, 1) == pytest.approx(fall, rel=5e-5)


@pytest.mark.parametrize("ddof", [0, 1])
def test_it_is_the_mean_log_of_a_sample_variance(ddof):
    """A hundred thousand samples of 6; false alarm one in a million. Control: the other divisor."""
    rng = np.random.default_rng(17)
    logs = np.log(rng.normal(size=(100_000, 6)).var(axis=1, ddof=ddof))[:, None]
    assert_means(logs, np.array([log_variance_drift(6, ddof)]))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(logs, np.array([log_variance_drift(6, 1 - ddof)]))
