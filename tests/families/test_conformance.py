"""Every family keeps the contract: shapes, shortcuts, pooling, repeatable draws, no crash."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from headwater import InteractionGraph, Pipeline, simulate
from headwater.emission import Emission
from headwater.families import registry
from headwater.families.contract import Ask, Measure
from headwater.regimes import Accumulate, AccumulateSubsample, Window
from tests.families.conformance import INSTANCES

EVERY = pytest.mark.parametrize("name", INSTANCES)
SLOW = {"gaussian-mixture", "estimator"}
EMISSIONS = {"temperature": 0.5, "top_p": 0.7, "variance": 0.5, "keep_right": 0.9, "keep_wrong": 0.2}


def fitted(family, how, n, replicates, rng):
    """Models from `n` real samples, told of in one of two ways."""
    truth = family.truth(replicates)
    if how == "draw":
        return family.fit(family.draw(truth, Ask(n), rng), rng)
    return family.fit(family.tell(family.records(truth, Ask(n), rng)), rng)


def test_every_family_that_has_a_name_is_here():
    assert {INSTANCES[name]().name for name in INSTANCES} >= set(registry.FAMILIES)


@EVERY
def test_measures_are_numbers_a_replicate_and_risk_is_the_first(name):
    family, rng = INSTANCES[name](), np.random.default_rng(1)
    model = fitted(family, "draw", 30, 5, rng)
    assert next(iter(family.measures)) == "risk"
    for each, about in family.measures.items():
        values = family.measure(model, each)
        assert isinstance(about, Measure)
        assert about.units
        assert values.shape == (5,)
        assert values.dtype == np.float64
        assert np.isfinite(values).all()
    assert family.size(100) >= family.size(10) > 0
    assert family.least_samples >= 1


@EVERY
def test_drawing_what_samples_tell_is_drawing_samples_and_telling(name):
    """Means and variances of every measure of fits on 12 real samples; |z| < 6 for each."""
    family, rng = INSTANCES[name](), np.random.default_rng(2)
    replicates = 60 if name in SLOW else 3000
    short, raw = (fitted(family, how, 12, replicates, rng) for how in ("draw", "raw"))
    for each in family.measures:
        first, second = family.measure(short, each), family.measure(raw, each)
        # a risk may have no variance to speak of: its logarithm does
        if (first > 0).all() and (second > 0).all():
            first, second = np.log(first), np.log(second)
        for power in (1, 2):
            a, b = first**power, second**power
            error = np.sqrt(a.var() / replicates + b.var() / replicates)
            assert abs(a.mean() - b.mean()) <= 6 * error + 1e-9 * abs(a.mean())


@EVERY
def test_pooling_is_associative_and_leaves_its_parts_alone(name):
    family, rng = INSTANCES[name](), np.random.default_rng(3)
    truth = family.truth(4)
    parts = [family.draw(truth, Ask(n, first_row=row), rng) for n, row in ((8, 0), (9, 8), (10, 17))]
    before = pickle.dumps(parts)
    weights = [1.0, 2.0, 0.5] if family.weights else [1.0, 1.0, 1.0]
    at_once = family.combine(parts, weights)
    nested = family.combine([family.combine(parts[:2], weights[:2]), parts[2]], [1.0, weights[2]])
    assert pickle.dumps(parts) == before
    first, second = (family.fit(each, np.random.default_rng(4)) for each in (at_once, nested))
    for each in family.measures:
        np.testing.assert_allclose(
            family.measure(first, each), family.measure(second, each), rtol=1e-6, atol=1e-9
        )


@EVERY
def test_the_same_stream_gives_the_same_bits_in_another_process_too(name):
    family = INSTANCES[name]()
    copied = pickle.loads(pickle.dumps(family))
    first, second = (fitted(each, "draw", 15, 6, np.random.default_rng(5)) for each in (family, copied))
    for each in family.measures:
        assert (family.measure(first, each) == copied.measure(second, each)).all()


@EVERY
def test_a_closed_loop_on_the_fewest_samples_never_crashes(name):
    family = INSTANCES[name]()
    n = max(family.least_samples, 2)
    graph = InteractionGraph.from_flows([("a", "a", n)])
    runs = simulate(graph, family, generations=12, replicates=10, seed=6)
    assert runs.sizes["generation"] == 13
    if "failed" in family.measures:
        assert set(np.unique(runs["failed"].values)) <= {0.0, 1.0}


@EVERY
@pytest.mark.parametrize("regime", [Window(2), Accumulate(), AccumulateSubsample()], ids=str)
def test_every_regime_plays_on_archives_and_fresh_data(name, regime):
    from headwater import Flow, Model, Source

    family = INSTANCES[name]()
    graph = InteractionGraph.from_parts(
        [Source("web"), Source("book", "fixed", 20)],
        [Model("a"), Model("z", frozen=True, initial={"book": 15})],
        [Flow("web", "a", 6), Flow("book", "a", 10), Flow("a", "a", 8), Flow("z", "a", 6)],
    )
    runs = simulate(Pipeline(graph, regime, 3), family, replicates=6, seed=7)
    assert np.isfinite(runs["risk"].values).all()


@EVERY
def test_the_biases_it_names_change_what_it_emits_and_real_data_stay(name):
    """Each emission a family claims is applied: the fit on biased samples differs."""
    family = INSTANCES[name]()
    for key in sorted(family.emissions):
        ask = Ask(
            40,
            Emission(
                **(
                    {"keep_right": 0.9, "keep_wrong": 0.2}
                    if key.startswith("keep")
                    else {key: EMISSIONS[key]}
                )
            ),
        )
        plain, biased = np.random.default_rng(8), np.random.default_rng(8)
        model = family.fit(family.draw(family.truth(50), Ask(40), np.random.default_rng(9)), plain)
        first = family.fit(family.draw(model, Ask(40), np.random.default_rng(10)), plain)
        second = family.fit(family.draw(model, ask, np.random.default_rng(10)), biased)
        assert (family.measure(first, "risk") != family.measure(second, "risk")).any()
