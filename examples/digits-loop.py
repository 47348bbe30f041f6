"""A model that learns from its own output, on real handwritten digits: files to try ``headwater check`` on.

``python examples/digits-loop.py FOLDER`` writes ``real.parquet`` (digits that no model saw) and, for ten
generations, ``samples/replace-00.parquet`` ... and ``samples/accumulate-00.parquet`` ...: what a Gaussian
mixture a class wrote, once without and once with all old data kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

GENERATIONS, TRAINED, WRITTEN = 10, 150, 4_000


def main() -> None:
    """Play both loops and write what every generation wrote."""
    folder = Path(sys.argv[1])
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    pixels, labels = load_digits(return_X_y=True)
    rows = PCA(8, random_state=0).fit_transform(pixels)
    rng = np.random.default_rng(7)
    order = rng.permutation(len(rows))
    kept_back, own = order[: len(rows) // 2], order[len(rows) // 2 :]
    write(folder / "real.parquet", rows[kept_back])
    for regime in ("replace", "accumulate"):
        have = rows[own][:TRAINED], labels[own][:TRAINED]
        for generation in range(GENERATIONS + 1):
            model = fit(*have, seed=generation)
            write(folder / "samples" / f"{regime}-{generation:02d}.parquet", sample(model, WRITTEN, rng)[0])
            new = sample(model, TRAINED, rng)
            have = new if regime == "replace" else tuple(map(np.concatenate, zip(have, new, strict=True)))
    print(f"wrote {folder}/real.parquet and {2 * (GENERATIONS + 1)} files in {folder}/samples")


def fit(rows: np.ndarray, labels: np.ndarray, seed: int) -> list[tuple[int, int, GaussianMixture]]:
    """For each class its label, how often it was seen, and a mixture of up to two normals."""
    model = []
    for label in np.unique(labels):
        seen = rows[labels == label]
        if len(seen) > 1:
            mixture = GaussianMixture(min(2, len(seen)), reg_covar=1e-2, random_state=seed)
            model.append((int(label), len(seen), mixture.fit(seen)))
    return model


def sample(model: list, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """So many digits, the classes as often as they were seen."""
    seen = np.array([each[1] for each in model])
    counts = rng.multinomial(count, seen / seen.sum())
    rows, labels = [], []
    for (label, _, mixture), many in zip(model, counts, strict=True):
        if many:
            mixture.random_state = int(rng.integers(2**31))
            rows.append(mixture.sample(many)[0])
            labels.append(np.full(many, label))
    return np.concatenate(rows), np.concatenate(labels)


def write(path: Path, rows: np.ndarray) -> None:
    """One column a feature."""
    pq.write_table(pa.table({f"x{at}": column for at, column in enumerate(rows.T)}), path)


if __name__ == "__main__":
    main()
