"""What commands that import records share: their rules, where they write, and how they end."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from headwater.cli import inputs

if TYPE_CHECKING:
    from headwater.errors import InputError
    from headwater.lineage import Imported, Report, Rules
    from headwater.pipeline import Pipeline

Applications = Literal["loops", "all", "none"]
Unresolved = Literal["source", "external"]


def rules_of(
    path: Path | None, applications: Applications | None = None, unresolved: Unresolved | None = None
) -> Rules:
    """The rules of the file, where there is one, over those built in, with what the command line says."""
    from dataclasses import replace

    from headwater.lineage import Rules, read_rules
    from headwater.lineage.defaults import under

    stated = read_rules(path) if path else Rules()
    return replace(
        under(stated),
        applications=applications or stated.applications,
        unresolved=unresolved or stated.unresolved,
    )


@dataclass(frozen=True)
class Targets:
    """Where a command writes the pipeline, its evidence beside it, and the report."""

    pipeline: Path | None = None
    evidence: Path | None = None
    report: Path | None = None


def targets(output: str | None, report: str | None, *read: str | None) -> Targets:
    """Places that are no inputs, and each a file of its own.

    Raises
    ------
    InputError
        If one would replace an input, lie in the folder of one, or be another of them.
    """
    from headwater.errors import InputError
    from headwater.lineage.evidence import beside

    pipeline = inputs.output_of(output, *read)
    if pipeline is not None and pipeline.is_dir():
        raise InputError("this is a folder", "name a file in it after -o", str(pipeline))
    # what goes into a pipe or a device has nothing beside it
    alone = pipeline is None or (os.path.exists(pipeline) and not os.path.isfile(pipeline))
    kept = None if pipeline is None or alone else inputs.output_of(str(beside(pipeline)), *read)
    whole = inputs.output_of(report, *read, option="--report")
    inputs.apart({"-o": pipeline, "the evidence of -o": kept, "--report": whole})
    return Targets(pipeline, kept, whole)


def write(made: Imported, pipeline: Pipeline, into: Targets) -> list[str]:
    """Write the pipeline and its evidence, where somewhere; what is to be said of it, line by line."""
    from headwater.files import write_bytes
    from headwater.pipeline import pipeline_to_yaml

    lacking = missing(made.report)
    if into.pipeline is None:
        if lacking is None:
            return ["Nothing was written; to go on, repeat with -o pipeline.yaml"]
        return ["Nothing was written, and there is nothing to diagnose yet:", *str(lacking).split("\n")]
    content = pipeline_to_yaml(pipeline).encode()
    # The pipeline last: who finds it finds its evidence.
    if into.evidence is not None:
        made.evidence.of(content).write(into.evidence)
    write_bytes(into.pipeline, content)
    quoted = shlex.quote(str(into.pipeline))
    said = f"Wrote {into.pipeline}" + ("" if into.evidence is None else f" and {into.evidence.name}")
    if lacking is not None:
        return [said, "There is nothing to diagnose in it yet:", *str(lacking).split("\n")]
    lines = [f"{said}; to go on: headwater diagnose {quoted}"]
    if into.evidence is not None:
        lines.append(f"Why a model learns from what: headwater explain {quoted} MODEL")
    return lines


def missing(found: Report, path: str = "") -> InputError | None:
    """What the records do not say without which there is nothing to diagnose; ``None``: nothing."""
    from headwater.errors import InputError
    from headwater.lineage.wording import count

    made, read = found.made, found.read
    if made.models:
        if made.flows_from_models + made.flows_from_sources:
            return None
        return InputError(
            f"{count(made.models, 'model')}, but no flow: no record says what data they learned from",
            "runs of a rules file say what a run trained on what, kinds which files are data; "
            "or import with + another record that says who learned from what",
            path,
        )
    runs = read.by_kind.get("procedure", 0)
    own = read.records.get("runs", 0) if read.format == "ledger" else 0
    if own and not runs:
        return InputError(
            f"no model was read: {count(own, 'run')}, none of which has finished or written anything",
            "end each run as `with ledger.training(...)` does, or look at it: headwater ledger list",
            path,
        )
    said = f"{count(runs, 'run')}, but none says which assets are models" if runs else "no model was read"
    return InputError(said, _unknown_kinds(found), path)


def _unknown_kinds(found: Report) -> str:
    """Where to say which assets are models, and of which it is unknown."""
    from headwater.lineage.wording import listed

    unknown = found.unknowns.unknown_kind
    known = f"; of unknown kind: {listed(unknown, 3)}" if unknown else ""
    return (
        'say it in a file for --rules, such as kinds: [{name: "models/*", kind: model}], or in the '
        "records: in OpenLineage by the facet datasetType with MODEL; if there is no record of "
        f"one, runs of a rules file say what a run trained{known}"
    )
