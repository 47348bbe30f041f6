"""Second moments, sample by sample of bookkeeping: loops and dense matrices, no cleverness.

`moments` writes every model's error as a sum of uncorrelated *shocks* (an archive's own
error, the sampling error of one flow in one generation, ...), whatever the regime. A
shock's variance is known the moment it happens, so second moments are sums over shocks.
`replace`, `operator` and `steady_state` are the matrix recursion instead, and `least_squares` has
no other. What the two say where both apply is compared in the tests. Nothing here draws a
number; conditions, ancestry and tails are in `chains`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headwater.graph import Flow, InteractionGraph
from headwater.regimes import Accumulate, AccumulateSubsample, Regime, Replace, Window

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Asymptotic:
    """Any regular estimator, many samples: sampling noise is that of real data."""

    variance: float = 1.0


@dataclass(frozen=True)
class Quadratic:
    """A mean, where a model that errs by e has expected variance `variance` + v2 e²."""

    variance: float
    v2: float


@dataclass(frozen=True)
class Gaussian:
    """Mean and variance fitted; squares are divided by Σω - ddof Σω²/Σω."""

    variance: float
    ddof: int


DIVERSITY = Quadratic(1.0, -1.0)
"""Gini-Simpson: a model's expected diversity over that of the truth is 1 - its second moment."""

Law = Asymptotic | Quadratic | Gaussian


# -- the graph, as plain dictionaries ------------------------------------------------------------


def flows_into(graph: InteractionGraph, model: str) -> list[Flow]:
    """The flows of one model."""
    return [flow for flow in graph.flows if flow.model == model]


def archive_sizes(graph: InteractionGraph) -> dict[str, int]:
    """Size of every fixed source."""
    return {source.name: source.size or 0 for source in graph.sources if source.sampling == "fixed"}


def budget(graph: InteractionGraph, model: str) -> int:
    """N_i: the samples all flows of a model bring."""
    return sum(flow.samples or 0 for flow in flows_into(graph, model))


def first_records(graph: InteractionGraph, at: int, regime: Regime) -> list[tuple[str | None, int, float]]:
    """What generation 0 is fitted on: (archive or None for fresh, count, weight of each)."""
    model = list(graph.models)[at]
    archives = archive_sizes(graph)
    records: list[tuple[str | None, int, float]] = [
        (source if source in archives else None, count, 1.0) for source, count in model.initial.items()
    ]
    fresh = 0 if model.initial else budget(graph, model.name)
    if isinstance(regime, Accumulate | AccumulateSubsample):
        for flow in flows_into(graph, model.name):
            if flow.provider in archives and flow.provider not in model.initial:
                records.append((flow.provider, flow.samples or 0, flow.weight))
                fresh -= 0 if model.initial else flow.samples or 0
    if fresh:
        records.append((None, fresh, 1.0))
    return records


# -- any regime: errors as sums of shocks --------------------------------------------------------


@dataclass(frozen=True)
class Records:
    """Some records, summed up: enough to know the moments of whatever is fitted to them."""

    error: Array  # (shocks,) their weighted mean error, as a sum of shocks
    weight: float  # Σω
    squared_weight: float  # Σω²
    count: int
    square: float  # Σ ω E(x - m)², m the truth


@dataclass
class Shocks:
    """What can happen to an error, once, and how large: uncorrelated, of mean zero."""

    variance: Array
    happened: int = 0

    def happens(self, variance: float) -> Array:
        """A new shock, as a sum of shocks: itself, once."""
        self.variance[self.happened] = variance
        self.happened += 1
        return np.eye(1, len(self.variance), self.happened - 1)[0]

    def expected(self, first: Array, second: Array) -> float:
        """Expected product of two sums of shocks."""
        return float((first * second * self.variance).sum())


