"""Intervals and p-values that several metrics need: jackknife, permutation, bootstrap, thinning.

What is resampled is never a row but a number per row: moments of groups, sums of a matrix of pairs,
weights. The metrics themselves live in the files beside this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from headwater.errors import SampleError
from headwater.samples.values import Array, Moments, Sample

Statistic = Callable[[Moments, Moments], Array]
"""What a metric makes of the moments of a sample and of a reference: (numbers,)."""


def check_level(level: float) -> None:
    """Refuse a confidence level that is not between 0 and 1."""
    if not 0 < level < 1:
        raise SampleError(f"level={level!r} is not a confidence", "give a number between 0 and 1, as 0.95")


def check_count(what: str, value: int, least: int) -> None:
    """Refuse a hyperparameter that is not a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise SampleError(f"{what}={value!r}", f"give a whole number of at least {least}")


def check_rows(least: int, *samples: Sample) -> None:
    """Refuse samples with too few rows for the error of the metric to be known."""
    for each in samples:
        if len(each) < least:
            raise SampleError(f"a sample of {len(each)} rows", f"this metric needs at least {least}")


def half_width(error: Array | float, level: float, freedom: float) -> Array:
    """Of the interval of Student's t around a number with this standard error."""
    from scipy.special import stdtrit

    return np.asarray(error * stdtrit(freedom, (1 + level) / 2), dtype=float)


def around_ratio(value: float, error: float, level: float, freedom: float) -> tuple[float, float]:
    """Interval for a positive ratio, symmetric in its logarithm; a ratio of 0 has none wider than 0."""
    if value <= 0:
        return 0.0, 0.0
    width = float(half_width(error / value, level, freedom))
    return float(value * np.exp(-width)), float(value * np.exp(min(width, 700.0)))


def permutation_p_value(observed: float, permuted: Array) -> float:
    """Chance of a statistic at least as large, (b + 1) / (m + 1) [phipson2010permutation]_.

    Exact when the rows are exchangeable, and never 0. Ties, up to rounding, count against the alternative.

    Examples
    --------
    >>> permutation_p_value(3.0, np.array([1.0, 2.0, 3.0]))
    0.5
    """
    slack = 1e-9 * float(np.abs(permuted).max(initial=abs(observed)))
    return float((1 + (permuted >= observed - slack).sum()) / (1 + permuted.size))


def thin_pair(
    sample: Sample, reference: Sample, most: int, seed: int
) -> tuple[Sample, Sample, tuple[str, ...]]:
    """At most that many rows of each, and a note on each of the two that was thinned.

    The two are thinned by different draws, so that rows that were paired are not so any more.
    """
    thin = (sample.thinned(most, seed), reference.thinned(most, seed + 1))
    notes = tuple(
        f"{what}: measured on {len(after)} of {before.count} rows"
        for what, after, before in zip(("sample", "reference"), thin, (sample, reference), strict=True)
        if len(after) < before.count
    )
    return *thin, notes


def moments_of(sample: Sample) -> Moments:
    """Of all rows seen, where they are known."""
    return sample.moments or Moments.of(sample.rows)


@dataclass(frozen=True, eq=False)
class Jackknifed:
    """A statistic of two samples with its bias and standard error.

    Attributes
    ----------
    value, bias, error
        (numbers,) as measured, expected minus true value to first order, and standard error.
    freedom
        Degrees of freedom of the error.
    """

    value: Array
    bias: Array
    error: Array
    freedom: int


def jackknife(statistic: Statistic, sample: Sample, reference: Sample, groups: int, seed: int) -> Jackknifed:
    r"""Bias and error of a function of moments, by leaving out one group of rows at a time.

    Rows are dealt at random into g groups. With :math:`\theta_{(k)}` the statistic without group k,
    the bias is :math:`(g-1)(\bar\theta - \theta)` and the variance
    :math:`\frac{g-1}{g}\sum_k (\theta_{(k)} - \bar\theta)^2` [kott2001delete]_, summed over both samples.
    The variance is too large rather than too small in the mean [efron1981jackknife]_. Where more rows
    were seen than kept, the statistic is that of all and both are scaled by kept over seen.
    Wrong for what is not smooth in the moments.
    """
    whole = Moments.of(sample.rows), Moments.of(reference.rows)
    at_kept = statistic(*whole)
    full = sample.count > len(sample) or reference.count > len(reference)
    value = statistic(moments_of(sample), moments_of(reference)) if full else at_kept
    bias, variance = np.zeros_like(value), np.zeros_like(value)
    for side, each in enumerate((sample, reference)):
        count = min(groups, len(each))
        order = np.random.default_rng((seed, side)).permutation(len(each))
        leaves = []
        for group in np.array_split(order, count):
            rest = _without(whole[side], Moments.of(each.rows[group]))
            leaves.append(statistic(rest, whole[1]) if side == 0 else statistic(whole[0], rest))
        share = len(each) / each.count
        mean = np.mean(leaves, axis=0)
        bias = bias + share * (count - 1) * (mean - at_kept)
        variance = variance + share * (count - 1) / count * ((np.array(leaves) - mean) ** 2).sum(axis=0)
    return Jackknifed(value, bias, np.sqrt(variance), min(groups, len(sample), len(reference)) - 1)


