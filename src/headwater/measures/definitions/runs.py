"""The eight definitions of a simulation's Dataset: replicates give the intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import log
from typing import Literal

import numpy as np
import xarray as xr

from headwater.errors import SampleError, nearest
from headwater.measures.definitions.any_increase import any_increase
from headwater.measures.definitions.catastrophic import catastrophic
from headwater.measures.definitions.comparing import Change, Unknown
from headwater.measures.definitions.diverging import Series, diverging
from headwater.measures.definitions.hallucination import hallucination
from headwater.measures.definitions.intervals import normal, student
from headwater.measures.definitions.modes import modes
from headwater.measures.definitions.profile import assemble
from headwater.measures.definitions.scaling import Scaling, scaling_law
from headwater.measures.definitions.stage import BULK
from headwater.measures.definitions.tails import tails
from headwater.measures.definitions.values import Profile, Thresholds
from headwater.measures.definitions.variance import variance
from headwater.samples.values import Array
from headwater.simulation.summary import median_rank

Over = Literal["median", "mean"]
"""The typical history, or the mean of all of them, which a few rare ones may carry."""

DIMENSIONS = ("replicate", "generation", "model")
BASELINE = "generation 0, which was trained on real data alone"
_Comparison = Callable[[Array, Array, Over, float], tuple[float, float, float]]

LEAST = 10
"""Replicates below which nothing is told: a median has hardly an interval, a mean no normal one."""


def profile_runs(
    runs: xr.Dataset,
    *,
    over: Over,
    thresholds: Thresholds | None = None,
    scaling: Mapping[str, Scaling] | None = None,
) -> dict[str, Profile]:
    """What each model is in the last generation of a simulation [schaeffer2025position]_.

    Parameters
    ----------
    runs
        What `headwater.simulate` or `open_run` returned.
    over
        ``median``: the typical history. ``mean``: of all histories. They may differ as night and day: with
        fitted variances nearly every history dies out while the mean stays, carried by ever rarer ones.
    thresholds
        How much it takes; None: the defaults of `Thresholds`.
    scaling
        Of models, by name: risk at several sizes of the training set.

    Notes
    -----
    Risk that is 0 at best is told by its inflation, the ratio to generation 0, and then does not count
    for the stage: ten times a tiny risk is tiny. A cross-entropy is told by its rise in bits. Variance is
    what the family calls ``variance`` or ``diversity``. Modes are the family's ``components``, tails its
    ``distinct`` symbols, of which the rarest go first, hallucination its ``wrong`` ones. A definition that
    the family has no measure for cannot be told.

    Raises
    ------
    SampleError
        If `over` is neither, dimensions are missing, or generation 0 is.
    """
    if over not in ("median", "mean"):
        raise SampleError(f"over={over!r:.40}", nearest(str(over), ("median", "mean")))
    missing = [name for name in DIMENSIONS if name not in runs.dims]
    if missing:
        raise SampleError(
            f"the Dataset has no dimension {missing[0]!r}", "give what simulate or open_run returned"
        )
    generations = runs["generation"].values
    if generations[0] != 0 or len(generations) < 2:
        raise SampleError(
            "the Dataset has no generation 0 and a later one",
            "give whole runs: all is told against generation 0",
        )
    bars, laws = thresholds or Thresholds(), scaling or {}
    return {
        str(name): _profile(Runs(runs, at, over, bars.level), bars, laws.get(str(name)))
        for at, name in enumerate(runs["model"].values)
    }


def _profile(runs: Runs, bars: Thresholds, law: Scaling | None) -> Profile:
    ratio = runs.ratio_scale
    large = bars.catastrophic_inflation if ratio else bars.catastrophic_bits
    small = bars.any_inflation if ratio else bars.any_bits
    rise = runs.rise()
    findings = (
        catastrophic(rise, large),
        any_increase(rise, small),
        diverging(runs.series(small), bars),
        variance(runs.kept(("variance", "diversity"), "variance or diversity"), bars.variance),
        scaling_law(law, bars),
        modes(_parts("components", runs.kept(("components",), "modes")), {}, bars),
        tails(_parts("distinct", runs.kept(("distinct",), "tails")), bars.tail),
        hallucination(_parts("wrong", runs.gained("wrong", "hallucination")), bars.hallucination),
    )
    last = int(runs.runs["generation"].values[-1])
    return assemble(findings, last, BASELINE, BULK[1:] if ratio else BULK)


def _parts(name: str, change: Change | Unknown) -> dict[str, Change] | Unknown:
    return change if isinstance(change, Unknown) else {name: change}


@dataclass(frozen=True, eq=False)
class Runs:
    """One model of a simulation, and how its replicates are summed up."""

    runs: xr.Dataset
    model: int
    over: Over
    level: float

    @property
    def ratio_scale(self) -> bool:
        """Whether risk is 0 at best, so that ratios of it mean something."""
        return "risk" not in self.runs or self.runs["risk"].attrs.get("scale", "ratio") == "ratio"

    def rise(self) -> Change | Unknown:
        """Inflation of risk, or its rise in bits."""
        if not self.ratio_scale:
            return self.gained("risk", "risk", 1 / log(2), "bits")
        return self.kept(("risk",), "risk", "of generation 0's")

    def series(self, bar: float) -> Series | Unknown:
        """Risk of all generations, with the error of its median or mean."""
        if "risk" not in self.runs:
            return Unknown("the Dataset has no risk")
        # replicates in order, so that a generation is one column
        values = self._values("risk", slice(None))
        if len(values) < LEAST:
            return _too_few(len(values))
        if not np.isfinite(values).all():
            return Unknown(f"risk is not finite in {_bad(values)} of {len(values)} replicates")
        if self.over == "mean":
            middle, error = values.mean(axis=0), values.std(axis=0, ddof=1) / len(values) ** 0.5
        else:
            middle, low, high = _median(values, self.level)
            error = (high - low) / (2 * normal(self.level))
        margin = (bar - 1) * float(middle[0]) if self.ratio_scale else bar * log(2)
        units = str(self.runs["risk"].attrs.get("units", ""))
        generations = np.asarray(self.runs["generation"].values, float)
        return Series(generations, middle, error, margin, units, self._words(len(values)))

    def kept(self, names: tuple[str, ...], what: str, units: str = "of generation 0's") -> Change | Unknown:
        """Ratio to generation 0 of the first of these measures that there is."""
        found = next((name for name in names if name in self.runs), None)
        if found is None:
            return Unknown(f"the family has no measure of {what} ({' or '.join(names)})")
        return self._change(found, "inflation of risk" if found == "risk" else f"{found} kept", units, _ratio)

    def gained(self, name: str, what: str, scale: float = 1.0, units: str = "share") -> Change | Unknown:
        """Each replicate's own difference from generation 0."""
        if name not in self.runs:
            return Unknown(f"the family has no measure of {what} ({name})")
        change = self._change(name, f"rise of {name}", units, _difference)
        if isinstance(change, Unknown):
            return change
        return replace(
            change, value=scale * change.value, low=scale * change.low, high=scale * change.high, units=units
        )

    def _change(self, name: str, what: str, units: str, how: _Comparison) -> Change | Unknown:
        ends = self._values(name, np.array([0, -1]))
        if len(ends) < LEAST:
            return _too_few(len(ends))
        if not np.isfinite(ends).all():
            return Unknown(f"{name} is not finite in {_bad(ends)} of {len(ends)} replicates")
        interval = how(ends[:, 0], ends[:, 1], self.over, self.level)
        if not np.isfinite(interval[0]):
            return Unknown(f"{name} is 0 at generation 0, so that there is nothing to compare with")
        words = f"{name}, {self._words(len(ends))}, compared with {BASELINE}"
        return Change(what, *interval, units, words, len(ends), "replicates")

    def _values(self, name: str, generations: slice | Array) -> Array:
        """(replicates, generations)."""
        variable = self.runs[name].transpose(*DIMENSIONS)
        return np.asarray(variable[:, generations, self.model].values, float)

    def _words(self, replicates: int) -> str:
        what = "the typical history (median)" if self.over == "median" else "the mean"
        return f"{what} of {replicates:,} replicates"


