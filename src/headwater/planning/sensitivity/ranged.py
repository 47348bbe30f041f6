"""What becomes of every model where counts are known within bounds only: over the whole box, not a sample."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from headwater.diagnosis.verdict import DEGRADES_ABOVE, IMPROVES_BELOW, Verdict
from headwater.errors import NoLaw
from headwater.graph import InteractionGraph
from headwater.grounding import ancestors, ground, reachable
from headwater.pipeline import Pipeline
from headwater.planning.outlook import CLOSE, regime_of
from headwater.planning.sensitivity.branching import GAP, Bracket, Extreme, extreme
from headwater.planning.sensitivity.counted import Counted, Effort
from headwater.planning.sensitivity.goal import Box, Goal
from headwater.planning.targets import Scope
from headwater.regimes import Replace, Window
from headwater.theory.system import Array, Flag, build

WORK = 3e10
"""Multiplications for all models together: some seconds."""

LARGEST = 600
"""Models that one model may rest on for its whole box to be searched."""

MOST_JUDGED = 200
"""Models whose boxes are searched; those worst at the middle counts."""

SHARE = 0.25
"""Of the work that is left, what one search may take at most."""


@dataclass(frozen=True, eq=False)
class ModelRange:
    """One model over the box.

    Attributes
    ----------
    model
        Number of the model.
    middle
        Inflation at the middle counts; infinite where it collapses.
    worst, best
        The largest and the least inflation; None where nothing was searched: the model collapses
        whatever the counts, or is one too many.
    middle_risk, worst_risk, best_risk
        Risk itself, in units of the variance of one sample, at the same counts; NaN where there are none.
    """

    model: int
    middle: float
    worst: Bracket | None
    best: Bracket | None
    middle_risk: float = math.nan
    worst_risk: float = math.nan
    best_risk: float = math.nan

    @property
    def collapses(self) -> bool:
        """Whether it collapses, which no count changes."""
        return math.isinf(self.middle)

    @property
    def worst_verdict(self) -> tuple[Verdict, bool]:
        """The worst over the box, and whether that is proved."""
        if self.collapses:
            return "collapses", True
        if self.worst is None:
            return verdict_of(self.middle), False
        return verdict_of(self.worst.found), verdict_of(self.worst.found) == verdict_of(self.worst.proved)

    @property
    def best_verdict(self) -> tuple[Verdict, bool]:
        """The best over the box, and whether that is proved."""
        if self.collapses:
            return "collapses", True
        if self.best is None:
            return verdict_of(self.middle), False
        return verdict_of(self.best.found), verdict_of(self.best.found) == verdict_of(self.best.proved)


def verdict_of(inflation: float) -> Verdict:
    """The verdict on a grounded model by the inflation that it settles at."""
    if inflation > DEGRADES_ABOVE:
        return "degrades"
    return "improves" if inflation < IMPROVES_BELOW else "stable"


@dataclass(frozen=True, eq=False)
class Ranged:
    """Every judged model over the box, worst first.

    Attributes
    ----------
    graph
        With every ranged count at the middle of its range.
    ranges : (counts,) pairs
        Numbers of the flows, with bounds, in order.
    generations
        The horizon; None: the limit.
    models
        Those that were judged.
    unsearched
        Numbers of judged models whose box was not searched, with the reason.
    total
        Of the sum of all inflations; None where it was not asked for.
    """

    graph: InteractionGraph
    ranges: tuple[tuple[int, tuple[int, int]], ...]
    generations: int | None
    models: tuple[ModelRange, ...]
    unsearched: tuple[tuple[int, str], ...]
    total: Bracket | None = None

    def may_part(self, model: int) -> bool:
        """Whether a model's risk and its inflation may be worst at different counts.

        They may where uncertain counts make its generation 0 as well: one that starts by default and
        hears an uncertain flow.
        """
        hears = any(low < high and self.graph.learner[at] == model for at, (low, high) in self.ranges)
        return hears and _starts_by_default(self.graph, model)

    @property
    def worst(self) -> ModelRange | None:
        """The model that is worst at its worst counts, among those that do not collapse."""
        return next((each for each in self.models if each.worst is not None), None)

    @property
    def proved(self) -> float:
        """No searched model's inflation passes it."""
        return max((each.worst.proved for each in self.models if each.worst is not None), default=math.nan)

    def met(self, most: float) -> bool | None:
        """Whether every judged model's inflation stays at or below a bound over the whole box.

        None where it cannot be told.
        """
        bound = most * (1 + CLOSE)
        if any((each.worst.found if each.worst else each.middle) > bound for each in self.models):
            return False
        if self.unsearched or any(each.worst is None or each.worst.proved > bound for each in self.models):
            return None
        return True

    def counts_at(self, bracket: Bracket) -> dict[int, int]:
        """The count of every ranged flow at the counts of a bracket, by number of the flow."""
        return {at: int(count) for (at, _), count in zip(self.ranges, bracket.counts, strict=True)}

    def pipeline_at(self, pipeline: Pipeline, bracket: Bracket) -> Pipeline:
        """The pipeline with the counts of a bracket in place of its ranges."""
        samples = pipeline.graph.samples.copy()
        for at, count in self.counts_at(bracket).items():
            samples[at] = count
        graph = dataclasses.replace(pipeline.graph, samples=samples)
        return dataclasses.replace(pipeline, graph=graph)


