"""Two samples compared, against plain scipy: energy distance, and neighbourhoods from whole matrices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.measure import GIB, Row, Watch, alone

FEATURES = 64
NEAREST = 5
RUNS = 3
SEED = 20_260_521


def run(quick: bool) -> Iterator[Row]:
    """Each at a size that plain scipy can hold: its matrices grow with the square of the rows."""
    rows = 500 if quick else 8_000
    for what, ours, theirs in (
        ("squared energy distance", "energy", "energy_in_scipy"),
        ("precision, recall, density, coverage", "neighbours", "neighbours_in_scipy"),
    ):
        side, answer = alone(f"two_samples:{ours}", {"rows": rows}, RUNS)
        other, other_answer = alone(f"two_samples:{theirs}", {"rows": rows}, RUNS)
        np.testing.assert_allclose(answer["values"], other_answer["values"], rtol=1e-9, atol=1e-12)
        yield Row(
            what,
            f"{rows:,} x {rows:,} x {FEATURES}",
            side,
            other,
            "scipy's cdist, whole matrices",
            note=f"peaks {(side.peak or 0) / GIB:.2f} and {(other.peak or 0) / GIB:.2f} GiB",
        )


def _samples(rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(SEED)
    return rng.normal(size=(rows, FEATURES)), rng.normal(0.1, size=(rows, FEATURES))


def energy(rows: int) -> dict[str, Any]:
    from headwater.measures.numeric.energy import energy_distance

    real, fake = _samples(rows)
    energy_distance(real[:10], fake[:10])  # imports what it needs
    watch = Watch()
    value = energy_distance(real, fake)
    return watch.stop() | {"values": [value]}


def energy_in_scipy(rows: int) -> dict[str, Any]:
    from scipy.spatial.distance import cdist

    real, fake = _samples(rows)
    watch = Watch()
    n = rows * (rows - 1)
    value = 2 * cdist(real, fake).mean() - cdist(real, real).sum() / n - cdist(fake, fake).sum() / n
    return watch.stop() | {"values": [float(value)]}


def neighbours(rows: int) -> dict[str, Any]:
    from headwater.measures.numeric.neighbours import neighbourhoods

    real, fake = _samples(rows)
    neighbourhoods(real[:10], fake[:10], NEAREST)
    watch = Watch()
    found = neighbourhoods(real, fake, NEAREST)
    return watch.stop() | {"values": [found.precision, found.recall, found.density, found.coverage]}


def neighbours_in_scipy(rows: int) -> dict[str, Any]:
    from scipy.spatial.distance import cdist

    real, fake = _samples(rows)
    watch = Watch()
    real_radii, fake_radii = (
        np.partition(cdist(each, each), NEAREST, axis=1)[:, NEAREST] for each in (real, fake)
    )
    apart = cdist(real, fake)
    inside = apart < real_radii[:, None]
    values = [
        float(inside.any(axis=0).mean()),
        float((apart < fake_radii).any(axis=1).mean()),
        float(inside.sum(axis=0).mean() / NEAREST),
        float(inside.any(axis=1).mean()),
    ]
    return watch.stop() | {"values": values}
