"""A ledger as OpenLineage events, one a line: a run of a job for every step.

A model is a dataset of the type ``MODEL``, its version the generation; of other datasets it is the
SHA-256 of the content. What the standard has no field for is a tag. Events that other producers sent to
the ledger follow as they came.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from headwater.ledger.book import Ledger
from headwater.ledger.exporting.exported import Exported
from headwater.ledger.exporting.history import DEED, Asset, Flow, History, Step, read

NAMESPACE = "headwater"
PRODUCER = "urn:headwater:ledger"
SPEC = "https://openlineage.io/spec/"

_FACETS = {
    "dataQualityMetrics": "1-0-0/DataQualityMetricsDatasetFacet",
    "datasetType": "1-0-1/DatasetTypeDatasetFacet",
    "errorMessage": "1-0-1/ErrorMessageRunFacet",
    "inputStatistics": "1-0-0/InputStatisticsInputDatasetFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "parent": "1-2-0/ParentRunFacet",
    "tags": "1-0-0/TagsDatasetFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
}
"""Version and name of the facets that are written."""


def export(ledger: Ledger) -> Exported:
    """The events, as newline-delimited JSON in one file called ``events.ndjson``."""
    history = read(ledger)
    lines = [_line(event) for event in _events(history)]
    skipped = 0
    for entry in ledger.entries(kind="openlineage"):
        event = entry.body.get("event")
        if isinstance(event, Mapping):
            lines.append(_line(event))
        else:
            skipped += 1
    told = tuple(str(issue) for issue in history.issues)
    if skipped:
        told += (f"{skipped:,} entries of the kind openlineage hold no event; they were left out",)
    return Exported({"events.ndjson": "".join(lines).encode()}, told)


def _line(event: Mapping[str, Any]) -> str:
    return json.dumps(event, separators=(",", ":")) + "\n"


def _events(history: History) -> Iterator[dict[str, Any]]:
    for step in history.steps:
        yield from _run(step, history)
    for asset in history.evidence:
        yield _described(asset, history)


def _run(step: Step, history: History) -> Iterator[dict[str, Any]]:
    """The beginning and the end of a step.

    What a failed run wrote before is the work of a part of it that came through: consumers
    leave out all that a failed run says.
    """
    inputs = [_dataset(flow, history, "inputs") for flow in step.inputs]
    outputs = [_dataset(flow, history, "outputs") for flow in step.outputs]
    at = step.began or step.recorded
    yield _event("START", at, step, [], [])
    if step.state == "failed":
        if outputs:
            yield _event("COMPLETE", step.ended, _until_failure(step), inputs, outputs)
        yield _event("FAIL", step.ended, step, inputs, [])
    elif step.state == "finished":
        yield _event("COMPLETE", step.ended or at, step, inputs, outputs)
    else:
        yield _event("RUNNING", at, step, inputs, outputs)


def _until_failure(step: Step) -> Step:
    return replace(
        step, id=uuid.uuid5(step.id, "until it failed"), part_of=step.id, state="finished", error=""
    )


def _event(
    type_: str, at: str, step: Step, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "eventType": type_,
        "eventTime": at,
        "run": {"runId": str(step.id), "facets": _of_run(step, type_)},
        "job": {"namespace": NAMESPACE, "name": step.about, "facets": _of_job()},
        "inputs": inputs,
        "outputs": outputs,
        "producer": PRODUCER,
        "schemaURL": f"{SPEC}2-0-2/OpenLineage.json#/$defs/RunEvent",
    }


def _of_run(step: Step, type_: str) -> dict[str, Any]:
    tags = {"step": step.what, **step.labels}
    if step.what == "trained" and step.doers[0].generation is not None:
        tags["generation"] = str(step.doers[0].generation)
    facets = {"tags": _facet("tags", kind="TagsRunFacet", tags=_tags(tags))}
    if step.part_of is not None:
        job = {"namespace": NAMESPACE, "name": f"{DEED['trained']} {step.doers[0].name}"}
        facets["parent"] = _facet("parent", run={"runId": str(step.part_of)}, job=job)
    if type_ == "FAIL":
        said = step.error or "the run failed"
        facets["errorMessage"] = _facet("errorMessage", message=said, programmingLanguage="python")
    return facets


def _of_job() -> dict[str, Any]:
    said = {"processingType": "BATCH", "integration": "HEADWATER", "jobType": "JOB"}
    return {"jobType": _facet("jobType", **said)}


def _dataset(flow: Flow, history: History, side: str) -> dict[str, Any]:
    asset = flow.asset
    tags = {"role": flow.word}
    if side == "outputs" and flow.word == "generated" and history.judged(asset) is None:
        tags["synthetic"] = "true"
    found = {"namespace": NAMESPACE, "name": asset.name, "facets": _of_dataset(asset, history, tags)}
    if flow.samples is not None:
        word, place = {
            "inputs": ("inputStatistics", "inputFacets"),
            "outputs": ("outputStatistics", "outputFacets"),
        }[side]
        found[place] = {word: _facet(word, rowCount=flow.samples)}
    return found


def _of_dataset(asset: Asset, history: History, tags: Mapping[str, str]) -> dict[str, Any]:
    told = dict(tags)
    if asset.generation is not None:
        told["generation"] = str(asset.generation)
    for file in history.weights.get(asset, []):
        told["weights"] = file.name
        told["weights.sha256"] = file.version
    facets = {"datasetType": _facet("datasetType", datasetType=asset.kind.upper())}
    if asset.version:
        facets["version"] = _facet("version", datasetVersion=asset.version)
    if told:
        facets["tags"] = _facet("tags", tags=_tags(told))
    held = history.held.get(asset)
    if held is not None:
        facets["dataQualityMetrics"] = _facet("dataQualityMetrics", rowCount=held, columnMetrics={})
    return facets


def _described(asset: Asset, history: History) -> dict[str, Any]:
    """What somebody, or a mark, says of a dataset."""
    said = history.evidence[asset]
    tags: dict[str, str] = {}
    for each in said:
        tags[each.source] = each.words or each.says or "yes"
    if judged := history.judged(asset):
        tags["synthetic"] = judged
    return {
        "eventTime": said[-1].at,
        "dataset": {
            "namespace": NAMESPACE,
            "name": asset.name,
            "facets": _of_dataset(asset, history, tags),
        },
        "producer": PRODUCER,
        "schemaURL": f"{SPEC}2-0-2/OpenLineage.json#/$defs/DatasetEvent",
    }


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value, "source": "HEADWATER"} for key, value in tags.items()]


def _facet(name: str, *, kind: str = "", **content: Any) -> dict[str, Any]:
    version, _, own = _FACETS[name].partition("/")
    defined = kind or own
    url = f"{SPEC}facets/{version}/{defined}.json#/$defs/{defined}"
    return {"_producer": PRODUCER, "_schemaURL": url, **content}
