"""The document: its schema, whatever is diagnosed, and that its parts agree with each other."""

from __future__ import annotations

import json
from itertools import product

import jsonschema
import numpy as np
import pytest

from headwater.diagnosis import diagnose
from headwater.errors import GraphError, LawError, NoLaw
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.regimes import Accumulate, AccumulateSubsample, Replace
from headwater.theory.laws import LeastSquares
from tests.diagnosis.gallery import GRAPHS, LAWS, REGIMES, lone, mixed, spoiled
from tests.diagnosis.schema import diagnosis_schema
from tests.oracles import recursions
from tests.theory.graphs import everything

GENERATIONS = 3
WORST_FIRST = ("collapses", "degrades", "bounded", "stable", "improves")
VALIDATOR = jsonschema.Draft202012Validator(diagnosis_schema(GENERATIONS))


def strict(text):
    """The value of JSON text that holds no NaN and no Infinity."""

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def settings(name):
    """Every law under replace and every regime under one law; both crossed where all kinds of node meet."""
    whole = name == "everything"
    for law, regime in product(LAWS, REGIMES):
        if whole or law == "asymptotic" or regime == Replace():
            yield LAWS[law], regime


def diagnosed(name):
    """Diagnoses of a graph of the gallery, wherever a law is known."""
    for law, regime in settings(name):
        try:
            yield regime, diagnose(GRAPHS[name], law, regime=regime, generations=GENERATIONS)
        except (NoLaw, LawError) as refusal:
            assert refusal.problem and refusal.remedy


def test_the_schema_is_a_schema():
    """Or it would let everything pass."""
    jsonschema.Draft202012Validator.check_schema(diagnosis_schema(GENERATIONS))


@pytest.mark.parametrize("graph", GRAPHS)
def test_every_document_is_of_the_schema(graph):
    """Over laws, regimes and graphs: strict JSON, the promised keys, one entry a model."""
    for regime, diagnosis in diagnosed(graph):
        document = diagnosis.to_dict()
        VALIDATOR.validate(document)
        assert strict(json.dumps(document, allow_nan=False)) == document
        assert list(document["models"]) == list(GRAPHS[graph].model_names)
        assert document["regime"] == str(regime)
        for name, model in document["models"].items():
            assert diagnosis.of(name) == model
            assert_agrees_with_itself(model, regime)
        verdicts = [model["verdict"] for model in document["models"].values()]
        if verdicts:
            assert document["verdict"] == min(verdicts, key=WORST_FIRST.index)


def assert_agrees_with_itself(model, regime):
    """One entry: verdict by the rule, inflation and shares by their definitions."""
    pools = isinstance(regime, Accumulate | AccumulateSubsample)
    decisive = model["inflation_limit"]
    if decisive is None and model["inflation"] is not None:
        decisive = model["inflation"][-1]
    if model["growth"] in ("linear", "exponential") or (model["grounding"] == "ungrounded" and not pools):
        assert model["verdict"] == "collapses"
    elif decisive is None:
        assert model["verdict"] == "bounded"
    else:
        expected = "degrades" if decisive > 1.05 else "improves" if decisive < 0.95 else "stable"
        assert model["verdict"] == expected
    if model["risk"] is not None:
        np.testing.assert_allclose(np.array(model["inflation"]) * model["risk"][0], model["risk"], rtol=1e-12)
    if model["sources"] is not None and model["real_share"] is not None:
        assert sum(model["sources"].values()) == pytest.approx(model["real_share"], abs=1e-12)


@pytest.mark.parametrize(
    ("key", "value"),
    [("depth", "deep"), ("risk", [0.1]), ("real_share", 1.5), ("verdict", "fine"), ("new", 1)],
)
def test_the_schema_refuses_what_was_not_promised(key, value):
    """Power: one entry that is slightly wrong."""
    document = diagnose(mixed(50, 50), generations=GENERATIONS).to_dict()
    document["models"]["a"][key] = value
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(document)


