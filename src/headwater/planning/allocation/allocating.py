"""Real samples at least cost for targets, or the best result for a budget."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from headwater.diagnosis.setting import DENSE_UP_TO
from headwater.errors import InputError, NoLaw
from headwater.pipeline import Pipeline
from headwater.planning.allocation.generic import differences
from headwater.planning.allocation.oracle import Bound, Judge, oracle_of, worst
from headwater.planning.allocation.problem import Problem, problem_of
from headwater.planning.allocation.refusing import reasons
from headwater.planning.allocation.search import Found
from headwater.planning.allocation.solving import solved
from headwater.planning.allocation.supply import Supply, offered
from headwater.planning.allocation.values import Allocation
from headwater.planning.outlook import Outlook, Reached, outlook, reached, regime_of
from headwater.planning.targets import Scope, Target, Targets, When
from headwater.regimes import Replace, Window
from headwater.theory.system import Array

NOTHING = Found(None, -math.inf, False, True)
"""Where there is nothing to add to."""

MOST_SPARED = 200
"""Unknowns up to which the cheapest way to the best result is looked for."""

SECONDS_TO_SPARE = 10.0
"""For the cheapest way to the best result."""

INFLATION = Target("inflation", 1.0)
"""What a budget without targets is spent on."""


def allocate(
    pipeline: Pipeline,
    targets: Targets | None,
    scope: Scope,
    supply: Supply | None = None,
    budget: float | None = None,
) -> Allocation:
    r"""Real samples to add each generation: least cost for targets, or the best result for a budget.

    For any regular estimator at large budgets. Under replace, where the models that samples may be
    added to weigh all of their samples alike, the answer for inflation and diversity is proved
    optimal or comes with a bound; a search over whole numbers finds the others.

    Parameters
    ----------
    targets
        What is to be reached; None, or none in it, only with a budget, which then buys the least
        worst inflation.
    scope
        The models that the targets are for.
    supply
        Prices, caps and who may be touched; by default all fresh sources at a price of 1.
    budget
        Most money. With targets too, the least cost is looked for, and if that is more, what the
        budget does reach.

    Returns
    -------
    Allocation
        `Allocation.met` is what `headwater.diagnose` of the changed pipeline says.

    Raises
    ------
    InputError
        If there is neither target nor budget, or the supply names what there is not.
    UnknownCount
        If a count that the answer needs is unknown.
    NoLaw
        If there are too many models for a regime that has no exact derivatives, or at all.
    """
    targets = Targets() if targets is None else targets
    _check(targets, budget, scope)
    problem = problem_of(pipeline, offered(pipeline.graph, supply or Supply()), scope)
    plan = _Plan(problem, targets, budget)
    return plan.for_budget() if budget is not None and not targets else plan.for_targets()


@dataclass(frozen=True, eq=False)
class _Plan:
    """One question: the problem, the targets and the money."""

    problem: Problem
    targets: Targets
    budget: float | None

    def for_targets(self) -> Allocation:
        """Least cost for the targets."""
        problem = self.problem
        nothing = np.zeros(problem.unknowns)
        if all(each.met for each in self._reached(nothing)):
            return self._answer(Found(nothing, 0.0, True), ())
        judge = self._judge(
            [Bound.of(target, when) for target in self.targets for when in self.targets.times]
        )
        found, notes = solved(judge, None) if judge else (NOTHING, ())
        if judge is None or found.added is None:
            said = reasons(problem, judge, self.targets)
            if not found.impossible:
                said = (*said, "no allocation was found; that there is none is not proved")
            if judge is not None and self.budget is not None:
                found, notes = self._spent(judge)
                return self._answer(found, notes, said, spent=True)
            return self._answer(found, notes, said)
        if self.budget is not None and problem.cost(found.added) > self.budget * (1 + 1e-12):
            return self._over(judge, found, notes)
        return self._answer(found, notes)

    def for_budget(self) -> Allocation:
        """Least worst inflation for the budget."""
        judge = self._judge([Bound.of(INFLATION, when) for when in self.targets.times])
        if judge is None:
            said = ("there is no model that real samples may be added to",)
            return self._answer(NOTHING, (), said)
        found, notes = self._spent(judge)
        return self._answer(found, notes, spent=True)

    def _spent(self, judge: Judge) -> tuple[Found, tuple[str, ...]]:
        """The best result for the budget, and of those the cheapest."""
        assert self.budget is not None
        found, notes = solved(judge, self.budget)
        if found.added is None and judge.needs_ground:
            near = tuple(bound for bound in judge.bounds if bound.when == "horizon")
            least = len(self.problem.ungrounded)
            notes = (
                f"to ground every loop takes real samples in {least:,} of them, and the budget, the caps or "
                "what may be touched do not allow it: inflation has no limit, and the budget is spent on the "
                "horizon",
            )
            judge = judge.judging(near or tuple(replace(bound, when="horizon") for bound in judge.bounds))
            found, more = solved(judge, self.budget)
            notes += more
            found = replace(found, bound=-math.inf, optimal=False)
        if found.added is None:
            return found, notes
        if self.problem.unknowns > MOST_SPARED:
            return found, notes
        reach = worst(judge.point(found.added)) + 1e-10
        easier = judge.judging(tuple(bound.loosened(reach) for bound in judge.bounds))
        cheaper, _ = solved(easier, None, SECONDS_TO_SPARE)
        if cheaper.added is not None and self.problem.cost(cheaper.added) < self.problem.cost(found.added):
            found = replace(found, added=cheaper.added)
        return found, notes

    def _over(self, judge: Judge, found: Found, notes: tuple[str, ...]) -> Allocation:
        """The targets cost more than there is."""
        assert self.budget is not None and found.added is not None
        least = self.problem.cost(found.added)
        spent, more = self._spent(judge)
        answer = self._answer(spent, (*notes, *more), spent=True)
        if answer.met:
            return answer
        proof = (
            ""
            if found.optimal
            else f" (proved: no less than {found.bound:,.6g})"
            if found.bound > 0
            else " (the least found)"
        )
        said = f"the targets cost {least:,.6g}{proof}, and the budget is {self.budget:,.6g}"
        return replace(answer, reasons=(said,))

    def _judge(self, bounds: list[Bound]) -> Judge | None:
        """None where there is nothing to add to."""
        problem = self.problem
        if not problem.unknowns:
            return None
        if regime_of(problem.pipeline) in (Replace(), Window(1)):
            return oracle_of(problem, bounds)
        return differences(problem, tuple(bounds))

    def _reached(self, added: Array) -> tuple[Reached, ...]:
        found = outlook(self.problem.changed(added), quantities=self.targets.quantities)
        return reached(found, self.targets, self.problem.scope)

    def _answer(
        self, found: Found, notes: tuple[str, ...], said: tuple[str, ...] = (), spent: bool = False
    ) -> Allocation:
        """What was found, judged anew; `spent`: for a budget."""
        problem = self.problem
        added = np.zeros(problem.unknowns) if found.added is None else found.added
        changed = problem.changed(added)
        if self.targets:
            seen = self._reached(added)
        else:
            seen = _as_reached(outlook(changed, quantities=("inflation",)), problem.scope, self.targets.times)
        met = not said and all(each.met for each in seen)
        if not met and not said and not spent:
            said = ("what was found is not confirmed by the diagnosis of the changed pipeline",)
        proved = math.isfinite(found.bound) and found.added is not None
        return Allocation(
            given=problem.given(added),
            cost=problem.cost(added),
            bound=None if not proved else math.exp(found.bound) if spent else found.bound,
            optimal=found.optimal,
            pipeline=changed,
            changes=problem.changes(added),
            reached=seen,
            met=met,
            reasons=said,
            notes=notes,
            worst=max((_ratio(each, not self.targets) for each in seen), default=math.inf) if spent else None,
        )


def _check(targets: Targets, budget: float | None, scope: Scope) -> None:
    if budget is None and not targets:
        raise InputError(
            "there is neither a target nor a budget", "write --max-inflation 1.5, or --budget 1000, or both"
        )
    if budget is not None and not (math.isfinite(budget) and budget >= 0):
        raise InputError(
            f"the budget is {budget!r:.40}", "a budget is a finite number, 0 or more: --budget 1000"
        )
    if len(scope.models) > DENSE_UP_TO:
        raise NoLaw(
            f"plans are for up to {DENSE_UP_TO:,} models; here are {len(scope.models):,}",
            "plan for a part of the pipeline: the models you care about, and all that they learn from",
        )


def _as_reached(found: Outlook, scope: Scope, times: tuple[When, ...]) -> tuple[Reached, ...]:
    """The worst inflation, as a target that is just reached."""
    seen = reached(found, Targets(max_inflation=1.0, times=times), scope)
    values = [math.inf if each.value is None else each.value for each in seen]
    return tuple(
        replace(each, target=Target("inflation", value), met=math.isfinite(value))
        for each, value in zip(seen, values, strict=True)
    )


def _ratio(each: Reached, alone: bool) -> float:
    """A reached value over its bound: above 1 where it is missed; the value itself where it stands alone."""
    if each.value is None or math.isnan(each.value):
        return math.inf
    if alone:
        return each.value
    if each.target.quantity == "inflation":
        return each.value / each.target.bound
    if each.target.quantity == "diversity":
        return (1 - each.value) / (1 - each.target.bound)
    return each.target.bound / each.value if each.value > 0 else math.inf