def _too_few(replicates: int) -> Unknown:
    return Unknown(f"{replicates} replicates give no interval", LEAST, "replicates")


def _bad(values: Array) -> int:
    return int((~np.isfinite(values)).any(axis=1).sum())


def _median(values: Array, level: float) -> tuple[Array, Array, Array]:
    """Of the first axis, with its distribution-free interval; NaN ends where there are too few."""
    ordered = np.sort(values, axis=0)
    middle = np.median(ordered, axis=0)
    rank = median_rank(len(values), level)
    if rank is None:
        nothing = np.full(middle.shape, np.nan)
        return middle, nothing, nothing
    return middle, ordered[rank], ordered[len(values) - 1 - rank]


def _ratio(start: Array, end: Array, over: Over, level: float) -> tuple[float, float, float]:
    """Ratio of means by the delta method, or of medians: the ends of their intervals, divided."""
    if over == "median":
        # each of the two intervals may fail in half of the cases
        middle, low, high = _median(np.stack([start, end], axis=1), (1 + level) / 2)
        if low[0] <= 0:
            return (float("nan"),) * 3
        return float(middle[1] / middle[0]), float(low[1] / high[0]), float(high[1] / low[0])
    first = start.mean()
    if first <= 0:
        return (float("nan"),) * 3
    value = end.mean() / first
    error = (end - value * start).std(ddof=1) / first / len(start) ** 0.5
    reach = student(level, len(start) - 1) * error
    return float(value), float(value - reach), float(value + reach)


def _difference(start: Array, end: Array, over: Over, level: float) -> tuple[float, float, float]:
    apart = end - start
    if over == "median":
        middle, low, high = _median(apart[:, None], level)
        return float(middle[0]), float(low[0]), float(high[0])
    reach = student(level, len(apart) - 1) * apart.std(ddof=1) / len(apart) ** 0.5
    return float(apart.mean()), float(apart.mean() - reach), float(apart.mean() + reach)
