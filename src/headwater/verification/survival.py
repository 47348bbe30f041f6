"""How many distinct items a loop still knows: the tail sample's prediction beside the count.

The items are real: words of a text, cells of a table. A model is their fitted frequencies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.families.categorical import Categorical, from_counts
from headwater.families.contract import Array
from headwater.regimes import Replace
from headwater.simulation.execution import Executor
from headwater.simulation.run import simulate
from headwater.theory.laws import Law, QuadraticVariance
from headwater.theory.tails import tail_sample
from headwater.theory.trajectory import trajectory
from headwater.verification.shares import loop

ONE = np.ones(1, dtype=bool)
DIVERSITY: Law = QuadraticVariance("diversity", {}, 1.0, -1.0)


@dataclass(frozen=True, eq=False)
class Survival:
    """One loop, generation by generation from 0.

    Attributes
    ----------
    real, budget
        Fresh real samples and all samples, a generation.
    replicates, seed
        Histories played, and their seed.
    tail : (generations + 1,)
        Effective tail sample A.
    distinct, distinct_error, distinct_predicted : (generations + 1,)
        Distinct items that the model can emit: mean, its standard error, and the sum over items of
        ``1 - exp(-p A)``.
    diversity, diversity_error, diversity_predicted : (generations + 1,)
        Gini-Simpson diversity over the population's, likewise.
    """

    real: int
    budget: int
    replicates: int
    seed: int
    tail: Array
    distinct: Array
    distinct_error: Array
    distinct_predicted: Array
    diversity: Array
    diversity_error: Array
    diversity_predicted: Array


def survive(  # noqa: PLR0913
    counts: Array,
    budget: int,
    real: int,
    *,
    generations: int,
    replicates: int,
    seed: int,
    executor: Executor | None = None,
) -> Survival:
    """Play a loop on items that occur in proportion to `counts`, and predict it.

    Distinct items: Poisson survival in the rare limit [suresh2024rate]_; items that are not rare
    survive anyhow.
    """
    graph = loop(budget, real)
    family: Categorical = from_counts(counts)
    runs = simulate(
        graph,
        family,
        generations=generations,
        replicates=replicates,
        seed=seed,
        metrics=["distinct", "diversity"],
        executor=executor,
    )
    tail = tail_sample(graph, Replace(), ONE, generations)[:, 0]
    share = counts / counts.sum()
    values, repeats = np.unique(share, return_counts=True)
    known: Array = -np.expm1(-np.outer(tail, values)) @ repeats.astype(float)
    identity = trajectory(DIVERSITY.recursion(graph, Replace(), ONE), generations)[:, 0]
    root = replicates**0.5
    seen = {name: runs[name].values[:, :, 0] for name in ("distinct", "diversity")}
    return Survival(
        real=real,
        budget=budget,
        replicates=replicates,
        seed=seed,
        tail=tail,
        distinct=seen["distinct"].mean(axis=0),
        distinct_error=seen["distinct"].std(axis=0, ddof=1) / root,
        distinct_predicted=known,
        diversity=seen["diversity"].mean(axis=0),
        diversity_error=seen["diversity"].std(axis=0, ddof=1) / root,
        diversity_predicted=1 - identity,
    )
