"""A plan held to a simulation: what theory says of the targets' quantities beside what histories do."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from headwater.errors import InputError
from headwater.families.categorical import Categorical
from headwater.families.gaussian_mean import GaussianMean
from headwater.graph import InteractionGraph
from headwater.grounding import ancestors
from headwater.pipeline import Pipeline
from headwater.planning.outlook import Outlook, horizon_of, outlook, regime_of
from headwater.planning.targets import TIMES, Quantity, Scope, Target, Targets
from headwater.simulation import simulate
from headwater.theory.system import Array
from headwater.verification.comparing import Comparison, compare
from headwater.verification.verifying import predicted_risk

REPLICATES = 2_000
"""Histories where no number is given."""

FEWEST = 1_500
"""Histories below which risk, a squared normal, is too skewed to judge."""

FALSE_ALARM = 1e-3
"""Chance that a right plan is refused."""

NEAR = 0.02
"""Relative, by which a limit is reached."""

LONGEST = 320
"""Generations played to come near to a limit."""

MOST_PLAYED_ON = 100
"""Models up to which histories are played on beyond the horizon."""

SYMBOLS = 200
"""Rare symbols that a tail sample is read off; each has half a record in the least of them, or fewer."""

FEWEST_TAILS = 100
"""Histories that are enough for those: every symbol is one more."""

RARE = 1e-3
"""Probability of a symbol, at most: the tail sample is a limit of rare ones."""

MOST_NUMBERS = 1e7
"""Of a simulation of symbols: replicates times models times symbols times generations, about."""

MOST_SEEN = 4.0
"""Records of a symbol up to which enough histories miss it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One quantity at one model at the last generation played, predicted and simulated.

    `low` and `high` bound the simulated mean by three standard errors: a miss within them does not show.
    """

    quantity: Quantity
    model: str
    predicted: float
    simulated: float
    low: float
    high: float

    def to_dict(self) -> dict[str, object]:
        """As in documents."""
        return {
            "quantity": self.quantity,
            "model": self.model,
            "predicted": self.predicted,
            "simulated": self.simulated,
            "low": self.low,
            "high": self.high,
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether a simulation confirms a plan.

    Attributes
    ----------
    generations, replicates, seed
        What was played.
    seen
        For each target the model that is worst by theory.
    agree
        Whether theory and simulation agree at every model, as far as chance allows, and enough was seen
        of the worst one to judge it.
    confirmed
        Whether they agree, and no simulated value passes its target by more than three standard errors.
    sentence
        The outcome, for people.
    """

    generations: int
    replicates: int
    seed: int
    seen: tuple[Seen, ...]
    agree: bool
    confirmed: bool
    sentence: str

    def to_dict(self) -> dict[str, object]:
        """As in documents."""
        return {
            "generations": self.generations,
            "replicates": self.replicates,
            "seed": self.seed,
            "agree": self.agree,
            "confirmed": self.confirmed,
            "sentence": self.sentence,
            "seen": [each.to_dict() for each in self.seen],
        }


def prove(
    pipeline: Pipeline, targets: Targets, scope: Scope, *, seed: int, replicates: int = REPLICATES
) -> Proof:
    """Play a pipeline, and compare every target's quantity with what theory says.

    Inflation is that of a mean with known variance, whose law is the asymptotic one at every
    budget. Diversity is that of two symbols; the tail sample is read off how many of many equally
    rare symbols are left. Models outside the scope and its ancestors are not played. Where targets
    are for the limit too, histories are played on until theory is within `NEAR` of it, or for
    `LONGEST` generations. Theory and simulation are compared at every model at the end, and of
    inflation at generation 0.

    Raises
    ------
    InputError
        If there are too few replicates to judge by.
    """
    if replicates < FEWEST:
        raise InputError(
            f"{replicates:,} simulated histories are too few to judge by: risk is skewed",
            f"write --replicates {FEWEST:,} or more",
        )
    part, judged = _part(pipeline, scope)
    part = replace(part, generations=_length(part, targets, judged))
    found = outlook(part, quantities=targets.quantities)
    seen, agree, kept = [], True, True
    for target in targets:
        watched = _WATCHED[target.quantity](part, found, seed, replicates)
        watched = replace(watched, limit_alone="horizon" not in targets.times)
        one, sure, holds = _worst(target, found, judged, watched)
        agree &= watched.comparison.agree and sure
        kept &= holds
        seen.append(one)
    played = f"{replicates:,} simulated histories of {horizon_of(part):,} generation"
    played += "s" * (horizon_of(part) != 1)
    return Proof(
        generations=horizon_of(part),
        replicates=replicates,
        seed=seed,
        seen=tuple(seen),
        agree=agree,
        confirmed=agree and kept,
        sentence=_sentence(played, agree, kept, _beyond(found, targets, judged)),
    )


def _length(part: Pipeline, targets: Targets, scope: Scope) -> int:
    """Generations to play: the horizon, or where the limit matters as many as come near to it."""
    length = horizon_of(part)
    if "limit" not in targets.times or scope.models.size > MOST_PLAYED_ON:
        return length
    while length < LONGEST:
        found = outlook(replace(part, generations=length), quantities=targets.quantities)
        if not _beyond(found, targets, scope):
            break
        length = min(2 * length, LONGEST)
    return length


