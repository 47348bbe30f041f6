"""Evidence that the mean of numbers in [0, 1] exceeds a limit: bets, how they add up, and bounds from them.

Nothing here knows of samples, scores or models. Arrays have any number of leading axes, so that
thousands of streams run through the same lines as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.samples.values import Array

BETS: Array = np.array([0.9 / 2**halvings for halvings in range(10)])
"""Shares of the wealth that are bet, all at once: large ones win soon on large effects, small ones late
on small effects."""

DIGITS = 4
"""Decimals of log wealth that are kept, rounded down: less wealth is never more evidence."""

_BLOCK = 2**16
"""Values whose factors are in memory at once, for every bet."""

_LEAST = 1e-6
"""Limits are at least this, so that the products of `_log_product` stay within a double."""


def log_wealth(values: Array, limit: Array) -> Array:
    r"""Log wealth of every bet that the mean exceeds the limit.

    For a share b of the wealth,

    .. math:: E_b = \prod_i \Bigl(1 + b\,\frac{v_i - m}{m}\Bigr).

    No factor is negative, and where :math:`E[v_i \mid \text{past}] \le m` the expectation of each given
    those before is at most 1: wealth is a nonnegative supermartingale, and so an e-value, whenever
    one looks [waudby2024estimating]_. Sums over blocks of rows add up, in any order.

    Parameters
    ----------
    values
        (..., units, sides), from 0 to 1.
    limit
        (..., sides) or (sides,): m, above 0; 1 or more can never be exceeded.

    Returns
    -------
    Array
        (..., bets, sides).
    """
    units, sides = values.shape[-2:]
    bets, limit = BETS[:, None, None], np.maximum(limit, _LEAST)[..., None, :]
    total = np.zeros((*values.shape[:-2], len(BETS), sides))
    step = max(16, _BLOCK * units // max(values.size, 1))
    for start in range(0, units, step):
        ratio = values[..., start : start + step, :] / limit
        total += _log_product(bets * ratio[..., None, :, :] + (1 - bets))
    return total


def _log_product(factors: Array) -> Array:
    """Over the last axis but one. A logarithm is taken of 16 to 31 factors at once, which is quicker."""
    for _ in range(4):
        half, odd = divmod(factors.shape[-2], 2)
        if not half:
            break
        folded = factors[..., :half, :] * factors[..., half : 2 * half, :]
        if odd:
            folded[..., 0, :] *= factors[..., -1, :]
        factors = folded
    return np.asarray(np.log(factors).sum(axis=-2))


def log_wealth_of_counts(ones: Array, units: Array, limit: Array) -> Array:
    """As `log_wealth` where `ones` of the `units` values are 1 and the others 0; all (..., sides)."""
    bets = BETS[:, None]
    wins = np.log1p(bets * (1 / np.maximum(limit, _LEAST)[..., None, :] - 1))
    ones, units = np.asarray(ones, float)[..., None, :], np.asarray(units, float)[..., None, :]
    return np.asarray(ones * wins + (units - ones) * np.log1p(-bets))


@dataclass(frozen=True, eq=False)
class Evidence:
    r"""Evidence of a stream of checks that some mean exceeded its limit, from some check on.

    A collapse may begin at any check s. With prior weights :math:`w_s = 1/(s(s+1))`, which sum to 1,

    .. math:: S_t = (S_{t-1} + w_t) E_t, \qquad M_t = \overline{S_t} + \sum_{s>t} w_s,

    where the bar is the mean over bets and sides. Each product over checks s..t is a nonnegative
    supermartingale under the null, so their mixture :math:`M_t` is one too, with :math:`M_0 = 1`, and

    .. math:: P(\exists t: M_t \ge 1/a) \le a

    (Ville's inequality [ville1939etude]_), however long the stream is and however one stops
    it. Rounding S down or capping it leaves a process below such a one: the inequality still holds.

    Attributes
    ----------
    log_sums
        (..., bets, sides) logarithm of S.
    checks
        t.
    """

    log_sums: Array
    checks: int = 0

    @staticmethod
    def none(sides: int, streams: tuple[int, ...] = ()) -> Evidence:
        """Before the first check."""
        return Evidence(np.full((*streams, len(BETS), sides), -np.inf))

    def after(self, gains: Array, cap: float = np.inf) -> Evidence:
        """One check later; `gains` are its log wealths, (..., bets, sides)."""
        checks = self.checks + 1
        begun = np.logaddexp(self.log_sums, -np.log(checks * (checks + 1.0)))
        scale = 10.0**DIGITS
        return Evidence(np.minimum(np.floor((begun + gains) * scale) / scale, cap), checks)

    @property
    def log_e_of_sides(self) -> Array:
        """(..., sides) log e-value of each side alone."""
        mean = np.logaddexp.reduce(self.log_sums, axis=-2) - np.log(len(BETS))
        return np.asarray(np.logaddexp(mean, -np.log(self.checks + 1.0)))

    @property
    def log_e(self) -> Array:
        """(...) log of M: of all sides together, by their mean."""
        sides = self.log_sums.shape[-1]
        return np.asarray(np.logaddexp.reduce(self.log_e_of_sides, axis=-1) - np.log(sides))


def upper_bounds(values: Array, error: float) -> Array:
    r"""Means that the true ones exceed with a chance of at most `error` each.

    Exact at every number of independent units, with no appeal to large ones. Indicators get the bound of
    Clopper and Pearson [clopper1934use]_, other values the `betting_bound`, each at half the error.

    Notes
    -----
    Which of both is used depends on the values, and that is paid for by the halves: let Y be 1 with chance
    v and else 0. Y has the mean of v, and is v where all values are indicators; so the first bound
    fails, and is used, no more often than the bound from Y fails.

    Parameters
    ----------
    values
        (units, sides), from 0 to 1.
    error
        Chance for one side; for all together divide it by their number.

    Returns
    -------
    Array
        (sides,); 1 where there are no units.
    """
    from scipy.special import betaincinv

    units, sides = values.shape
    bounds = np.ones(sides)
    if not units:
        return bounds
    indicators = ((values == 0) | (values == 1)).all(axis=0)
    ones = values.sum(axis=0)
    exact = indicators & (ones < units)
    bounds[exact] = betaincinv(ones[exact] + 1, units - ones[exact], 1 - error / 2)
    for side in np.flatnonzero(~indicators):
        bounds[side] = betting_bound(values[:, side], error / 2)
    return bounds


def betting_bound(values: Array, error: float) -> float:
    """Upper confidence bound for the mean: the least m at which bets that it is lower win 1 / error.

    Bets are fixed before any value is seen, so the bound holds at all numbers of units at once: taken again
    and again as values come, it is a confidence sequence [waudby2024estimating]_.

    Parameters
    ----------
    values
        (units,), from 0 to 1, independent, or each with the same mean given those before.
    error
        Chance that the mean ever exceeds it.
    """
    from scipy.optimize import brentq

    low = 1 - values[:, None]
    needed = -np.log(error) + np.log(len(BETS))

    def excess(limit: float) -> float:
        return float(np.logaddexp.reduce(log_wealth(low, np.array([limit]))[:, 0]) - needed)

    # Wealth falls as the limit rises; at the mean of the values it is below 1 (Jensen).
    mean = float(low.mean())
    if mean <= _LEAST or excess(_LEAST) <= 0:
        return 1.0
    return float(1 - max(brentq(excess, _LEAST, mean, xtol=1e-9) - 1e-9, 0.0))


def lower_bounds(values: Array, error: float) -> Array:
    """As `upper_bounds`: means that the true ones fall below with a chance of at most `error` each."""
    return 1 - upper_bounds(1 - values, error)
