"""Small graphs with everything that counts can enter, and a second route to their inflation."""

from __future__ import annotations

import itertools

import numpy as np

from headwater.graph import InteractionGraph, Model, Source


def loop(real=100, own=900, initial=None):
    """One model that learns from real data and from itself."""
    models = [] if initial is None else [Model("a", initial={"web": initial})]
    return InteractionGraph.from_flows([("web", "a", real), ("a", "a", own)], sources=["web"], models=models)


def two_loops(own=(1, 100_000), cross=1920):
    """A loop that feeds a second one: more of the second one's own output hurts first, and then helps."""
    rows = [("web", "a", 311), ("a", "a", 1607), ("web", "b", 362), ("a", "b", cross), ("b", "b", own)]
    return InteractionGraph.from_flows(rows, sources=["web"], models=[Model("a", initial={"web": 500})])


def small(rng, models=3, ranged=2, weighted=False, width=2.0):
    """A grounded graph of a few models with an archive, a frozen model and some counts within bounds."""
    rows = []
    for learner in range(models):
        rows.append(("web", learner, int(rng.integers(20, 400))))
        for provider in rng.choice(models, size=min(models, int(rng.integers(1, 4))), replace=False):
            rows.append((f"m{provider}", learner, int(rng.integers(50, 2000))))
        if rng.random() < 0.4:
            rows.append(("archive", learner, int(rng.integers(20, 400))))
        if rng.random() < 0.3:
            rows.append(("judge", learner, int(rng.integers(20, 400))))
    chosen = set(rng.choice(len(rows), size=min(ranged, len(rows)), replace=False).tolist())
    flows = []
    for at, (provider, learner, count) in enumerate(rows):
        low, high = max(1, int(count / rng.uniform(1, width))), int(count * rng.uniform(1, width))
        high = min(high, 900) if provider == "archive" else high
        weight = float(rng.uniform(0.3, 2)) if weighted else 1.0
        flows.append((provider, f"m{learner}", (low, max(low, high)) if at in chosen else count, weight))
    return InteractionGraph.from_flows(
        flows,
        sources=["web", Source("archive", "fixed", 1000)],
        models=[
            Model("m0", initial={"archive": 300}),
            *(Model(f"m{at}") for at in range(1, models)),
            Model("judge", frozen=True, initial={"archive": 200}),
        ],
    )


def inflation_of(graph, samples, generations):
    """(models,) risk over that of generation 0; 0 where there is none."""
    first, last = risks_of(graph, samples, generations)
    return last / np.where(first > 0, first, 1)


def risks_of(graph, samples, generations):
    """Two of (models,), at generation 0 and after so many; the limit by very many generations.

    By the recursion as it is written, node by node. The error of a draw from an archive of size S is
    that of the archive and a further 1/n - 1/S.
    """
    models, sources = len(graph.model_names), len(graph.source_names)
    weighted = np.zeros((models, models + sources))
    noise = np.zeros(models)
    budget = np.zeros(models)
    np.add.at(weighted, (graph.learner, graph.provider), samples * graph.weight)
    np.add.at(budget, graph.learner, samples)
    share = weighted / np.where(weighted.sum(axis=1) > 0, weighted.sum(axis=1), 1)[:, None]
    for learner, provider, count in zip(graph.learner, graph.provider, samples, strict=True):
        own = share[learner, provider] ** 2
        size = graph.size[provider - models] if provider >= models else np.nan
        noise[learner] += own * (1 / count - (0 if np.isnan(size) else 1 / size))
    step = np.eye(models + sources)
    step[:models] = np.where(graph.frozen[:, None], step[:models], share)
    step[:, models:][:, ~graph.fixed] = 0
    start = np.diag(
        np.concatenate([np.zeros(models), np.where(graph.fixed, 1 / np.where(graph.fixed, graph.size, 1), 0)])
    )
    given = dict(zip(graph.initial_model.tolist(), range(len(graph.initial_model)), strict=True))
    load = np.eye(models + sources)
    load[:models] = 0
    apart = np.zeros(models + sources)
    for model in range(models):
        at = given.get(model)
        if at is None:
            apart[model] = 1 / budget[model]
            continue
        source, count = graph.initial_source[at], graph.initial_samples[at]
        if graph.fixed[source]:
            load[model, models + source] = 1
            apart[model] = 1 / count - 1 / graph.size[source]
        else:
            apart[model] = 1 / count
    moments = load @ start @ load.T + np.diag(apart)
    first = np.diagonal(moments).copy()
    added = np.diag(np.concatenate([np.where(graph.frozen, 0, noise), np.zeros(sources)]))
    for _ in range(4000 if generations is None else generations):
        moments = step @ moments @ step.T + added
    return first[:models], np.diagonal(moments)[:models].copy()


def grid_of(graph, points):
    """(settings, flows) every combination of so many counts, end to end, of each range."""
    middle = graph.with_samples_at("middle").samples
    axes = [np.geomspace(low, high, points) for _, (low, high) in sorted(graph.ranges.items())]
    settings = np.repeat(middle[None], points ** len(axes), axis=0)
    settings[:, sorted(graph.ranges)] = list(itertools.product(*axes))
    return settings