def moments(graph: InteractionGraph, law: Law, regime: Regime, generations: int) -> tuple[Array, Array]:
    """G, (generations + 1, models, models), and expected within-model variance (generations + 1, models)."""
    if graph.external.any():
        raise ValueError("the error of an external model is unknown")
    models = list(graph.models)
    most = (generations + 1) * (len(graph.provider) + len(models))
    shocks = Shocks(np.zeros(most + len(graph.initial_model) + len(graph.source_names)))
    archives = {
        name: (shocks.happens(law.variance / size), size) for name, size in archive_sizes(graph).items()
    }
    training = []
    for at in range(len(models)):
        first = first_records(graph, at, regime)
        training.append(_union([_real(law, shocks, archives.get(name or ""), n, w) for name, n, w in first]))
    kept = [[first] for first in training]
    second_moments = [_second_moments(training, shocks)]
    inners = [[_inner(each, law, second_moments[0][at, at]) for at, each in enumerate(training)]]

    def brought(flow: Flow) -> Records | None:
        """What a flow brings in the generation that begins; nothing if the pool has the archive already."""
        if flow.provider in graph.model_index:
            provider = graph.model_index[flow.provider]
            variance = inners[-1][provider]
            around_truth = variance + second_moments[-1][provider, provider]
            return _synthetic(shocks, before[provider].error, variance, around_truth, flow)
        if flow.provider in archives and not isinstance(regime, Replace | Window):
            return None
        return _real(law, shocks, archives.get(flow.provider), flow.samples or 0, flow.weight)

    for _ in range(generations):
        before, training, inner = training, list(training), list(inners[-1])
        trained = [at for at, model in enumerate(models) if not model.frozen]
        for at in trained:
            parts = [brought(flow) for flow in flows_into(graph, models[at].name)]
            new = [part for part in parts if part is not None]
            kept[at] = _keep(kept[at] + ([_union(new)] if new else []), regime)
            training[at] = _union(kept[at])
            if isinstance(regime, AccumulateSubsample):
                training[at] = _subsample(training[at], budget(graph, models[at].name), law, shocks)
        second_moments.append(_second_moments(training, shocks))
        for at in trained:
            inner[at] = _inner(training[at], law, second_moments[-1][at, at])
        inners.append(inner)
    return np.array(second_moments), np.array(inners)


def _real(law: Law, shocks: Shocks, archive: tuple[Array, int] | None, count: int, weight: float) -> Records:
    """Fresh, or without replacement from an archive: each record by itself is a real sample."""
    if archive is None:
        error = shocks.happens(law.variance / count)
    else:
        error = archive[0] + shocks.happens(law.variance * (1 / count - 1 / archive[1]))
    return Records(error, weight * count, weight**2 * count, count, weight * count * law.variance)


def _synthetic(shocks: Shocks, error: Array, variance: float, around_truth: float, flow: Flow) -> Records:
    """Drawn from a model that errs by `error` and has the expected variance `variance`."""
    count, weight = flow.samples or 0, flow.weight
    error = error + shocks.happens(variance / count)
    return Records(error, weight * count, weight**2 * count, count, weight * count * around_truth)


def _keep(batches: list[Records], regime: Regime) -> list[Records]:
    if isinstance(regime, Replace):
        return batches[-1:]
    if isinstance(regime, Window):
        return batches[-regime.generations :]
    return [_union(batches)]


def _second_moments(training: list[Records], shocks: Shocks) -> Array:
    return np.array([[shocks.expected(one.error, other.error) for other in training] for one in training])


def _union(parts: list[Records]) -> Records:
    weight = sum(part.weight for part in parts)
    return Records(
        sum((part.weight * part.error for part in parts), np.zeros(())) / weight,
        weight,
        sum(part.squared_weight for part in parts),
        sum(part.count for part in parts),
        sum(part.square for part in parts),
    )


def _subsample(pool: Records, budget: int, law: Law, shocks: Shocks) -> Records:
    """Some records of a pool, by chance: they vary as the pool does among itself (divisor count - 1)."""
    if not np.isclose(pool.weight**2, pool.squared_weight * pool.count):
        raise ValueError("a weighted mean of records drawn at random is a ratio: it has no exact moments")
    count = min(budget, pool.count)
    if count == pool.count:
        return pool
    spread = law.variance
    if not isinstance(law, Asymptotic):
        second_moment = shocks.expected(pool.error, pool.error)
        spread = (pool.square / pool.weight - second_moment) * pool.count / (pool.count - 1)
    share = count / pool.count
    return Records(
        pool.error + shocks.happens(spread * (1 / count - 1 / pool.count)),
        pool.weight * share,
        pool.squared_weight * share,
        count,
        pool.square * share,
    )


