"""Run benchmarks, print their tables, and keep each in ``benchmarks/results/``, one file a benchmark."""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.measure import GIB, Row, Side
from headwater.files import write_bytes

# these first: they measure small peaks, and a new process starts from the peak of this one
NAMES = (
    "simulation_scale",
    "streaming",
    "neighbours",
    "two_samples",
    "prediction",
    "second_moments",
    "condition",
    "lineage",
    "ledger",
    "weights",
    "thresholds",
    "allocation",
    "simulation",
)
PACKAGES = ("numpy", "scipy", "networkx", "pyarrow")
RESULTS = Path(__file__).parent / "results"
COLUMNS = (
    "what",
    "size",
    "headwater",
    "alternative",
    "",
    "ratio",
    "target",
    "peak: headwater",
    "alternative",
)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all if none is named"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, to see that they run; nothing is kept"
    )
    given = parser.parse_args()
    if unknown := set(given.names) - set(NAMES):
        parser.error(f"no benchmark is called {min(unknown)!r}; known: {', '.join(NAMES)}")
    for name in given.names or NAMES:
        Console(stderr=True).print(f"{name} ...")
        machine = _machine()
        rows: list[Row] = importlib.import_module(f"benchmarks.{name}").run(given.quick)
        text = _markdown(rows, machine, given.quick)
        print(text)
        if given.quick:
            print("Not kept: the sizes are small.")
        else:
            keep(name, machine, rows, text)


def keep(name: str, machine: dict[str, Any], rows: list[Row], text: str) -> None:
    """Write the table of one benchmark, for people and for programs."""
    rows_as_json = [asdict(row) | {"ratio": row.ratio, "missed": row.missed} for row in rows]
    document = {"machine": machine, "rows": rows_as_json}
    write_bytes(RESULTS / f"{name}.json", json.dumps(document, indent=2).encode() + b"\n")
    write_bytes(RESULTS / f"{name}.md", f"# Benchmark: {name.replace('_', ' ')}\n\n{text}".encode())


def _machine() -> dict[str, Any]:
    """What the numbers depend on; the load is that of others, before the benchmark."""
    return {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _markdown(rows: list[Row], machine: dict[str, Any], quick: bool) -> str:
    """The rows as a table, and what they were measured with and how."""
    table = Table(*COLUMNS, box=MARKDOWN)
    for column in table.columns:
        column.no_wrap = True
    for row in rows:
        table.add_row(
            row.what,
            row.size,
            _seconds(row.headwater),
            _seconds(row.other),
            row.alternative or "-",
            _ratio(row),
            "-" if quick else _target(row),
            _memory(row.headwater),
            _memory(row.other),
        )
    page = Console(width=1000)
    with page.capture() as printed:
        page.print(table)
    lines = [line.strip() for line in printed.get().splitlines() if line.strip()]
    notes = [f"- {row.what}: {row.note}" for row in rows if row.note]
    return "\n".join(
        [
            ", ".join(f"{key} {value}" for key, value in machine.items()) + ".",
            "",
            *lines,
            "",
            "Seconds are medians, of as many runs as stand in brackets. Starting Python does not count;",
            "reading the file counts where the row says so. Both sides gave the same answer, or the run",
            "would have failed.",
            "",
            *notes,
            "",
        ]
    )


def _seconds(side: Side | None) -> str:
    return f"{side.seconds:.3g} s ({side.runs})" if side else "-"


def _ratio(row: Row) -> str:
    if not row.ratio:
        return "-"
    return f"{row.ratio:,.0f}x" if row.ratio >= 10 else f"{row.ratio:.2g}x"


def _memory(side: Side | None) -> str:
    return f"{side.peak / GIB:.2f} GiB" if side and side.peak else "-"


def _target(row: Row) -> str:
    wanted = [f"{row.target:g}x"] if row.target else []
    wanted += [f"under {row.memory_target / GIB:g} GiB"] if row.memory_target else []
    return ", ".join(wanted) + (" MISSED" if row.missed else "") if wanted else "-"


if __name__ == "__main__":
    main()
