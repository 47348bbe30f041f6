"""The verifier's threshold and what it keeps, against simulations of families that know right from wrong."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.emission import Emission
from headwater.errors import InputError
from headwater.families.categorical import Categorical
from headwater.families.contract import Ask
from headwater.families.covariates import Table
from headwater.families.generalised import Coefficients
from headwater.families.logistic import Logistic
from headwater.graph import Model
from headwater.planning.levers import Prices, Verifier
from headwater.planning.targets import Targets
from headwater.simulation import simulate
from tests.planning.levers.cases import compared, grounded, pipeline_of, plans_of, row_of

QUALITIES = [(0.9, 0.2), (0.5, 0.5), (0.3, 0.8), (1.0, 0.0)]


@pytest.mark.parametrize(("keep_right", "keep_wrong"), QUALITIES)
@pytest.mark.parametrize("aside", [-0.04, 0.04])
def test_a_learner_of_verified_labels_is_right_only_above_the_threshold(keep_right, keep_wrong, aside):
    """Binary labels at one row: what the learner calls the more probable flips where theory says.

    40,000 kept labels; the kept share of right ones is at least 0.03 from a half, so that a majority
    on the wrong side has a chance below exp(-2 * 40,000 * 0.03**2) < 1e-31.
    """
    threshold = Verifier(keep_right, keep_wrong, 0.5).threshold
    accuracy = min(max(threshold + aside, 0.01), 1.0)
    verifier = Verifier(keep_right, keep_wrong, accuracy)
    assert verifier.is_enough == (accuracy > threshold)
    assert abs(verifier.accuracy_after - 0.5) > 0.03
    # the truth finds label 1 the more probable; the generator emits it with chance `accuracy`
    family = Logistic(Table(np.array([[1.0]]), "fresh", False), coefficients=np.array([1.0]))
    logit = np.array([[np.log(accuracy) - np.log1p(-accuracy) if accuracy < 1 else 40.0]])
    rng = np.random.default_rng(1)
    ask = Ask(40_000, Emission(keep_right=keep_right, keep_wrong=keep_wrong))
    learner = family.fit(family.draw(Coefficients(logit, np.zeros(1, bool)), ask, rng), rng)
    assert (learner.values[0, 0] > 0) == verifier.is_enough


def test_a_simulation_of_the_changed_pipeline_keeps_what_the_row_says():
    """A frozen generator, a learner behind a verifier: the learner's mass on wrong symbols.

    Within five standard errors of 300 histories: a false alarm has a chance below 1e-6. Negative
    control: the accuracy before verification is far outside.
    """
    verifier = Verifier(0.9, 0.2, 0.3)
    pipeline = pipeline_of(
        [("generator", "learner", 2000)],
        ["web"],
        [Model("generator", frozen=True, initial={"web": 10**8})],
        generations=1,
    )
    row = row_of(compared(pipeline, Targets(max_inflation=2), plans_of(verifier=verifier)), "verifier")
    family = Categorical(np.array([0.3, 0.5, 0.2]), right=np.array([True, False, False]))
    runs = simulate(row.pipeline, family, replicates=300, seed=5, metrics=["wrong"])
    wrong = runs["wrong"].sel(model="learner").isel(generation=-1).to_numpy()
    error = wrong.std(ddof=1) / np.sqrt(len(wrong))
    assert abs(wrong.mean() - (1 - verifier.accuracy_after)) < 5 * error
    assert abs(wrong.mean() - (1 - verifier.accuracy)) > 50 * error
    assert verifier.accuracy_after == pytest.approx(0.27 / 0.41)


def test_the_row_says_that_no_law_covers_it_and_how_to_see_it():
    """No inflation, met by nobody's knowledge, the threshold, and a sweep to type."""
    row = row_of(
        compared(grounded(), Targets(max_inflation=2), plans_of(verifier=Verifier(0.8, 0.2, 0.15))),
        "verifier",
    )
    assert row.outcome is None and row.met is None
    assert row.to_dict()["reached"] is None
    assert "headwater sweep FILE --vary 'a->a.keep_wrong=0,0.2,1'" in row.note
    assert "not above the threshold of 20.0%" in row.note
    assert {f"{change.field}": change.after for change in row.changes} == {
        "a->a.keep_right": 0.8,
        "a->a.keep_wrong": 0.2,
    }


def test_its_cost_is_what_is_made_and_checked():
    """900 kept of 900 / 0.74 made; the 900 themselves are paid for already."""
    prices = Prices(synthetic=0.1, checked=0.5)
    plans = plans_of(verifier=Verifier(0.9, 0.1, 0.8))
    row = row_of(compared(grounded(), Targets(max_inflation=2), plans, prices), "verifier")
    assert row.cost == pytest.approx(900 / 0.74 * 0.5 + (900 / 0.74 - 900) * 0.1)


@pytest.mark.parametrize(
    "wrong", [(-0.1, 0.5, 0.5), (0.5, 1.1, 0.5), (0.5, 0.5, float("nan")), (0.0, 1.0, 1.0)]
)
def test_a_verifiers_quality_is_chances_and_keeps_something(wrong):
    """The last keeps wrong samples only, and there are none."""
    with pytest.raises(InputError, match="verifier"):
        Verifier(*wrong)
