"""A ledger as Croissant 1.1, a description in JSON-LD for each dataset and each version of one.

The provenance is in the words of PROV that Croissant 1.1 recommends. What a ledger does not know (a
licence, an address, files, columns) is left out, and validators say so. The version is that of no
release: a hash of the content, spelled as the standard wants versions to be.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import Any

from headwater.ledger.book import Ledger
from headwater.ledger.exporting.exported import Exported
from headwater.ledger.exporting.history import Asset, Evidence, History, Step, read
from headwater.ledger.exporting.others import steps_of_others
from headwater.ledger.exporting.prov import name_of

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
VOCABULARY = "https://schema.org/"

_CROISSANT = (
    "annotation arrayShape citeAs column containedIn extract field fileObject fileProperty fileSet format "
    "includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated "
    "replace samplingRate separator source subField transform equivalentProperty"
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": VOCABULARY,
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": VOCABULARY,
    **{word: f"cr:{word}" for word in _CROISSANT.split()},
}
"""Of the standard, with the vocabularies of provenance and of responsible AI."""

WRITTEN = frozenset(("generated", "labelled", "translated"))
"""What a model did where part of a dataset is its output; judging and filtering write none of it."""


def export(ledger: Ledger) -> Exported:
    """A file for each dataset, named by it and the start of its hash."""
    history = read(ledger)
    others, broken = steps_of_others(ledger)
    into: dict[Asset, list[Step]] = defaultdict(list)
    for step in [*history.steps, *others]:
        for flow in step.inputs:
            into.setdefault(flow.asset, [])
        for flow in step.outputs:
            into[flow.asset].append(step)
    for asset in history.names:
        into.setdefault(asset, [])
    weights = {file for files in history.weights.values() for file in files}
    files: dict[str, bytes] = {}
    taken: set[str] = set()
    for asset, steps in into.items():
        if asset.kind in ("dataset", "unknown") and asset not in weights:
            document = _document(asset, steps, history)
            text = json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)
            files[_file_name(asset, taken)] = f"{text}\n".encode()
    return Exported(files, tuple(str(issue) for issue in history.issues) + broken)


def _document(asset: Asset, steps: list[Step], history: History) -> dict[str, Any]:
    evidence = history.evidence.get(asset, [])
    makers = list(dict.fromkeys(each for step in steps for each in _models(step)))
    held = history.held.get(asset)
    hashed = len(asset.version) == 64 and asset.kind == "dataset"
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": asset.name,
        "description": _told(makers, held, evidence),
    }
    if asset.version:
        document["identifier"] = f"sha256:{asset.version}" if hashed else asset.version
    if hashed:
        document["version"] = f"0.0.0+sha256.{asset.version}"
    if others := history.names.get(asset, [])[1:]:
        document["alternateName"] = others
    if held is not None:
        document["size"] = {"@type": "QuantitativeValue", "value": held, "unitText": "samples"}
    if steps:
        document["prov:wasGeneratedBy"] = [_activity(step, asset) for step in steps]
    if makers:
        document["prov:wasAttributedTo"] = [_agent(each) for each in makers]
    if derived := list(dict.fromkeys(each for step in steps for each in _data(step) if each != asset)):
        document["prov:wasDerivedFrom"] = [_entity(each) for each in derived]
    flag = _synthetic(steps, evidence)
    if flag is not None:
        document["rai:hasSyntheticData"] = flag
    return document


def _models(step: Step) -> list[Asset]:
    """Models whose output a step may have written."""
    if step.what not in WRITTEN and not step.job:
        return []
    return [flow.asset for flow in step.inputs if flow.asset.kind == "model"]


def _data(step: Step) -> list[Asset]:
    return [flow.asset for flow in step.inputs if flow.asset.kind != "model"]


def _synthetic(steps: list[Step], evidence: list[Evidence]) -> bool | None:
    """Whether models wrote any of it; ``None`` where the ledger does not say."""
    if any(step.what in WRITTEN for step in steps) or any(_models(step) for step in steps):
        return True
    said = {each.says for each in evidence if each.says}
    if said & {"all", "mixed"}:
        return True
    return False if said == {"none"} else None


def _told(makers: list[Asset], held: int | None, evidence: list[Evidence]) -> str:
    """What is known of it, for people."""
    parts = ["Recorded in a Headwater ledger"]
    if held is not None:
        parts.append(f"{held:,} samples")
    if makers:
        parts.append(f"generated by {', '.join(map(_called, makers))}")
    parts += [": ".join(filter(None, (each.source, each.words))) for each in evidence]
    return "; ".join(parts) + "."


def _activity(step: Step, asset: Asset) -> dict[str, Any]:
    told: dict[str, Any] = {"@type": "prov:Activity", "@id": f"urn:uuid:{step.id}", "prov:label": step.about}
    if step.began:
        told["prov:startedAtTime"] = step.began
    if step.ended:
        told["prov:endedAtTime"] = step.ended
    samples = next((flow.samples for flow in step.outputs if flow.asset == asset), None)
    if samples is not None:
        told["description"] = f"wrote {samples:,} samples"
    if models := [flow.asset for flow in step.inputs if flow.asset.kind == "model"]:
        told["prov:wasAssociatedWith"] = [_agent(each) for each in models]
    if step.inputs:
        told["prov:used"] = [_entity(flow.asset) for flow in step.inputs]
    return told


def _agent(model: Asset) -> dict[str, Any]:
    """A model as what acted: an identifier of its own, since in PROV-O it is not the entity it is used as."""
    return {"@type": "prov:SoftwareAgent", "@id": f"{_urn(model)}#agent", "prov:label": _called(model)}


def _entity(asset: Asset) -> dict[str, Any]:
    told = {"@type": "prov:Entity", "@id": _urn(asset), "prov:label": asset.name}
    return told | ({"version": asset.version} if asset.version else {})


def _called(model: Asset) -> str:
    return model.name if model.generation is None else f"{model.name}, generation {model.generation}"


def _urn(asset: Asset) -> str:
    return f"urn:headwater:{name_of(asset)}"


def _file_name(asset: Asset, taken: set[str]) -> str:
    """A name that every file system takes, and that no other dataset has whatever the case of letters."""
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", asset.name).strip("-.")[:80] or "dataset"
    base += f"-{asset.version[:12]}" if asset.version.isalnum() and asset.version.isascii() else ""
    name, number = base, 1
    while name.casefold() in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name.casefold())
    return f"{name}.json"
