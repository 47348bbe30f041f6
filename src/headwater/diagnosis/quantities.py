"""The numbers a diagnosis rests on, one column a quantity; NaN where one does not exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from headwater.errors import LawError, NoLaw, NoSteadyState
from headwater.graph import InteractionGraph
from headwater.grounding import Grounding, ancestors, reachable
from headwater.regimes import Accumulate, AccumulateSubsample, Regime, Replace, Window
from headwater.theory.ancestry import Ancestry, ancestry
from headwater.theory.growth import Growth, component_radius
from headwater.theory.laws import Asymptotic, Gaussian, Law, LeastSquares, QuadraticVariance, mean_recursion
from headwater.theory.pooled import Pooled
from headwater.theory.pooled_limit import settled_risk
from headwater.theory.probing import probed_trajectory
from headwater.theory.recursion import Recursion
from headwater.theory.spread import Quadratic
from headwater.theory.steady import steady_state
from headwater.theory.system import Array, Flag, has_known_counts
from headwater.theory.tails import tail_sample, tail_sample_limit
from headwater.theory.trajectory import trajectory
from headwater.theory.windowed import Windowed

DENSE_UP_TO = 4_000
"""Models (times the window) up to which whole matrices of second moments are carried."""

PROBED_UP_TO = 250_000
"""Models up to which risk is estimated by probes."""

PROBES = 1024
PROBE_SEED = 20_260_521

TAIL_WORK = 2e10
"""Records times models times generations up to which tails are followed."""

GROWTHS: tuple[Growth, ...] = ("bounded", "linear", "exponential", "unknown")


@dataclass
class Quantities:
    """Columns over the graph's models.

    Attributes
    ----------
    known : (models,) bool
        Counts of the model and its ancestors are known, and none is external.
    growth : (models,) int8
        Position in `GROWTHS`.
    exploding
        Grounded components that explode at these budgets, as arrays of models.
    risk, diversity, tail : (generations + 1, models) or None
    risk_limit, diversity_limit, tail_limit, isolated : (models,)
        `isolated` is the risk of training on the model's own real flows alone, at the same point
        (limit, or horizon where there is none).
    notes
        What was assumed or left out, in sentences.
    """

    known: Flag
    growth: np.ndarray
    exploding: list[np.ndarray]
    risk: Array | None
    risk_limit: Array
    isolated: Array
    diversity: Array | None
    diversity_limit: Array
    tail: Array | None
    tail_limit: Array
    ancestry: Ancestry
    notes: list[str] = field(default_factory=list)


def measure(
    grounding: Grounding, regime: Regime, law: Law, generations: int, models: Flag | None = None
) -> Quantities:
    """Every column that theory can fill.

    Parameters
    ----------
    models : (models,) bool or None
        Compute risk, diversity and tails for these and their ancestors only.

    Raises
    ------
    NoLaw, LawError
        If the law is not known for the regime or graph, or its budgets are too small.
    """
    graph = grounding.graph
    known = has_known_counts(graph)
    keep = known if models is None else known & ancestors(graph, np.flatnonzero(models))
    notes: list[str] = []
    count = len(graph.model_names)
    window = regime.generations if isinstance(regime, Window) else 1
    dense = int(keep.sum()) * window <= DENSE_UP_TO
    recursion = law.recursion(graph, regime, keep) if keep.any() else None
    growth, exploding = _growth(grounding, regime, law, recursion, known)
    blank = np.full(count, np.nan)
    found = Quantities(
        known, growth, exploding, None, blank, blank.copy(), None, blank.copy(), None, blank.copy(),
        ancestry(grounding, split=len(graph.source_names) > 0), notes,
    )  # fmt: skip
    if recursion is None:
        return found
    settles = keep & (growth == GROWTHS.index("bounded")) & ~grounding.is_ungrounded
    follow = _follower(dense, generations, notes, int(keep.sum()))
    found.risk = _spread_out(recursion, follow(recursion), count)
    if dense:
        found.risk_limit = _limit(law, graph, regime, settles, recursion, keep)
        _lost_to_ceiling(found.risk_limit, law.ceiling, grounding, regime)
    found.isolated = _isolated(law, graph, regime, keep, found.risk_limit, generations, dense)
    _diversity(found, grounding, regime, keep, generations, follow if dense else None)
    _tails(found, grounding, regime, keep, generations)
    return found


def _follower(
    dense: bool, generations: int, notes: list[str], kept: int
) -> Callable[[Recursion], Array | None]:
    def follow(recursion: Recursion) -> Array | None:
        if dense:
            return trajectory(recursion, generations)
        if kept > PROBED_UP_TO:
            notes.append(
                f"risk of {kept:,} models is more than is computed at once: name the models of interest"
            )
            return None
        try:
            probed = probed_trajectory(recursion, generations, PROBES, PROBE_SEED)
        except NoLaw as reason:
            notes.append(f"no risk for {kept:,} models at once: {reason.problem}; {reason.remedy}")
            return None
        notes.append(
            f"risk of {kept:,} models is estimated by {PROBES} probes: relative standard error "
            f"{np.sqrt(2 / PROBES):.1%} or less; limits, diversity and tails are left out"
        )
        return probed

    return follow


def _spread_out(recursion: Recursion, rows: Array | None, models: int) -> Array | None:
    """Columns of the recursion's models, put into the graph's order."""
    if rows is None:
        return None
    table = np.full((len(rows), models), np.nan)
    table[:, recursion.system.models] = rows
    return table


def _growth(
    grounding: Grounding, regime: Regime, law: Law, recursion: Recursion | None, known: Flag
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Growth of every model, and the grounded components that explode."""
    graph = grounding.graph
    growth = np.zeros(len(graph.model_names), dtype=np.int8)
    if isinstance(regime, Accumulate | AccumulateSubsample):
        return growth, []
    growth[grounding.is_ungrounded] = GROWTHS.index(_ungrounded_growth(law))
    if not _can_explode(law):
        return growth, []
    growth[~known] = GROWTHS.index("unknown")
    exploding: list[np.ndarray] = []
    if recursion is None:
        return growth, exploding
    place = np.full(len(graph.model_names), -1)
    place[recursion.system.trained] = np.arange(len(recursion.system.trained))
    ungrounded = set(grounding.ungrounded.tolist())
    undecided: list[np.ndarray] = []
    for members in grounding.loops():
        if (place[members] < 0).any() or int(grounding.component[members[0]]) in ungrounded:
            continue
        radius = component_radius(recursion, place[members])
        if radius.growth == "exponential":
            exploding.append(members)
        elif radius.growth == "unknown":
            undecided.append(members)
    for group, name in ((undecided, "unknown"), (exploding, "exponential")):
        if group:
            growth[reachable(graph, np.concatenate(group))] = GROWTHS.index(name)
    return growth, exploding


