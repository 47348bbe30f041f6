"""The typical run, where the mean misleads.

With fitted variances the mean risk of a closed loop is carried by ever rarer runs, while almost
every run loses its variance for good.
"""

from __future__ import annotations

import math

from scipy.special import digamma


def log_variance_drift(count: float, ddof: int) -> float:
    r"""Expected change of log variance a generation, of a Gaussian that learns only from itself.

    :math:`E \log(\chi^2_{n-1}/(n - \mathrm{ddof})) = \psi((n-1)/2) + \log 2 - \log(n - \mathrm{ddof})`,
    negative for either divisor: the median variance falls by about its exponential each generation
    [suresh2024rate]_.

    Parameters
    ----------
    count
        Samples a generation, at least 2.
    """
    return float(digamma((count - 1) / 2) + math.log(2) - math.log(count - ddof))
