"""A right law agrees, a wrong one does not, and what no law covers is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from headwater import Emission, Flow, InteractionGraph, Pipeline, families, laws
from headwater.errors import FamilyError, NoLaw
from headwater.regimes import Accumulate, Window
from headwater.verification import verify
from tests.theory.graphs import FOUR, RESCUED, dense, everything


@pytest.mark.parametrize("regime", [Window(2), Accumulate()], ids=str)
def test_the_right_law_agrees_and_a_wrong_one_does_not(regime):
    """The same draws refuse the law of a population a tenth off."""
    pipeline = Pipeline(everything(weighted=False), regime, 5)
    family = families.Exponential(2.0)
    assert verify(pipeline, family, replicates=3000, seed=1).agree
    wrong = verify(pipeline, family, laws.exponential(2.2), replicates=3000, seed=1)
    assert not wrong.agree
    assert wrong.comparison.p_value < 1e-3
    assert "disagree" in wrong.sentence


def test_the_document_has_a_number_a_model_and_generation():
    found = verify(Pipeline(dense(FOUR, RESCUED), None, 4), families.Poisson(2.0), replicates=4000, seed=1)
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["agree"] is True
    assert set(document["models"]) == {"a", "b", "c", "d"}
    for entry in document["models"].values():
        assert {key: len(entry[key]) for key in ("predicted", "simulated", "standard_error", "z")} == {
            "predicted": 5,
            "simulated": 5,
            "standard_error": 5,
            "z": 5,
        }
    # the first fit is on 43, 40, 40, 60 real samples of variance 2
    assert document["models"]["a"]["predicted"][0] == pytest.approx(2 / 33)


def test_the_asymptotic_law_is_scaled_by_the_variance_of_the_family():
    """Poisson: constant variance, so that both laws are the same numbers."""
    graph = dense(FOUR, RESCUED)
    pipeline = Pipeline(graph, None, 6)
    own = verify(pipeline, families.Poisson(3.0), replicates=100, seed=1)
    large = verify(pipeline, families.Poisson(3.0), laws.Asymptotic(), replicates=100, seed=1)
    np.testing.assert_allclose(own.comparison.predicted, large.comparison.predicted)


def test_what_no_law_covers_is_refused():
    graph = InteractionGraph.from_flows([Flow("a", "a", 10, emission=Emission(variance=0.5))])
    with pytest.raises(NoLaw, match="biases"):
        verify(graph, families.Gaussian(ddof=1), replicates=10, seed=1, generations=2)
    table = families.Table(np.random.default_rng(1).normal(size=(50, 2)), "fresh", True)
    plain = InteractionGraph.from_flows([("a", "a", 10)])
    logistic = families.Logistic(table, coefficients=[0.5, -0.5, 0.0])
    with pytest.raises(NoLaw, match="no exact law"):
        verify(plain, logistic, replicates=10, seed=1, generations=2)
    with pytest.raises(FamilyError, match="variance"):
        ridge = families.Ridge(
            2, 1.0, covariates=families.Table(table.values, "fresh", False, table.values[:, 0] ** 2)
        )
        verify(plain, ridge, laws.Asymptotic(), replicates=10, seed=1, generations=2)


def test_a_mean_that_few_replicates_carry_gives_no_verdict():
    """A closed Gaussian loop of three samples, 60 generations on: its mean risk is rare events."""
    graph = InteractionGraph.from_flows([("a", "a", 3)])
    found = verify(graph, families.Gaussian(ddof=1), replicates=3000, seed=2, generations=60)
    assert not found.comparison.judged[40:].any()
    assert found.comparison.judged[0].all()
    assert "not judged" in found.sentence
