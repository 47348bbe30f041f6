"""All levers side by side, each alone, and what to make of that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headwater.pipeline import Pipeline
from headwater.planning.levers import budgets, edges, retraining, verifying
from headwater.planning.levers.advising import advice
from headwater.planning.levers.fronts import front
from headwater.planning.levers.judging import Judge, horizon_in
from headwater.planning.levers.values import Comparison, Plans, Prices, Row
from headwater.planning.targets import Scope, Targets


def compare(
    pipeline: Pipeline,
    targets: Targets,
    scope: Scope,
    prices: Prices,
    plans: Plans | None = None,
    with_progress: Callable[[str], None] | None = None,
) -> Comparison:
    """What each lever alone reaches and costs, judged as `headwater.diagnose` judges the changed pipeline.

    Parameters
    ----------
    plans
        An allocation of real samples and loss weights for the same targets, and a verifier's
        quality; what is not given is left out, and the comparison says so.
    with_progress
        Told what is being done.

    Raises
    ------
    NoLaw, LawError
        As `headwater.diagnose`, for the pipeline as it is.

    Notes
    -----
    The law is that of any regular estimator at large budgets.
    """
    plans = plans or Plans()
    judge = Judge(pipeline, targets, scope, prices, with_progress or _silent)
    before = judge.before
    real, sizes, unsaid = budgets.real_data(judge, plans)
    weighted, said = budgets.weights(judge, plans)
    unsaid += said
    rows = [*real, *weighted]
    if real and weighted:
        rows += budgets.pair(judge, plans, real[0])
    for found, said in (
        retraining.pooling(judge),
        retraining.windows(judge),
        budgets.synthetic(judge),
        verifying.verified(judge, plans),
        edges.cutting(judge),
        edges.freezing(judge),
    ):
        rows += found
        unsaid += said
    ranked = _ranked(rows)
    return Comparison(
        targets,
        horizon_in(judge),
        before,
        ranked,
        front([before, *ranked, *sizes]),
        advice(before, ranked, judge),
        tuple(unsaid),
    )


def _ranked(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Those that meet the targets by cost, the rest by how close they come, the unknown last."""
    return tuple(sorted(rows, key=_rank))


def _rank(row: Row) -> tuple[float, ...]:
    if row.outcome is None or row.met is None:
        return (2, row.cost)
    distance = row.outcome.distance
    return (0, row.cost, *distance) if row.met else (1, *distance, row.cost)


def _silent(_: str) -> None:
    return None
