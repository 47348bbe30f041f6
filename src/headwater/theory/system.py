"""The arrays a second-moment recursion needs, taken from an interaction graph.

Nodes are numbered: trained models, then frozen models, then archives (fixed sources), each
in the graph's order. Frozen models and archives are persistent: their error is drawn once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headwater.errors import UnknownCount
from headwater.graph import InteractionGraph
from headwater.grounding import reachable

Array = NDArray[np.float64]
Index = NDArray[np.int32]
Flag = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Draws:
    """Real samples that models start from, one entry a draw.

    Attributes
    ----------
    model : (draws,)
        Position of the model among the system's.
    archive : (draws,)
        Position of the archive, or -1 for fresh samples.
    samples, weight : (draws,)
        How many, and the loss weight of each.
    """

    model: Index
    archive: Index
    samples: Array
    weight: Array


@dataclass(frozen=True)
class Start:
    r"""Generation 0: every model is fitted on real samples.

    Attributes
    ----------
    archive_share : (models, archives) sparse
        Share of each archive in the initial training set, by weighted samples.
    noise : (models,)
        :math:`\sum_s w_s^2/n_s` over fresh sources, plus :math:`w_s^2(1/n_s - 1/S_s)` over archives.
    count : (models,)
        Samples in the initial training set.
    mass, square_mass : (models,)
        Sums of their weights and of the squares of their weights.
    draws
        The initial training sets, draw by draw.
    """

    archive_share: sparse.csr_array
    noise: Array
    count: Array
    mass: Array
    square_mass: Array
    draws: Draws

    def risk(self, archive_size: Array) -> Array:
        """(models,) second moment of each model's error at generation 0, likewise."""
        squares = self.archive_share.multiply(self.archive_share)
        return np.asarray(self.noise + squares @ (1 / archive_size))

    def second_moments(self, archive_size: Array) -> Array:
        """(nodes, nodes) second moments of all errors at generation 0, in units of the variance."""
        archives = len(archive_size)
        loading = sparse.vstack([self.archive_share, sparse.eye_array(archives)]).toarray()
        moments: Array = (loading / archive_size) @ loading.T
        moments[np.arange(len(self.noise)), np.arange(len(self.noise))] += self.noise
        return moments


@dataclass(frozen=True)
class System:
    r"""Shares and noise of one generation's batch, in the units of the population's variance.

    Attributes
    ----------
    trained, frozen : (T,), (F,)
        Numbers of the models in the graph.
    archives : (A,)
        Numbers of the fixed sources in the graph.
    share : (T, T + F + A) sparse
        :math:`w_{ij}`; with ``fresh_share`` each row sums to 1 (or is empty: no batch).
    fresh_share : (T,)
        Share of fresh sources.
    noise : (T, T + F) sparse
        :math:`w_{ij}^2/n_{ij}`: the innovation per unit of provider j's variance.
    source_noise : (T,)
        The innovation that sources bring, per unit of the population's variance.
    count : (T,)
        Samples of a batch.
    mass, square_mass : (T,)
        Sums of the batch's weights and squared weights.
    budget : (T,)
        Samples of all flows, those from archives included.
    samples : (T, T + F + A) sparse
        Samples per provider, unweighted.
    """

    graph: InteractionGraph
    trained: Index
    frozen: Index
    archives: Index
    share: sparse.csr_array
    fresh_share: Array
    noise: sparse.csr_array
    source_noise: Array
    count: Array
    mass: Array
    square_mass: Array
    budget: Array
    samples: sparse.csr_array
    archive_size: Array
    start: Start

    @property
    def models(self) -> Index:
        """(T + F,) numbers of the models in the graph, trained ones first."""
        return np.concatenate([self.trained, self.frozen])

    @property
    def nodes(self) -> int:
        """Trained models, frozen models and archives."""
        return len(self.trained) + len(self.frozen) + len(self.archives)

    @property
    def weighted(self) -> bool:
        """Whether samples of one training set differ in weight."""
        with np.errstate(invalid="ignore"):
            uneven = self.mass**2 < self.square_mass * self.count * (1 - 1e-12)
            start = self.start
            uneven_start = start.mass**2 < start.square_mass * start.count * (1 - 1e-12)
        return bool(uneven.any() or uneven_start.any())

    @property
    def transition(self) -> sparse.csr_array:
        """(nodes, nodes): errors of a batch from errors of a generation ago; persistent rows stay."""
        trained = len(self.trained)
        stay = sparse.eye_array(self.nodes - trained, self.nodes, k=trained)
        return sparse.csr_array(sparse.vstack([self.share, stay]))


