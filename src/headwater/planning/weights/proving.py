"""What was chosen, held to two other routes: a diagnosis of the written file, and a simulation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from headwater.families.gaussian_mean import GaussianMean
from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline, parse_pipeline, pipeline_to_yaml
from headwater.planning.outlook import horizon_of, outlook
from headwater.planning.weights.weighting import Weighting
from headwater.regimes import Replace
from headwater.simulation import Executor
from headwater.theory.system import Array, Flag, has_known_counts
from headwater.verification import verify
from headwater.verification.verifying import Verification

CLOSE = 1e-6
"""Relative, within which two routes to an inflation agree."""

NEAR = 0.02
"""Relative, within which a simulation is played towards a limit."""

LONGEST = 640
"""Generations that a simulation is played for on the way to a limit."""

STANDARD_ERRORS = 4.0
"""By which the mean of a simulation may pass another, before it counts: a chance of 3 in 100,000."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """Inflations of a diagnosis of the written file, against those of the search.

    Attributes
    ----------
    difference
        The largest, relative.
    agree
        Whether it is within rounding, and the same models have no limit.
    """

    difference: float
    agree: bool


def recomputed(weighting: Weighting) -> Recomputed:
    """Write both pipelines, read them back, and diagnose them."""
    before = _diagnosed(weighting.before, weighting.horizon)
    # a given real share near nothing may have no limit that can be told; then nothing is compared
    before = np.where(np.isnan(before), weighting.inflation_before, before)
    worst = max(
        _difference(before, weighting.inflation_before),
        _difference(_diagnosed(weighting.after, weighting.horizon), weighting.inflation_after),
    )
    return Recomputed(worst, worst <= CLOSE)


def _diagnosed(pipeline: Pipeline, horizon: int | None) -> Array:
    """(models,) inflation as a diagnosis of the written file finds it."""
    read = replace(parse_pipeline(pipeline_to_yaml(pipeline)), generations=horizon or 1, regime=Replace())
    columns = outlook(read, quantities=("inflation",)).columns
    return columns["inflation", "limit" if horizon is None else "horizon"]


def _difference(one: Array, other: Array) -> float:
    """Largest relative difference; infinite where one is known or finite and the other is not."""
    finite = np.isfinite(one) & np.isfinite(other)
    if not np.array_equal(one[~finite], other[~finite], equal_nan=True):
        return float("inf")
    return float(np.abs(one[finite] / other[finite] - 1).max(initial=0.0))


@dataclass(frozen=True, eq=False)
class Proof:
    """Theory beside simulation, with the weights before and after.

    Attributes
    ----------
    weighting
        What is simulated: the models in it whose counts are known.
    generations
        How many were played: the horizon, or enough to come near the limits.
    before, after
        The law held to the simulation of a mean (`headwater.families.GaussianMean`), for which it is exact.
    change, standard_error
        Of the objective, after minus before, as it was simulated.
    expected_change
        The same by theory.
    """

    weighting: Weighting
    generations: int
    before: Verification
    after: Verification
    change: float
    standard_error: float
    expected_change: float

    @property
    def agree(self) -> bool:
        """Whether law and simulation agree, and the objective does not rise beyond noise and theory."""
        rise = self.change - max(self.expected_change, 0.0)
        return self.before.agree and self.after.agree and rise <= STANDARD_ERRORS * self.standard_error

    def rows(self) -> list[tuple[str, tuple[float, float, float], tuple[float, float, float]]]:
        """A model's name, and (theory, simulation, standard error) of its inflation before and after."""
        sides = []
        for side in (self.before, self.after):
            found = side.comparison
            last = np.stack([found.predicted[-1], found.simulated[-1], found.standard_error[-1]])
            sides.append((last / found.predicted[0]).T)
        return [
            (name, (float(a[0]), float(a[1]), float(a[2])), (float(b[0]), float(b[1]), float(b[2])))
            for name, a, b in zip(self.before.models, *sides, strict=True)
        ]


def simulated(weighting: Weighting, replicates: int, seed: int, executor: Executor | None = None) -> Proof:
    """Play both pipelines and hold the law to them.

    Both are played with one seed, so that they meet the same chances, and compared history by history.

    Raises
    ------
    InputError
        If there are too few replicates to judge by.
    """
    known = has_known_counts(weighting.before.graph)
    sides = [_known_part(side, known) for side in (weighting.before, weighting.after)]
    generations = weighting.horizon or _near_limit(sides, weighting, known)
    before, after = (
        verify(
            side, GaussianMean(), replicates=replicates, seed=seed, generations=generations, executor=executor
        )
        for side in sides
    )
    counted = weighting.judged[known]
    old, new = (_objective(side, counted, weighting.objective.kind == "sum") for side in (before, after))
    change = new[0] - old[0]
    return Proof(
        weighting=weighting,
        generations=generations,
        before=before,
        after=after,
        change=float(change.mean()),
        standard_error=float(change.std(ddof=1) / np.sqrt(len(change))),
        expected_change=new[1] - old[1],
    )


def _objective(side: Verification, counted: Flag, summed: bool) -> tuple[Array, float]:
    """(replicates,) the objective at the end of each history, and what theory says of its mean."""
    found = side.comparison
    started, expected = found.predicted[0][counted], found.predicted[-1][counted]
    runs = side.runs["risk"].values[:, -1][:, counted] / started
    if not summed:
        # the worst by theory, so that the maximum of noise is no part of it
        at = int(np.argmax(expected / started))
        runs, expected, started = runs[:, [at]], expected[[at]], started[[at]]
    return runs.sum(axis=1), float((expected / started).sum())


def _near_limit(sides: list[Pipeline], weighting: Weighting, known: Flag) -> int:
    """Generations after which the objective is near its limit, before and after; at least the horizon."""
    generations = horizon_of(weighting.before)
    counted = weighting.judged[known]
    limits = [side[known][counted] for side in (weighting.inflation_before, weighting.inflation_after)]
    while generations < LONGEST:
        reached = [
            outlook(replace(side, generations=generations), quantities=("inflation",)).columns[
                "inflation", "horizon"
            ][counted]
            for side in sides
        ]
        if all((now >= limit * (1 - NEAR)).all() for now, limit in zip(reached, limits, strict=True)):
            break
        generations = min(2 * generations, LONGEST)
    return generations


def _known_part(pipeline: Pipeline, known: Flag) -> Pipeline:
    """The pipeline of the models whose counts are known; they hear no others."""
    graph = pipeline.graph
    if known.all():
        return replace(pipeline, regime=Replace())
    flows = known[graph.learner]
    started = known[graph.initial_model]
    number = np.full(len(known) + len(graph.source_names), -1)
    number[: len(known)][known] = np.arange(known.sum())
    number[len(known) :] = np.arange(len(graph.source_names)) + known.sum()
    part = InteractionGraph(
        model_names=tuple(name for name, kept in zip(graph.model_names, known, strict=True) if kept),
        source_names=graph.source_names,
        frozen=graph.frozen[known],
        external=graph.external[known],
        fixed=graph.fixed,
        size=graph.size,
        provider=number[graph.provider[flows]].astype(np.int32),
        learner=number[graph.learner[flows]].astype(np.int32),
        samples=graph.samples[flows],
        weight=graph.weight[flows],
        initial_model=number[graph.initial_model[started]].astype(np.int32),
        initial_source=graph.initial_source[started],
        initial_samples=graph.initial_samples[started],
    )
    return replace(pipeline, graph=part, regime=Replace())
