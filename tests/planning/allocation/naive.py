"""The slow way: dense recursions written out, the limit by one linear system, every whole number tried."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

GENERATIONS = 12


def worst(samples, added, archive=None, start=None, quantity="inflation"):
    """Worst value over models, at generation 12 and in the limit, when `added` real samples join.

    samples: (models, models + 1), row takes from column, the last column fresh real data.
    archive: samples that each model takes from one archive of 1,000; start: initial samples.
    """
    samples = np.asarray(samples, dtype=float)
    models = len(samples)
    drawn = np.zeros(models) if archive is None else np.asarray(archive, dtype=float)
    fresh = samples[:, -1] + added
    budget = samples[:, :-1].sum(axis=1) + fresh + drawn
    W = np.zeros((models + 1, models + 1))
    W[:models, :models] = samples[:, :-1] / budget[:, None]
    W[:models, -1] = drawn / budget
    W[-1, -1] = 1
    if np.abs(np.linalg.eigvals(W[:models, :models])).max() > 1 - 1e-9:
        return math.inf
    from_models = samples[:, :-1] / budget[:, None] ** 2
    from_real = fresh / budget**2 + drawn / budget**2 - (drawn / budget) ** 2 / 1000
    kappa = 0 if quantity == "inflation" else -1
    G = np.zeros((models + 1, models + 1))
    first = budget if start is None else np.asarray(start, dtype=float)
    G[range(models), range(models)] = 1 / first
    G[-1, -1] = 1 / 1000
    zero = np.diagonal(G)[:models].copy()
    for _ in range(GENERATIONS):
        error = np.diagonal(G)[:models]
        G = W @ G @ W.T
        G[range(models), range(models)] += from_models @ (1 + kappa * error) + from_real
    values = [np.diagonal(G)[:models], _settled(W, from_models, from_real, kappa)]
    return max((each / zero if quantity == "inflation" else each).max() for each in values)


def _settled(W, from_models, from_real, kappa):
    """Diagonal of the G with G = W G W' + D(G), the archive's own entry held, by one linear system."""
    size = len(W)
    matrix, right = np.eye(size * size) - np.kron(W, W), np.zeros(size * size)
    for i in range(size - 1):
        right[i * size + i] = from_models[i].sum() + from_real[i]
        for j in range(size - 1):
            matrix[i * size + i, j * size + j] -= kappa * from_models[i, j]
    matrix[-1] = 0
    matrix[-1, -1], right[-1] = 1, 1 / 1000
    return np.diagonal(np.linalg.solve(matrix, right).reshape(size, size))[:-1]


def spendings(places, caps, total):
    """Every way to put exactly `total` samples into so many places."""
    for tried in itertools.product(*(range(min(cap, total) + 1) for cap in caps[:-1])):
        rest = total - sum(tried)
        if 0 <= rest <= caps[-1]:
            yield (*tried, rest)
    assert places == len(caps)


def seeds(first: int, quick: int, last: int) -> list[object]:
    """Seeds of random graphs: those before `quick` are tried every time, the rest with the slow tests."""
    rest = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(quick, last)]
    return [*range(first, quick), *rest]
