"""Why a model cannot reach a target, in one sentence that holds however much a change gives.

A floor is told apart from a lack of effort by computing it: what the change alters is taken as
perfect, and then archives and frozen models are taken as fresh real data, to see which of them
keeps the model from its target.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.graph import InteractionGraph
from headwater.grounding import Grounding, ancestors, ground
from headwater.pipeline import Pipeline
from headwater.planning.outlook import horizon_of, is_met, outlook, regime_of
from headwater.planning.targets import Target, When
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from headwater.report.words import quoted
from headwater.theory.laws import Asymptotic, Law
from headwater.theory.system import Flag

Numbers = NDArray[np.signedinteger[Any]]

WORDS = {"inflation": "inflation", "diversity": "diversity", "tail_sample": "tail sample"}


def why_not(
    pipeline: Pipeline,
    model: int,
    when: When,
    target: Target,
    touched: Flag,
    *,
    law: Law | None = None,
) -> str:
    """Why a model cannot reach a target by a change, as one sentence.

    Parameters
    ----------
    pipeline
        With the change made, as far as it goes (or as far as was tried): what it says of models
        that the change touches is read from here.
    model
        Its number in the graph.
    when, target
        What it misses, and when.
    touched : (models,) bool
        Models whose training set the change alters; their providers' are not among them.

    Raises
    ------
    NoLaw, LawError
        As `headwater.diagnose`.
    """
    case = _Case(pipeline, model, when, target, np.asarray(touched, dtype=bool), law or Asymptotic())
    for find in _REASONS:
        said = find(case)
        if said:
            return said
    has = f"{case.what} {case.shown(case.value)} {case.at}"
    return f"with all that the change can give, {case.who} still has {has}"


@dataclass(frozen=True, eq=False)
class _Case:
    """One model, one target, one time; and what is computed of them, once."""

    pipeline: Pipeline
    model: int
    when: When
    target: Target
    touched: Flag
    law: Law

    @property
    def graph(self) -> InteractionGraph:
        return self.pipeline.graph

    @property
    def who(self) -> str:
        return quoted([self.graph.model_names[self.model]])

    @property
    def what(self) -> str:
        return WORDS[self.target.quantity]

    @property
    def at(self) -> str:
        return "in the limit" if self.when == "limit" else f"at generation {horizon_of(self.pipeline)}"

    @cached_property
    def grounding(self) -> Grounding:
        return ground(self.graph)

    @cached_property
    def upstream(self) -> Flag:
        """(models,) the model and its ancestors."""
        return ancestors(self.graph, np.array([self.model]))

    @property
    def drops_old_data(self) -> bool:
        return not isinstance(regime_of(self.pipeline), Accumulate | AccumulateSubsample)

    @cached_property
    def value(self) -> float:
        """With the change as it is."""
        return self._value(self.graph)

    @cached_property
    def best(self) -> InteractionGraph:
        """With perfect data from every ancestor that the change touches."""
        perfect = self.touched & self.upstream
        perfect[self.model] = False
        return _as_fresh(self.graph, np.flatnonzero(perfect))

    @cached_property
    def floor(self) -> float:
        """No change to models that are touched brings the model further, if it is not touched itself."""
        return self._value(self.best)

    def misses(self, value: float) -> bool:
        return not math.isnan(value) and not is_met(self.target, value)

    def with_fresh(self, providers: Numbers) -> float:
        """The floor, if those providers were fresh real data."""
        return self._value(_as_fresh(self.best, providers))

    def shown(self, value: float) -> str:
        if math.isnan(value):
            return "that theory does not know"
        if self.target.quantity == "tail_sample":
            return f"{value:,.6g}"
        return f"{value:,.4g}" if math.isfinite(value) else "without bound"

    def _value(self, graph: InteractionGraph) -> float:
        part, at = upstream_part(graph, self.model)
        found = outlook(replace(self.pipeline, graph=part), self.law, [self.target.quantity])
        return float(found.columns[self.target.quantity, self.when][at])


def _ungrounded(case: _Case) -> str:
    """A component above the model that nothing enters from outside."""
    grounding, touched = case.grounding, case.touched
    above = np.unique(grounding.component[case.upstream])
    closed = [number for number in grounding.ungrounded if number in above]
    if not closed or not case.drops_old_data:
        return ""
    closed.sort(key=lambda number: bool(touched[grounding.members(number)].any()))
    inside = bool(np.isin(grounding.component[case.model], closed))
    certain = case.when == "limit" and (inside or case.target.quantity != "tail_sample")
    members = grounding.members(int(closed[0]))
    reached = bool(touched[members].any()) or bool(touched[case.model])
    if not (certain or case.misses(case.value if reached else case.floor)):
        return ""
    names = quoted([case.graph.model_names[at] for at in members])
    alone = len(members) == 1
    loop = f"{names}, which learns only from itself," if alone else f"the loop of {names}"
    enters = (
        "what the change alters there brings nothing from outside into it"
        if touched[members].any()
        else "the change does not enter it"
    )
    regime = regime_of(case.pipeline)
    window = isinstance(regime, Window) and regime != Window(1)
    ends = "; a window only drops old data later" if window else ""
    rests = f"{case.who} is part of" if case.model in members and not alone else f"{case.who} rests on"
    if case.model in members and alone:
        return f"{names} learns only from itself and stays ungrounded: {enters}{ends}"
    return f"{rests} {loop} {'which ' if not alone else ''}stays ungrounded: {enters}{ends}"


def _not_reached(case: _Case) -> str:
    """Nothing that the change alters is the model, or above it."""
    if case.touched[case.upstream].any():
        return ""
    value = case.shown(case.value)
    return f"the change does not reach {case.who}: its {case.what} {case.at} stays {value}"


def _no_theory(case: _Case) -> str:
    if not math.isnan(case.value):
        return ""
    regime = regime_of(case.pipeline)
    return f"theory knows no {case.what} of {case.who} {case.at} under {regime}: ask for --at horizon"


def _too_small(case: _Case) -> str:
    """A tail sample is no larger than the training set, and N samples hold at most 1 - 1/N."""
    if case.target.quantity == "inflation":
        return ""
    size = _training_set(case)
    which = "as many as the change gives" if case.touched[case.model] else "which the change does not enlarge"
    if case.target.quantity == "tail_sample" and case.misses(size):
        return (
            f"the tail sample of {case.who} can never pass its training set of {size:,.0f} samples, {which}"
        )
    if case.target.quantity == "diversity" and case.misses(1 - 1 / size):
        return (
            f"{case.who} is trained on {size:,.0f} samples, {which}, and so many hold at most "
            f"{1 - 1 / size:.6g} of the diversity even if all are real"
        )
    return ""


def _training_set(case: _Case) -> float:
    """Samples that the model is trained on when it is judged; infinite where pools grow on."""
    graph, regime = case.graph, regime_of(case.pipeline)
    given = float(graph.initial_samples[graph.initial_model == case.model].sum())
    budget = float(graph.samples[graph.learner == case.model].sum())
    if graph.frozen[case.model]:
        return given
    later = math.inf if case.when == "limit" else float(horizon_of(case.pipeline))
    window = 1 if isinstance(regime, Replace) else regime.generations if isinstance(regime, Window) else None
    if window is None:
        return budget * later + max(given, budget)
    return window * budget if later >= window else later * budget + (given or budget)


def _starts_anew(case: _Case) -> str:
    """A model that starts from its own budget by default inflates to 1 with real data without end."""
    graph = case.graph
    default = case.model not in graph.initial_model and not graph.frozen[case.model]
    upper = case.target.is_upper and case.target.bound <= 1
    if not (default and upper and case.touched[case.model] and case.drops_old_data):
        return ""
    own = graph.samples[graph.learner == case.model]
    from_model = graph.provider[graph.learner == case.model] < len(graph.model_names)
    if own[from_model].sum() > 0.01 * own.sum() or not case.misses(case.value):
        return ""
    return (
        f"{case.who} starts from as many real samples as flow into it, so that more of them lower its risk "
        f"at generation 0 as well: with all that the change can give, its inflation is still "
        f"{case.shown(case.value)}"
    )


def _floor(case: _Case) -> str:
    """What stays: archives, frozen models, or the model's own untouched part."""
    if not case.misses(case.floor):
        return ""
    graph, models = case.best, len(case.graph.model_names)
    above = ancestors(graph, np.array([case.model]))
    used = np.unique(graph.provider[above[graph.learner]])
    archives = np.array([at for at in used if at >= models and graph.fixed[at - models]], dtype=np.int32)
    frozen = np.array([at for at in used if at < models and graph.frozen[at]], dtype=np.int32)
    for providers, tell in (
        (archives, _by_archives),
        (frozen, _by_frozen),
        (np.concatenate([archives, frozen]), _by_both),
    ):
        if len(providers) and is_met(case.target, case.with_fresh(providers)):
            return tell(case, providers)
    return _by_itself(case)


