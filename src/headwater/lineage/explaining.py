"""Why a model learns from what it does: back to data taken as real, with the evidence of each step.

The pipeline says what flows; the evidence kept beside it says where the records say so. What was
written by hand has a line of the pipeline file instead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from headwater.graph import InteractionGraph
from headwater.lineage.evidence import Document, Evidence
from headwater.lineage.wording import count, printable

MOST_MODELS = 200
End = Literal["real", "external", "frozen", "model"]
When = Literal["every generation", "generation 0", "ended", "left out"]

_ENDS = {"external": "an external model", "frozen": "a frozen model", "model": "a model", "real": ""}
_REAL = {
    "stated": "real, as its record says",
    "recorded": "taken as real: no record says who made it",
    "name": "taken as real: a name without a record",
    "": "taken as real: the pipeline has it as a source",
}
_WHEN: dict[str, When] = {"initial": "generation 0", "first-only": "generation 0", "ended": "ended"}


@dataclass(frozen=True, slots=True)
class Origin:
    """One thing a model learns from, and the records' ways of saying so; empty where none does.

    `when` is ``ended`` where the latest generation did not see it, and ``left out`` where it is no
    part of the pipeline for another reason. `real` is who takes a source as real, as in the evidence;
    empty where nothing but the pipeline tells of it.
    """

    name: str
    end: End
    samples: int | None
    when: When
    real: str
    ways: tuple[tuple[Document, ...], ...]
    told: int
    line: int | None


@dataclass(frozen=True, slots=True)
class Explained:
    """A model and everything it learns from."""

    model: str
    origins: tuple[Origin, ...]


@dataclass(frozen=True)
class Explanation:
    """The ancestry of a model, nearest first.

    Attributes
    ----------
    model
        The model asked for.
    models
        It and the models behind it.
    to_real
        The shortest way from a source, which is taken as real, to the model; empty where there is none.
    left_out
        Models behind it that are not told of, because there are too many.
    """

    model: str
    models: tuple[Explained, ...]
    to_real: tuple[str, ...]
    left_out: int
    file: str

    def to_dict(self) -> dict[str, Any]:
        """The explanation as a JSON document."""
        return {
            "model": self.model,
            "to_real": list(self.to_real),
            "left_out": self.left_out,
            "models": [
                {
                    "model": found.model,
                    "learns_from": [
                        {
                            "name": origin.name,
                            "is": origin.end,
                            "real": origin.real or None,
                            "samples": origin.samples,
                            "when": origin.when,
                            "line": origin.line,
                            "evidence": [list(way) for way in origin.ways],
                        }
                        for origin in found.origins
                    ],
                }
                for found in self.models
            ],
        }

    def __str__(self) -> str:
        return "\n".join(_text(self))


def explain(
    graph: InteractionGraph,
    evidence: Evidence | None,
    model: str,
    lines: Callable[[tuple[str | int, ...]], int | None] = lambda place: None,
    file: str = "",
) -> Explanation:
    """Why `model` learns from what it does, back to data taken as real.

    Parameters
    ----------
    evidence
        What the import kept; ``None`` where the pipeline was written by hand.
    lines
        The line of a part of the pipeline file, such as ``("flows", 3)``.

    Raises
    ------
    GraphError
        If there is no such model; names the nearest.
    """
    graph.index_of(model)
    told = _Told(graph, evidence, lines)
    order = [model]
    seen = {model}
    for name in order:
        for origin in told.of(name).origins:
            if told.goes_on(origin) and origin.name not in seen:
                seen.add(origin.name)
                order.append(origin.name)
    models = tuple(told.of(name) for name in order[:MOST_MODELS])
    return Explanation(model, models, _to_real(model, told), max(len(order) - MOST_MODELS, 0), file)


class _Told:
    """What each model learns from."""

    def __init__(
        self,
        graph: InteractionGraph,
        evidence: Evidence | None,
        lines: Callable[[tuple[str | int, ...]], int | None],
    ) -> None:
        self.lines = lines
        self.models = {model.name: model for model in graph.models}
        self.ways: dict[tuple[str, str], Document] = {}
        self.into: dict[str, list[Document]] = {}
        for flow in evidence.document["flows"] if evidence else ():
            self.ways[flow["from"], flow["to"]] = flow
            self.into.setdefault(flow["to"], []).append(flow)
        self.flows: dict[str, list[tuple[int, str, int | None]]] = {}
        for at, flow in enumerate(graph.flows):
            self.flows.setdefault(flow.model, []).append((at, flow.provider, flow.samples))
        self.found: dict[str, Explained] = {}

    def of(self, name: str) -> Explained:
        """A model and everything it learns from."""
        if name not in self.found:
            self.found[name] = Explained(name, tuple(self._origins(name)))
        return self.found[name]

    def goes_on(self, origin: Origin) -> bool:
        """Whether there is more to tell behind it: of an external model, where records tell of its start."""
        if origin.end == "external":
            return bool(self.of(origin.name).origins)
        return origin.end != "real"

    def _origins(self, name: str) -> Iterator[Origin]:
        seen: set[str] = set()
        for at, provider, samples in self.flows.get(name, ()):
            seen.add(provider)
            yield self._origin(provider, name, samples, "every generation", self.lines(("flows", at)))
        for source, samples in self.models[name].initial.items() if name in self.models else ():
            seen.add(source)
            line = self.lines(("models", name, "initial", source))
            yield self._origin(source, name, samples, "generation 0", line)
        for flow in self.into.get(name, ()):
            # what no version can have had is told of by the import's report
            if flow["from"] not in seen and flow.get("sort") != "artefact":
                when = _WHEN.get(flow.get("sort") or "", "left out")
                yield self._origin(flow["from"], name, flow.get("samples"), when, None)

    def _origin(self, provider: str, model: str, samples: int | None, when: When, line: int | None) -> Origin:
        flow = self.ways.get((provider, model), {"ways": []})
        ways = tuple(tuple(way) for way in flow["ways"])
        end = self._end(provider, flow)
        real = flow.get("real") or "" if end == "real" else ""
        return Origin(provider, end, samples, when, real, ways, flow.get("told") or 0, line)

    def _end(self, provider: str, flow: Document) -> End:
        model = self.models.get(provider)
        if model is None:
            return "real" if flow.get("source", True) else "external"
        if model.frozen:
            return "frozen"
        return "external" if model.external else "model"


def _to_real(model: str, told: _Told) -> tuple[str, ...]:
    before: dict[str, str] = {}
    waiting = deque([model])
    while waiting:
        name = waiting.popleft()
        for origin in told.of(name).origins:
            if origin.when not in ("every generation", "generation 0"):
                continue
            if origin.end == "real":
                return tuple(_back(origin.name, name, before))
            if told.goes_on(origin) and origin.name not in before and origin.name != model:
                before[origin.name] = name
                waiting.append(origin.name)
    return ()


def _back(source: str, model: str, before: dict[str, str]) -> Iterator[str]:
    yield source
    yield model
    while model in before:
        model = before[model]
        yield model


def _text(found: Explanation) -> Iterator[str]:
    model = printable(found.model)
    if found.to_real:
        yield f"{model} goes back to data taken as real: {' -> '.join(map(printable, found.to_real))}"
    else:
        yield f"{model} goes back to no data taken as real that the pipeline knows of."
    for explained in found.models:
        yield ""
        if not explained.origins:
            yield f"{printable(explained.model)}: nothing says what it was trained on."
            continue
        yield f"{printable(explained.model)} learns from"
        for origin in explained.origins:
            yield from _origin_text(origin, explained.model, found.file)
    if found.left_out:
        yield ""
        yield f"{count(found.left_out, 'further model')} behind these left out; --json has as many."


def _origin_text(origin: Origin, model: str, file: str) -> Iterator[str]:
    samples = "unknown samples" if origin.samples is None else count(origin.samples, "sample")
    what = "its own output" if origin.name == model else _ENDS[origin.end]
    if origin.end == "real":
        what = _REAL.get(origin.real, _REAL[""])
    when = "not in the pipeline" if origin.when == "left out" else origin.when
    yield f"  {when}: {printable(origin.name)}, {samples}; {what}"
    if not origin.ways:
        where = f"{file}:{origin.line}" if origin.line else file or "the pipeline"
        yield f"    written by hand: {printable(where)}"
        return
    # The first generation's data are told of by its own record, the others' best by the latest.
    yield from _way_text(origin.ways[0 if origin.when == "generation 0" else -1])
    if origin.told > 1 and origin.when != "generation 0":
        yield f"    and {count(origin.told - 1, 'other way', 'other ways')} or generations; --json has them"


def _way_text(way: tuple[Document, ...]) -> Iterator[str]:
    for step in reversed(way):
        said = f" [{printable(step['said'])}]" if step["said"] else ""
        rule = " by your rule" if step.get("by_rule") else ""
        count_ = f", {step['count']}" if step.get("count") else ""
        role = printable(step["role"])
        yield f"    {printable(step['to'])} <- {printable(step['from'])}: {role}{rule}{count_}{said}"
        for place in step["places"]:
            yield f"      {printable(str(place))}"