def _without(all_rows: Moments, part: Moments) -> Moments:
    """Moments of the other rows: the merge of Moments solved for one of its two."""
    count = all_rows.count - part.count
    mean = (all_rows.count * all_rows.mean - part.count * part.mean) / count
    apart = part.mean - mean
    between = np.outer(apart, apart) * (count * part.count / all_rows.count)
    return Moments(count, mean, all_rows.scatter - part.scatter - between)


def discrepancy(similarity: Array, first: int) -> float:
    r"""Unbiased :math:`E k(X, X') + E k(Y, Y') - 2 E k(X, Y)` over pairs of different rows.

    The squared maximum mean discrepancy for a kernel k, the squared energy distance for minus a distance.

    Parameters
    ----------
    similarity
        (n + m, n + m) symmetric, zeros on the diagonal.
    first
        n, the rows of the first sample.
    """
    n, m = first, len(similarity) - first
    inside, other = similarity[:n, :n].sum(), similarity[n:, n:].sum()
    across = similarity[:n, n:].sum()
    return float(inside / (n * (n - 1)) + other / (m * (m - 1)) - 2 * across / (n * m))


def weighed(similarity: Array, weights: Array) -> Array:
    """(weightings,) discrepancies of `signed_weights`, short of a constant that depends on sizes alone.

    One matrix product serves them all.
    """
    return np.asarray(np.einsum("ij,ij->i", weights, weights @ similarity), dtype=float)


def signed_weights(n: int, m: int, resamples: int, seed: int) -> Array:
    """Mass of each row of two samples: positive in the first, negative in the second, 1 in all of either.

    Returns
    -------
    Array
        (1 + 2 resamples, n + m): as observed, drawn with replacement, dealt out anew.
    """
    rng = np.random.default_rng(seed)
    observed = np.concatenate([np.full(n, 1 / n), np.full(m, -1 / m)])
    again = [
        rng.multinomial(n, np.full(n, 1 / n), size=resamples) / n,
        -rng.multinomial(m, np.full(m, 1 / m), size=resamples) / m,
    ]
    dealt = rng.permuted(np.tile(observed, (resamples, 1)), axis=1)
    return np.concatenate([observed[None], np.concatenate(again, axis=1), dealt])


@dataclass(frozen=True, eq=False)
class Resampled:
    """What a distance was on the rows as they are, on bootstrapped ones, and on rows dealt out anew.

    Attributes
    ----------
    observed, again, chance
        A number, and (resamples,) twice.
    """

    observed: float
    again: Array
    chance: Array

    @staticmethod
    def of(found: Array) -> Resampled:
        """From a statistic of each of `signed_weights`."""
        half = (len(found) + 1) // 2
        return Resampled(float(found[0]), found[1:half], found[half:])

    @property
    def p_value(self) -> float:
        """Of the permutation test that both laws are one."""
        return permutation_p_value(self.observed, self.chance)

    def around(self, value: float, level: float) -> tuple[float, float]:
        """Interval of a distance: the spread of the bootstrap about its own mean, laid around `value`.

        A distance is near its least where laws are almost one; the bootstrap is not to be trusted on that
        side there [bickel1997resampling]_. So the interval reaches down to 0 unless the permutation test
        rejects at one less `level`: it leaves 0 out of a healthy sample no more often than it may.
        """
        low, high = np.quantile(self.again, [(1 - level) / 2, (1 + level) / 2]) - self.again.mean()
        bottom = value + float(low)
        return (min(bottom, 0.0) if self.p_value > 1 - level else bottom), value + float(high)
