"""Levers on how much flows: real samples, loss weights, both, and samples that models make."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from headwater.pipeline import Pipeline
from headwater.planning.changes import Change
from headwater.planning.levers.judging import Judge, is_met
from headwater.planning.levers.values import Plans, Row
from headwater.report.words import plain
from headwater.validation import LARGEST_COUNT

FACTORS = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
"""Times that samples between models are multiplied by, until the targets are met."""

SHOWN = (2.0, 10.0)
"""Those shown where none meets them."""

PARTS = (0.25, 0.5, 2.0, 4.0)
"""Other sizes of an allocation, for the front."""

HALVINGS = 7
"""Steps that a least factor or part is looked for in, once one is known that is enough."""

TOLD = 3
"""Flows told one by one."""

Ends = tuple[str, str]


def real_data(judge: Judge, plans: Plans) -> tuple[list[Row], list[Row], list[str]]:
    """The allocation, other sizes of it, and why there is none."""
    if plans.allocation is None:
        return [], [], ["real data: no allocation was made"]
    judge.say("real data")
    whole = plans.allocation.pipeline
    if not _added(judge.pipeline, whole):
        return [], [], ["real data: the allocation changes nothing"]
    rows = [_changed(judge, "real data", whole)]
    return rows, [_changed(judge, "real data", part) for part in _sizes(judge.pipeline, whole)], []


def weights(judge: Judge, plans: Plans) -> tuple[list[Row], list[str]]:
    """The same samples, with other loss weights."""
    if plans.weighting is None:
        return [], ["weights: none were looked for"]
    judge.say("weights")
    changed = plans.weighting.after
    changes = tuple(_weight_changes(judge.pipeline, changed))
    if not changes:
        return [], ["weights: none were found that do better than those of the pipeline"]
    return [judge.row("weights", _told(changes, "loss weights: "), changed, changes)], []


def pair(judge: Judge, plans: Plans, alone: Row) -> list[Row]:
    """Real samples and loss weights together, the best way found, beside the former alone."""
    judge.say("real data and weights")
    rows = [_changed(judge, "real data + weights", one) for one in _paired(judge, plans)]
    best = min(rows, key=lambda row: (not row.met, row.cost))
    if not best.met:
        return [best]
    if not alone.met:
        note = "real data alone do not meet the targets"
    elif best.cost < alone.cost:
        note = f"{1 - best.cost / alone.cost:.1%} cheaper than real data alone" if alone.cost > 0 else ""
    else:
        note = "no cheaper than real data alone"
    return [replace(best, note=note)]


def _paired(judge: Judge, plans: Plans) -> Iterator[Pipeline]:
    """The least part of an allocation that is enough with weights chosen for it, and other ways."""
    assert plans.allocation and plans.weighting
    weighted, whole = plans.weighting.after, plans.allocation.pipeline

    def part(factor: float) -> Pipeline:
        changed = _part(judge.pipeline, whole, factor)
        return _with_weights_of(weighted, changed) if plans.weigh is None else plans.weigh(changed).after

    together = part(1.0)
    if is_met(judge.distance(together)):
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            tried = part(middle)
            if is_met(judge.distance(tried)):
                high, together = middle, tried
            else:
                low = middle
    yield together
    if plans.allocate is not None:
        yield plans.allocate(weighted).pipeline


def synthetic(judge: Judge) -> tuple[list[Row], list[str]]:
    """More samples of every flow between models: the least factor that meets the targets, or some."""
    graph = judge.pipeline.graph
    if not (_between_models(judge.pipeline) & ~np.isnan(graph.samples)).any():
        return [], ["a larger synthetic budget: there is no flow between models whose count is known"]
    note = ""
    if judge.is_ungrounded:
        note = (
            "a larger budget only delays: risk in a closed loop still grows without bound; diversity and "
            "tails live longer"
        )
    found = None if judge.is_hopeless or judge.before.met else _least_factor(judge)
    rows = []
    for factor in (found,) if found else SHOWN:
        judge.say(f"{factor:g} times the synthetic samples")
        changed = _times(judge.pipeline, factor)
        done = f"every flow between models has {factor:.4g} times the samples"
        rows.append(
            judge.row("synthetic budget", done, changed, _count_changes(judge.pipeline, changed), note)
        )
    return rows, []


def _least_factor(judge: Judge) -> float | None:
    def meets(factor: float) -> bool:
        judge.say(f"{factor:.3g} times the synthetic samples")
        return is_met(judge.distance(_times(judge.pipeline, factor)))

    low = 1.0
    for factor in FACTORS:
        if meets(factor):
            break
        low = factor
    else:
        return None
    high = factor
    for _ in range(HALVINGS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if meets(middle) else (middle, high)
    return high


def _times(pipeline: Pipeline, factor: float) -> Pipeline:
    graph = pipeline.graph
    more = np.minimum(np.ceil(graph.samples * factor - 1e-9), LARGEST_COUNT)
    samples = np.where(_between_models(pipeline) & ~np.isnan(graph.samples), more, graph.samples)
    return replace(pipeline, graph=replace(graph, samples=samples))


def _between_models(pipeline: Pipeline) -> np.ndarray:
    graph = pipeline.graph
    return np.asarray(graph.provider < len(graph.model_names))


def _sizes(pipeline: Pipeline, whole: Pipeline) -> Iterator[Pipeline]:
    for factor in PARTS:
        yield _part(pipeline, whole, factor)


def _part(pipeline: Pipeline, whole: Pipeline, factor: float) -> Pipeline:
    """So many times what an allocation adds to each flow, rounded up; what it takes away stays taken."""
    had, graph = _counts(pipeline), whole.graph
    samples = graph.samples.copy()
    for at, ends in enumerate(_ends(whole)):
        added = samples[at] - had.get(ends, 0.0)
        if added > 0:
            samples[at] = min(had.get(ends, 0.0) + math.ceil(factor * added), LARGEST_COUNT)
    return replace(whole, graph=replace(graph, samples=samples))


def _with_weights_of(weighted: Pipeline, whole: Pipeline) -> Pipeline:
    known = dict(zip(_ends(weighted), weighted.graph.weight, strict=True))
    graph = whole.graph
    weight = [known.get(ends, own) for ends, own in zip(_ends(whole), graph.weight, strict=True)]
    return replace(whole, graph=replace(graph, weight=np.array(weight, dtype=float)))


def _changed(judge: Judge, lever: str, changed: Pipeline) -> Row:
    counts = _count_changes(judge.pipeline, changed)
    weighed = tuple(_weight_changes(judge.pipeline, changed))
    done = _told(counts, "") if counts else "no more samples"
    if weighed:
        done += f"; {len(weighed):,} loss weight{'s' if len(weighed) > 1 else ''} changed"
    return judge.row(lever, done, changed, (*counts, *weighed))


def _added(before: Pipeline, after: Pipeline) -> bool:
    return bool(_count_changes(before, after))


def _count_changes(before: Pipeline, after: Pipeline) -> tuple[Change, ...]:
    old, new = _counts(before), _counts(after)
    changes = []
    for ends in dict.fromkeys([*old, *new]):
        one, other = old.get(ends), new.get(ends)
        if one != other and not (one is not None and other is not None and math.isnan(one + other)):
            changes.append(Change("->".join(ends), _whole(one), _whole(other)))
    return tuple(changes)


def _weight_changes(before: Pipeline, after: Pipeline) -> Iterator[Change]:
    old = dict(zip(_ends(before), before.graph.weight, strict=True))
    for ends, weight in zip(_ends(after), after.graph.weight, strict=True):
        if not math.isclose(weight, old.get(ends, 1.0), rel_tol=1e-12):
            yield Change(
                f"{'->'.join(ends)}.weight", float(old[ends]) if ends in old else None, float(weight)
            )


def _counts(pipeline: Pipeline) -> dict[Ends, float]:
    return dict(zip(_ends(pipeline), map(float, pipeline.graph.samples), strict=True))


def _ends(pipeline: Pipeline) -> list[Ends]:
    graph = pipeline.graph
    names = [*graph.model_names, *graph.source_names]
    return [
        (names[provider], graph.model_names[learner])
        for provider, learner in zip(graph.provider, graph.learner, strict=True)
    ]


def _whole(count: float | None) -> int | None:
    return None if count is None or math.isnan(count) else int(count)


def _told(changes: tuple[Change, ...], what: str) -> str:
    said = [plain(f"{change}".replace(".weight: ", ": "), 90) for change in changes[:TOLD]]
    more = f" and {len(changes) - TOLD:,} more" if len(changes) > TOLD else ""
    return f"{what}{'; '.join(said)}{more}"
