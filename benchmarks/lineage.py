"""Records of many runs, imported: from the file to the graph, its report and its evidence."""

from __future__ import annotations

import datetime
import json
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import GIB, Row, Watch, alone

GENERATIONS = 25
FACTS_A_MODEL = 9.8 * GENERATIONS
"""Assets, runs and relations that the events of one model tell of, nearly."""
SECONDS = 30


def run(quick: bool) -> Iterator[Row]:
    """Models that were trained again and again on each other's output, told by events."""
    with tempfile.TemporaryDirectory() as folder:
        for facts in (10_000,) if quick else (100_000, 1_000_000):
            path = Path(folder) / f"events-{facts}.ndjson"
            models = round(facts / FACTS_A_MODEL)
            events = alone("lineage:write", {"path": str(path), "models": models})[1]["events"]
            runs = 1 if quick or facts > 100_000 else 3
            ours, found = alone("lineage:with_headwater", {"path": str(path)}, runs)
            theirs, other = alone("lineage:with_networkx", {"path": str(path)}, runs)
            if found["loops"] != other["loops"]:
                raise RuntimeError(f"{found['loops']} loops by Headwater, {other['loops']} by networkx")
            yield Row(
                "import openlineage: events to graph, report, evidence",
                f"{found['facts']:,} facts in {events:,} events, {path.stat().st_size / 2**20:,.0f} MiB",
                ours,
                theirs,
                "json and networkx: names and loops alone",
                memory_target=GIB if facts <= 100_000 else None,
                note=f"wanted under {SECONDS} s; {found['flows']:,} flows with counts and lines"
                if facts <= 100_000
                else "",
            )


def write(path: str, models: int) -> dict[str, Any]:
    """Events of `models` models over `GENERATIONS` generations; each learns from one of the last."""
    watch = Watch()
    draw = random.Random(20260521)
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    number = 0
    with open(path, "w", encoding="utf-8") as file:
        for generation in range(GENERATIONS):
            for model in range(models):
                own = _asset(f"model-{model}", generation, "MODEL")
                read = [_asset(f"web-{model % 7}", None, "TABLE", 100)]
                if generation:
                    data = _asset(f"data-{model}", generation, "TABLE", 900)
                    teacher = _asset(f"model-{draw.randrange(models)}", generation - 1, "MODEL")
                    number += 1
                    file.write(_event("sample", number, start, [teacher], [data]))
                    read.append(data)
                number += 1
                file.write(_event("train", number, start, read, [own]))
    return dict(watch.stop()) | {"events": number}


def _asset(name: str, version: int | None, kind: str, rows: int | None = None) -> dict[str, Any]:
    facets: dict[str, Any] = {"datasetType": {"datasetType": kind}}
    if version is not None:
        facets["version"] = {"datasetVersion": str(version)}
    made = {"namespace": "lab", "name": name, "facets": facets}
    return made if rows is None else made | {"rows": rows}


def _event(
    job: str, number: int, start: datetime.datetime, read: list[dict[str, Any]], wrote: list[dict[str, Any]]
) -> str:
    sides = {}
    for side, assets, facet in (("inputs", read, "input"), ("outputs", wrote, "output")):
        sides[side] = [
            {key: value for key, value in asset.items() if key != "rows"}
            | (
                {f"{facet}Facets": {f"{facet}Statistics": {"rowCount": asset["rows"]}}}
                if "rows" in asset
                else {}
            )
            for asset in assets
        ]
    event = {
        "eventType": "COMPLETE",
        "eventTime": (start + datetime.timedelta(seconds=number)).isoformat(),
        "run": {"runId": f"00000000-0000-4000-8000-{number:012d}"},
        "job": {"namespace": "lab", "name": job},
        "producer": "https://example.org/loop",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    }
    return json.dumps(event | sides) + "\n"


def with_headwater(path: str) -> dict[str, Any]:
    """The whole import, up to the text of the report and the evidence as JSON."""
    from headwater.lineage import Rules, import_facts
    from headwater.lineage.defaults import under
    from headwater.lineage.gathering import gather
    from headwater.lineage.rules import Record

    watch = Watch()
    facts = gather([Record("openlineage", path)])
    made = import_facts(facts, under(Rules()))
    str(made.report)
    json.dumps(made.evidence.document)
    return dict(watch.stop()) | {
        "facts": len(facts.entities) + len(facts.relations),
        "flows": len(made.graph.provider),
        "loops": len(made.report.made.loops),
    }


def with_networkx(path: str) -> dict[str, Any]:
    """What one would write by hand: names without versions, inputs to outputs, and the cycles."""
    import networkx as nx

    watch = Watch()
    graph = nx.DiGraph()
    with open(path, encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            for read in event["inputs"]:
                for wrote in event["outputs"]:
                    ends = (f"{each['namespace']}/{each['name']}" for each in (read, wrote))
                    graph.add_edge(*(re.sub(r":v\d+$", "", name) for name in ends))
    loops = [found for found in nx.strongly_connected_components(graph) if len(found) > 1]
    return dict(watch.stop()) | {"loops": len(loops)}