def _inner(training: Records, law: Law, second_moment: float) -> float:
    match law:
        case Asymptotic():
            return law.variance
        case Quadratic():
            return law.variance + law.v2 * second_moment
        case Gaussian():
            divisor = training.weight - law.ddof * training.squared_weight / training.weight
            return (training.square - training.weight * second_moment) / divisor


# -- replace: the matrix recursion ---------------------------------------------------------------


def nodes(graph: InteractionGraph) -> list[str]:
    """Who has an error: the models, then the archives."""
    return [*graph.model_names, *archive_sizes(graph)]


def persistent(graph: InteractionGraph) -> list[bool]:
    """(nodes,) whether the error never changes: frozen models and archives."""
    return [bool(frozen) for frozen in graph.frozen] + [True] * len(archive_sizes(graph))


def shares(graph: InteractionGraph) -> Array:
    """W over nodes; a persistent node keeps its own error. Fresh sources err by nothing."""
    node = {name: at for at, name in enumerate(nodes(graph))}
    W = np.zeros((len(node), len(node)))
    for at, keeps in enumerate(persistent(graph)):
        W[at, at] = keeps
    for flow in graph.flows:
        if flow.provider in node:
            W[node[flow.model], node[flow.provider]] = share(graph, flow)
    return W


def share(graph: InteractionGraph, flow: Flow) -> float:
    """w_ij of one flow."""
    total = sum((each.samples or 0) * each.weight for each in flows_into(graph, flow.model))
    return (flow.samples or 0) * flow.weight / total


def start(graph: InteractionGraph, variance: float) -> Array:
    """G(0) over nodes, for a variance of one sample."""
    archives = archive_sizes(graph)
    names = nodes(graph)
    loads = np.zeros((len(names), len(archives)))  # how much of each archive's error a node has
    own = np.zeros(len(names))
    for at in range(len(names)):
        if at >= len(graph.model_names):
            loads[at, at - len(graph.model_names)] = 1.0
            continue
        first = first_records(graph, at, Replace())
        total = sum(count for _, count, _ in first)
        for source, count, _ in first:
            if source is None:
                own[at] += (count / total) ** 2 * variance / count
            else:
                loads[at, list(archives).index(source)] += count / total
                own[at] += (count / total) ** 2 * variance * (1 / count - 1 / archives[source])
    G = np.zeros((len(names), len(names)))
    for i in range(len(names)):
        for k in range(len(names)):
            for a, size in enumerate(archives.values()):
                G[i, k] += loads[i, a] * loads[k, a] * variance / size
        G[i, i] += own[i]
    return G


def operator(graph: InteractionGraph, law: Asymptotic | Quadratic) -> tuple[Array, Array]:
    """The second moments' map G -> L(G) + D, as a (nodes², nodes²) matrix and a (nodes²,) vector."""
    W = shares(graph)
    size = len(W)
    node = {name: at for at, name in enumerate(nodes(graph))}
    archives = archive_sizes(graph)
    L = np.zeros((size, size, size, size))
    D = np.zeros((size, size))
    for i in range(size):
        for k in range(size):
            for j in range(size):
                for m in range(size):
                    L[i, k, j, m] = W[i, j] * W[k, m]
    for flow in graph.flows:
        i, count = node[flow.model], flow.samples or 0
        noise = share(graph, flow) ** 2 / count
        if flow.provider in graph.model_index:
            j = node[flow.provider]
            L[i, i, j, j] += noise * (law.v2 if isinstance(law, Quadratic) else 0.0)
        elif flow.provider in archives:
            noise = share(graph, flow) ** 2 * (1 / count - 1 / archives[flow.provider])
        D[i, i] += noise * law.variance
    return L.reshape(size**2, size**2), D.reshape(size**2)


