"""The advice: two sentences, whatever comes out."""

from __future__ import annotations

import pytest

from headwater.planning.levers import Prices, Verifier
from headwater.planning.targets import Targets
from tests.planning.levers.cases import compared, grounded, lone, plans_of, tangle, with_samples


@pytest.mark.parametrize(
    ("pipeline", "targets", "first", "second"),
    [
        (grounded(), Targets(max_inflation=9), "meets inflation at most 9 as it is", "saves money"),
        (lone(), Targets(max_inflation=3), "freezing a flow (a hears a", "which costs"),
        (lone(), Targets(max_inflation=1.2), "No lever looked at meets inflation at most 1.2", "together"),
        (lone(), Targets(min_tail_sample=10**9), "No lever looked at meets", ""),
        (tangle(), Targets(max_inflation=1.3, min_diversity=0.9), "", ""),
    ],
)
def test_advice_is_two_sentences(pipeline, targets, first, second):
    """The cheapest that is enough and where, or what comes closest; then the next, the free or the reason."""
    plans = plans_of(verifier=Verifier(0.9, 0.1, 0.8))
    advice = compared(pipeline, targets, plans, Prices(1, 0.01, 0.01, 0.001)).advice
    assert len(advice) == 2
    for sentence in advice:
        assert sentence.endswith(".") and sentence[0].isupper() and ". " not in sentence
    assert first in advice[0] and second in advice[1]


def test_advice_names_the_cheapest_its_cost_and_the_best_that_is_free():
    """Real data meet the targets at a price; what is free does not."""
    pipeline = grounded()
    plans = plans_of(with_samples(pipeline, [600, 900]))
    prices = Prices(1, 0.01, 0.01, 1.0)
    targets = Targets(max_inflation=1.6, min_diversity=0.997, times=("limit",))
    comparison = compared(pipeline, targets, plans, prices)
    first, second = comparison.advice
    assert comparison.rows[0].lever == "real data" and comparison.rows[0].cost == 500
    assert "adding real data (web->a: 100 -> 600), which costs 500.00 a generation" in first
    free = [row for row in comparison.rows if row.cost <= 0]
    assert free[0].outcome.distance == min(row.outcome.distance for row in free)
    assert free[0].done in second and "The best free lever" in second and "diversity of 'a' is 0.99" in second


def test_advice_owns_up_where_the_cheapest_lever_raises_the_risk_itself():
    """Without its own samples a model starts worse, and so inflates less: inflation 1, at 1/100 for 1/190."""
    comparison = compared(grounded(), Targets(max_inflation=1.6, times=("limit",)), prices=Prices(1, 0.01))
    assert comparison.rows[0].lever == "cut"
    before = sum(0.81**s for s in range(5)) / 1000 + 0.81**5 / 1000
    assert f"becomes {0.01 / before:.3g} times what it would be" in comparison.advice[0]
