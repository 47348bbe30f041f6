"""Whether means of independent replicates are what a theory says, at a stated chance of a false alarm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Array = NDArray[np.float64]


def products(error: Array) -> Array:
    """(..., models, models) products of errors (..., models): their mean is G."""
    return error[..., :, None] * error[..., None, :]


def assert_means(samples: Array, expected: Array, false_alarm: float = 1e-6) -> None:
    """Every mean over the first axis of `samples` is `expected`.

    Each of m comparisons is allowed |z| up to the normal quantile of false_alarm / m, so a right
    theory is refused with a chance of at most `false_alarm`, however the comparisons
    depend on each other (normal approximation to a mean of thousands). What does not vary must be equal.
    """
    samples, expected = np.asarray(samples, float), np.asarray(expected, float)
    assert samples.shape[1:] == expected.shape
    mean = samples.mean(0)
    error = samples.std(0, ddof=1) / len(samples) ** 0.5
    varies = error > 1e-12
    np.testing.assert_allclose(mean[~varies], expected[~varies], atol=1e-9)
    z = (mean - expected)[varies] / error[varies]
    limit = norm.isf(false_alarm / (2 * max(z.size, 1)))
    worst = int(abs(z).argmax())
    assert abs(z[worst]) <= limit, (
        f"means differ from theory: {mean[varies][worst]:.5g} for {expected[varies][worst]:.5g}, "
        f"z = {z[worst]:.1f}, limit {limit:.2f} for {z.size} comparisons (false alarm {false_alarm:g})"
    )