def summed(groups: NDArray[np.integer], values: Array, size: int) -> Array:
    """(size,) sums of `values` by group."""
    totals: Array = np.bincount(groups, values, size).astype(float, copy=False)
    return totals


def has_known_counts(graph: InteractionGraph) -> Flag:
    """(models,) bool: every count and archive size is known for the model and all its ancestors.

    External models and their descendants are left out: their error is unknown. So are learners of
    biased flows and theirs: the laws are for providers that emit what they learned.
    """
    models = len(graph.model_names)
    from_source = graph.provider >= models
    unknown = graph.external.copy()
    unknown[graph.learner[list(graph.emissions)]] = True
    unknown[graph.learner[np.isnan(graph.samples)]] = True
    unsized = graph.fixed & np.isnan(graph.size)
    drawn = np.flatnonzero(from_source)
    unknown[graph.learner[drawn[unsized[graph.provider[drawn] - models]]]] = True
    unknown[graph.initial_model[unsized[graph.initial_source]]] = True
    return ~reachable(graph, np.flatnonzero(unknown))


def build(graph: InteractionGraph, keep: Flag, archives_once: bool = False) -> System:
    """The system of the models in `keep`, which must hold every ancestor of its own.

    Parameters
    ----------
    keep : (models,) bool
        Models to keep.
    archives_once
        Regimes that pool: an archive enters the pool at generation 0 and no later batch. Of the
        samples of generation 0, when they are not given, as many come from each archive as flow
        from it.

    Raises
    ------
    UnknownCount
        If a count among `keep` is unknown.
    """
    if (keep & ~has_known_counts(graph)).any():
        name = graph.model_names[int(np.flatnonzero(keep & ~has_known_counts(graph))[0])]
        raise UnknownCount(
            f"risk of {name!r} needs counts that are unknown, or passes a biased flow",
            "give or assume the counts; simulate what is biased",
        )
    models = len(graph.model_names)
    trained = np.flatnonzero(keep & ~graph.frozen).astype(np.int32)
    frozen = np.flatnonzero(keep & graph.frozen).astype(np.int32)
    flows = np.flatnonzero(keep[graph.learner])
    archives = _archives_used(graph, keep, flows)

    node = np.full(models + len(graph.source_names), -1, dtype=np.int32)
    node[trained] = np.arange(len(trained))
    node[frozen] = np.arange(len(frozen)) + len(trained)
    node[models + archives] = np.arange(len(archives)) + len(trained) + len(frozen)

    budget = summed(node[graph.learner[flows]], graph.samples[flows], len(trained))
    start = _start(graph, keep, node, budget, archives, archives_once)
    if archives_once:
        flows = flows[node[graph.provider[flows]] < len(trained) + len(frozen)]
    row, provider = node[graph.learner[flows]], node[graph.provider[flows]]
    samples, weight = graph.samples[flows], graph.weight[flows]
    mass = summed(row, samples * weight, len(trained))
    share = samples * weight / mass[row]
    from_model = (provider >= 0) & (provider < len(trained) + len(frozen))
    fresh, archived = provider < 0, provider >= len(trained) + len(frozen)
    size = graph.size[archives]
    innovation = share**2 / samples
    innovation[archived] -= share[archived] ** 2 / size[provider[archived] - len(trained) - len(frozen)]
    nodes = len(trained) + len(frozen) + len(archives)

    def matrix(values: Array, where: Flag, columns: int) -> sparse.csr_array:
        ends = (row[where], provider[where])
        return sparse.csr_array((values[where], ends), shape=(len(trained), columns))

    return System(
        graph=graph,
        trained=trained,
        frozen=frozen,
        archives=archives,
        share=matrix(share, ~fresh, nodes),
        fresh_share=summed(row[fresh], share[fresh], len(trained)),
        noise=matrix(innovation, from_model, len(trained) + len(frozen)),
        source_noise=summed(row[~from_model], innovation[~from_model], len(trained)),
        count=summed(row, samples, len(trained)),
        mass=mass,
        square_mass=summed(row, samples * weight**2, len(trained)),
        budget=budget,
        samples=matrix(samples, ~fresh, nodes),
        archive_size=size,
        start=start,
    )


