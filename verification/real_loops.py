"""Loops of real models on real data: what each generation wrote, with and without real data kept.

A world is a real data set cut in two (one half for the models, one that they never see) and a model
that is trained on its own output. These are plain twins of what users run; they share no code with the
simulation engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from headwater.samples.values import Kind, Sample

Array = NDArray[np.float64]
Fit = Callable[[Any, Generator], Any]
Write = Callable[[Any, int, Generator], Any]


@dataclass(frozen=True, eq=False)
class Loop:
    """What a loop wrote.

    Attributes
    ----------
    real
        Real rows or documents that no model ever saw.
    start
        A second sample of generation 0: what the model was before any loop, its misfit included.
    generations
        What each generation wrote; generation 0 was trained on real data alone.
    """

    kind: Kind
    real: Sample
    start: Sample
    generations: Mapping[int, Sample]


@dataclass(frozen=True)
class Learner:
    """A kind of model: how it is fitted to a list of rows, and how it writes so many."""

    fit: Fit
    write: Write


def play(
    kind: Kind, rows: NDArray[Any], learner: Learner, budget: tuple[int, int, int], kept: bool, seed: int
) -> Loop:
    """Train generation after generation.

    Parameters
    ----------
    rows
        Real ones; half of them are kept from the models.
    budget
        Rows that a generation is trained on, rows that it writes for the record, generations.
    kept
        Whether the real rows, and every generation's, stay in the training set: accumulate. Else
        a generation is trained on what the one before wrote, and on nothing else: replace.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))
    half = len(rows) // 2
    trained, written, generations = budget
    own = rows[order[half : half + trained]]
    told = None if kind == "numeric" else kind
    wrote = {}
    for generation in range(generations + 1):
        model = learner.fit(own, rng)
        output = learner.write(model, written, rng)
        wrote[generation] = Sample.of(output, told)
        if generation == 0:
            start = Sample.of(learner.write(model, max(written, len(rows) - half), rng), told)
        new = learner.write(model, trained, rng)
        own = np.concatenate([own, new]) if kept else new
    return Loop(kind, Sample.of(rows[order[:half]], told), start, wrote)


def gaussian() -> Learner:
    """Mean and unbiased covariance."""
    return Learner(
        lambda rows, rng: (rows.mean(axis=0), np.cov(rows.T)),
        lambda model, count, rng: rng.multivariate_normal(*model, size=count, method="eigh"),
    )


def kernel_density() -> Learner:
    """Gaussian kernels at every row, bandwidth by Scott's rule times the covariance."""

    def fit(rows: Array, rng: Generator) -> tuple[Array, Array]:
        n, d = rows.shape
        return rows, np.cov(rows.T) * n ** (-2 / (d + 4))

    def write(model: tuple[Array, Array], count: int, rng: Generator) -> Array:
        rows, spread = model
        noise = rng.multivariate_normal(np.zeros(rows.shape[1]), spread, size=count, method="eigh")
        return np.asarray(rows[rng.integers(len(rows), size=count)] + noise)

    return Learner(fit, write)


def mixtures(components: int) -> Learner:
    """A Gaussian mixture for every class; the class is the last column of a row."""
    from sklearn.mixture import GaussianMixture

    def fit(rows: Array, rng: Generator) -> list[tuple[float, int, Any]]:
        classes = []
        for label, count in zip(*np.unique(rows[:, -1], return_counts=True), strict=True):
            own = rows[rows[:, -1] == label, :-1]
            mixture = GaussianMixture(
                min(components, len(own)), reg_covar=1e-3, random_state=int(rng.integers(2**31))
            )
            if len(own) > 1:
                classes.append((float(label), int(count), mixture.fit(own)))
        return classes

    def write(classes: list[tuple[float, int, Any]], count: int, rng: Generator) -> Array:
        weights = np.array([size for _, size, _ in classes], dtype=float)
        parts = []
        for (label, _, mixture), size in zip(
            classes, rng.multinomial(count, weights / weights.sum()), strict=True
        ):
            if size:
                mixture.random_state = int(rng.integers(2**31))
                parts.append(np.column_stack([mixture.sample(size)[0], np.full(size, label)]))
        return np.asarray(np.concatenate(parts)[rng.permutation(count)])

    return Learner(fit, write)


def words(order: int, length: int = 50) -> Learner:
    """An n-gram model without smoothing that writes documents of `length` words.

    A document starts with the first words of a random one it was trained on; a context that was
    never continued is followed by a word drawn from all.
    """

    def fit(documents: NDArray[Any], rng: Generator) -> tuple[list[tuple[str, ...]], dict[Any, list[str]]]:
        follows: dict[Any, list[str]] = {}
        starts = []
        for document in documents:
            text = document.split()
            starts.append(tuple(text[: order - 1]))
            for at in range(len(text)):
                if at >= order - 1:
                    follows.setdefault(tuple(text[at - order + 1 : at]), []).append(text[at])
                follows.setdefault(None, []).append(text[at])
        return starts, follows

    def write(model: Any, count: int, rng: Generator) -> NDArray[Any]:
        starts, follows = model
        every = follows[None]
        out = np.empty(count, dtype=object)
        for at in range(count):
            text = list(starts[rng.integers(len(starts))])
            for chance in rng.random(length - len(text)):
                nexts = follows.get(tuple(text[len(text) - order + 1 :]), every)
                text.append(nexts[int(chance * len(nexts))])
            out[at] = " ".join(text)
        return out

    return Learner(fit, write)


def documents(text: str, length: int = 50) -> NDArray[Any]:
    """The words of a text, cut into documents of so many."""
    import re

    every = re.findall(r"\w+", text.lower())
    cut = [" ".join(every[at : at + length]) for at in range(0, len(every) - length + 1, length)]
    return np.array(cut, dtype=object)
