"""Optimal weights on a terminal: flows, models, and what it comes to in two sentences."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from headwater.report import words
from headwater.report.columns import Column, measured, table_of

if TYPE_CHECKING:
    from headwater.planning.weights.proving import Proof, Recomputed
    from headwater.planning.weights.weighting import Weighting

ROWS = 20
"""Flows and models shown; the rest are counted."""

UNKNOWN = "?"


@dataclass(frozen=True, eq=False)
class WeightsReport:
    """What `rich` prints: the answer, what a second route says, and a simulation if one was played."""

    weighting: Weighting
    recomputed: Recomputed
    proof: Proof | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        yield _headline(self.weighting)
        if self.weighting.is_possible:
            yield Text()
            yield from _flows(self.weighting, width)
        yield Text()
        yield from _models(self.weighting, width)
        yield Text()
        for sentence in self.sentences():
            yield Text(sentence)
        yield from _left_alone(self.weighting)
        if self.proof is not None:
            yield Text()
            yield from _simulation(self.proof, width)

    def sentences(self) -> list[str]:
        """What it comes to, what to do, and that it was checked."""
        weighting = self.weighting
        if not weighting.is_possible:
            return [f"Weights cannot help: {weighting.reason}."]
        return [_comes_to(weighting), _to_do(weighting), _checked(weighting, self.recomputed)]


def as_text(report: WeightsReport, width: int = 110) -> str:
    """The same as plain text of at most so many columns."""
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(report)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _when(weighting: Weighting) -> str:
    return "in the limit" if weighting.horizon is None else f"after {weighting.horizon:,} generations"


def _goal(weighting: Weighting) -> str:
    if weighting.objective.kind == "model":
        return f"inflation of {words.plain(weighting.objective.model)!r}"
    goals = {"worst": "largest inflation", "sum": "sum of the trained models' inflations"}
    return goals[weighting.objective.kind]


def _headline(weighting: Weighting) -> Text:
    name = weighting.before.name
    text = Text(f"{words.plain(name)}: " if name else "", style="bold")
    text.append("optimal loss weights")
    return text.append(f" for the least {_goal(weighting)} {_when(weighting)}", style="not bold")


def _flows(weighting: Weighting, width: int) -> Iterator[RenderableType]:
    graph, old = weighting.graph, weighting.before.graph
    moved = np.abs(weighting.share_after - weighting.share_before)
    chosen = np.flatnonzero(weighting.chosen[graph.learner])
    order = chosen[np.argsort(-np.nan_to_num(moved[chosen]), kind="stable")]
    shown = np.sort(order[:ROWS])
    columns = [
        Column(
            "from", [words.plain(graph.provider_name(int(graph.provider[at]))) for at in shown], 0, "left"
        ),
        Column("to", [words.plain(graph.model_names[graph.learner[at]]) for at in shown], 0, "left"),
        Column("samples", [f"{graph.samples[at]:,.0f}" for at in shown], 5),
        Column("weight", [_weight(old.weight[at]) for at in shown], 4),
        Column("-> best", [_weight(graph.weight[at]) for at in shown], 0),
        Column("share", [_percent(weighting.share_before[at]) for at in shown], 4),
        Column("-> best", [_percent(weighting.share_after[at]) for at in shown], 0),
        Column("", ["leave it out" if weighting.left_out[at] else "" for at in shown], 3, "left"),
    ]
    yield table_of(columns, width, least=4)
    if len(order) > ROWS:
        yield Text(f"... and {len(order) - ROWS:,} more, changed less (--json has all)", style="dim")


def _models(weighting: Weighting, width: int) -> Iterator[RenderableType]:
    names = weighting.graph.model_names
    if not names:
        return
    # those without a number last
    key = np.nan_to_num(weighting.inflation_before, nan=-1.0, posinf=-0.5)
    order = np.argsort(-key, kind="stable")
    shown = order[:ROWS]
    columns = [
        Column("model", [words.plain(names[at]) for at in shown], 0, "left"),
        Column("inflation", [_times(weighting.inflation_before[at]) for at in shown], 0),
        Column("-> best", [_times(weighting.inflation_after[at]) for at in shown], 0),
        Column("vs own data", [_times(weighting.versus_own[at], "-") for at in shown], 5),
    ]
    yield table_of(columns, width, least=3)
    yield Text(
        "×: times the model's own risk at generation 0"
        + ("; vs own data: times that of training on its own real flows alone." if np.isfinite(
            weighting.versus_own).any() else "."),
        style="dim",
    )  # fmt: skip
    if len(order) > ROWS:
        yield Text(f"... and {len(order) - ROWS:,} more, none worse (--json has all)", style="dim")


def _comes_to(weighting: Weighting) -> str:
    before = weighting.value(weighting.inflation_before)
    after = weighting.value(weighting.inflation_after)
    goal = _goal(weighting)
    if not weighting.changed.any():
        return f"The weights are as good as any that were found: {goal} {_when(weighting)} {_times(before)}."
    if after >= before * (1 - 1e-9):
        return (
            f"The {goal} {_when(weighting)} stays {_times(before)}, whatever the weights; "
            "the other models get better."
        )
    return f"The {goal} {_when(weighting)} falls from {_times(before)} to {_times(after)}."


def _to_do(weighting: Weighting) -> str:
    if not weighting.changed.any():
        return "There is nothing to change."
    out = np.flatnonzero(weighting.left_out)
    number = int(weighting.changed.sum())
    said = f"Write the {number:,} new {'weight' if number == 1 else 'weights'} into the pipeline"
    at = int(np.nanargmax(weighting.share_after - weighting.share_before))
    said += (
        f"; most of all, let {_flow(weighting, at)} count "
        f"{_percent(weighting.share_after[at])} instead of {_percent(weighting.share_before[at])}"
    )
    if len(out):
        which = "; ".join(_flow(weighting, int(each)) for each in out[:3])
        said += f". Leave out {which}" + (f" and {len(out) - 3:,} more" if len(out) > 3 else "")
    return f"{said}."


def _flow(weighting: Weighting, at: int) -> str:
    graph = weighting.graph
    giver = words.plain(graph.provider_name(int(graph.provider[at])))
    return f"{giver!r} -> {words.plain(graph.model_names[graph.learner[at]])!r}"


def _checked(weighting: Weighting, recomputed: Recomputed) -> str:
    if recomputed.agree:
        return "Checked: a diagnosis of the pipeline as it is written finds the same inflations."
    return (
        "NOT CONFIRMED: a diagnosis of the pipeline as it is written finds other inflations "
        f"(by {recomputed.difference:.2g}, relatively); do not rely on these weights."
    )


def _left_alone(weighting: Weighting) -> Iterator[RenderableType]:
    reasons: dict[str, list[str]] = {}
    for name, why in weighting.left_alone:
        reasons.setdefault(why, []).append(name)
    if reasons and weighting.is_possible:
        yield Text()
        yield Text("Left as they are", style="bold")
        for why, names in reasons.items():
            yield Text(f"  - {words.quoted(names)}: {why}.")


def _simulation(proof: Proof, width: int) -> Iterator[RenderableType]:
    rows = proof.rows()[:ROWS]
    yield Text(
        f"Simulated: fitting a mean, {proof.before.replicates:,} replicates of {proof.generations:,} "
        f"generations, seed {proof.before.seed}",
        style="bold",
    )
    columns = [
        Column("model", [words.plain(name) for name, _, _ in rows], 0, "left"),
        Column("theory", [_times(old[0]) for _, old, _ in rows], 2),
        Column("simulated", [measured(old[1], old[2]) for _, old, _ in rows], 1),
        Column("-> theory", [_times(new[0]) for _, _, new in rows], 2),
        Column("-> simulated", [measured(new[1], new[2]) for _, _, new in rows], 0),
    ]
    yield table_of(columns, width, least=3)
    if len(proof.rows()) > ROWS:
        yield Text(f"... and {len(proof.rows()) - ROWS:,} more (--json has all)", style="dim")
    change = f"{proof.change:+.4g} ± {proof.standard_error:.2g} (theory {proof.expected_change:+.4g})"
    yield Text(f"The {_goal(proof.weighting)} changed by {change}: " + _judged(proof))


def _judged(proof: Proof) -> str:
    if proof.agree:
        return "theory and simulation agree."
    for side, when in ((proof.before, "before"), (proof.after, "after")):
        if not side.agree:
            return f"{when}: {side.sentence}."
    return "NOT CONFIRMED: it rose by more than chance and theory allow."


def _weight(value: float) -> str:
    return f"{value:.4g}"


def _percent(value: float) -> str:
    if math.isnan(value):
        return UNKNOWN
    return "0%" if value < 1e-9 else "<0.1%" if value < 0.001 else f"{value:.1%}"


def _times(value: float, absent: str = UNKNOWN) -> str:
    if math.isnan(value):
        return absent
    return "∞" if math.isinf(value) else f"×{value:.3f}" if value < 100 else f"×{value:.4g}"