def _beyond(found: Outlook, targets: Targets, scope: Scope) -> bool:
    """Whether a limit that is asked for is not yet reached at the horizon."""
    if "limit" not in targets.times:
        return False
    for target in targets:
        now, settled = (found.columns[target.quantity, when][scope.models] for when in TIMES)
        with np.errstate(invalid="ignore"):
            apart = np.abs(now - settled) > NEAR * np.maximum(np.abs(settled), np.abs(now))
        if (apart & np.isfinite(settled)).any():
            return True
    return False


def _sentence(played: str, agree: bool, kept: bool, beyond: bool) -> str:
    if not agree:
        return (
            f"{played} disagree with the theory, or too few to tell (a right plan is refused with a "
            f"chance of about {FALSE_ALARM:g}): do not trust this plan, or take more --replicates"
        )
    if not kept:
        return f"{played} agree with the theory, and do not keep the targets"
    rest = "; what the theory says of the limit beyond is not simulated" if beyond else ""
    return (
        f"{played} confirm it: they agree with the theory at every model (a right plan fails that with a "
        f"chance of about {FALSE_ALARM:g}){rest}"
    )


def _part(pipeline: Pipeline, scope: Scope) -> tuple[Pipeline, Scope]:
    """The models in scope and their ancestors, alone."""
    graph = pipeline.graph
    keep = ancestors(graph, np.flatnonzero(scope.models))
    names = {name for name, kept in zip(graph.model_names, keep, strict=True) if kept}
    part = InteractionGraph.from_parts(
        graph.sources,
        [model for model in graph.models if model.name in names],
        [flow for flow in graph.flows if flow.model in names],
    )
    return replace(pipeline, graph=part), Scope(scope.models[keep], ())


@dataclass(frozen=True, eq=False)
class _Watched:
    """What was played: means of some number by model, and the quantity that such a number tells."""

    comparison: Comparison
    read: Callable[[Array], Array]
    limit_alone: bool = False


def _inflation(part: Pipeline, found: Outlook, seed: int, replicates: int) -> _Watched:
    runs = simulate(
        part, GaussianMean(), replicates=replicates, seed=seed, generations=horizon_of(part), metrics=["risk"]
    )
    risk = np.asarray(runs["risk"].values[:, [0, -1]])
    rows = predicted_risk(part.graph, GaussianMean().law(), GaussianMean(), regime_of(part), horizon_of(part))
    predicted = rows[[0, -1]]
    return _Watched(compare(risk, predicted, FALSE_ALARM), lambda last: last / predicted[0])


def _diversity(part: Pipeline, found: Outlook, seed: int, replicates: int) -> _Watched:
    runs = simulate(
        part,
        Categorical(np.array([0.5, 0.5])),
        replicates=replicates,
        seed=seed,
        generations=horizon_of(part),
        metrics=["diversity"],
    )
    last = np.asarray(runs["diversity"].values[:, -1])
    return _Watched(
        compare(last[:, None], found.columns["diversity", "horizon"][None], FALSE_ALARM), lambda mean: mean
    )


def _tail_sample(part: Pipeline, found: Outlook, seed: int, replicates: int) -> _Watched:
    tail = found.columns["tail_sample", "horizon"]
    least = max(float(np.nanmin(tail)), 1.0)
    chance = min(1 / (2 * least), RARE)
    work = SYMBOLS * len(part.graph.model_names) * (horizon_of(part) + 1)
    runs = simulate(
        part,
        Categorical(np.append(np.full(SYMBOLS, chance), 1 - SYMBOLS * chance)),
        replicates=int(np.clip(MOST_NUMBERS / work, FEWEST_TAILS, replicates)),
        seed=seed,
        generations=horizon_of(part),
        metrics=["distinct"],
    )
    left = (np.asarray(runs["distinct"].values[:, -1]) - 1) / SYMBOLS
    # of a model that hardly ever misses one, too little is seen to be judged
    predicted = np.where(tail * chance <= MOST_SEEN, -np.expm1(-tail * chance), np.nan)

    def read(mean: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log1p(-np.clip(mean, 0.0, 1.0)) / chance)

    return _Watched(compare(left[:, None], predicted[None], FALSE_ALARM), read)


_WATCHED: dict[Quantity, Callable[[Pipeline, Outlook, int, int], _Watched]] = {
    "inflation": _inflation,
    "diversity": _diversity,
    "tail_sample": _tail_sample,
}


def _worst(target: Target, found: Outlook, scope: Scope, watched: _Watched) -> tuple[Seen, bool, bool]:
    """What was seen of the worst model; whether that could be judged; whether the target is kept.

    A target for the limit alone is not broken before.
    """
    value, at = found.worst(target, "horizon", scope)
    seen = watched.comparison
    mean, error = seen.simulated[-1], seen.standard_error[-1]
    centre, low, high = (watched.read(mean + times * error)[at] for times in (0, -3, 3))
    holds = bool(low <= target.bound if target.is_upper else high >= target.bound)
    settled = found.columns[target.quantity, "limit"][at]
    holds |= watched.limit_alone and not math.isclose(value, settled, rel_tol=NEAR)
    name = found.pipeline.graph.model_names[at]
    one = Seen(target.quantity, name, value, float(centre), float(low), float(high))
    return one, bool(seen.judged[-1, at]), holds and not math.isnan(centre)
