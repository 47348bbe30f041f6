"""What counts as an OpenLineage event, and the one key that the same event has whenever it is sent.

What the specification demands of a run, job or dataset event is demanded here; what is inside facets
is kept as it came and judged by whoever reads the book.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from headwater.errors import InputError
from headwater.ledger.chain import DEEPEST, LARGEST_BODY, canonical
from headwater.lineage.reading import marked_json
from headwater.lineage.reading.collecting import LONGEST_NAME, spelled

STATES = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")
LONGEST_TIME = 64
BODY = '{"event":'
"""How the body of an entry with an event begins."""


class NotJson(InputError):
    """A body that no value can be read from."""


class NotAnEvent(InputError):
    """A value that is no OpenLineage event."""


def parse(body: bytes) -> Mapping[str, Any]:
    """The event that a body spells.

    Raises
    ------
    NotJson
        If it is no JSON, or nested too deeply.
    NotAnEvent
        If it is no run, job or dataset event; names the field.
    """
    try:
        value = marked_json.plain(body, "body")
    except InputError as error:
        raise NotJson(_said(error), "send one OpenLineage event as JSON") from None
    if problem := next(_problems(value), ""):
        raise NotAnEvent(problem, "send an OpenLineage run, job or dataset event")
    return value  # type: ignore[no-any-return]


def _said(error: InputError) -> str:
    """What is wrong with a body, with the line once: the reader of JSON may have said both twice."""
    where, _, said = error.problem.partition("\n")[0].rpartition(": ")
    line = where.rpartition("body:")[2].partition(":")[0]
    at = f", line {line}" if line.isdecimal() else ""
    return f"the body is not JSON{at}: {said}" if "JSON" in where else f"the body {said}{at}"


def key_of(event: Mapping[str, Any]) -> str:
    """A name for the event by its content, whatever the order of its fields.

    Raises
    ------
    NotAnEvent
        If a ledger does not take it: it is too long, too deep, or holds a number beyond all bounds.

    Examples
    --------
    >>> key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1})
    True
    """
    try:
        text = _spelled(event)
    except (InputError, ValueError) as error:
        raise NotAnEvent(
            error.problem if isinstance(error, InputError) else f"the event holds what JSON cannot: {error}"
        ) from None
    return f"openlineage:sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _spelled(event: Mapping[str, Any]) -> str:
    """The event as the ledger spells it."""
    text = json.dumps(event, sort_keys=True, separators=(",", ":"), allow_nan=False)
    # What JSON spelled is plain already, so that only depth and length are left to be looked at.
    if text.count("[") + text.count("{") < DEEPEST and len(text) + len(BODY) < LARGEST_BODY:
        return text
    return canonical({"event": event}).removeprefix(BODY).removesuffix("}")


def _problems(event: object) -> Iterator[str]:
    if not isinstance(event, dict):
        yield f"the body is {spelled(event)}, not an object"
        return
    yield from _header(event)
    yield from _kind(event)
    for place in ("inputs", "outputs"):
        if "job" in event and place in event:
            yield from _datasets(event[place], place)


def _header(event: Mapping[str, Any]) -> Iterator[str]:
    for field in ("eventTime", "producer", "schemaURL"):
        if not isinstance(event.get(field), str):
            yield f"{field} is {_shown(event, field)}, not text"
    time = event.get("eventTime")
    if isinstance(time, str) and not _is_time(time):
        yield f"eventTime is {spelled(time)}, not a date and time such as 2026-05-01T12:00:00Z"


def _kind(event: Mapping[str, Any]) -> Iterator[str]:
    if "job" in event:
        if "dataset" in event and "run" not in event:
            yield "the event has a job and a dataset: is it a job event or a dataset event?"
        yield from _named(event["job"], "job")
        if "run" in event:
            yield from _run(event)
    elif "dataset" in event:
        yield from _named(event["dataset"], "dataset")
    else:
        yield "the event has neither a job nor a dataset"


def _run(event: Mapping[str, Any]) -> Iterator[str]:
    run = event["run"]
    if not isinstance(run, dict):
        yield f"run is {spelled(run)}, not an object"
        return
    yield from _text(run, "runId", "run")
    yield from _facets(run, "facets", "run")
    if "eventType" in event and event["eventType"] not in STATES:
        yield f"eventType is {spelled(event['eventType'])}, not one of {', '.join(STATES)}"


def _datasets(items: object, place: str) -> Iterator[str]:
    if not isinstance(items, list):
        yield f"{place} is {spelled(items)}, not a list"
        return
    for at, item in enumerate(items):
        yield from _named(item, f"{place}/{at}")


def _named(item: object, place: str) -> Iterator[str]:
    if not isinstance(item, dict):
        yield f"{place} is {spelled(item)}, not an object"
        return
    yield from _text(item, "namespace", place)
    yield from _text(item, "name", place)
    for field in ("facets", "inputFacets", "outputFacets"):
        yield from _facets(item, field, place)


def _text(item: Mapping[str, Any], field: str, place: str) -> Iterator[str]:
    value = item.get(field)
    if not isinstance(value, str):
        yield f"{place}/{field} is {_shown(item, field)}, not text"
    elif len(value) > LONGEST_NAME * 8:
        yield f"{place}/{field} has {len(value):,} characters"


def _facets(item: Mapping[str, Any], field: str, place: str) -> Iterator[str]:
    facets = item.get(field, {})
    if not isinstance(facets, dict):
        yield f"{place}/{field} is {spelled(facets)}, not an object"
        return
    for name, facet in facets.items():
        if not isinstance(facet, dict):
            yield f"{place}/{field}/{name[:60]} is {spelled(facet)}, not an object"


def _shown(item: Mapping[str, Any], field: str) -> str:
    return spelled(item[field]) if field in item else "missing"


def _is_time(text: str) -> bool:
    if len(text) > LONGEST_TIME or "T" not in text.upper():
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
