r"""What the replicates of a run say together: means, medians and inflation, with intervals.

A run is read a block of generations at a time, so that memory stays flat on a stored one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from headwater.errors import InputError

Array = NDArray[np.float64]

LEVEL = 0.95
"""Coverage of every interval."""

NUMBERS_AT_ONCE = 2**22
"""Numbers read at once, about: 32 MiB."""

INFLATION = "inflation"
CHANGE = "change"
"""Of a risk whose ratios mean nothing."""
DIMENSIONS = ("replicate", "generation", "model")
STATISTICS = (
    "mean",
    "standard_error",
    "mean_low",
    "mean_high",
    "median",
    "median_low",
    "median_high",
    "not_finite",
)


def summarise(runs: xr.Dataset) -> xr.Dataset:
    r"""Means and medians over the replicates, of every measure and of inflation.

    Parameters
    ----------
    runs
        What `simulate` or `open_run` returned.

    Returns
    -------
    xarray.Dataset
        Dimensions (measure, generation, model), the measures being the run's and, if there is
        "risk", "inflation", or "change" where the risk has no zero. Variables:

        - ``mean``, ``standard_error`` (with divisor replicates - 1), and ``mean_low``,
          ``mean_high``: 95 % interval by Student's t.
        - ``median``, ``median_low``, ``median_high``: two order statistics of the replicates
          between which the population's median lies with a chance of at least 95 %, whatever the
          distribution (binomial); NaN below 6 replicates, where there are no such two.
        - ``not_finite``: replicates that are NaN or infinite.

        ``attrs["replicates"]`` is how many there are.

    Notes
    -----
    The inflation of the mean is :math:`R = \bar x_t / \bar x_0`, the mean risk over the mean risk at
    generation 0, with the standard error of :math:`\overline{x_t - R x_0} / \bar x_0` (delta method,
    which allows for each replicate's own start). It is not the mean of the replicates' ratios. The
    median of inflation is the median risk over the median risk at generation 0; its interval
    divides the ends of their 97.5 % intervals and so covers 95 % or more, with any dependence.
    Change is each replicate's own difference from generation 0.

    A replicate that is NaN or infinite is never dropped: the mean is then NaN or infinite. In
    medians a NaN is the worst of all values.

    Raises
    ------
    InputError
        If there is no replicate, or risk comes without generation 0.
    """
    runs = _in_order(runs)
    replicates = runs.sizes["replicate"]
    if replicates == 0:
        raise InputError(
            "the run has no replicates", "simulate at least one, or wait until a chunk is finished"
        )
    measures = [str(name) for name in runs.data_vars]
    against = compared(runs)
    listed = [*measures, *([against] if against else [])]
    shape = (len(listed), runs.sizes["generation"], runs.sizes["model"])
    found = {name: np.full(shape, np.nan) for name in STATISTICS}
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        for at, name in enumerate(measures):
            start = _start(runs[name]) if name == "risk" else None
            high_is_good = runs[name].attrs.get("better") == "high"
            for block, values in _blocks(runs[name]):
                _put(found, (at, block), _statistics(values, high_is_good))
                if start is not None:
                    against_start = _inflation if against == INFLATION else _change
                    _put(found, (len(measures), block), against_start(values, start))
    dimensions = ("measure", "generation", "model")
    return xr.Dataset(
        {name: (dimensions, values) for name, values in found.items()},
        coords={"measure": listed, "generation": runs["generation"], "model": runs["model"]},
        attrs={"replicates": replicates, "level": LEVEL},
    )


def compared(runs: xr.Dataset) -> str | None:
    """What sets risk against generation 0: inflation, or change where it has no zero; None without risk."""
    if "risk" not in runs.data_vars:
        return None
    return INFLATION if runs["risk"].attrs.get("scale", "ratio") == "ratio" else CHANGE


def _in_order(runs: xr.Dataset) -> xr.Dataset:
    """With all three dimensions in their order; what is derived and has others is left out."""
    whole = runs.expand_dims([name for name in DIMENSIONS if name not in runs.dims])
    kept = [name for name, each in whole.data_vars.items() if set(each.dims) == set(DIMENSIONS)]
    return whole[kept].transpose(*DIMENSIONS)


def _start(risk: xr.DataArray) -> Array:
    if 0 not in risk["generation"].values:
        raise InputError(
            "risk comes without generation 0, which inflation is told against",
            "summarise the whole run, or drop risk: runs.drop_vars('risk')",
        )
    return np.asarray(risk.sel(generation=0).values, float)


def _change(values: Array, start: Array) -> dict[str, Array]:
    return _statistics(values - start[:, None], high_is_good=False)


def _put(found: dict[str, Array], where: tuple[int, slice], values: dict[str, Array]) -> None:
    for name, value in values.items():
        found[name][where] = value


def _blocks(variable: xr.DataArray) -> Iterator[tuple[slice, Array]]:
    """Generations together, (replicates, generations of the block, models)."""
    replicates, generations, models = variable.shape
    step = max(1, NUMBERS_AT_ONCE // max(replicates * models, 1))
    for first in range(0, generations, step):
        block = slice(first, min(first + step, generations))
        yield block, np.asarray(variable[:, block].values, float)


def _statistics(values: Array, high_is_good: bool) -> dict[str, Array]:
    mean, error = _mean(values)
    middle, low, high = _median(values, LEVEL, high_is_good)
    return _with_interval(mean, error, len(values)) | {
        "median": middle,
        "median_low": low,
        "median_high": high,
        "not_finite": (~np.isfinite(values)).sum(axis=0).astype(float),
    }


def _with_interval(mean: Array, error: Array, replicates: int) -> dict[str, Array]:
    reach = error * (stats.t.isf((1 - LEVEL) / 2, replicates - 1) if replicates > 1 else np.nan)
    return {
        "mean": mean,
        "standard_error": error,
        "mean_low": mean - reach,
        "mean_high": mean + reach,
    }


def _mean(values: Array) -> tuple[Array, Array]:
    """Mean over the first axis and its standard error; NaN of one replicate."""
    scale = _scale(values)
    # squares of what is scaled to 1 neither overflow nor vanish
    scaled = values / scale
    mean = scaled.mean(axis=0)
    if len(values) == 1:
        return mean * scale, np.full(mean.shape, np.nan)
    error = scaled.std(axis=0, ddof=1) / len(values) ** 0.5
    # equal values have no spread, not one of the last bit
    error[(values == values[:1]).all(axis=0)] = 0.0
    return mean * scale, error * scale


def _scale(values: Array) -> Array:
    largest = np.abs(values).max(axis=0)
    return np.where(np.isfinite(largest) & (largest > 0), largest, 1.0)


def _median(values: Array, level: float, high_is_good: bool = False) -> tuple[Array, Array, Array]:
    """Median over the first axis and its distribution-free interval; NaN is the worst value."""
    replicates = len(values)
    worst = -np.inf if high_is_good else np.inf
    below, above = (replicates - 1) // 2, replicates // 2
    outside = median_rank(replicates, level)
    ends = [] if outside is None else [outside, replicates - 1 - outside]
    ordered = np.partition(np.where(np.isnan(values), worst, values), sorted({below, above, *ends}), axis=0)
    middle = ordered[below] if below == above else ordered[below] / 2 + ordered[above] / 2
    middle = np.where(ordered[below] == ordered[above], ordered[below], middle)
    if outside is None:
        nothing = np.full(middle.shape, np.nan)
        return middle, nothing, nothing
    return middle, ordered[outside], ordered[replicates - 1 - outside]


def median_rank(replicates: int, level: float) -> int | None:
    """How many of the smallest, and of the largest, values lie outside the interval of a median.

    The most for which a binomial of `replicates` fair coins is at most that number with a chance
    of (1 - level)/2 or less; None where even the extremes do not reach the level.

    Examples
    --------
    >>> median_rank(6, 0.95), median_rank(5, 0.95)
    (0, None)
    """
    rank = int(stats.binom.ppf((1 - level) / 2, replicates, 0.5))
    while rank >= 0 and stats.binom.cdf(rank, replicates, 0.5) > (1 - level) / 2:
        rank -= 1
    return rank if rank >= 0 else None


def _inflation(values: Array, start: Array) -> dict[str, Array]:
    """Of risk in a block, against (replicates, models) risk at generation 0."""
    first = _mean(start)[0]
    ratio = _mean(values)[0] / first
    unchanged = (values == start[:, None]).all(axis=0) & (first > 0)
    apart = values / first - ratio * (start / first)[:, None]
    error = np.where(unchanged, 0.0, _mean(apart)[1])
    inner = (1 + LEVEL) / 2
    middle, low, high = _median(values, inner)
    middle_0, low_0, high_0 = _median(start, inner)
    return _with_interval(np.where(unchanged, 1.0, ratio), error, len(values)) | {
        "median": middle / middle_0,
        "median_low": np.where(unchanged, 1.0, low / high_0),
        "median_high": np.where(unchanged, 1.0, high / low_0),
        "not_finite": (~np.isfinite(values) | ~np.isfinite(start)[:, None]).sum(axis=0).astype(float),
    }
