"""One judge, one search: by cuts where they hold everywhere, else by cuts, neighbours and a looser bound."""

from __future__ import annotations

import math
from dataclasses import replace

from headwater.planning.allocation.oracle import Judge, Oracle, relaxed
from headwater.planning.allocation.polishing import polished, trimmed_free, without_crumbs
from headwater.planning.allocation.search import MANY, MOST_WHOLE, SAME, Found, search
from headwater.planning.allocation.split import split

SECONDS = 55.0
"""For one search; small pipelines take a fraction of one."""

UNPROVED = "no bound is proved: {why}; whole numbers near the answer were searched"


def solved(judge: Judge, budget: float | None, seconds: float = SECONDS) -> tuple[Found, tuple[str, ...]]:
    """The best whole samples that were found, and what there is to say about the proof."""
    if judge.proves:
        many = isinstance(judge, Oracle) and budget is None and len(judge.problem.scope.models) >= MANY
        found = search(split(judge) if many else judge, budget, seconds)  # type: ignore[arg-type]
        if found.added is not None and budget is None:
            found = replace(found, added=trimmed_free(judge, without_crumbs(judge, found.added)))
            found = replace(found, optimal=found.optimal or _as_good(judge, found, budget))
        if found.added is not None and not found.optimal and judge.problem.unknowns <= MOST_WHOLE:
            found = replace(found, added=polished(judge, found.added, budget))
            found = replace(found, optimal=_as_good(judge, found, budget))
        return found, ()
    found = search(judge, budget, seconds / 2)
    if found.added is not None:
        found = replace(found, added=polished(judge, found.added, budget))
    sure = relaxed(judge) if isinstance(judge, Oracle) else None
    if sure is None:
        why = (
            "the regime keeps old data"
            if not isinstance(judge, Oracle)
            else "nothing is known of tail samples"
        )
        return replace(found, bound=-math.inf, optimal=False, impossible=False), (UNPROVED.format(why=why),)
    looser = search(sure, budget, seconds / 4, whole=False)
    bound, cost = looser.bound, judge.problem.cost(found.added) if found.added is not None else math.inf
    optimal = budget is None and cost <= bound + SAME * max(1.0, bound)
    notes = () if optimal else (_loose(judge),)
    return replace(found, bound=bound, optimal=optimal, impossible=looser.impossible), notes


def _as_good(judge: Judge, found: Found, budget: float | None) -> bool:
    """Whether what was found has the value of its bound."""
    if found.added is None or budget is not None:
        return found.optimal
    return judge.problem.cost(found.added) <= found.bound + SAME * max(1.0, found.bound)


def _loose(judge: Judge) -> str:
    tails = any(each.target.quantity == "tail_sample" for each in judge.bounds)
    why = "it leaves the tail sample out" if tails else "it takes unequal weights at their best"
    return f"the bound is a loose one: {why}; whole numbers near the answer were searched"
