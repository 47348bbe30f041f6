"""Ten million rows of sixty-four features, summarised as they stream by, in flat memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import GIB, Row, Watch, alone

FEATURES = 64
GENERATIONS = 10
GROUP = 50_000
"""Rows of a row group."""
SEED = 20_260_521


def run(quick: bool) -> Iterator[Row]:
    """The same summary at three sizes, beside a data frame's mean, variance and median at the smallest."""
    sizes = (20_000, 40_000) if quick else (500_000, 2_000_000, 10_000_000)
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            path = Path(folder) / f"{rows}.parquet"
            _write(path, rows)
            first = rows == sizes[0]
            ours, answer = alone("streaming:summarised", {"path": str(path)})
            assert answer["rows"] == rows
            other = None
            if first:
                other, theirs = alone("streaming:in_polars", {"path": str(path)})
                np.testing.assert_allclose(answer["mean"], theirs["mean"], rtol=1e-6)
                np.testing.assert_allclose(answer["variance"], theirs["variance"], rtol=1e-6)
            path.unlink()
            yield Row(
                "summary of a table of generations",
                f"{rows:,} rows of {FEATURES} float32, {GENERATIONS} generations",
                ours,
                other,
                "polars, in memory: mean, variance, median; no covariances, no sample" if first else "",
                memory_target=2 * GIB,
                note=f"{rows / ours.seconds:,.0f} rows a second, reading the Parquet file included",
            )


def _write(path: Path, rows: int) -> None:
    rng = np.random.default_rng(SEED)
    names = ["generation", *(f"x{at}" for at in range(FEATURES))]
    schema = pa.schema([("generation", pa.int32()), *((name, pa.float32()) for name in names[1:])])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, rows, GROUP):
            count = min(GROUP, rows - start)
            block = rng.standard_normal((FEATURES, count), dtype=np.float32)
            generation = np.arange(start, start + count, dtype=np.int32) * GENERATIONS // rows
            writer.write_table(pa.Table.from_arrays([generation, *block], schema=schema))


def summarised(path: str) -> dict[str, Any]:
    """Everything that is kept of every generation."""
    from headwater.samples.reading import gather

    watch = Watch()
    gathered = gather([path])
    samples = [gathered[key].sample for key in sorted(gathered)]
    moments = [sample.moments for sample in samples if sample.moments is not None]
    return watch.stop() | {
        "rows": sum(sample.count for sample in samples),
        "mean": float(np.mean([each.mean[0] for each in moments])),
        "variance": float(np.mean([each.covariance[0, 0] for each in moments])),
    }


def in_polars(path: str) -> dict[str, Any]:
    """What a data frame gives in one statement."""
    import polars as pl

    watch = Watch()
    value = pl.exclude("generation")
    table = (
        pl.read_parquet(path)
        .group_by("generation")
        .agg(
            value.mean().name.suffix(" mean"),
            value.var().name.suffix(" var"),
            value.median().name.suffix(" m"),
        )
    )
    return watch.stop() | {
        "mean": float(table["x0 mean"].cast(pl.Float64).mean()),
        "variance": float(table["x0 var"].cast(pl.Float64).mean()),
    }
