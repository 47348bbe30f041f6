"""How much of a sample lies beyond the outermost real rows: tails are lost first.

Which way the directions go is told by `Principal`; whether single tail points are still met is
`tail_coverage`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.numeric.resampling import around_ratio, check_level
from headwater.measures.scores.principal import Principal, fit_principal
from headwater.samples.values import Array, Sample

ROWS = 6
"""Real rows without which there are no tails."""


def mass_ratio(
    counts: ArrayLike, rows: int, real_counts: ArrayLike, real_rows: int, level: float
) -> tuple[Array, Array]:
    r"""Interval for the share of a sample in a region over the share of real rows in it, (low, high).

    With :math:`x_1` of :math:`n_1` and :math:`x_2` of :math:`n_2` rows, given their sum :math:`x_1`
    is binomial for Poisson counts, with chance :math:`n_1 \rho / (n_1 \rho + n_2)`; Clopper–Pearson
    ends of that are turned into ends of the ratio :math:`\rho` [przyborowski1940homogeneity]_. Counts of
    independent rows vary less than Poisson ones, so it holds at least as often as `level` says,
    much more often for regions with a large share of the rows. Where the region was set so that
    :math:`x_2` real rows are beyond it, and not counted afterwards, it holds as well.

    The upper end is infinite without a real row; there is no lower end but 0 without a sample row.
    """
    from scipy.special import betaincinv

    here, there = np.asarray(counts, float), np.asarray(real_counts, float)
    tail = (1 - level) / 2
    # betaincinv wants positive parameters; where one would be 0 the end is known
    low = np.where(here > 0, betaincinv(np.maximum(here, 1), there + 1, tail), 0.0)
    high = np.where(there > 0, betaincinv(here + 1, np.maximum(there, 1), 1 - tail), 1.0)
    with np.errstate(divide="ignore"):
        return low / (1 - low) * (real_rows / rows), high / (1 - high) * (real_rows / rows)


@dataclass(frozen=True, eq=False)
class TailDirections:
    """The ends of real data: low and high along each direction, and outermost by radius.

    Directions are the features if there are at most eight, else the eight leading principal ones;
    the radius is that of Mahalanobis. Ends that no real row is beyond (a constant feature, a pile of
    zeros at the low end) are not among the parts.

    Attributes
    ----------
    parts
        ``<direction> low``, ``<direction> high``, ``outer``.
    counts
        (parts,) real rows beyond each end.
    expected
        (parts,) share of other real rows beyond each, in the mean.
    """

    parts: tuple[str, ...]
    counts: NDArray[np.intp]
    expected: Array
    principal: Principal
    ends: Array
    kept: NDArray[np.bool_]

    def beyond(self, rows: Array) -> NDArray[np.bool_]:
        """(rows, parts) whether each of (rows, features) is beyond each end."""
        return (_outward(self.principal, rows) > self.ends)[:, self.kept]


def _outward(principal: Principal, rows: Array) -> Array:
    """(rows, 2 directions + 1) numbers that grow towards each end."""
    inside = principal.shown(rows)
    return np.hstack([-inside, inside, principal.radius(rows)[:, None]])


def directions(principal: Principal, rows: Array, tail: float) -> TailDirections:
    r"""The ends that about a share `tail` of real rows is beyond.

    The rows, (rows, features), must not be those that the geometry was fitted to: these lie nearer
    to its centre than others do. Each end is at one of the rows, r-th from outside of n; others are
    beyond it with a chance of :math:`r / (n + 1)` in the mean, whatever the law, if it is continuous.
    """
    outward = _outward(principal, rows)
    place = max(round(tail * (len(rows) + 1)), 2)
    if place > len(rows):
        raise SampleError(f"{len(rows)} rows have no tails", "give more real rows")
    ends = np.sort(outward, axis=0)[-place]
    beyond = (outward > ends).sum(axis=0)
    single = (outward == ends).sum(axis=0) == 1
    expected = np.where(single, (beyond + 1) / (len(rows) + 1), beyond / len(rows))
    kept = beyond > 0
    names = principal.shown_names
    every = [f"{each} low" for each in names] + [f"{each} high" for each in names] + ["outer"]
    parts = tuple(part for part, keep in zip(every, kept, strict=True) if keep)
    return TailDirections(parts, beyond[kept], expected[kept], principal, ends, kept)


@dataclass(frozen=True)
class TailMass:
    """Rows beyond real quantiles over as many as real data would have, all ends of all directions together.

    Below 1 the tails are going, above it they grow heavier or the sample is off. Two thirds of the
    real rows set the quantiles, the others, with more than eight features or for the radius, the
    directions. Parts are the same ratio for each end.

    The interval of a part is exact and allows for the finite number of real rows (`mass_ratio`); it is
    one of many, so one in twenty misses at a `level` of 0.95. That of the value is from the central
    limit theorem for the mean number of ends a row is beyond, in the sample and among real rows.
    """

    tail: float = 0.02
    level: float = 0.95
    seed: int = 0

    about: ClassVar[About] = About("tail-mass", ("numeric",), "reference", 0, np.inf, "1 in the mean")

    def __post_init__(self) -> None:
        check_level(self.level)
        if not 0 < self.tail < 0.5:
            raise SampleError(f"tail={self.tail!r}", "give the share of rows at one end, below one half")

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Of `sample` beyond the quantiles of `reference`."""
        check_pair(self.about, sample, reference)
        if len(reference) < ROWS:
            raise SampleError(f"tails of {len(reference)} real rows", f"give at least {ROWS}")
        frame, rest = reference.split(self.seed, 1 / 3)
        tails = directions(fit_principal(frame), rest.rows, self.tail)
        if not tails.parts:
            raise SampleError("the real rows have no tails: no two differ", "give another reference")
        here, there = tails.beyond(sample.rows), tails.beyond(rest.rows)
        low, high = mass_ratio(here.sum(axis=0), len(sample), tails.counts, len(rest), self.level)
        ratios = here.mean(axis=0) / tails.expected
        ends = zip(ratios.tolist(), low.tolist(), high.tolist(), strict=True)
        value = float(here.mean(axis=0).sum() / tails.expected.sum())
        parts = dict(zip(tails.parts, ends, strict=True))
        return Estimate(value, *_total(value, here, there, self.level), self.level, "closed form", parts)


def _total(
    value: float, here: NDArray[np.bool_], there: NDArray[np.bool_], level: float
) -> tuple[float, float]:
    """Ends of the interval of the ratio of mean numbers of ends that a row is beyond."""
    each, real = here.sum(axis=1), there.sum(axis=1)
    if not each.any():
        # no row is beyond any end: as for the share of such rows, with as many ends each as real ones have
        _, high = mass_ratio(0, len(each), int((real > 0).sum()), len(real), level)
        return 0.0, float(high)
    spread = [group.var() / len(group) / group.mean() ** 2 for group in (each, real)]
    return around_ratio(value, value * float(np.sqrt(sum(spread))), level, min(len(each), len(real)) - 1)