def _best_words(case: _Case, name: str = "") -> str:
    """What stays however far the change goes, of the model itself or of one that is named."""
    what = f"the {case.what} of {name} {case.at}" if name else f"its {case.what} {case.at}"
    if case.touched[case.model]:
        return f"with all that the change can give, {what} is still {case.shown(case.floor)}"
    side = "above " if case.target.is_upper else "below "
    bounded = 0 < case.floor < math.inf
    return f"however much is added, {what} stays {side if bounded else ''}{case.shown(case.floor)}"


def _by_archives(case: _Case, providers: Numbers) -> str:
    graph, models = case.graph, len(case.graph.model_names)
    each = [
        f"{quoted([graph.source_names[at - models]])} ({graph.size[at - models]:,.0f} samples)"
        for at in providers[:3]
    ]
    if len(providers) == 1:
        error = f"archive {each[0]}, whose own error of 1/{graph.size[providers[0] - models]:,.0f} stays"
    else:
        rest = f" and {len(providers) - 3:,} more" if len(providers) > 3 else ""
        error = f"archives {', '.join(each)}{rest}, whose own errors stay"
    return f"what {case.who} learns comes again and again from the fixed {error}: {_best_words(case)}"


def _by_frozen(case: _Case, providers: Numbers) -> str:
    names = quoted([case.graph.model_names[at] for at in providers])
    error = (
        f"model {names}, whose error stays" if len(providers) == 1 else f"models {names}, whose errors stay"
    )
    return f"what {case.who} learns comes in part from the frozen {error}: {_best_words(case)}"