def _ungrounded_growth(law: Law) -> Growth:
    """What an ungrounded component does under replace and window."""
    if np.isfinite(law.ceiling):
        return "bounded"
    if isinstance(law, QuadraticVariance) and law.curvature > 0:
        return "exponential"
    return "linear"


def _can_explode(law: Law) -> bool:
    """Whether a grounded component may explode, so that counts are needed to tell."""
    if isinstance(law, QuadraticVariance):
        return law.curvature > 0
    return isinstance(law, LeastSquares) or (isinstance(law, Gaussian) and law.ddof == 1)


def _limit(
    law: Law, graph: InteractionGraph, regime: Regime, settles: Flag, recursion: Recursion, keep: Flag
) -> Array:
    """(models,) risk in the limit; NaN where there is none or none is known."""
    answer = np.full(len(graph.model_names), np.nan)
    if isinstance(recursion, Pooled):
        settled = settled_risk(recursion)
        if settled is not None:
            answer[recursion.system.models] = settled
    elif settles.any():
        same = bool((settles == keep).all())
        part = recursion if same else law.recursion(graph, regime, settles)
        answer[part.system.models] = steady_state(part)  # type: ignore[arg-type]
    return answer


def _lost_to_ceiling(limit: Array, ceiling: float, grounding: Grounding, regime: Regime) -> None:
    """Ungrounded components end at the ceiling, in place."""
    if np.isfinite(ceiling) and isinstance(regime, Replace | Window):
        for component in grounding.ungrounded:
            limit[grounding.members(component)] = ceiling