def test_keys_stand_in_the_order_of_the_contract():
    """People read the document too: what it is about first, how it came about last."""
    document = diagnose(lone()).to_dict()
    assert list(document)[:7] == ["schema", "pipeline", "regime", "law", "generations", "verdict", "models"]
    assert list(document)[-1] == "provenance"


def test_a_second_diagnosis_is_the_same():
    """No clock, no seed that moves, no order of a set."""
    graph = everything(weighted=True)
    first, second = (json.dumps(diagnose(graph, LAWS["poisson"]).to_dict()) for _ in range(2))
    assert first == second


def test_a_graph_without_sources_is_diagnosed():
    """The smallest closed loop there is, and the example of the docstring."""
    assert diagnose(lone()).verdict == "collapses"


def test_risk_is_that_of_the_naive_twin():
    """The columns belong to the models they are named for, frozen ones included."""
    graph = everything(weighted=False)
    expected, _ = recursions.moments(graph, recursions.Asymptotic(), Replace(), GENERATIONS)
    models = diagnose(graph, regime=Replace(), generations=GENERATIONS).to_dict()["models"]
    for at, name in enumerate(graph.model_names):
        np.testing.assert_allclose(models[name]["risk"], expected[:, at, at], rtol=1e-10)


def test_what_hangs_on_an_external_model_is_null_and_the_rest_is_not():
    """The vendor's error is unknown: `a` hears it, `b` does not."""
    diagnosis = diagnose(GRAPHS["external"])
    for name in ("vendor", "a"):
        entry = diagnosis.of(name)
        assert entry["verdict"] == "bounded"
        assert entry["risk"] is entry["inflation_limit"] is entry["diversity_retained"] is None
        assert entry["tail_sample"] is entry["vs_isolated"] is None
    assert diagnosis.of("a")["real_share"] == 0.5
    assert diagnosis.of("b")["verdict"] == "stable"
    assert any("external models: 1" in said for said in diagnosis.assumptions)


def test_shares_and_depth_of_a_mixed_loop():
    """A tenth real: every walk ends in `web`, after 1 + .9 + .81 + ... = 10 models."""
    entry = diagnose(mixed(10, 90)).of("a")
    assert entry["sources"] == {"web": pytest.approx(1)}
    assert entry["depth"] == pytest.approx(10)


def test_a_walk_that_may_not_end_has_no_depth():
    """`b` has nine tenths real data, and yet its walk is caught in `a` with chance .1."""
    entry = diagnose(spoiled()).of("b")
    assert entry["real_share"] == pytest.approx(0.9)
    assert entry["depth"] is None


def test_two_sources_are_told_apart():
    """30 of one and 10 of the other."""
    graph = InteractionGraph.from_flows([("x", "a", 30), ("y", "a", 10)], sources=["x", "y"])
    assert diagnose(graph).of("a")["sources"] == {"x": pytest.approx(0.75), "y": pytest.approx(0.25)}


def test_an_unknown_model_is_answered_with_the_nearest():
    """As everywhere."""
    with pytest.raises(GraphError, match="did you mean 'teacher'"):
        diagnose(InteractionGraph.from_flows([("web", "teacher", 9)], sources=["web"])).of("techer")


def test_loops_and_the_longest_chain_are_named():
    """A loop that is grounded is listed too; a chain runs from its first model to its last."""
    graph = InteractionGraph.from_parts(
        [Source("web")],
        [Model(name) for name in "abc"],
        [Flow("web", "a"), Flow("b", "a"), Flow("a", "b"), Flow("b", "c")],
    )
    document = diagnose(graph).to_dict()
    assert document["loops"] == [["a", "b"]]
    assert document["longest_chain"] == [["a", "b"], ["c"]]


def test_risk_beyond_the_largest_number_is_null_and_no_warning():
    """Exploding least squares (1.414 a generation) passes 1e308 within 2,100 generations."""
    entry = diagnose(mixed(5, 20), LeastSquares(20), generations=2500).of("a")
    assert entry["verdict"] == "collapses"
    assert entry["risk"][-1] is None
    assert entry["risk"][100] is not None