def _by_both(case: _Case, providers: Numbers) -> str:
    models = len(case.graph.model_names)
    names = [
        case.graph.model_names[at] if at < models else case.graph.source_names[at - models]
        for at in providers
    ]
    return (
        f"what {case.who} learns comes in part from fixed archives and frozen models, {quoted(names)}, "
        f"whose errors stay: {_best_words(case)}"
    )


def _by_itself(case: _Case) -> str:
    """No provider that stays the same explains it: shares and budgets do."""
    graph = case.best
    share = _synthetic_share(graph)
    if case.touched[case.model]:
        if share[case.model] <= 0:
            return ""
        return f"{case.who} still learns {_from_models(share[case.model])}: {_best_words(case)}"
    held = np.flatnonzero(ancestors(graph, np.array([case.model])) & graph.trained & ~case.touched)
    at = int(held[np.argmax(share[held])]) if len(held) else case.model
    if share[at] <= 0:
        size = _training_set(case)
        return f"{case.who} is trained on {size:,.0f} samples, as before: {_best_words(case)}"
    learns = f"learns {_from_models(share[at])}, and this change does not alter that"
    if at == case.model:
        return f"{case.who} {learns}: {_best_words(case)}"
    other = quoted([graph.model_names[at]])
    return f"{case.who} rests on {other}, which {learns}: {_best_words(case, case.who)}"


def _from_models(share: float) -> str:
    """A share that is not all is never shown as all."""
    return "from models alone" if share > 1 - 1e-12 else f"{min(100 * share, 99.9):.3g}% from models"


def _synthetic_share(graph: InteractionGraph) -> np.ndarray:
    """(models,) share by weight of what comes from models."""
    models = len(graph.model_names)
    mass = graph.samples * graph.weight
    whole = np.bincount(graph.learner, mass, models)
    made = np.bincount(graph.learner, mass * (graph.provider < models), models)
    return np.asarray(np.divide(made, whole, out=np.zeros(models), where=whole > 0))


def _as_fresh(graph: InteractionGraph, providers: Numbers) -> InteractionGraph:
    """The graph in which what those providers give is fresh real data; their own flows stay.

    Risk, identity by descent and the tail sample are monotone in what a provider knows, all
    coefficients of their recursions being at least 0: nothing that is done to those models
    leaves the others better off than this.
    """
    if not len(providers):
        return graph
    models, sources = len(graph.model_names), len(graph.source_names)
    taken = {*graph.model_names, *graph.source_names}
    stem = "real"
    while any(name.startswith(stem) for name in taken):
        stem += "'"
    place = np.arange(models + sources, dtype=np.int32)
    place[providers] = models + sources + np.arange(len(providers))
    return replace(
        graph,
        provider=place[graph.provider],
        source_names=(*graph.source_names, *(f"{stem}{at}" for at in range(len(providers)))),
        fixed=np.append(graph.fixed, np.zeros(len(providers), dtype=bool)),
        size=np.append(graph.size, np.full(len(providers), np.nan)),
        emissions={at: how for at, how in graph.emissions.items() if place[graph.provider[at]] < models},
    )


def upstream_part(graph: InteractionGraph, model: int) -> tuple[InteractionGraph, int]:
    """The model and its ancestors alone, and the model's number among them."""
    keep = ancestors(graph, np.array([model]))
    models, sources = len(keep), len(graph.source_names)
    place = np.concatenate([np.cumsum(keep) - 1, int(keep.sum()) + np.arange(sources)]).astype(np.int32)
    flows = np.flatnonzero(keep[graph.learner])
    started = np.flatnonzero(keep[graph.initial_model])
    number = {int(old): new for new, old in enumerate(flows)}
    part = replace(
        graph,
        model_names=tuple(graph.model_names[at] for at in np.flatnonzero(keep)),
        frozen=graph.frozen[keep],
        external=graph.external[keep],
        provider=place[graph.provider[flows]],
        learner=place[:models][graph.learner[flows]],
        samples=graph.samples[flows],
        weight=graph.weight[flows],
        initial_model=place[:models][graph.initial_model[started]],
        initial_source=graph.initial_source[started],
        initial_samples=graph.initial_samples[started],
        emissions={number[at]: how for at, how in graph.emissions.items() if at in number},
    )
    return part, int(place[model])


_REASONS: tuple[Callable[[_Case], str], ...] = (
    _ungrounded,
    _not_reached,
    _no_theory,
    _too_small,
    _starts_anew,
    _floor,
)