def _isolated(
    law: Law,
    graph: InteractionGraph,
    regime: Regime,
    keep: Flag,
    limit: Array,
    generations: int,
    dense: bool,
) -> Array:
    """(models,) risk on own real flows alone, in the same regime; in the limit where both have one."""
    models = len(graph.model_names)
    answer = np.full(models, np.nan)
    real = graph.provider >= models
    own = np.bincount(graph.learner[real], graph.samples[real], models)
    alone = keep & graph.trained & (own >= _least_samples(law))
    if not alone.any() or not dense:
        return answer
    part = _only_real_flows(graph, alone)
    all_of_it = np.ones(len(part.model_names), dtype=bool)
    recursion = law.recursion(part, regime, all_of_it)
    answer[alone] = trajectory(recursion, generations)[-1]
    if isinstance(recursion, Windowed) or not isinstance(recursion, Pooled):
        settled = np.full(models, np.nan)
        settled[alone] = steady_state(recursion)  # type: ignore[arg-type]
        answer = np.where(np.isnan(limit), answer, settled)
    return answer


def _least_samples(law: Law) -> int:
    if isinstance(law, LeastSquares):
        return law.features + 2
    return law.ddof + 1 if isinstance(law, Gaussian) else 1


def _only_real_flows(graph: InteractionGraph, alone: Flag) -> InteractionGraph:
    """The graph of the models in `alone` and their real flows."""
    models, number = len(graph.model_names), np.cumsum(alone) - 1
    flows = alone[graph.learner] & (graph.provider >= models)
    started = alone[graph.initial_model]
    return InteractionGraph(
        model_names=tuple(name for name, kept in zip(graph.model_names, alone, strict=True) if kept),
        source_names=graph.source_names,
        frozen=graph.frozen[alone],
        external=graph.external[alone],
        fixed=graph.fixed,
        size=graph.size,
        provider=(graph.provider[flows] - models + alone.sum()).astype(np.int32),
        learner=number[graph.learner[flows]].astype(np.int32),
        samples=graph.samples[flows],
        weight=graph.weight[flows],
        initial_model=number[graph.initial_model[started]].astype(np.int32),
        initial_source=graph.initial_source[started],
        initial_samples=graph.initial_samples[started],
    )


def _diversity(
    found: Quantities,
    grounding: Grounding,
    regime: Regime,
    keep: Flag,
    generations: int,
    follow: Callable[[Recursion], Array | None] | None,
) -> None:
    """Gini-Simpson diversity over the population's: one minus identity by descent."""
    if follow is None:
        return
    graph = grounding.graph
    try:
        recursion = mean_recursion(Quadratic(1.0, -1.0), graph, regime, keep)
    except NoLaw as reason:
        found.notes.append(f"diversity is left out: {reason.problem}")
        return
    identity = _spread_out(recursion, follow(recursion), len(graph.model_names))
    found.diversity = None if identity is None else 1 - identity
    law = QuadraticVariance("diversity", {}, 1.0, -1.0)
    settles = keep & ~grounding.is_ungrounded
    limit = _limit(law, graph, regime, settles, recursion, keep)
    _lost_to_ceiling(limit, 1.0, grounding, regime)
    found.diversity_limit = np.where(keep, 1 - limit, np.nan)


def _tails(found: Quantities, grounding: Grounding, regime: Regime, keep: Flag, generations: int) -> None:
    graph = grounding.graph
    models, trained = len(graph.model_names), keep & graph.trained
    work = float(trained.sum()) ** 2 * max(generations, 1)
    if not isinstance(regime, Replace):
        work *= max(generations, 1) / 2 * (regime.generations if isinstance(regime, Window) else 1)
    if work > TAIL_WORK:
        found.notes.append("tail samples are left out: too many models times generations")
        return
    try:
        rows = tail_sample(graph, regime, keep, generations)
    except NoLaw as reason:
        found.notes.append(f"tail samples are left out: {reason.problem}")
        return
    order = np.concatenate([np.flatnonzero(trained), np.flatnonzero(keep & graph.frozen)])
    found.tail = np.full((generations + 1, models), np.nan)
    found.tail[:, order] = rows
    if isinstance(regime, Replace):
        lost = np.isin(grounding.component, grounding.ungrounded)
        found.tail_limit[order] = tail_sample_limit(graph, keep, lost)


__all__ = ["GROWTHS", "LawError", "NoSteadyState", "Quantities", "measure"]
