"""Attribute values of PROV-JSON: scalars, typed literals and lists of both; and what they state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from headwater.lineage.facts import Kind, Place
from headwater.lineage.formats.details import text
from headwater.lineage.reading import Collector
from headwater.lineage.reading.collecting import spelled

OWN = "headwater:"
"""Prefix of the attributes that state what PROV has no word for: kind, generation, samples, synthetic."""

TYPES = ("prov:type", "rdf:type")

STATED: dict[str, Kind] = {
    "model": "model",
    "mlmodel": "model",
    "aimodel": "model",
    "machinelearningmodel": "model",
    "trainedmodel": "model",
    "foundationmodel": "model",
    "generativemodel": "model",
    "languagemodel": "model",
    "largelanguagemodel": "model",
    "dataset": "dataset",
    "trainingdataset": "dataset",
    "syntheticdataset": "dataset",
    "application": "application",
    "softwareapplication": "application",
}
"""Types that state a kind: the part behind the prefix, without case and anything but letters."""


AGENTS = {"softwareagent": "software", "person": "person", "organization": "organization"}
"""The types of agents that PROV has."""


def scalars(value: object) -> Iterator[str]:
    """The texts of a value: of a scalar, a typed literal ``{"$": ...}``, or a list of them."""
    for item in value if isinstance(value, list) else [value]:
        said = text(item.get("$") if isinstance(item, dict) else item)
        if said is not None and said.strip():
            yield said.strip()


def doubtful(value: object) -> bool:
    """Whether some part of a value is neither a scalar nor a typed literal."""
    items = value if isinstance(value, list) else [value]
    return any(text(item.get("$") if isinstance(item, dict) else item) is None for item in items)


def types(body: Mapping[str, Any]) -> list[str]:
    """Every type that a record states, as written."""
    return [said for name in TYPES for said in scalars(body.get(name))]


def local(name: str) -> str:
    """A type or name without its prefix or address.

    Examples
    --------
    >>> local("http://example.org/ns#Model"), local("prov:Revision")
    ('Model', 'Revision')
    """
    # Not a regular expression: one that looks for the end tries every start of a long name.
    return name[max(name.rfind(mark) for mark in ":/#") + 1 :]


def kinds(body: Mapping[str, Any]) -> set[Kind]:
    """The kinds that a record states; its own word counts before its types."""
    own = {kind for said in scalars(body.get(f"{OWN}kind")) for kind in get_args(Kind) if kind == said}
    if own:
        return own
    plain = ("".join(filter(str.isalpha, local(said))).casefold() for said in types(body))
    return {STATED[said] for said in plain if said in STATED}


def agent(body: Mapping[str, Any]) -> str:
    """What sort of agent a record states; empty where it states none or several."""
    stated = {AGENTS[name] for said in types(body) if (name := local(said).casefold()) in AGENTS}
    return stated.pop() if len(stated) == 1 else ""


def whole(body: Mapping[str, Any], what: str, place: Place, collector: Collector) -> int | None:
    """The whole number that an own attribute such as ``headwater:generation`` states."""
    value = body.get(f"{OWN}{what}")
    if value is None:
        return None
    said = list(scalars(value))
    if len(said) == 1 and re.fullmatch(r"\d{1,18}", said[0], re.ASCII):
        return int(said[0])
    collector.warning(place, f"'{OWN}{what}' is {spelled(value)}, not a whole number: it stays unknown")
    return None
