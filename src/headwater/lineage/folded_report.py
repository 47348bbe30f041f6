"""What a report says of folding: which versions became one node, and what followed from it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from headwater.lineage.decided import Lineage
from headwater.lineage.facts import Key
from headwater.lineage.folding import MOST_MISSING, Nodes
from headwater.lineage.generations import Node

_LIKELY = re.compile(r"iter|gen|round|cycle|version", re.IGNORECASE)
_LIKELY_NAME = re.compile(
    r"(?:^|[_\-./: ])(?:v|g|gen|iter|iteration|round|generation)[_\-]?([0-9]{1,6})(?=$|[_\-./: ])",
    re.IGNORECASE,
)
MOST_HINTS = 6


@dataclass(frozen=True, slots=True)
class Told:
    """A flow that folding changed: its ends and why."""

    provider: str
    model: str
    said: str


@dataclass(frozen=True, slots=True)
class FoldingReport:
    """Versions that became one node.

    Attributes
    ----------
    nodes
        How many generations each node of several has, its trained ones for a model.
    ways
        How many assets each way of telling generations decided.
    initial
        Real data that only generation 0 saw.
    first_only
        Models' data that only generation 0 saw: in no flow.
    artefacts
        Self-loops that are none: of versions whose order makes them impossible.
    self_consuming
        Models of which an earlier version fed a later one.
    varied
        Flows whose generations brought different counts.
    intermittent
        Flows that some generations lack.
    ended
        Real data that the latest generation did not see: in no flow.
    undisclosed
        Models of whose latest generation nobody says what it was trained on: external.
    merged
        Nodes of which several versions share a generation.
    once
        Models trained once while others were trained again: frozen.
    accumulating
        Models whose later generations keep the data of earlier ones.
    archives
        Sources of which every generation used the same version: fixed.
    hints
        Labels and names that look as if they told a generation.
    """

    nodes: dict[str, int]
    ways: dict[str, int]
    initial: tuple[Told, ...]
    first_only: tuple[Told, ...]
    artefacts: tuple[Told, ...]
    self_consuming: tuple[str, ...]
    varied: tuple[Told, ...]
    intermittent: tuple[Told, ...]
    ended: tuple[Told, ...]
    undisclosed: tuple[str, ...]
    merged: tuple[str, ...]
    once: tuple[str, ...]
    accumulating: tuple[str, ...]
    archives: tuple[str, ...]
    hints: tuple[str, ...]


def folded(lineage: Lineage, nodes: Nodes, labels: Mapping[Node, str]) -> FoldingReport:
    """What folding did."""
    told: dict[str, list[Told]] = defaultdict(list)
    for flow in nodes.flows:
        ends = labels[flow.provider], labels[flow.model]
        if flow.sort != "flow":
            told[flow.sort].append(Told(*ends, _ways(len(flow.ways))))
            continue
        if flow.counts:
            told["varied"].append(Told(*ends, _counts(flow.counts)))
        if flow.missing:
            more = ", ..." if len(flow.missing) >= MOST_MISSING else ""
            said = f"missing in {', '.join(map(str, flow.missing))}{more}"
            told["intermittent"].append(Told(*ends, said))
    ways: Counter[str] = Counter(way for way in lineage.folding.way.values() if way != "none")
    return FoldingReport(
        nodes={labels.get(node, node.name): number for node, number in nodes.generations.items()},
        ways=dict(ways),
        initial=tuple(told["initial"]),
        first_only=tuple(told["first-only"]),
        artefacts=tuple(told["artefact"]),
        self_consuming=tuple(
            labels[flow.model] for flow in nodes.flows if flow.sort == "flow" and flow.provider == flow.model
        ),
        varied=tuple(told["varied"]),
        intermittent=tuple(told["intermittent"]),
        ended=tuple(told["ended"]),
        undisclosed=tuple(sorted(labels[node] for node in nodes.undisclosed)),
        merged=tuple(_merged(lineage)),
        once=tuple(sorted(labels[node] for node in nodes.once)),
        accumulating=tuple(labels[node] for node in nodes.accumulating),
        archives=tuple(labels[node] for node in nodes.archives if node in labels),
        hints=tuple(_hints(lineage))[:MOST_HINTS],
    )


def _counts(numbers: Sequence[int | None], shown: int = 10) -> str:
    found = ["?" if number is None else f"{number:,}" for number in numbers]
    # The latest say most of what goes on.
    return ", ".join(found) if len(found) <= shown else f"..., {', '.join(found[-shown:])}"


def _ways(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _merged(lineage: Lineage) -> Iterator[str]:
    for node, keys in lineage.folding.versions().items():
        if node.kind != "model":
            continue
        found: dict[int, list[Key]] = defaultdict(list)
        for key in keys:
            generation = lineage.folding.generation.get(key)
            if generation is not None:
                found[generation].append(key)
        for generation, same in found.items():
            if len(same) > 1:
                names = ", ".join(key.called for key in same[:3])
                yield f"{node.name}, generation {generation}: {names}"


def _hints(lineage: Lineage) -> Iterator[str]:
    """Labels of runs, and names of assets, that look like generations and that no rule uses."""
    used = {rule.text for rule in lineage.rules.fold} | {rule.generation for rule in lineage.rules.runs}
    for label, found in _labels(lineage, used).items():
        if len(found) > 1:
            yield f"the label {label} ({_range(found)}): fold: [{{match: '(?P<gen>[0-9]+)', in: {label}}}]"
    if "name" not in used:
        for (kind, name, rule), found in _names(lineage).items():
            if len(found) > 1:
                yield f"{kind}s called {name} ({_range(found)}): fold: [{{match: '{rule}', kind: {kind}}}]"


def _labels(lineage: Lineage, used: set[str]) -> dict[str, set[str]]:
    values: dict[str, set[str]] = defaultdict(set)
    for entity in lineage.facts.entities:
        for label, text in entity.labels.items() if entity.kind == "procedure" else ():
            likely = label.startswith("param.") and _LIKELY.search(label) and label not in used
            if likely and text.isascii() and text.isdigit() and len(text) < 10:
                values[label].add(text)
    return values


def _names(lineage: Lineage) -> dict[tuple[str, str, str], set[str]]:
    names: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for key in lineage.assets:
        match = _LIKELY_NAME.search(key.name)
        if match and key.kind in ("model", "dataset", "unknown") and not key.version:
            before, after = key.name[: match.start(1)], key.name[match.end(1) :]
            mark = match.group()[: match.start(1) - match.start()]
            rule = f"{re.escape(mark)}(?P<gen>[0-9]+)" + ("$" if not after else "")
            names[key.kind, f"{before}*{after}", rule].add(match.group(1))
    return names


def _range(found: set[str]) -> str:
    numbers = sorted(int(text) for text in found)
    return f"{numbers[0]} to {numbers[-1]}"
