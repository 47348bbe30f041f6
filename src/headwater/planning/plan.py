"""The whole plan: where real data buy most, the least that grounds, other levers, and the proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version

from headwater.pipeline import Pipeline
from headwater.planning.allocation import (
    Allocation,
    GroundingPlan,
    Supply,
    allocate,
    least_grounding,
)
from headwater.planning.levers import Comparison, Plans, Prices, Verifier, compare
from headwater.planning.outlook import Reached, horizon_of, outlook, reached, regime_of
from headwater.planning.proving import REPLICATES, Proof, prove
from headwater.planning.targets import Scope, Targets, scope_of
from headwater.planning.weights import optimal_weights
from headwater.regimes import Replace, Window
from headwater.report.words import plain

SCHEMA = "headwater/plan/1"

MOST_COMPARED = 300
"""Models up to which levers are compared unless asked for."""


MOST_WEIGHED = 60
"""Models up to which weights are chosen anew for every part of an allocation."""


@dataclass(frozen=True)
class Means:
    """What may be done, and what it costs.

    Attributes
    ----------
    supply
        Real samples that may be had.
    prices
        Of everything else too.
    budget
        Money per generation; None: as much as the targets take.
    verifier
        Its quality, where there is one.
    """

    supply: Supply = field(default_factory=Supply)
    prices: Prices = field(default_factory=Prices)
    budget: float | None = None
    verifier: Verifier | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    """What to do so that targets are met, what it costs, and how it is known.

    Printing it gives a page; `to_dict` is the JSON document. `allocation.pipeline` is the changed
    pipeline.

    Attributes
    ----------
    pipeline
        As it is.
    targets, scope, means
        What was asked for.
    before
        How far the pipeline as it is comes with every target.
    allocation
        Real samples over models.
    grounding
        The fewest models that need real data at all.
    comparison
        Other levers beside it; None where they were not looked at.
    proof
        A simulation of the changed pipeline; None where none was asked for, or the targets are not met.
    notes
        What was not done, in sentences.
    """

    pipeline: Pipeline
    targets: Targets
    scope: Scope
    means: Means
    before: tuple[Reached, ...]
    allocation: Allocation
    grounding: GroundingPlan
    comparison: Comparison | None
    proof: Proof | None
    notes: tuple[str, ...]

    @property
    def met(self) -> bool:
        """Whether real data alone meet the targets, and no simulation denies it."""
        return self.allocation.met and (self.proof is None or self.proof.confirmed)

    def to_dict(self) -> dict[str, object]:
        """The document that ``headwater plan --json`` prints; what does not exist is None."""
        return {
            "schema": SCHEMA,
            "pipeline": self.pipeline.name,
            "regime": str(regime_of(self.pipeline)),
            "generations": horizon_of(self.pipeline),
            "targets": {target.option: target.bound for target in self.targets},
            "times": list(self.targets.times),
            "budget": self.means.budget,
            "met": self.met,
            "before": {each.target.option: each.to_dict() for each in self.before},
            "allocation": self.allocation.to_dict(),
            "grounding": self.grounding.to_dict(),
            "levers": None if self.comparison is None else self.comparison.to_dict(),
            "simulation": None if self.proof is None else self.proof.to_dict(),
            "left_out": [{"model": name, "reason": reason} for name, reason in self.scope.left_out],
            "notes": list(self.notes),
            "provenance": {"headwater": version("headwater"), "input_sha256": self.pipeline.sha256},
        }

    def __str__(self) -> str:
        from headwater.report.plans import as_text

        return as_text(self)

    def __repr__(self) -> str:
        return (
            f"Plan({self.pipeline.name!r}: {'met' if self.met else 'not met'}, cost {self.allocation.cost:g})"
        )


def plan(  # noqa: PLR0913
    pipeline: Pipeline,
    targets: Targets,
    means: Means | None = None,
    *,
    scope: Scope | None = None,
    levers: bool | None = None,
    seed: int | None = None,
    replicates: int = REPLICATES,
    told: Callable[[str], None] = lambda now: None,
) -> Plan:
    """The cheapest real data that meet targets, beside what every other lever does.

    Parameters
    ----------
    targets
        What is to be reached.
    scope
        At which models; None: all whose numbers can be known.
    means
        Supply, prices, a budget, a verifier; free choice at a price of 1 a sample where None.
    levers
        Whether to compare other levers; None: where there are at most `MOST_COMPARED` models.
    seed, replicates
        Of the simulation that the plan is held to; no seed, no simulation.
    told
        Is told what is being done now.

    Raises
    ------
    InputError, UnknownCount
        If the supply or targets contradict the pipeline, or a count that is needed is unknown.
    NoLaw
        If the regime, or a biased flow, has no theory to plan by.
    """
    means, scope = means or Means(), scope or scope_of(pipeline.graph)
    told("looking at the pipeline as it is")
    before = reached(outlook(pipeline, quantities=targets.quantities), targets, scope)
    told("placing real data")
    allocation = allocate(pipeline, targets, scope, means.supply, means.budget)
    grounding = least_grounding(pipeline, means.supply, targets, scope)
    notes = _alike(pipeline, means.supply, allocation)
    comparison = None
    if levers is None and len(pipeline.graph.model_names) > MOST_COMPARED:
        notes.append(f"other levers are not compared above {MOST_COMPARED} models unless asked for: --levers")
    elif levers is not False and targets:
        told("comparing other levers")
        comparison = _compared(pipeline, targets, scope, means, allocation, told)
    proof = None
    if seed is not None and targets:
        told("simulating the plan")
        proof = prove(
            allocation.pipeline,
            targets,
            scope,
            seed=seed,
            replicates=replicates,
        )
    return Plan(
        pipeline, targets, scope, means, before, allocation, grounding, comparison, proof, tuple(notes)
    )


def _alike(pipeline: Pipeline, supply: Supply, allocation: Allocation) -> list[str]:
    """That a source stands for others, where several give at one price."""
    graph = pipeline.graph
    fresh = [name for name, fixed in zip(graph.source_names, graph.fixed, strict=True) if not fixed]
    givers = supply.sources or tuple(fresh)
    given = {source for source, *_ in allocation.given}
    notes = []
    for source in sorted(given):
        like = [name for name in givers if supply.price(name) == supply.price(source)]
        if len(like) > 1 and not any(name in supply.caps for name in like):
            notes.append(
                f"{plain(source)!r} stands for any of {len(like):,} sources at one price: name yours with "
                "--source, or --new-source"
            )
    return notes[:1]


def _compared(
    pipeline: Pipeline,
    targets: Targets,
    scope: Scope,
    means: Means,
    allocation: Allocation,
    told: Callable[[str], None],
) -> Comparison:
    """Other levers beside an allocation."""
    replaces = regime_of(pipeline) in (Replace(), Window(1))

    def again(other: Pipeline) -> Allocation:
        return allocate(other, targets, scope, means.supply, means.budget)

    plans = Plans(
        allocation,
        optimal_weights(pipeline) if replaces else None,
        means.verifier,
        again,
        optimal_weights if len(pipeline.graph.model_names) <= MOST_WEIGHED else None,
    )
    return compare(pipeline, targets, scope, means.prices, plans, told)
