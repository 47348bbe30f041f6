"""The numbers a diagnosis rests on, one column a quantity; NaN where one does not exist."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.diagnosis.growths import GROWTHS, growths
from headwater.diagnosis.isolated import versus_isolated
from headwater.diagnosis.setting import PROBE_ERROR, Setting
from headwater.errors import NoLaw
from headwater.grounding import Grounding
from headwater.regimes import Regime, Replace
from headwater.theory.ancestry import Ancestry, ancestry
from headwater.theory.laws import Law, QuadraticVariance
from headwater.theory.system import Array, Flag, has_known_counts
from headwater.theory.tails import STEP_WORK, tail_sample, tail_sample_limit

TAIL_WORK = 2e9
"""Squared models times generations up to which tails are followed."""

DIVERSITY = QuadraticVariance("diversity", {}, 1.0, -1.0)
"""Identity by descent follows the law of a Bernoulli of unit variance, whatever the vocabulary."""


@dataclass(frozen=True, eq=False)
class Quantities:
    """Columns over the graph's models; tables are (generations + 1, models), or None where left out.

    Attributes
    ----------
    known : (models,) bool
        Counts of the model and its ancestors are known, and none is external.
    growth : (models,) int8
        Position in `GROWTHS`.
    exploding
        Grounded components that explode at these budgets, as arrays of models.
    risk, risk_limit
        In the law's units.
    versus_isolated
        Risk over that of training on the model's own real flows alone.
    diversity, diversity_limit
        Expected Gini-Simpson diversity over the population's.
    tail, tail_limit
        Effective tail sample, in real samples.
    ancestry
        Real share and depth.
    relative_error
        Standard error of `risk` over itself; 0 where it is exact.
    notes
        What was left out or estimated, in sentences.
    """

    known: Flag
    growth: np.ndarray
    exploding: tuple[np.ndarray, ...]
    risk: Array | None
    risk_limit: Array
    versus_isolated: Array
    diversity: Array | None
    diversity_limit: Array
    tail: Array | None
    tail_limit: Array
    ancestry: Ancestry
    relative_error: float
    notes: tuple[str, ...]


def measure(grounding: Grounding, regime: Regime, law: Law, generations: int) -> Quantities:
    """Every column that theory can fill.

    Raises
    ------
    NoLaw, LawError
        If the law is not known for the regime or graph, or its budgets are too small.
    """
    known = has_known_counts(grounding.graph)
    setting = Setting(grounding, regime, generations, known)
    recursion = law.recursion(grounding.graph, regime, known) if known.any() else None
    growth, exploding = growths(setting, law, recursion)
    risk, risk_limit = None, np.full(setting.models, np.nan)
    versus = risk_limit
    if recursion is not None:
        bounded = growth == GROWTHS.index("bounded")
        risk = setting.followed(recursion)
        risk_limit = setting.limit(law, recursion, known & bounded & ~grounding.is_ungrounded)
        if risk is not None:
            versus = versus_isolated(setting, law, risk[-1], risk_limit)
    diversity, diversity_limit = diversity_of(setting)
    tail, tail_limit = tails_of(setting)
    return Quantities(
        known=known,
        growth=growth,
        exploding=tuple(exploding),
        risk=risk,
        risk_limit=risk_limit,
        versus_isolated=versus,
        diversity=diversity,
        diversity_limit=diversity_limit,
        tail=tail,
        tail_limit=tail_limit,
        ancestry=ancestry(grounding),
        relative_error=0.0 if setting.dense else PROBE_ERROR,
        notes=tuple(setting.notes),
    )


def diversity_of(setting: Setting) -> tuple[Array | None, Array]:
    """Diversity retained: (generations + 1, models) or None where left out, and its limit."""
    nothing = np.full(setting.models, np.nan)
    if not setting.dense or not setting.keep.any():
        return None, nothing
    try:
        recursion = DIVERSITY.recursion(setting.graph, setting.regime, setting.keep)
    except NoLaw as reason:
        setting.notes.append(f"diversity is left out: {reason.problem}")
        return None, nothing
    identity = setting.followed(recursion)
    limit = setting.limit(DIVERSITY, recursion, setting.keep & ~setting.grounding.is_ungrounded)
    return None if identity is None else 1 - identity, 1 - limit


def tails_of(setting: Setting) -> tuple[Array | None, Array]:
    """Effective tail sample: (generations + 1, models) or None where left out, and its limit."""
    limit = np.full(setting.models, np.nan)
    graph, keep = setting.graph, setting.keep
    trained = keep & graph.trained
    work = float(trained.sum()) ** 2 * setting.generations
    if not setting.replaces:
        work = setting.generations**2 / 2 * setting.window * (trained.sum() ** 2 + STEP_WORK)
    if not keep.any():
        return None, limit
    if not setting.dense:
        return None, limit
    if work > TAIL_WORK:
        setting.notes.append(
            f"tail samples are left out: too much work for {setting.generations:,} generations"
        )
        return None, limit
    try:
        rows = tail_sample(
            graph, Replace() if setting.replaces else setting.regime, keep, setting.generations
        )
    except NoLaw as reason:
        setting.notes.append(f"tail samples are left out: {reason.problem}")
        return None, limit
    order = np.concatenate([np.flatnonzero(trained), np.flatnonzero(keep & graph.frozen)])
    table = np.full((setting.generations + 1, setting.models), np.nan)
    table[:, order] = rows
    if setting.replaces:
        lost = np.isin(setting.grounding.component, setting.grounding.ungrounded)
        limit[order] = tail_sample_limit(graph, keep, lost)
    return table, limit
