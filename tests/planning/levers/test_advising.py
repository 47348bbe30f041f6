"""The advice: two sentences, whatever comes out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headwater.planning.levers import Prices, Verifier
from headwater.planning.levers.advising import _price
from headwater.planning.targets import Targets
from tests.planning.levers.cases import (
    compared,
    grounded,
    judged,
    lone,
    plans_of,
    row_of,
    tangle,
    with_samples,
)


@pytest.mark.parametrize(
    ("pipeline", "targets", "first", "second"),
    [
        (grounded(), Targets(max_inflation=9), "meets inflation at most 9 as it is", "saves money"),
        (lone(), Targets(max_inflation=3), "freezing a flow (a hears a", "The next that meets it is"),
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
    assert free[0].done in second and "diversity of 'a' is 0.99" in second
    assert second.startswith("The best lever that costs nothing at the prices given is cutting a flow")
    assert ", which misses one of them: " in second and "not priced" not in second


def test_advice_does_not_call_free_what_has_no_price():
    """Accumulating for 20 generations of 1,000: 20,000 old samples, which nobody gave a price."""
    pipeline, targets = grounded(generations=20), Targets(max_inflation=1.5)
    comparison = compared(pipeline, targets, prices=Prices(1, 0.01, 0.01))
    assert [row.lever for row in comparison.rows[:2]] == ["cut", "accumulate"]
    assert comparison.advice[1].endswith(
        "is accumulating (every sample ever drawn is kept and trained on), which costs nothing at the prices "
        "given (20,000 old samples stored and trained on are not priced: --cost kept=)."
    )
    # subsampling trains on no more than before
    loop = compared(lone(generations=20), Targets(max_inflation=3, times=("limit",)), prices=Prices(1, 1))
    subsampled = row_of(loop, "accumulate-subsample")
    judge = judged(lone(generations=20), Targets(max_inflation=3))
    said = "costs nothing at the prices given (2,000 old samples stored are not priced: --cost kept=)"
    assert _price(subsampled, judge) == said
    assert _price(row_of(loop, "freeze"), judge) == "costs nothing at the prices given"
    # negative control: however small the price, it is one
    assert "not priced" not in _price(subsampled, replace(judge, prices=Prices(kept=1e-9)))


def test_the_best_that_costs_nothing_is_said_to_miss_the_target():
    """Beside real data that meet it: what it reaches alone might read as enough."""
    pipeline = grounded()
    plans = plans_of(with_samples(pipeline, [1800, 900]))
    targets = Targets(min_diversity=0.999, times=("limit",))
    comparison = compared(pipeline, targets, plans, Prices(1, 0.01, kept=1))
    assert comparison.rows[0].lever == "real data"
    # its own noise, and 0.9 squared of that of its first self: 1.81 in 1,000
    assert comparison.advice[1] == (
        "The best lever that costs nothing at the prices given is freezing a flow (a hears a as it was at "
        "generation 0, for ever), which misses it: diversity of 'a' is 0.9982 in the limit."
    )
