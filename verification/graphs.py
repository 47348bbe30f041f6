"""The graphs that the claims are about: one of each kind, small enough that large-sample errors show.

`scale` multiplies every count: 1 gives budgets of 5 to 20 samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headwater.graph import Flow, InteractionGraph, Model, Source


def dense(counts: Sequence[Sequence[int]], real: Sequence[int]) -> InteractionGraph:
    """Models a, b, ...: row takes its counts from the columns, and fresh real samples."""
    names = [chr(ord("a") + at) for at in range(len(counts))]
    flows = [
        Flow(names[giver], names[taker], int(count))
        for taker, row in enumerate(counts)
        for giver, count in enumerate(row)
        if count
    ]
    flows += [Flow("web", name, int(count)) for name, count in zip(names, real, strict=True) if count]
    return InteractionGraph.from_parts([Source("web")], [Model(name) for name in names], flows)


def loop(samples: int, real: int = 0, weight: float = 1.0) -> InteractionGraph:
    """One model on its own samples and fresh real ones, which weigh `weight` each."""
    flows = [Flow("a", "a", samples)] if samples else []
    flows += [Flow("web", "a", real, weight)] if real else []
    return InteractionGraph.from_parts([Source("web")], [Model("a")], flows)


def ring(size: int, samples: int, real: int = 0) -> InteractionGraph:
    """Each model takes `samples` from the one before it; `real` of those of model a are real instead."""
    counts = samples * np.roll(np.eye(size, dtype=int), 1, axis=0)
    counts[0] = counts[0] * (samples - real) // samples
    return dense(counts.tolist(), [real] + [0] * (size - 1))


def complete(size: int, samples: int, itself: bool = True, real: int = 0) -> InteractionGraph:
    """Everybody takes `samples` in equal parts from everybody; `real` of those of model a are real."""
    givers = size if itself else size - 1
    counts = np.full((size, size), samples // givers)
    counts[np.diag_indices(size)] *= itself
    counts[0] = counts[0] * (samples - real) // samples
    return dense(counts.tolist(), [real] + [0] * (size - 1))


def star(leaves: int, samples: int) -> InteractionGraph:
    """A hub that learns from itself alone, and leaves that learn from the hub."""
    return dense([[samples] + [0] * leaves] * (leaves + 1), [0] * (leaves + 1))


def chain(samples: int, poisoned: int = 0) -> InteractionGraph:
    """A lone loop a beside a chain web, b, c, d; b takes `poisoned` of its samples from a."""
    counts = np.diag([samples, 0, 0, 0])
    counts[1, 0] = poisoned
    counts[2, 1] = counts[3, 2] = samples
    return dense(counts.tolist(), [0, samples - poisoned, 0, 0])


def with_archive(scale: int, whole: bool) -> InteractionGraph:
    """Two models on one archive, of which a takes a part every generation, and b all if `whole`.

    Their first samples come from it too, so that they start correlated.
    """
    flows = [
        Flow("book", "a", 5 * scale),
        Flow("a", "a", 3 * scale),
        Flow("b", "a", 3 * scale),
        Flow("book", "b", (8 if whole else 4) * scale),
        Flow("a", "b", 6 * scale),
    ]
    models = [
        Model("a", initial={"book": 6 * scale, "web": 3 * scale}),
        Model("b", initial={"book": 8 * scale}),
    ]
    return InteractionGraph.from_parts([Source("book", "fixed", 8 * scale), Source("web")], models, flows)


def with_frozen(scale: int) -> InteractionGraph:
    """A frozen model that two others learn from, one of them with real data."""
    flows = [
        Flow("z", "a", 6 * scale),
        Flow("b", "a", 6 * scale),
        Flow("a", "b", 6 * scale),
        Flow("z", "b", 3 * scale),
        Flow("web", "b", 4 * scale),
    ]
    models = [Model("z", frozen=True, initial={"web": 10 * scale}), Model("a"), Model("b")]
    return InteractionGraph.from_parts([Source("web")], models, flows)


def weighted(scale: int) -> InteractionGraph:
    """Flows of unequal loss weight, real and synthetic."""
    flows = [
        Flow("a", "a", 6 * scale, 0.5),
        Flow("b", "a", 4 * scale, 2.0),
        Flow("web", "a", 3 * scale, 1.5),
        Flow("a", "b", 8 * scale),
        Flow("b", "b", 5 * scale, 0.4),
    ]
    return InteractionGraph.from_parts([Source("web")], [Model("a"), Model("b")], flows)


def random_digraph(seed: int, scale: int = 1, most: int = 8) -> InteractionGraph:
    """Two to `most` models with one or two providers each; some have real data, some are cut off."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, most + 1))
    flows = []
    for taker in range(size):
        givers = rng.choice(size, int(rng.integers(1, 3)), replace=False)
        flows += [Flow(f"m{giver}", f"m{taker}", int(rng.integers(5, 9)) * scale) for giver in givers]
        if rng.random() < 0.15:
            flows.append(Flow("web", f"m{taker}", int(rng.integers(3, 7)) * scale))
    return InteractionGraph.from_parts([Source("web")], [Model(f"m{at}") for at in range(size)], flows)


def gallery(scale: int) -> dict[str, InteractionGraph]:
    """One graph of each kind, by what it is called in the table."""
    n = 12 * scale
    return {
        "lone loop": loop(n),
        "loop with real data": loop(8 * scale, 4 * scale),
        "ring of four": ring(4, n),
        "grounded ring of four": ring(4, n, 3 * scale),
        "complete graph of three": complete(3, n),
        "star": star(2, n),
        "chain with a poisoned edge": chain(n, 3 * scale),
        "random digraph, grounded": random_digraph(12, scale, 5),
        "random digraph, partly grounded": random_digraph(33, scale, 5),
        "random digraph, mostly cut off": random_digraph(7, scale, 5),
        "part of an archive": with_archive(scale, whole=False),
        "whole archive": with_archive(scale, whole=True),
        "frozen model": with_frozen(scale),
        "weights": weighted(scale),
    }
