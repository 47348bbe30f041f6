"""The condition on a graph of millions, from an edge list, against networkx; and ancestry at that size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import edge_list
from benchmarks.edge_list import SOURCE_NAMES, TEACHER_NAMES, TEACHERS
from benchmarks.measure import GIB, Row, Watch, alone

RUNS = 3
QUICK_RUNS = 1


def run(quick: bool) -> Iterator[Row]:
    """Read, ground, list the causes and what they reach; then real share and depth."""
    models, flows = (20_000, 100_000) if quick else (2_000_000, 10_000_000)
    runs = QUICK_RUNS if quick else RUNS
    alone("edge_list:write", {"models": models, "flows": flows})
    path = edge_list.path_of(models, flows)
    files = [path.with_suffix(f".{side}.npz") for side in ("headwater", "networkx")]
    given = {"path": str(path), "models": models}
    ours, counts = alone("condition:with_headwater", {**given, "answer": str(files[0])}, runs)
    # One run: it takes minutes, beside which its spread is nothing.
    theirs, _ = alone("condition:with_networkx", {**given, "answer": str(files[1])})
    _assert_same(*(np.load(file) for file in files))
    for file in files:
        file.unlink()
    size = f"{models:,} models, {flows:,} flows"
    yield Row(
        "condition: file, statuses, causes, reach",
        f"{size} ({counts['grounded']:,} grounded, {counts['anchored']:,} anchored, "
        f"{counts['ungrounded']:,} ungrounded by {counts['causes']:,} components)",
        ours,
        theirs,
        "networkx",
        target=20,
        memory_target=3 * GIB,
    )
    side, checked = alone("condition:ancestry_of_all", given, runs)
    yield Row(
        "real share and depth of all models",
        size,
        side,
        memory_target=3 * GIB,
        note=f"in equations for depth: residual {checked['residual']:.0e}; graph read and grounded before",
    )


def with_headwater(path: str, models: int, answer: str) -> dict[str, Any]:
    """Statuses and causes, from the file on."""
    from headwater.edges import read_edges
    from headwater.grounding import ground

    watch = Watch()
    graph = _declare_external(read_edges(path, TEACHER_NAMES + SOURCE_NAMES), TEACHERS)
    grounding = ground(graph)
    causes = list(grounding.causes())
    measured = watch.stop()

    number = np.array([int(name[6:]) for name in graph.model_names[:models]])
    status, cause, reach = _blank(models)
    status[number] = grounding.status[:models]
    for members, reached in causes:
        cause[number[members]] = number[members].min()
        reach[number[members]] = len(reached)
    np.savez(answer, status=status, cause=cause, reach=reach)
    counts = np.bincount(status, minlength=3).tolist()
    return measured | dict(
        zip(("grounded", "anchored", "ungrounded"), counts, strict=True), causes=len(causes)
    )


def with_networkx(path: str, models: int, answer: str) -> dict[str, Any]:
    """The same with networkx, as one would write it."""
    import networkx as nx
    import pyarrow.parquet

    watch = Watch()
    table = pyarrow.parquet.read_table(path, columns=["from", "to"])
    graph = nx.DiGraph()
    graph.add_edges_from(zip(table["from"].to_pylist(), table["to"].to_pylist(), strict=True))
    outside = {*TEACHER_NAMES, *SOURCE_NAMES}
    causes = []
    for component in nx.strongly_connected_components(graph):
        entered = any(giver not in component for name in component for giver in graph.predecessors(name))
        if not entered and outside.isdisjoint(component):
            causes.append((component, component | nx.descendants(graph, next(iter(component)))))
    ungrounded = set().union(*(reached for _, reached in causes))
    anchored = {name for layer in nx.bfs_layers(graph, TEACHER_NAMES) for name in layer}
    measured = watch.stop()

    status, cause, reach = _blank(models)
    status[[int(name[6:]) for name in anchored if name.startswith("model")]] = 1
    status[[int(name[6:]) for name in ungrounded]] = 2
    for component, reached in causes:
        numbers = [int(name[6:]) for name in component]
        cause[numbers] = min(numbers)
        reach[numbers] = len(reached)
    np.savez(answer, status=status, cause=cause, reach=reach)
    return measured


def _blank(models: int) -> tuple[NDArray[np.int8], NDArray[np.int32], NDArray[np.int32]]:
    """Status of each model; of one in a cause the smallest number in it, and how many models it reaches."""
    return np.zeros(models, np.int8), np.full(models, -1, np.int32), np.zeros(models, np.int32)


def ancestry_of_all(path: str, models: int) -> dict[str, Any]:
    """Real share and depth, and how well they solve equations written down anew here."""
    from headwater.edges import read_edges
    from headwater.grounding import ground
    from headwater.theory.ancestry import ancestry

    graph = _declare_external(read_edges(path, TEACHER_NAMES + SOURCE_NAMES), TEACHERS)
    grounding = ground(graph)
    watch = Watch()
    found = ancestry(grounding, split=False)
    measured = watch.stop()

    count = len(graph.model_names)
    mass = graph.samples * graph.weight
    share = mass / np.bincount(graph.learner, mass, count)[graph.learner]
    settled = grounding.status[:models] < 2

    def residual(values: NDArray[np.float64], sources: float, step: float) -> float:
        """Largest error in ``value = step + sum of shares times values`` among settled models.

        It bounds the relative error of every depth: (I - W)^-1 is nonnegative and makes depth from 1.
        """
        given = np.concatenate([values, np.full(len(graph.source_names), sources)])[graph.provider]
        right = step + np.bincount(graph.learner, share * given, count)
        return float(np.abs(values[:models][settled] - right[:models][settled]).max())

    depth, real = residual(found.depth, 0.0, 1.0), residual(found.real_share, 1.0, 0.0)
    assert max(depth, real) < 1e-9, f"residuals {depth:.1e} (depth) and {real:.1e} (real share)"
    assert np.isinf(found.depth[:models][~settled]).all()
    return measured | {"residual": max(depth, real), "deepest": float(found.depth[:models][settled].max())}


def _declare_external(graph: Any, count: int) -> Any:
    """Make the first sources external models: an edge list cannot say so itself.

    Sources are numbered after the models, so the flows keep their numbers.
    """
    from headwater.graph import InteractionGraph

    external = np.zeros(len(graph.model_names) + count, dtype=bool)
    external[len(graph.model_names) :] = True
    return InteractionGraph(
        model_names=graph.model_names + graph.source_names[:count],
        source_names=graph.source_names[count:],
        frozen=external,
        external=external,
        fixed=graph.fixed[count:],
        size=graph.size[count:],
        provider=graph.provider,
        learner=graph.learner,
        samples=graph.samples,
        weight=graph.weight,
        initial_model=graph.initial_model,
        initial_source=graph.initial_source,
        initial_samples=graph.initial_samples,
    )


def _assert_same(ours: Any, theirs: Any) -> None:
    """Each model has the same status; the causes are the same components and reach as many models."""
    for what in ("status", "cause", "reach"):
        np.testing.assert_array_equal(ours[what], theirs[what], err_msg=what)
    assert len(np.unique(ours["status"])) == 3, "the graph lacks a status"
