"""Ledgers to export: one of everything, and the loop of three generations."""

from __future__ import annotations

from pathlib import Path

from headwater.ledger import Dataset, Ledger
from tests.ledger.servers import event

BASE = {"_producer": "https://example.org", "_schemaURL": "https://example.org/schema"}
WEB = Dataset.of(b"real", "web page.txt")


def samples(generation: int) -> Dataset:
    return Dataset.of(f"samples {generation}".encode(), "samples")


def loop(path: Path, generations: int = 3) -> Path:
    """A student that learns from real data, then mostly from itself."""
    with Ledger(path) as book:
        book.vouch(WEB, by="the archive", note="scanned in 1998")
        for generation in range(generations):
            with book.training("student", generation=generation, labels={"seed": "7"}) as run:
                run.used(WEB, samples=1_000 if generation == 0 else 100)
                if generation:
                    run.used(samples(generation - 1), samples=400)
                run.wrote(samples(generation), samples=500)
    return path


def everything(path: Path) -> Path:
    """All that a ledger can say: other models' work, weights, marks, failures, and events of others."""
    loop(path)
    with Ledger(path) as book:
        with book.training("judge") as run:
            run.used(Dataset("feedback", samples=70), samples=50, generated_by=["gpt", "llama"], generation=2)
            run.used(Dataset("labels"), generated_by="tagger", role="labelled")
            run.used(Dataset("exam"), role="evaluated-on")
            run.wrote(Dataset.of(b"weights", "judge.bin"), kind="model")
        with book.training("fine judge") as run:
            run.used(Dataset.of(b"weights", "renamed.bin"), role="initialised")
            run.used(WEB, samples=30)
        failed_early(book)
        failed_late(book)
        book.mark(Dataset("exam"), "croissant", {"rai:hasSyntheticData": False})
        lake = named("hdfs", "lake") | {"inputFacets": {"inputStatistics": {**BASE, "rowCount": 40}}}
        stored = event(1, inputs=[lake], outputs=[named("models", "other", datasetType="MODEL")])
        book.append("openlineage", {"event": stored}, "one")
    return path


def named(namespace: str, name: str, **types: str) -> dict[str, object]:
    facets = {key: {**BASE, key: value} for key, value in types.items()}
    return {"namespace": namespace, "name": name, "facets": facets}


class _Broken(Exception):
    pass


def failed_early(book: Ledger) -> None:
    try:
        with book.training("stillborn", generation=0) as run:
            run.used(WEB, samples=10)
            raise _Broken("out of memory")
    except _Broken:
        pass


def failed_late(book: Ledger) -> None:
    try:
        with book.training("late", generation=0) as run:
            run.used(WEB, samples=10)
            run.wrote(Dataset("late samples"), samples=5)
            raise _Broken("power cut")
    except _Broken:
        pass
