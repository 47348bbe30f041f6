"""The facet ``lineage``: which datasets and jobs fed one dataset or job, in so many words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from headwater.lineage.facts import Place
from headwater.lineage.formats.openlineage import fields
from headwater.lineage.formats.openlineage.fields import Scope, facet, text
from headwater.lineage.formats.openlineage.naming import Names
from headwater.lineage.reading.collecting import spelled


class End(NamedTuple):
    """A dataset or job at one end of a flow; a job without a name is the event's own."""

    type: Literal["DATASET", "JOB"]
    name: str = ""
    run: str = ""


OWN = End("JOB")


@dataclass(slots=True)
class Flow:
    """What fed one dataset or job: nothing, where it is said and empty."""

    place: Place
    sources: dict[End, Place] = field(default_factory=dict)


def of_job(facets: Mapping[str, Any], names: Names, scope: Scope) -> Iterator[tuple[End, Flow]]:
    """The flows in the facet ``lineage`` of a job."""
    found = facet(facets, "lineage", scope)
    for at, entry in fields.items(found, "entries", scope):
        below = scope.below(f"entries/{at}")
        target = _end(entry, names, below)
        flow = _flow(entry, names, below)
        if target is not None and flow is not None:
            yield target, flow


def of_dataset(facets: Mapping[str, Any], names: Names, scope: Scope) -> Flow | None:
    """The flow into a dataset in its own facet ``lineage``."""
    found = facet(facets, "lineage", scope)
    return _flow(found, names, scope) if found else None


def _flow(entry: Mapping[str, Any], names: Names, scope: Scope) -> Flow | None:
    """What feeds a target as a whole or in its fields; ``None`` where nothing is said of it."""
    flow = Flow(scope.place)
    _add(flow, entry, names, scope)
    for name, column in fields.mapping(entry, "fields", scope).items():
        below = scope.below(f"fields/{text(name).replace('~', '~0').replace('/', '~1')}")
        if isinstance(column, dict):
            _add(flow, column, names, below)
        else:
            below.warn(f"is {spelled(column)}, not a mapping; it was passed over")
    return flow if flow.sources or isinstance(entry.get("inputs"), list) else None


def _add(flow: Flow, holder: Mapping[str, Any], names: Names, scope: Scope) -> None:
    for at, source in fields.items(holder, "inputs", scope):
        below = scope.below(f"inputs/{at}")
        end = _end(source, names, below)
        if end is not None:
            flow.sources.setdefault(end, below.place)


def _end(holder: Mapping[str, Any], names: Names, scope: Scope) -> End | None:
    type_ = holder.get("type")
    if type_ == "DATASET":
        name = names.of(holder, "a dataset", scope)
        return None if name is None else End("DATASET", name)
    if type_ != "JOB":
        scope.warn(f"type is {spelled(type_)}, neither 'DATASET' nor 'JOB'; it was passed over")
        return None
    if holder.get("name") is None and holder.get("namespace") is None:
        return OWN
    name = names.of(holder, "a job", scope)
    return None if name is None else End("JOB", name, text(holder.get("runId")))
