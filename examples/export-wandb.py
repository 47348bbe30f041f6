"""Writes who made and who used what in a Weights & Biases project, for ``headwater import wandb``.

Weights & Biases keep lineage in their service and not on disk, so that this runs on your side, with
your login: ``pip install wandb``, ``wandb login``, then

    python examples/export-wandb.py TEAM/PROJECT > export.jsonl
    headwater import wandb export.jsonl -o pipeline.yaml

It only reads. One line is written for every run, with its settings and the artifacts it used and
logged, and one for every artifact, with its type, version, digest, metadata and, for runs of other
projects, who logged and used it. Written against wandb 0.31. Settings may hold secrets: look first.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any


def full_name(artifact: Any) -> str:
    """``team/project/collection:v3`` of where it was logged, also for a link to it."""
    collection = artifact.source_name.partition(":")[0]
    return f"{artifact.source_entity}/{artifact.source_project}/{collection}:{artifact.source_version}"


def path(run: Any) -> str:
    """``team/project/id`` of a run."""
    return f"{run.entity}/{run.project}/{run.id}"


def records(api: Any, project: str) -> Iterator[dict[str, Any]]:
    """All runs of a project, then every artifact that one of them used or logged."""
    yield {"export": "wandb", "project": project}
    artifacts: dict[str, Any] = {}
    for run in api.runs(project, lazy=False):
        record = {name: getattr(run, name, None) for name in ("name", "state", "group", "job_type", "tags")}
        record |= {"path": path(run), "config": dict(run.config)}
        record |= {"created_at": run.created_at, "ended_at": getattr(run, "heartbeat_at", None)}
        for role, listed in (("used", run.used_artifacts()), ("logged", run.logged_artifacts())):
            found = {full_name(artifact): artifact for artifact in listed}
            artifacts |= found
            record[role] = list(found)
        yield {"run": record}
    for name, artifact in artifacts.items():
        fields = ("type", "version", "digest", "size", "file_count", "created_at", "aliases", "tags")
        record = {"name": name} | {field: getattr(artifact, field) for field in fields}
        maker = artifact.logged_by()
        record |= {"metadata": dict(artifact.metadata), "logged_by": path(maker) if maker else None}
        yield {"artifact": record | {"used_by": [path(run) for run in artifact.used_by()]}}


def line(record: dict[str, Any]) -> str:
    """A record as one line of JSON, in which there is no NaN."""
    return json.dumps(json.loads(json.dumps(record, default=str), parse_constant=str))


if __name__ == "__main__":
    import wandb

    for each in records(wandb.Api(), sys.argv[1]):
        print(line(each))
