"""The arrays of a recursion, against the twin's plain loops over flows."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import UnknownCount
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.regimes import Accumulate, Replace
from headwater.theory.system import build, has_known_counts
from tests.oracles import recursions
from tests.theory.graphs import everyone, everything, random_graph


def node_names(graph, system):
    return [graph.model_names[at] for at in system.models] + [
        graph.source_names[at] for at in system.archives
    ]


@pytest.mark.parametrize("seed", range(30))
def test_shares_and_start_are_those_of_the_twin(seed):
    """W over trained models, frozen models and archives; second moments of generation 0."""
    graph = random_graph(np.random.default_rng([7, seed]), weighted=True)
    system = build(graph, everyone(graph))
    twin = recursions.nodes(graph)
    order = [twin.index(name) for name in node_names(graph, system)]
    W = recursions.shares(graph)
    np.testing.assert_allclose(system.transition.toarray(), W[np.ix_(order, order)], atol=1e-15)
    start = system.start.second_moments(system.archive_size)
    expected = recursions.start(graph, 1.0)[np.ix_(order, order)]
    np.testing.assert_allclose(start, expected, atol=1e-15)
    rows = np.asarray(system.share.sum(axis=1)).ravel() + system.fresh_share
    np.testing.assert_allclose(rows, 1.0)


@pytest.mark.parametrize("seed", range(10))
def test_innovations_are_those_of_the_twin(seed):
    """Σ w²/n, less what drawing without replacement takes off."""
    graph = random_graph(np.random.default_rng([8, seed]), weighted=True)
    system = build(graph, everyone(graph))
    _, D = recursions.operator(graph, recursions.Asymptotic())
    size = len(recursions.nodes(graph))
    expected = np.diag(D.reshape(size, size))[system.trained]
    found = np.asarray(system.noise.sum(axis=1)).ravel() + system.source_noise
    np.testing.assert_allclose(found, expected, atol=1e-15)
    _, D = recursions.operator(graph, recursions.Asymptotic())


def test_counts_and_masses_of_one_batch():
    """Written out by hand for model a of the graph that has everything."""
    graph = everything(True)
    system = build(graph, everyone(graph))
    assert system.count[0] == system.budget[0] == 14
    assert system.mass[0] == pytest.approx(5 + 4 * 2 + 3 * 0.5 + 2 * 1.2)
    assert system.square_mass[0] == pytest.approx(5 + 4 * 4 + 3 * 0.25 + 2 * 1.44)
    assert system.fresh_share[0] == pytest.approx(1.5 / 16.9)
    pooled = build(graph, everyone(graph), archives_once=True)
    assert (pooled.count[0], pooled.budget[0]) == (12, 14)
    assert pooled.mass[0] == pytest.approx(5 + 8 + 1.5)


@pytest.mark.parametrize("seed", range(40))
def test_initial_training_sets_are_those_of_the_twin(seed):
    """Which archives a pool starts from, and how many fresh samples beside them."""
    graph = random_graph(np.random.default_rng([9, seed]), weighted=True)
    for regime, once in ((Replace(), False), (Accumulate(), True)):
        system = build(graph, everyone(graph), archives_once=once)
        draws = system.start.draws
        for at, model in enumerate(system.models):
            expected: dict[str | None, float] = {}
            for name, count, weight in recursions.first_records(graph, int(model), regime):
                expected[name] = expected.get(name, 0.0) + count * weight
            found: dict[str | None, float] = {}
            for draw in np.flatnonzero(draws.model == at):
                archive = draws.archive[draw]
                name = None if archive < 0 else graph.source_names[system.archives[archive]]
                found[name] = found.get(name, 0.0) + draws.samples[draw] * draws.weight[draw]
            assert found == pytest.approx(expected)


def test_unequal_weights_are_noticed():
    """Within one training set; not between models, and not a factor common to all flows."""
    assert build(everything(True), everyone(everything(True))).weighted
    assert not build(everything(False), everyone(everything(False))).weighted
    common = InteractionGraph.from_flows([("web", "a", 3, 2.0), ("a", "a", 4, 2.0), ("a", "b", 9)], ["web"])
    assert not build(common, everyone(common)).weighted


UNKNOWN = InteractionGraph.from_parts(
    [Source("web"), Source("book", "fixed"), Source("old", "fixed", 9)],
    [
        Model("plain"),
        Model("vague"),
        Model("heir"),
        Model("reader"),
        Model("starter", initial={"book": 4}),
        Model("vendor", external=True),
        Model("customer"),
        Model("fine", initial={"old": 3}),
    ],
    [
        Flow("web", "plain", 5),
        Flow("web", "vague"),
        Flow("vague", "heir", 5),
        Flow("book", "reader", 5),
        Flow("web", "starter", 5),
        Flow("vendor", "customer", 5),
        Flow("old", "fine", 2),
    ],
)


def test_counts_are_known_only_if_those_of_all_ancestors_are():
    """Flow counts, sizes of archives drawn from, and errors of external models."""
    known = dict(zip(UNKNOWN.model_names, has_known_counts(UNKNOWN).tolist(), strict=True))
    assert [name for name, is_known in known.items() if is_known] == ["plain", "fine"]


def test_an_unknown_count_is_not_guessed():
    """Asked for all the same, it says whose."""
    with pytest.raises(UnknownCount, match="'vague'") as caught:
        build(UNKNOWN, everyone(UNKNOWN))
    assert "assume" in caught.value.remedy


def test_models_that_are_left_out_change_nothing():
    """Any set that holds its own ancestors has the same numbers as the whole."""
    graph = InteractionGraph.from_flows(
        [("web", "a", 5), ("a", "b", 6), ("b", "b", 2), ("b", "c", 4), ("web", "c", 3)], ["web"]
    )
    keep = np.array([True, True, False])
    part, whole = build(graph, keep), build(graph, everyone(graph))
    np.testing.assert_array_equal(part.share.toarray(), whole.share.toarray()[:2, :2])
    np.testing.assert_array_equal(part.source_noise, whole.source_noise[:2])
    np.testing.assert_array_equal(part.start.noise, whole.start.noise[:2])
