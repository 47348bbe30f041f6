"""Precision, recall, density and coverage: how the balls around rows of one sample hold rows of the other.

Each row has a ball that reaches to its nearest neighbour of a given order in its own sample. All four
come from one pass over blocks of distances. How distances are found is in `distances`.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.numeric.distances import Points, crossing, squared_radii
from headwater.measures.numeric.resampling import check_count, check_level, half_width, thin_pair
from headwater.samples.values import Array, Sample

NEAREST = 5
MOST = 20_000


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """What every row contributes to the four measures.

    Attributes
    ----------
    nearest
        Which neighbour a ball reaches to.
    balls
        (fake rows,) real balls that hold the fake row.
    covered
        (real rows,) whether the real row's ball holds a fake row.
    recalled
        (real rows,) whether the real row is in the ball of a fake row.
    alone
        (fake rows,) real balls that this fake row alone covers.
    """

    nearest: int
    balls: Array
    covered: NDArray[np.bool_]
    recalled: NDArray[np.bool_]
    alone: Array

    @property
    def precision(self) -> float:
        """Share of fake rows in some real ball [kynkaanniemi2019improved]_."""
        return float((self.balls > 0).mean())

    @property
    def recall(self) -> float:
        """Share of real rows in some fake ball [kynkaanniemi2019improved]_."""
        return float(self.recalled.mean())

    @property
    def density(self) -> float:
        """Mean number of real balls that hold a fake row, over `nearest` [naeem2020reliable]_."""
        return float(self.balls.mean() / self.nearest)

    @property
    def coverage(self) -> float:
        """Share of real balls that hold some fake row [naeem2020reliable]_."""
        return float(self.covered.mean())


def neighbourhoods(real: Array, fake: Array, nearest: int) -> Neighbourhoods:
    r"""Who is in whose ball, of (rows, features) real and fake.

    A ball holds what is nearer than the neighbour it reaches to, and whatever equals its centre.
    The second matters only for a row with more than `nearest` copies: its radius is nought, and
    without it a model that repeats the one row that there is would be given a score of nought.

    Takes time in proportion to the product of the numbers of rows, and memory to their sum.

    Raises
    ------
    SampleError
        If either has no more rows than `nearest`.
    """
    largest = max(float(np.abs(real).max()), float(np.abs(fake).max()))
    shift = -int(np.frexp(largest)[1])  # a power of two changes no digit, and no square overflows
    left, right = Points.of(np.ldexp(real, shift)), Points.of(np.ldexp(fake, shift))
    found = crossing(left, right, squared_radii(left, nearest), squared_radii(right, nearest))
    single = found.real_holds == 1
    alone = np.zeros(len(right.rows))
    np.add.at(alone, found.one_held[single], left.copies[single])
    return Neighbourhoods(
        nearest,
        found.fake_held[right.origin],
        (found.real_holds > 0)[left.origin],
        found.real_held[left.origin],
        alone[right.origin],
    )


def same_law_coverage(real: int, fake: int, nearest: int) -> float:
    r"""Mean coverage of a fake sample of the same continuous law, whatever that law is.

    A real row is not covered if its `nearest` nearest rows of both samples are all real. With N
    real and M fake rows [naeem2020reliable]_

    .. math:: 1 - \frac{(N-1) \cdots (N-k)}{(N+M-1) \cdots (N+M-k)}.
    """
    order = np.arange(1, nearest + 1)
    return float(1 - np.prod((real - order) / (real + fake - order)))


@dataclass(frozen=True)
class Precision:
    """Share of sample rows among the real ones: low where a model makes things up.

    A sample that collapsed to some real rows has all of it; read it with `Recall` or `Coverage`.
    One real outlier makes a large ball; `Density` is steadier there [naeem2020reliable]_.

    The interval is exact (Clopper–Pearson) for other samples of the same model against this very
    reference.
    """

    nearest: int = NEAREST
    most: int = MOST
    level: float = 0.95
    seed: int = 0

    about: ClassVar[About] = About(
        "precision", ("numeric",), "higher", 0, 1, "as high as that of held-out real rows, often near 1"
    )

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Of `sample` against the balls of `reference`."""
        found, notes = _found(self, sample, reference)
        low, high = _binomial(found.balls > 0, self.level)
        return Estimate(found.precision, low, high, self.level, "exact, given the reference", notes=notes)


