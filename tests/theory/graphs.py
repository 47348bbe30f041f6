"""The graphs that the tests of the theory run over, small so that large-sample errors are large.

`everything` has one of each kind by hand; `random_graph` mixes the kinds: cycles, chains,
self-loops, several components, frozen models, archives taken in part and whole, `initial` given
or not, weights, budgets that differ.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from headwater.graph import Flow, InteractionGraph, Model, Source

FOUR = [[0, 30, 0, 0], [40, 0, 0, 0], [0, 20, 10, 0], [0, 0, 25, 15]]
CUT_OFF, RESCUED = (0, 0, 10, 20), (3, 0, 10, 20)
FOUR_TAILS = [[0, 1000, 0, 0], [1200, 0, 0, 0], [0, 500, 300, 0], [0, 0, 800, 400]]


def dense(counts, real) -> InteractionGraph:
    """Trained models a, b, ... with counts (row takes from column) and fresh real samples."""
    names = [chr(ord("a") + at) for at in range(len(counts))]
    flows = [Flow(names[j], names[i], int(counts[i][j])) for i, j in zip(*np.nonzero(counts), strict=True)]
    flows += [Flow("web", name, int(count)) for name, count in zip(names, real, strict=True) if count]
    return InteractionGraph.from_parts([Source("web")], [Model(name) for name in names], flows)


def everything(weighted: bool) -> InteractionGraph:
    """A cycle, a shared archive met in every way, a frozen model, weights; budgets of 11 to 16."""
    flows = [
        Flow("a", "a", 5, 1.0),
        Flow("b", "a", 4, 2.0),
        Flow("web", "a", 3, 0.5),
        Flow("book", "a", 2, 1.2),
        Flow("a", "b", 6),
        Flow("book", "b", 5, 1.5),
        Flow("b", "c", 5),
        Flow("c", "c", 4),
        Flow("z", "c", 4, 3.0),
        Flow("book", "c", 3, 0.7),
    ]
    if not weighted:
        flows = [Flow(flow.provider, flow.model, flow.samples) for flow in flows]
    models = [
        Model("a"),
        Model("b", initial={"book": 6, "web": 3}),
        Model("c", initial={"web": 8}),
        Model("z", frozen=True, initial={"book": 7}),
    ]
    return InteractionGraph.from_parts([Source("web"), Source("book", "fixed", 12)], models, flows)


def ring(size: int, samples: int, real: int = 0) -> InteractionGraph:
    """Each model takes `samples` from the one before it; `real` of those of model a are real instead."""
    counts = np.roll(np.eye(size, dtype=int), 1, axis=1) * samples
    counts[0] = counts[0] * (samples - real) // samples
    return dense(counts, [real] + [0] * (size - 1))


def everyone(graph: InteractionGraph) -> NDArray[np.bool_]:
    """Every model kept."""
    return np.ones(len(graph.model_names), dtype=bool)


def in_order(graph: InteractionGraph, system, columns):
    """Columns of ``system.models`` in the graph's order of models."""
    table = np.empty_like(columns)
    table[..., system.models] = columns
    return table


def random_graph(
    rng: Generator, weighted: bool = False, archives: bool = True, least: int = 2, real: float = 0.5
) -> InteractionGraph:
    """Two to six models; budgets from `least` up; each model has real data with chance `real`."""
    size = int(rng.integers(2, 7))
    names = [f"m{at}" for at in range(size)]
    frozen = rng.random(size) < 0.15
    sources = [Source("web"), Source("lab")]
    if archives:
        sources += [Source("book", "fixed", int(rng.integers(8, 16))), Source("page", "fixed", 5)]
    room = {source.name: source.size or 20 for source in sources}
    flows = []
    for learner in np.flatnonzero(~frozen):
        providers = [name for name in names if rng.random() < 0.3]
        providers += [name for name in room if rng.random() < real / 2]
        for name in providers or [names[int(rng.integers(size))]]:
            most = room.get(name, 15)
            # every so often a whole archive, which brings no sampling noise
            count = (
                most
                if rng.random() < 0.3 and name in room
                else int(rng.integers(least, max(most, least) + 1))
            )
            flows.append(
                Flow(name, names[learner], count, round(rng.uniform(0.4, 2.5), 3) if weighted else 1.0)
            )
    models = []
    for name, ice in zip(names, frozen, strict=True):
        initial = {}
        if ice or rng.random() < 0.4:
            for source in rng.permutation(list(room))[: int(rng.integers(1, 3))]:
                initial[str(source)] = int(rng.integers(least, room[str(source)] + 1))
        models.append(Model(name, bool(ice), initial=initial))
    return InteractionGraph.from_parts(sources, models, flows)
