"""A ledger as one PROV-JSON document, of the W3C's vocabulary of provenance.

Models and datasets are entities, a specialisation of what they are versions of; steps are
activities. What PROV has no word for is an attribute ``headwater:...``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from headwater.ledger.book import Ledger
from headwater.ledger.exporting.exported import Exported
from headwater.ledger.exporting.history import Asset, Flow, History, Step, read
from headwater.ledger.exporting.others import steps_of_others

PREFIXES = {
    "headwater": "urn:headwater:",
    "model": "urn:headwater:model:",
    "data": "urn:headwater:dataset:",
    "asset": "urn:headwater:asset:",
    "run": "urn:uuid:",
}
DIGITS = 16
"""Of a hash, in an identifier."""

LONGEST = 300
"""Of the name of an asset, in an identifier."""

Attributes = dict[str, Any]


def export(ledger: Ledger) -> Exported:
    """The document, in one file called ``prov.json``."""
    history = read(ledger)
    others, broken = steps_of_others(ledger)
    document = _Document(history)
    for step in [*history.steps, *others]:
        document.step(step)
    for asset in history.evidence:
        document.asset(asset)
    text = json.dumps({"prefix": PREFIXES, **document.sections()}, indent=1, allow_nan=False)
    told = tuple(str(issue) for issue in history.issues) + broken
    return Exported({"prov.json": f"{text}\n".encode()}, told)


def name_of(asset: Asset) -> str:
    """The identifier of an asset.

    Examples
    --------
    >>> name_of(Asset("model", "my student", "3", 3))
    'model:my%20student/3'
    """
    prefix = {"model": "model", "dataset": "data"}.get(asset.kind, "asset")
    base = f"{prefix}:{_local(asset.name)}"
    return f"{base}/{_local(_short(asset))}" if asset.version else base


def _short(asset: Asset) -> str:
    return asset.version[:DIGITS] if asset.kind == "dataset" and len(asset.version) == 64 else asset.version


def _local(name: str) -> str:
    """A name as the local part of an identifier; a very long one as its hash."""
    import hashlib

    spelled = quote(name.encode(errors="surrogatepass"), safe="")
    if len(spelled) <= LONGEST:
        return spelled
    return hashlib.sha256(spelled.encode()).hexdigest()[: 2 * DIGITS]


@dataclass
class _Document:
    """The records so far, by section and identifier."""

    history: History
    entity: dict[str, Attributes] = field(default_factory=dict)
    activity: dict[str, Attributes] = field(default_factory=dict)
    used: dict[str, Attributes] = field(default_factory=dict)
    generated: dict[str, Attributes] = field(default_factory=dict)
    informed: dict[str, Attributes] = field(default_factory=dict)
    special: dict[str, Attributes] = field(default_factory=dict)

    def sections(self) -> dict[str, dict[str, Attributes]]:
        """What there is, under the names of PROV-JSON."""
        found = {
            "entity": self.entity,
            "activity": self.activity,
            "wasGeneratedBy": self.generated,
            "used": self.used,
            "wasInformedBy": self.informed,
            "specializationOf": self.special,
        }
        return {name: records for name, records in found.items() if records}

    def step(self, step: Step) -> None:
        """Record a step, what it read and what it wrote."""
        run = f"run:{step.id}"
        told: Attributes = {
            "prov:label": step.about,
            "prov:type": _type(step.what.capitalize()),
            "headwater:state": step.state,
            "headwater:recorded": step.recorded,
            **{f"headwater:label.{_local(key)}": value for key, value in step.labels.items()},
        }
        if step.error:
            told["headwater:error"] = step.error
        if step.began:
            told["prov:startTime"] = step.began
        if step.ended:
            told["prov:endTime"] = step.ended
        self.activity[run] = told
        if step.part_of is not None:
            ends = {"prov:informed": run, "prov:informant": f"run:{step.part_of}"}
            self.informed[f"_:i{len(self.informed) + 1}"] = ends
        for flow in step.inputs:
            self._flow(self.used, "_:u", run, flow)
        for flow in step.outputs:
            more = {"prov:time": step.ended} if step.ended else {}
            self._flow(self.generated, "_:g", run, flow, more)

    def _flow(
        self, records: dict[str, Attributes], prefix: str, run: str, flow: Flow, more: Mapping[str, Any] = {}
    ) -> None:
        told: Attributes = {"prov:activity": run, "prov:entity": self.asset(flow.asset), **more}
        if flow.word:
            told["prov:role"] = flow.word
        if flow.samples is not None:
            told["headwater:samples"] = flow.samples
        records[f"{prefix}{len(records) + 1}"] = told

    def asset(self, asset: Asset) -> str:
        """Record an asset once, and what it is a version of; its identifier."""
        name = name_of(asset)
        if name in self.entity:
            return name
        self.entity[name] = self._attributes(asset)
        if asset.version:
            whole = self.asset(asset._replace(version="", generation=None))
            ends = {"prov:specificEntity": name, "prov:generalEntity": whole}
            self.special[f"_:s{len(self.special) + 1}"] = ends
        return name

    def _attributes(self, asset: Asset) -> Attributes:
        told: Attributes = {"prov:label": asset.name}
        if asset.kind != "unknown":
            told |= {"prov:type": _type(asset.kind.capitalize()), "headwater:kind": asset.kind}
        if asset.version:
            hashed = asset.kind == "dataset" and len(asset.version) == 64
            told["headwater:sha256" if hashed else "headwater:version"] = asset.version
        if asset.generation is not None:
            told["headwater:generation"] = asset.generation
        history = self.history
        if (held := history.held.get(asset)) is not None:
            told["headwater:samples"] = held
        if files := history.weights.get(asset):
            told["headwater:weights"] = [f"{file.name} {file.version}".strip() for file in files]
        if said := history.evidence.get(asset):
            told["headwater:evidence"] = [" ".join(filter(None, (e.source, e.words))) for e in said]
            if judged := history.judged(asset):
                told["headwater:synthetic"] = judged
        if len(names := history.names.get(asset, [])) > 1:
            told["headwater:alsoCalled"] = names[1:]
        return told


def _type(name: str) -> dict[str, str]:
    return {"$": f"headwater:{name}", "type": "prov:QUALIFIED_NAME"}