@dataclass(frozen=True)
class Recall:
    """Share of real rows among those of the sample: low where a model lost a part of the world.

    Depends on the number of sample rows: compare samples of one size. One outlier among them makes
    a large ball, and recall looks better than it is; `Coverage` does not suffer from that.

    The interval is exact (Clopper–Pearson) for other real rows against this very sample; what
    another sample of the same model would recall may differ by up to twice as much.
    """

    nearest: int = NEAREST
    most: int = MOST
    level: float = 0.95
    seed: int = 0

    about: ClassVar[About] = About(
        "recall", ("numeric",), "higher", 0, 1, "as high as by another real sample of the same size"
    )

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Of `reference` by the balls of `sample`."""
        found, notes = _found(self, sample, reference)
        low, high = _binomial(found.recalled, self.level)
        return Estimate(found.recall, low, high, self.level, "exact, given the sample", notes=notes)


@dataclass(frozen=True)
class Density:
    """How crowded real rows are around a sample row: 1 in the mean for the same continuous law.

    More says that the sample keeps to where real rows are dense (early collapse, low temperature),
    less that it lies where they are thin. Not bounded by 1. Real rows with many copies raise it.

    The interval is from the central limit theorem, for other samples of the same model against
    this very reference.
    """

    nearest: int = NEAREST
    most: int = MOST
    level: float = 0.95
    seed: int = 0

    about: ClassVar[About] = About("density", ("numeric",), "reference", 0, np.inf, "1 in the mean")

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Of `sample` against the balls of `reference`."""
        found, notes = _found(self, sample, reference)
        each = found.balls / self.nearest
        half = float(half_width(each.std(ddof=1) / len(each) ** 0.5, self.level, len(each) - 1))
        if not each.any():
            notes = (*notes, "no row of the sample is in any real ball: the interval has no width")
        value = found.density
        how = "central limit theorem, given the reference"
        return Estimate(value, max(value - half, 0.0), value + half, self.level, how, notes=notes)


@dataclass(frozen=True)
class Coverage:
    r"""Share of real rows that have a sample row near: low where a model lost a part of the world.

    For a sample of the same continuous law its mean is known (`same_law_coverage`, told in the
    notes), about :math:`1 - 2^{-k}` with as many fake rows as real ones.

    The interval is for other samples of the same model against this very reference: normal, with
    the jackknife's variance over sample rows, which errs to the wide side [efron1981jackknife]_,
    and nowhere narrower than Clopper–Pearson over the real rows.
    """

    nearest: int = NEAREST
    most: int = MOST
    level: float = 0.95
    seed: int = 0

    about: ClassVar[About] = About(
        "coverage", ("numeric",), "higher", 0, 1, "1 - (N-1)...(N-k) / (N+M-1)...(N+M-k), N real, M fake rows"
    )

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Of `reference` by the rows of `sample`."""
        found, notes = _found(self, sample, reference)
        value, rows = found.coverage, len(found.alone)
        error = float(np.sqrt((rows - 1) * found.alone.var())) / len(found.covered)
        half = float(half_width(error, self.level, rows - 1))
        low, high = _binomial(found.covered, self.level)
        low, high = max(min(low, value - half), 0.0), min(max(high, value + half), 1.0)
        healthy = same_law_coverage(len(found.covered), rows, self.nearest)
        notes = (*notes, f"a sample of the same law has {healthy:.4g} in the mean")
        return Estimate(value, low, high, self.level, "jackknife, given the reference", notes=notes)


_Any = Precision | Recall | Density | Coverage
_Key = tuple[int, int, int]
# The four are asked for one after the other: the last answer for a sample lives as long as the sample.
_last: weakref.WeakKeyDictionary[Sample, tuple[weakref.ref[Sample], _Key, Neighbourhoods]] = (
    weakref.WeakKeyDictionary()
)


def _found(metric: _Any, sample: Sample, reference: Sample) -> tuple[Neighbourhoods, tuple[str, ...]]:
    check_pair(metric.about, sample, reference)
    key = (metric.nearest, metric.most, metric.seed)
    fake, real, notes = thin_pair(sample, reference, metric.most, metric.seed)
    other, known, found = _last.get(sample, (None, None, None))
    if other is None or other() is not reference or known != key or found is None:
        found = neighbourhoods(real.rows, fake.rows, metric.nearest)
        _last[sample] = (weakref.ref(reference), key, found)
    return found, notes


def _check(metric: _Any) -> None:
    check_level(metric.level)
    check_count("nearest", metric.nearest, 1)
    check_count("most", metric.most, metric.nearest + 1)


def _binomial(true: NDArray[np.bool_], level: float) -> tuple[float, float]:
    from scipy.stats import binomtest

    ends = binomtest(int(true.sum()), len(true)).proportion_ci(level)
    return float(ends.low), float(ends.high)