def check_regime(pipeline: Pipeline) -> None:
    """Raise `NoLaw` where derivatives and bounds are not known: elsewhere than under replace."""
    regime = regime_of(pipeline)
    if regime not in (Replace(), Window(1)):
        raise NoLaw(
            f"sensitivity under {regime} has no exact derivatives",
            "they are known for --regime replace; for others vary a count: headwater sweep --vary",
        )


def over_box(
    graph: InteractionGraph,
    scope: Scope,
    generations: int | None = None,
    summed: bool = False,
    work: float = WORK,
) -> Ranged:
    """The worst and the best of every model in scope over all counts that the graph's ranges allow.

    Parameters
    ----------
    graph
        With `ranges`; other counts are as they are.
    generations
        Inflation after so many; None: in the limit, under replace and the asymptotic law.
    summed
        Whether the sum of inflations is sought as well.
    work
        Multiplications, about. Where they do not suffice, brackets stay open.
    """
    middle = graph.with_samples_at("middle")
    ranges = tuple(sorted(graph.ranges.items()))
    return _Judging(middle, ranges, generations, Effort(work)).judged(scope, summed)


@dataclass(frozen=True, eq=False)
class _Judging:
    """What the searches of one box share."""

    graph: InteractionGraph
    ranges: tuple[tuple[int, tuple[int, int]], ...]
    generations: int | None
    effort: Effort

    @cached_property
    def flow(self) -> np.ndarray:
        """(counts,) numbers of the ranged flows."""
        return np.array([at for at, _ in self.ranges], dtype=np.int64)

    @cached_property
    def middle(self) -> Array:
        """(counts,) samples at the middle."""
        return np.asarray(self.graph.samples[self.flow])

    def judged(self, scope: Scope, summed: bool) -> Ranged:
        collapses = ground(self.graph).is_ungrounded & (self.generations is None)
        inflation, started = self._at_middle(scope.models & ~collapses)
        inflation[scope.models & collapses] = math.inf
        moved = reachable(self.graph, self.graph.learner[self.flow].astype(np.int64))
        order = np.argsort(-np.where(scope.models, inflation, -math.inf), kind="stable")[: scope.models.sum()]
        searched, unsearched = self._chosen(order, collapses, moved)
        brackets = self._brackets(searched)
        found = [
            ModelRange(int(at), float(inflation[at]), *brackets.get(int(at), (None, None)))
            if collapses[at] or moved[at]
            else _fixed(int(at), float(inflation[at]), self.middle)
            for at in order
        ]
        found = [self._with_risks(each, float(started[each.model])) for each in found]
        found.sort(key=lambda each: -(each.worst.found if each.worst else each.middle))
        total = self._total(scope.models & ~collapses) if summed else None
        return Ranged(self.graph, self.ranges, self.generations, tuple(found), tuple(unsearched), total)

    def _at_middle(self, wanted: Flag) -> tuple[Array, Array]:
        """(models,) inflation at the middle counts, 1 of frozen models, and the risk that it is over.

        NaN elsewhere than wanted.
        """
        answer = np.where(wanted & self.graph.frozen, 1.0, math.nan)
        started = np.full(len(answer), math.nan)
        held = build(self.graph, wanted & self.graph.frozen)
        started[held.models] = held.start.risk(held.archive_size)
        moving = wanted & self.graph.trained
        if moving.any():
            keep = ancestors(self.graph, np.flatnonzero(moving))
            counted = Counted.of(self.graph, keep, self.generations)
            flows, trained = counted.flows, counted.flows.system.trained
            answer[trained] = (counted.moments(flows.samples).risk / flows.start_risk)[: len(trained)]
            started[trained] = flows.start_risk[: len(trained)]
        return np.where(wanted, answer, math.nan), np.where(wanted, started, math.nan)

    def _with_risks(self, each: ModelRange, started: float) -> ModelRange:
        """The model with its risks: inflation times the risk of generation 0 at the same counts."""
        graph, model = self.graph, each.model
        heard = graph.learner == model
        moves = _starts_by_default(graph, model)

        def risk(bracket: Bracket | None) -> float:
            if bracket is None:
                return math.nan
            samples = graph.samples.copy()
            samples[self.flow] = bracket.counts
            # by default generation 0 is as many samples as the flows bring
            over = graph.samples[heard].sum() / samples[heard].sum() if moves else 1.0
            return float(bracket.found * started * over)

        return dataclasses.replace(
            each,
            middle_risk=each.middle * started,
            worst_risk=risk(each.worst),
            best_risk=risk(each.best),
        )

    def _chosen(
        self, order: np.ndarray, collapses: Flag, moved: Flag
    ) -> tuple[dict[int, Flag], list[tuple[int, str]]]:
        """Ancestors of the models to search, and those that are left unsearched."""
        searched: dict[int, Flag] = {}
        unsearched = []
        for at in order:
            if collapses[at] or not moved[at]:
                continue
            if len(searched) >= MOST_JUDGED:
                unsearched.append((int(at), f"{MOST_JUDGED} models are searched, those worst at first"))
                continue
            above = ancestors(self.graph, np.array([at]))
            if above.sum() > LARGEST:
                unsearched.append((int(at), f"it rests on more than {LARGEST} models"))
            else:
                searched[int(at)] = above
        return searched, unsearched

    def _brackets(self, searched: dict[int, Flag]) -> dict[int, tuple[Bracket, Bracket]]:
        """The worst and the best of each; models with the same ancestors share what is computed."""
        counted: dict[bytes, Counted] = {}
        answers = {}
        left = len(searched)
        for at, above in searched.items():
            name = np.packbits(above).tobytes()
            if name not in counted:
                counted[name] = Counted.of(self.graph, above, self.generations, self.effort)
            one = (np.arange(len(above)) == at).astype(float)
            share = max(0.0, self.effort.left) * max(SHARE, 1 / left)
            worst = self._extreme(counted[name], one, "most", 0.8 * share)
            answers[at] = worst, self._extreme(counted[name], one, "least", 0.2 * share)
            left -= 1
        return answers

    def _total(self, wanted: Flag) -> Bracket | None:
        """The worst of the sum of inflations; None where that is too much, or nothing adds up."""
        keep = ancestors(self.graph, np.flatnonzero(wanted & self.graph.trained))
        if not keep.any() or keep.sum() > LARGEST:
            return None
        counted = Counted.of(self.graph, keep, self.generations, Effort(WORK / 4))
        return self._extreme(counted, wanted.astype(float), "most", WORK / 4)

    def _extreme(self, counted: Counted, coefficient: Array, which: Extreme, work: float) -> Bracket:
        """One search; counts that the goal does not rest on stay in the middle."""
        place = {int(number): at for at, number in enumerate(counted.flows.number)}
        used = [at for at, number in enumerate(self.flow) if int(number) in place]
        free = np.array([place[int(self.flow[at])] for at in used], dtype=np.int32)
        chosen = coefficient[counted.flows.system.trained]
        goal = Goal(counted, chosen, free, counted.flows.samples)
        low, high = (np.array([self.ranges[at][1][end] for at in used], dtype=float) for end in (0, 1))
        bracket = extreme(goal, Box(low, high), which, GAP, work)
        counts = self.middle.copy()
        counts[used] = bracket.counts
        return dataclasses.replace(bracket, counts=counts)


def _starts_by_default(graph: InteractionGraph, model: int) -> bool:
    """Whether its generation 0 is as many fresh real samples as its flows bring."""
    return not (graph.frozen[model] or (graph.initial_model == model).any())


def _fixed(model: int, inflation: float, counts: Array) -> ModelRange:
    """A model that no ranged count reaches."""
    bracket = Bracket(inflation, inflation, counts, 0)
    return ModelRange(model, inflation, bracket, bracket)
