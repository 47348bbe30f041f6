"""Laws that scores are fitted to and tested on: small frames of them make every defect large."""

from __future__ import annotations

import numpy as np

from headwater.samples.values import Sample


def blobs(rows: int, rng: np.random.Generator, features: int = 3) -> Sample:
    """Three normal modes with shares 0.5, 0.3 and 0.2, twelve standard deviations apart and more."""
    mode = rng.choice(3, size=rows, p=[0.5, 0.3, 0.2])
    centres = np.zeros((3, features))
    centres[1, 0], centres[2, -1] = 12.0, 20.0
    return Sample.of(rng.normal(size=(rows, features)) + centres[mode])


def skewed(rows: int, rng: np.random.Generator, features: int = 20) -> Sample:
    """Dependent features with long right tails, as many as a fifth of a small frame's rows."""
    draws = rng.exponential(size=(rows, features))
    return Sample.of(draws + draws[:, :1])


def discrete(rows: int, rng: np.random.Generator) -> Sample:
    """Counts, mostly zero, and a feature that never varies: ties everywhere."""
    counts = rng.poisson(0.7, size=(rows, 3)).astype(float)
    counts[:, 1] = 2020.1
    return Sample.of(counts)


CHANCES = (np.arange(1, 301) ** -1.1) / (np.arange(1, 301) ** -1.1).sum()
"""Of the labels and words ``w0`` ... ``w299``."""


def labels(rows: int, rng: np.random.Generator) -> Sample:
    """Labels with Zipf frequencies."""
    return Sample.of([f"w{each}" for each in rng.choice(300, size=rows, p=CHANCES)], kind="categorical")


def texts(rows: int, rng: np.random.Generator) -> Sample:
    """Documents of 0 to 24 independent words with Zipf frequencies."""
    words = [f"w{each}" for each in range(300)]
    lengths = rng.integers(25, size=rows)
    drawn = iter(rng.choice(300, size=lengths.sum(), p=CHANCES).tolist())
    return Sample.of([" ".join(words[next(drawn)] for _ in range(n)) for n in lengths.tolist()], kind="text")


LAWS = {"blobs": blobs, "skewed": skewed, "discrete": discrete, "labels": labels, "texts": texts}
