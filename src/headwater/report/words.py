"""What a diagnosis says in sentences: causes, repairs, structure, what is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from headwater.diagnosis import Cause, Diagnosis

ITEMS = 6
"""Causes, repairs and the like told one by one."""

NAMED = 5
"""Names listed in one sentence."""

LONGEST_NAME = 60


def causes(diagnosis: Diagnosis) -> list[str]:
    """Each cause, how fast it works and what it takes with it; models that are alike in one sentence."""
    alone = [cause for cause in diagnosis.causes if _is_alone(cause)]
    rest = [cause for cause in diagnosis.causes if len(alone) < 3 or not _is_alone(cause)]
    said = [_cause(cause) for cause in rest[:ITEMS]]
    if len(alone) >= 3:
        who = quoted([cause.component[0] for cause in alone])
        said.append(f"{who} learn each only from itself: nothing enters from outside.")
    told = len(rest[:ITEMS]) + (len(alone) if len(alone) >= 3 else 0)
    return _and_more(said, len(diagnosis.causes) + diagnosis.left_out["causes"] - told, "causes")


def _is_alone(cause: Cause) -> bool:
    return cause.kind == "ungrounded" and len(cause.collapses) == 1


def _cause(cause: Cause) -> str:
    inside = set(cause.component)
    others = [name for name in cause.collapses if name not in inside]
    reach = f" It takes {quoted(others)} with it." if others else ""
    pace = f" {cause.speed}" if cause.speed else ""
    who = quoted(cause.component)
    if cause.kind == "finite-sample":
        return f"{who}: real data arrive, but too few samples for this law, so errors grow.{reach}{pace}"
    only = "learns only from itself" if len(cause.component) == 1 else "learn only from each other"
    return f"{who} {only}: no real data, frozen model or other model enters the loop.{reach}{pace}"


def repairs(diagnosis: Diagnosis) -> list[str]:
    """The least that stops each cause."""
    alone = {cause.component[0] for cause in diagnosis.causes if _is_alone(cause)}
    grouped = alone if len(alone) >= 3 else set()
    rest = [repair for repair in diagnosis.repairs if repair.model not in grouped]
    said = [f"{repair.why[0].upper()}{repair.why[1:]}." for repair in rest[:ITEMS]]
    if grouped:
        who = quoted([repair.model for repair in diagnosis.repairs if repair.model in grouped])
        said.append(f"One flow of real data into each of {who} stops its collapse.")
    told = len(rest[:ITEMS]) + len(grouped)
    return _and_more(said, len(diagnosis.repairs) + diagnosis.left_out["causes"] - told, "repairs")


def structure(diagnosis: Diagnosis) -> list[str]:
    """Loops that are no cause, since one flow less may make them one, and the deepest chain."""
    chain = diagnosis.longest_chain
    said = _loops(diagnosis)
    if len(chain) < 2:
        return said
    steps = [quoted(step) if len(step) == 1 else f"loop of {quoted(step)}" for step in chain]
    shown = steps if len(steps) <= 2 * NAMED else [*steps[:NAMED], "...", *steps[-NAMED:]]
    return [*said, f"Deepest chain, {len(chain)} steps of models: {' -> '.join(shown)}."]


def _loops(diagnosis: Diagnosis) -> list[str]:
    known = {cause.component for cause in diagnosis.causes}
    rest = [loop for loop in diagnosis.loops if loop not in known]
    said = []
    for loop in rest[:ITEMS]:
        entering = _entering(diagnosis, loop)
        verb = "comes" if len(entering) == 1 else "come"
        if entering:
            held = f"from outside {verb} {quoted(entering)}"
        else:
            held = "nothing comes from outside, and it would collapse if old data were dropped"
        learn = "learns from itself" if len(loop) == 1 else "learn from each other"
        said.append(f"{quoted(loop)} {learn}; {held}.")
    return _and_more(said, len(rest) - len(said), "loops")


def _entering(diagnosis: Diagnosis, loop: Sequence[str]) -> list[str]:
    """What enters a loop from outside: sources, then frozen models, then others."""
    graph = diagnosis.graph
    models = len(graph.model_names)
    inside = np.zeros(models, dtype=bool)
    inside[[graph.index_of(name) for name in loop]] = True
    providers = np.unique(graph.provider[inside[graph.learner]])
    outside = [int(at) for at in providers if at >= models or not inside[at]]
    outside.sort(key=lambda at: (at < models, at < models and not graph.frozen[at], at))
    return [graph.provider_name(at) for at in outside]


def unknown(diagnosis: Diagnosis) -> list[str]:
    """Which counts are missing, and what that leaves open."""
    if not diagnosis.missing:
        return []
    graph = diagnosis.graph
    missing = [item for item in diagnosis.missing if item.bounds is None]
    first = "; ".join(f"{item.what} of {plain(item.place, 2 * LONGEST_NAME)}" for item in missing[:3])
    flows = int(np.isnan(graph.samples).sum()) - len(graph.ranges)
    sizes = int((graph.fixed & np.isnan(graph.size)).sum())
    tally = [
        f"{number:,} of {total:,} {what}"
        for number, total, what in ((flows, len(graph.samples), "flows"), (sizes, len(graph.size), "sources"))
        if number
    ]
    more = ", and so on" if len(missing) > 3 else ""
    known, models = int(diagnosis.quantities.known.sum()), len(graph.model_names)
    needs = (
        "Under this law a model may collapse for want of samples alone: counts decide. How far it falls"
        if diagnosis.law.may_explode
        else "Whether a model collapses needs no counts; how far it falls does, and"
    )
    return [
        *_within_bounds(diagnosis),
        *([f"{first}{more}: unknown for {' and '.join(tally)}."] if tally else []),
        f"{needs} can be told for {known:,} of {models:,} models. {_way_out(flows, len(graph.ranges))}",
    ]


def _within_bounds(diagnosis: Diagnosis) -> list[str]:
    """The flows of whose count only bounds are known."""
    graph = diagnosis.graph
    if not graph.ranges:
        return []
    first = [
        f"flow {plain(str(graph.flow(at)), 2 * LONGEST_NAME)}: "
        f"between {graph.ranges[at][0]:,} and {graph.ranges[at][1]:,} samples"
        for at in sorted(graph.ranges)[:3]
    ]
    more = ", and so on" if len(graph.ranges) > 3 else ""
    return [
        f"{'; '.join(first)}{more}. Only bounds are known for {len(graph.ranges):,} "
        f"of {len(graph.samples):,} flows."
    ]


def _way_out(unknown: int, ranges: int) -> str:
    stand_ins = ["--assume samples=1000"] * bool(unknown) + ["--assume range=middle"] * bool(ranges)
    said = f"Fill them in, or try {' '.join(stand_ins)}." if stand_ins else "Fill them in."
    whole = " `headwater sensitivity FILE` looks at every count within the bounds at once."
    return said + whole if ranges else said


def quoted(names: Iterable[str]) -> str:
    """A few names in quotation marks, and how many more.

    Examples
    --------
    >>> quoted(["a", "b", "c"])
    "'a', 'b' and 'c'"
    """
    every = list(names)
    shown = [f"'{plain(name)}'" for name in every[:NAMED]]
    if len(every) > NAMED:
        return f"{', '.join(shown)} and {len(every) - NAMED:,} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def plain(text: str, longest: int = LONGEST_NAME) -> str:
    r"""Text that cannot steer a terminal, cut where it is long.

    Examples
    --------
    >>> print(plain("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    safe = (
        text
        if text.isprintable()
        else "".join(
            letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
        )
    )
    return safe if len(safe) <= longest else f"{safe[: longest - 3]}..."


def _and_more(said: list[str], more: int, what: str) -> list[str]:
    return [*said, f"... and {more:,} more {what}"] if more > 0 else said
