"""The part of a report's text that tells what folding did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from headwater.lineage.wording import count, cut, listed, printable

if TYPE_CHECKING:
    from headwater.lineage.folded_report import FoldingReport, Told
    from headwater.lineage.report import Report

_WAYS = {
    "rule": "by your rules",
    "record": "by the record",
    "writes": "by the order in which runs wrote over them",
    "version": "by a version that is a number",
    "time": "by when they were made",
    "lineage": "by how much of the records lies behind each",
}


def lines(report: Report) -> Iterator[str]:
    """What became one node, what that changed, and what it left out."""
    folding = report.folding
    if folding.nodes:
        yield from _nodes(folding)
        yield from _flows(folding)
        names = (
            (folding.self_consuming, "learns from its own earlier versions"),
            (
                folding.accumulating,
                "keeps the data of earlier generations: see --regime accumulate, window:K",
            ),
            (folding.undisclosed, "its latest generation says nothing of its training: external"),
            (folding.once, "trained once while others were trained again: frozen"),
            (folding.archives, "the same version in every generation: a fixed archive"),
            (folding.merged, "versions of one generation, taken as one"),
        )
        for found, said in names:
            if found:
                yield f"  {listed(found)}: {said}"
    yield from cut(
        folding.artefacts,
        lambda item: (
            f"{_ends(item)}: a loop only by folding, of versions that cannot have fed each other: not used"
        ),
    )
    if folding.hints:
        yield "Looks like a generation, and is not used:"
        yield from (f"  {printable(hint)}" for hint in folding.hints)


def _nodes(folding: FoldingReport) -> Iterator[str]:
    nodes = [f"{name} ({number} generations)" for name, number in folding.nodes.items()]
    yield f"Folded: {count(len(nodes), 'model')} trained in several generations: {listed(nodes)}"
    told = [f"{number:,} {_WAYS[way]}" for way, number in folding.ways.items()]
    yield f"  generations of assets told: {', '.join(told)}"


def _flows(folding: FoldingReport) -> Iterator[str]:
    yield from cut(
        folding.initial, lambda item: f"{_ends(item)}: only generation 0 saw it: its start, and no flow"
    )
    yield from cut(
        folding.first_only,
        lambda item: f"{_ends(item)}: a model's data that only generation 0 saw: its effect is left out",
    )
    yield from cut(
        folding.varied,
        lambda item: (
            f"{_ends(item)}: counts differ by generation ({item.said}): unknown, "
            "unless varying: last (or least, most) of the rules takes one"
        ),
    )
    yield from cut(
        folding.intermittent,
        lambda item: f"{_ends(item)}: not in every generation ({item.said}): its count stays unknown",
    )

    yield from cut(
        folding.ended,
        lambda item: f"{_ends(item)}: real data that the latest generation did not see: ended, and no flow",
    )


def _ends(item: Told) -> str:
    return f"{printable(item.provider)} -> {printable(item.model)}"