def replace(graph: InteractionGraph, law: Asymptotic | Quadratic, generations: int) -> Array:
    """G at every generation, (generations + 1, models, models)."""
    L, D = operator(graph, law)
    return iterate(L, D, start(graph, law.variance), generations, len(graph.model_names))


def iterate(L: Array, D: Array, G: Array, generations: int, models: int) -> Array:
    """The map applied again and again; the models' block of every step."""
    path = [G]
    for _ in range(generations):
        path.append((L @ path[-1].ravel() + D).reshape(G.shape))
    return np.array(path)[:, :models, :models]


def radius(graph: InteractionGraph, L: Array) -> float:
    """Spectral radius of the map, over pairs of trained models."""
    changing = ~np.array(persistent(graph))
    pair = np.outer(changing, changing).ravel()
    return float(abs(np.linalg.eigvals(L[np.ix_(pair, pair)])).max(initial=0.0))


def share_radius(graph: InteractionGraph) -> float:
    """Spectral radius of W between trained models."""
    changing = ~np.array(persistent(graph))
    return float(abs(np.linalg.eigvals(shares(graph)[np.ix_(changing, changing)])).max(initial=0.0))


def steady_state(graph: InteractionGraph, L: Array, D: Array, G: Array) -> Array:
    """Where the map settles from `G`, (models, models): pairs that never change stay."""
    still = np.outer(persistent(graph), persistent(graph)).ravel()
    x = np.where(still, G.ravel(), 0.0)
    moving = ~still
    right = L[np.ix_(moving, still)] @ x[still] + D[moving]
    x[moving] = np.linalg.solve(np.eye(moving.sum()) - L[np.ix_(moving, moving)], right)
    models = len(graph.model_names)
    return x.reshape(G.shape)[:models, :models]


# -- least squares -------------------------------------------------------------------------------


def pooled_coefficients(counts: Array, features: int) -> Array:
    """c_jl of one model: what is left of e_j · e_l after pooled least squares on `counts`."""
    d, N = features, counts.sum()
    below = N * (N + 2) * (N - 1) * (N - d - 1)
    c = np.empty((len(counts), len(counts)))
    for j, n_j in enumerate(counts):
        for m, n_m in enumerate(counts):
            c[j, m] = n_j * n_m * (N * N - 2 * N * d - N + 2) / below
        c[j, j] = n_j * ((N * N - N + 2) * (n_j + d + 1) - 2 * N * d * n_j - 4 * N) / below
    return c


def least_squares(graph: InteractionGraph, features: int, sigma: float) -> tuple[Array, Array, Array]:
    """L, D and G(0) for excess prediction error. Replace, fresh sources, one weight a model."""
    if graph.fixed.any():
        raise ValueError("an archive's design is used again, and the law wants a new one")
    size = len(graph.model_names)
    W = shares(graph)
    L = np.zeros((size, size, size, size))
    D, G = np.zeros((size, size)), np.zeros((size, size))
    for i, model in enumerate(graph.models):
        flows = flows_into(graph, model.name)
        if len({flow.weight for flow in flows}) > 1:
            raise ValueError("the law wants one weight for all samples of a model")
        first = sum(count for _, count, _ in first_records(graph, i, Replace()))
        G[i, i] = sigma**2 * features / (first - features - 1)
        L[i] = np.einsum("j,km->kjm", W[i], W)
        if model.frozen:
            continue
        counts = np.array([flow.samples or 0 for flow in flows], float)
        c = pooled_coefficients(counts, features)
        for a, flow in enumerate(flows):
            for b, other in enumerate(flows):
                if flow.provider in graph.model_index and other.provider in graph.model_index:
                    j, m = graph.model_index[flow.provider], graph.model_index[other.provider]
                    L[i, i, j, m] = c[a, b]
        D[i, i] = sigma**2 * features / (counts.sum() - features - 1)
    return L.reshape(size**2, size**2), D.reshape(size**2), G