def _archives_used(graph: InteractionGraph, keep: Flag, flows: NDArray[np.intp]) -> Index:
    models = len(graph.model_names)
    used = np.zeros(len(graph.source_names), dtype=bool)
    providers = graph.provider[flows]
    used[providers[providers >= models] - models] = True
    used[graph.initial_source[keep[graph.initial_model]]] = True
    return np.flatnonzero(used & graph.fixed).astype(np.int32)


def _start(
    graph: InteractionGraph, keep: Flag, node: Index, budget: Array, archives: Index, archives_once: bool
) -> Start:
    """Generation 0, as rows (model, archive or -1, samples, weight)."""
    models = len(graph.model_names)
    first_archive = int(keep.sum())
    given = keep[graph.initial_model]
    row = [node[graph.initial_model[given]]]
    archive = [node[models + graph.initial_source[given]]]
    samples, weight = [graph.initial_samples[given]], [np.ones(given.sum())]
    explicit = np.zeros(first_archive, dtype=bool)
    explicit[row[0]] = True
    fresh = np.where(explicit[: len(budget)], 0, budget)
    if archives_once:
        flows = np.flatnonzero(keep[graph.learner])
        flows = flows[node[graph.provider[flows]] >= first_archive]
        ends = (node[graph.learner[flows]], node[graph.provider[flows]])
        nodes = first_archive + len(archives)
        named = row[0][archive[0] >= 0] * np.int64(nodes) + archive[0][archive[0] >= 0]
        again = np.isin(ends[0] * np.int64(nodes) + ends[1], named)
        row.append(ends[0][~again])
        archive.append(ends[1][~again])
        samples.append(graph.samples[flows[~again]])
        weight.append(graph.weight[flows[~again]])
        fresh = fresh - summed(ends[0], graph.samples[flows], len(budget)) * ~explicit[: len(budget)]
    default = np.flatnonzero(fresh > 0)
    row.append(default.astype(np.int32))
    archive.append(np.full(len(default), -1, dtype=np.int32))
    samples.append(fresh[default])
    weight.append(np.ones(len(default)))
    node_of = np.concatenate(archive)
    draws = Draws(
        model=np.concatenate(row),
        archive=np.where(node_of < 0, -1, node_of - first_archive).astype(np.int32),
        samples=np.concatenate(samples),
        weight=np.concatenate(weight),
    )
    return start_from(draws, graph.size[archives], first_archive)


def start_from(draws: Draws, size: Array, models: int) -> Start:
    """Generation 0 from its draws; `size` is that of each archive."""
    row, samples, weight = draws.model, draws.samples, draws.weight
    mass = summed(row, samples * weight, models)
    share = samples * weight / mass[row]
    noise = share**2 / samples
    drawn = draws.archive >= 0
    noise[drawn] -= share[drawn] ** 2 / size[draws.archive[drawn]]
    ends = (row[drawn], draws.archive[drawn])
    return Start(
        archive_share=sparse.csr_array((share[drawn], ends), shape=(models, len(size))),
        noise=summed(row, noise, models),
        count=summed(row, samples, models),
        mass=mass,
        square_mass=summed(row, samples * weight**2, models),
        draws=draws,
    )
