"""Where the records say each flow: kept beside the pipeline, so that any verdict can be checked.

The document is JSON: for every flow between two nodes, each way that the records tell of, as the
dependencies from the provider to the model with file, line and the record's own words.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from headwater.errors import InputError
from headwater.files import FilePath, read_bytes, unreadable, write_bytes
from headwater.graph import InteractionGraph
from headwater.lineage.facts import Entity, Facts, Key
from headwater.lineage.folding import Folded, Nodes
from headwater.lineage.generations import Folding, Node
from headwater.lineage.meaning import Dependency

FORMAT = 1
LARGEST = 256 * 2**20
MOST_WAYS = 20
"""Ways of one flow that are kept: the first and the last generations."""

Document = dict[str, Any]
Real = Literal["stated", "recorded", "name"]


@dataclass(frozen=True)
class Evidence:
    """What the records say of every flow, as a JSON document.

    Attributes
    ----------
    document
        ``{"evidence": 1, "pipeline": SHA-256, "records": ..., "flows": [{"from", "to", "sort", "samples",
        "source", "real", "ways": [...]}]}``. Of a source, ``real`` says who takes it as real: its record
        (``stated``), or the import, because a record of it names no maker (``recorded``) or there is only
        a name (``name``).
    """

    document: Document

    def of(self, pipeline: bytes) -> Evidence:
        """The same, bound to the bytes of the pipeline file that it is the evidence of."""
        sha256 = hashlib.sha256(pipeline).hexdigest()
        return Evidence({"evidence": FORMAT, "pipeline": sha256, **_without_pipeline(self.document)})

    def is_of(self, pipeline: bytes) -> bool:
        """Whether it is the evidence of a pipeline file of these bytes."""
        return self.document.get("pipeline") == hashlib.sha256(pipeline).hexdigest()

    def write(self, path: FilePath) -> None:
        """Write it beside its place and rename it."""
        text = json.dumps(self.document, ensure_ascii=False, separators=(",", ":"))
        # half a character of a name is spelled as JSON spells it
        write_bytes(path, f"{text}\n".encode("utf-8", "backslashreplace"))

    def into(self, model: str) -> list[Document]:
        """The flows into a model, in the order of the records."""
        return [flow for flow in self.document["flows"] if flow["to"] == model]

    def shares(self, graph: InteractionGraph) -> bool:
        """Whether any flow is of this graph, or there is none to compare."""
        own = {(flow.provider, flow.model) for flow in graph.flows}
        own |= {(source, model.name) for model in graph.models for source in model.initial}
        told = {(flow["from"], flow["to"]) for flow in self.document["flows"]}
        return not own or not told or bool(own & told)


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
        # who opens a pipe waits for its writer, and a device may have no end
        regular = stat.S_ISREG(os.stat(path).st_mode) or os.path.isdir(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if not regular:
        raise _broken(path, "is no regular file")
    try:
        document = json.loads(read_bytes(path, LARGEST))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise _broken(path, f"is not JSON: {error}") from None
    number = document.get("evidence") if isinstance(document, dict) else None
    if type(number) is not int or number != FORMAT:
        raise _broken(path, "is no evidence of an import that this version can read")
    flows = document.get("flows")
    if not isinstance(flows, list) or not all(_is_flow(flow) for flow in flows):
        raise _broken(path, "holds something else where its flows should be")
    return Evidence(document)


def _broken(path: FilePath, said: str) -> InputError:
    return InputError(said, "import the records again with -o", str(path))


def _is_flow(flow: object) -> bool:
    return (
        isinstance(flow, dict)
        and _fits(flow, _FLOW)
        and all(isinstance(way, list) and way and all(map(_is_step, way)) for way in flow["ways"])
    )


def _is_step(step: object) -> bool:
    return (
        isinstance(step, dict)
        and _fits(step, _STEP)
        and all(isinstance(place, str) for place in step["places"])
    )


def _fits(part: Document, kinds: Mapping[str, tuple[type, ...]]) -> bool:
    """Whether every value has one of its types; what may be null may be left out. No truth is a number."""
    return all(type(part.get(key)) in allowed for key, allowed in kinds.items())


_NULL = type(None)
_FLOW: dict[str, tuple[type, ...]] = {
    "from": (str,),
    "to": (str,),
    "sort": (str, _NULL),
    "source": (bool, _NULL),
    "real": (str, _NULL),
    "samples": (int, _NULL),
    "told": (int, _NULL),
    "ways": (list,),
}
_STEP: dict[str, tuple[type, ...]] = {
    "from": (str,),
    "to": (str,),
    "role": (str,),
    "said": (str,),
    "by_rule": (bool, _NULL),
    "run": (str, _NULL),
    "count": (str, _NULL),
    "places": (list,),
}


def evidence(nodes: Nodes, labels: Mapping[Node, str], folding: Folding, facts: Facts) -> Evidence:
    """What the records say of the folded flows."""
    told = _told(facts.entities)
    return Evidence(
        {
            "evidence": FORMAT,
            "records": {"origin": facts.origin, "format": facts.format},
            "flows": [_flow(flow, labels, folding, told) for flow in nodes.flows],
        }
    )


def _told(entities: Iterable[Entity]) -> Mapping[Node, Real]:
    """What records say of each thing, of all its versions: that it is real, or only that it is."""
    said: dict[Node, set[str | None]] = defaultdict(set)
    for entity in entities:
        said[Node(entity.kind, entity.name)].add(entity.synthetic)
    return {node: "stated" if found - {None} == {"none"} else "recorded" for node, found in said.items()}


def _real(flow: Folded, told: Mapping[Node, Real]) -> Real:
    """Who takes a source as real."""
    names = {
        # a record without a kind may be what another record calls a dataset
        Node(kind, way.provider.name)
        for way in flow.ways
        for kind in dict.fromkeys((way.provider.kind, "dataset", "unknown"))
    }
    found = {told.get(name, "name") for name in names}
    return "stated" if "stated" in found else "recorded" if "recorded" in found else "name"


def _without_pipeline(document: Document) -> Document:
    return {key: value for key, value in document.items() if key not in ("evidence", "pipeline")}


def _flow(flow: Folded, labels: Mapping[Node, str], folding: Folding, told: Mapping[Node, Real]) -> Document:
    ways = flow.ways
    if len(ways) > MOST_WAYS:
        ways = (*ways[: MOST_WAYS // 2], *ways[-MOST_WAYS // 2 :])
    source = flow.provider.kind != "model"
    return {
        "from": labels[flow.provider],
        "to": labels[flow.model],
        "sort": flow.sort,
        "source": source,
        "real": _real(flow, told) if source else None,
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
    return f"{kind}{key.called}{told}"
