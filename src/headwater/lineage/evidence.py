"""Where the records say each flow: kept beside the pipeline, so that any verdict can be checked.

The document is JSON: for every flow between two nodes, each way that the records tell of, as the
dependencies from the provider to the model with file, line and the record's own words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headwater.errors import InputError
from headwater.files import FilePath, read_bytes, write_bytes
from headwater.lineage.facts import Facts, Key
from headwater.lineage.folding import Folded, Nodes
from headwater.lineage.generations import Folding, Node
from headwater.lineage.meaning import Dependency

FORMAT = 1
LARGEST = 2**31
MOST_WAYS = 20
"""Ways of one flow that are kept: the first and the last generations."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What the records say of every flow, as a JSON document.

    Attributes
    ----------
    document
        ``{"evidence": 1, "records": ..., "flows": [{"from", "to", "samples", "ways": [...]}]}``.
    """

    document: Document

    def write(self, path: FilePath) -> None:
        """Write it beside its place and rename it."""
        text = json.dumps(self.document, ensure_ascii=False, separators=(",", ":"))
        write_bytes(path, f"{text}\n".encode())

    def into(self, model: str) -> list[Document]:
        """The flows into a model, in the order of the records."""
        return [flow for flow in self.document["flows"] if flow["to"] == model]


def beside(pipeline: FilePath) -> Path:
    """Where the evidence of a pipeline file lies.

    Examples
    --------
    >>> beside("run/pipeline.yaml").name
    'pipeline.evidence.json'
    """
    return Path(pipeline).with_suffix(".evidence.json")


def read_evidence(path: FilePath) -> Evidence:
    """The evidence in a file.

    Raises
    ------
    InputError
        If it cannot be read or is no evidence of this format.
    """
    try:
        document = json.loads(read_bytes(path, LARGEST))
    except (ValueError, RecursionError) as error:
        raise _broken(path, f"is not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("evidence") != FORMAT:
        raise _broken(path, "is no evidence of an import that this version can read")
    flows = document.get("flows")
    if not isinstance(flows, list) or not all(_is_flow(flow) for flow in flows):
        raise _broken(path, "holds something else where its flows should be")
    return Evidence(document)


def _broken(path: FilePath, said: str) -> InputError:
    return InputError(said, "import the records again with -o", str(path))


def _is_flow(flow: object) -> bool:
    if not isinstance(flow, dict) or not isinstance(flow.get("ways"), list):
        return False
    texts = isinstance(flow.get("from"), str) and isinstance(flow.get("to"), str)
    return texts and all(
        isinstance(way, list)
        and way
        and all(
            isinstance(step, dict)
            and all(isinstance(step.get(key), str) for key in ("from", "to", "role", "said"))
            and isinstance(step.get("places"), list)
            for step in way
        )
        for way in flow["ways"]
    )


def evidence(nodes: Nodes, labels: Mapping[Node, str], folding: Folding, facts: Facts) -> Evidence:
    """What the records say of the folded flows."""
    return Evidence(
        {
            "evidence": FORMAT,
            "records": {"origin": facts.origin, "format": facts.format},
            "flows": [_flow(flow, labels, folding) for flow in nodes.flows],
        }
    )


def _flow(flow: Folded, labels: Mapping[Node, str], folding: Folding) -> Document:
    ways = flow.ways
    if len(ways) > MOST_WAYS:
        ways = (*ways[: MOST_WAYS // 2], *ways[-MOST_WAYS // 2 :])
    return {
        "from": labels[flow.provider],
        "to": labels[flow.model],
        "sort": flow.sort,
        "source": flow.provider.kind != "model",
        "samples": flow.samples,
        "told": len(flow.ways),
        "ways": [[_step(step, folding) for step in way.steps] for way in ways],
    }


def _step(step: Dependency, folding: Folding) -> Document:
    link = step.link
    return {
        "from": _named(link.provider, folding),
        "to": _named(link.learner, folding),
        "role": step.role or "dependency",
        "said": step.guess or (link.word and f"{link.word}") or "",
        "by_rule": step.rule is not None,
        "run": "" if link.run is None else link.run.name,
        "count": None if link.count is None else str(link.count),
        "places": [str(place) for place in link.places],
    }


def _named(key: Key, folding: Folding) -> str:
    """An asset in words: ``model student 3 (generation 3)``."""
    kind = "" if key.kind == "unknown" else f"{key.kind} "
    generation = folding.generation.get(key)
    told = "" if generation is None else f" (generation {generation})"
    return f"{kind}{key.name}" + (f" {key.version}" if key.version else "") + told
