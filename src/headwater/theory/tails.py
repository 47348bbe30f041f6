"""What a model still knows of rare items, counted in real samples.

In the limit of rare items their counts are a branching process: every record of an item in a
model's training set makes a Poisson number of records in the next training sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headwater.errors import NoLaw
from headwater.graph import InteractionGraph
from headwater.regimes import AccumulateSubsample, Regime, Replace, Window
from headwater.theory.solving import factorised
from headwater.theory.system import Array, Flag, Index, System, build, summed

BLOCK = 256
"""Models followed at once."""

LINEAR_BELOW = 1e-4
"""Records that a record may yet stand for, below which its further way is followed to first order."""

STEP_WORK = 20_000
"""What a generation costs beside its numbers, in their units."""


@dataclass(frozen=True)
class _Records:
    """Kinds of records: those of one model and weight behave alike.

    `flow_kind` and `draw_kind` give the kind of each flow and each initial draw. `offspring`
    is (kinds, models), the samples of a kind that each model provides a generation.
    """

    model: Index
    weight: Array
    draw_kind: Index
    offspring: sparse.csr_array
    fresh: Array
    archive_flows: list[tuple[int, int, float]]


class _Pass:
    """One backward pass for a block of target models; probabilities that a record still counts."""

    def __init__(self, system: System, records: _Records, targets: Index) -> None:
        self.system, self.records = system, records
        self.known = np.zeros(len(targets))
        self.frozen = np.zeros((len(targets), len(system.frozen)))
        self.archive_missed = np.zeros((len(targets), len(system.archives)))

    def generation(self, success: Array) -> Array:
        """Account for what fresh and fixed sources gave in one generation; records asked of each model.

        Parameters
        ----------
        success : (targets, kinds)
            Probability that a record drawn in this generation still counts at the end.
        """
        records, trained = self.records, len(self.system.trained)
        self.known += success @ records.fresh
        for kind, archive, fraction in records.archive_flows:
            self.archive_missed[:, archive] += np.log1p(-np.minimum(fraction * success[:, kind], 1 - 1e-16))
        asked = np.asarray(success @ records.offspring)
        self.frozen += asked[:, trained:]
        return asked[:, records.model]

    def total(self, success: Array) -> Array:
        """(targets,) the effective tail sample, given success of the initial records.

        Parameters
        ----------
        success : (targets, kinds)
            Of records of trained models at generation 0; frozen ones are added here.
        """
        system, draws = self.system, self.system.start.draws
        trained = len(system.trained)
        frozen = -np.expm1(-self.frozen / system.start.mass[trained:])
        of_draw = np.empty((len(self.known), len(draws.model)))
        is_frozen = draws.model >= trained
        of_draw[:, is_frozen] = frozen[:, draws.model[is_frozen] - trained]
        of_draw[:, ~is_frozen] = success[:, self.records.draw_kind[~is_frozen]]
        fresh = draws.archive < 0
        missed = self.archive_missed.copy()
        for draw in np.flatnonzero(~fresh):
            archive = draws.archive[draw]
            fraction = draws.samples[draw] / system.archive_size[archive]
            missed[:, archive] += np.log1p(-np.minimum(fraction * of_draw[:, draw], 1 - 1e-16))
        return np.asarray(
            self.known + of_draw[:, fresh] @ draws.samples[fresh] - np.expm1(missed) @ system.archive_size
        )


def tail_sample(graph: InteractionGraph, regime: Regime, keep: Flag, generations: int) -> Array:
    r"""(generations + 1, models) effective tail sample A of each kept model, trained ones first.

    An item of small probability p is absent from the model's training set at generation t with
    probability :math:`\exp(-p A(t))`: the model knows the tail as well as a real sample of size
    A would. Backward through generations, with s the probability that a record still counts,

    .. math:: A \mathrel{+}= \sum_j s_j n_{j,\mathrm{fresh}}, \qquad
              s_k \leftarrow 1 - \exp\Big(-\sum_j s_j n_{jk} / N_k\Big)

    generalised to loss weights (a record of weight w counts w times in its model), frozen models
    (their records offer themselves every generation) and archives (a record is drawn with
    probability n/S, each generation anew) [harris1963branching]_.

    Raises
    ------
    NoLaw
        For unequal weights under accumulate-subsample.
    """
    pooling = not isinstance(regime, Replace | Window)
    system = build(graph, keep, archives_once=pooling)
    uneven = system.weighted or bool((graph.weight[keep[graph.learner]] != 1).any())
    if isinstance(regime, AccumulateSubsample) and uneven:
        raise NoLaw("tails with unequal weights under accumulate-subsample have no exact law", "simulate")
    records = _records(system, pooling)
    answer = np.empty((generations + 1, len(system.models)))
    answer[:, len(system.trained) :] = system.start.count[len(system.trained) :]
    for targets in _blocks(len(system.trained)):
        if isinstance(regime, Replace):
            rows = list(_replaced(system, records, targets, generations))
        else:
            rows = [
                _followed(system, records, targets, regime, horizon) for horizon in range(generations + 1)
            ]
        answer[:, targets] = rows
    return answer


def tail_sample_limit(graph: InteractionGraph, keep: Flag, lost: Flag, most_work: float = 2e9) -> Array:
    """(models,) where the effective tail sample settles under replace; NaN where that is too much work.

    Parameters
    ----------
    lost : (models of the graph,) bool
        Members of ungrounded components, whose records never meet a real sample again.
    most_work
        Records times models times generations that may be spent.
    """
    system = build(graph, keep)
    records = _records(system, pooling=False)
    answer = np.full(len(system.models), np.nan)
    answer[len(system.trained) :] = system.start.count[len(system.trained) :]
    onward = _Onward.of(system, records, np.flatnonzero(~lost[system.trained][records.model]))
    for targets in _blocks(len(system.trained)):
        work = 0.0
        follow = _Pass(system, records, targets)
        success = _indicator(records, targets)
        while work < most_work * len(targets) / len(system.trained):
            asked = follow.generation(success)
            success = -np.expm1(-asked * records.weight / system.mass[records.model])
            work += success.size + STEP_WORK
            if success[:, onward.alive].max(initial=0) * onward.reach < LINEAR_BELOW:
                onward.finish(follow, success)
                answer[targets] = follow.total(np.zeros_like(success))
                break
    return answer


@dataclass(frozen=True)
class _Onward:
    """What all further generations add, once so few records are left that they do not meet.

    `reach` bounds how many records one record ever stands for: the error of the first order is
    half of its product with the largest probability, relative to what is added.
    """

    alive: NDArray[np.intp]
    factor: Callable[[Array], Array] | None
    reach: float

    @classmethod
    def of(cls, system: System, records: _Records, alive: NDArray[np.intp]) -> _Onward:
        per_record = records.weight[alive] / system.mass[records.model[alive]]
        offspring = sparse.csr_array(records.offspring[alive][:, records.model[alive]])
        passed = sparse.eye_array(len(alive)) - offspring @ sparse.diags_array(per_record)
        if not len(alive):
            return cls(alive, None, 0.0)
        factor = factorised(sparse.csr_array(passed.T))
        return cls(alive, factor, float(factor(np.ones(len(alive))).max()))

    def finish(self, follow: _Pass, success: Array) -> None:
        """Add it to what `follow` has gathered."""
        if self.factor is None:
            return
        records = follow.records
        total = np.zeros_like(success)
        total[:, self.alive] = self.factor(success[:, self.alive].T).T
        follow.known += total @ records.fresh
        for kind, archive, fraction in records.archive_flows:
            follow.archive_missed[:, archive] -= fraction * total[:, kind]
        follow.frozen += np.asarray(total @ records.offspring)[:, len(follow.system.trained) :]


def _replaced(system: System, records: _Records, targets: Index, generations: int) -> Iterator[Array]:
    """Every horizon in one pass: under replace only the number of steps matters."""
    follow = _Pass(system, records, targets)
    success = _indicator(records, targets)
    yield follow.total(success)
    for _ in range(generations):
        asked = follow.generation(success)
        yield follow.total(-np.expm1(-asked / system.start.mass[records.model]))
        success = -np.expm1(-asked * records.weight / system.mass[records.model])


def _followed(system: System, records: _Records, targets: Index, regime: Regime, horizon: int) -> Array:
    """One horizon under a window or a pool, whose sizes change with time."""
    follow = _Pass(system, records, targets)
    window = regime.generations if isinstance(regime, Window) else 1
    pooling = not isinstance(regime, Window)
    subsample = isinstance(regime, AccumulateSubsample)
    success = [_indicator(records, targets)] * window
    if subsample and horizon:
        success = [success[0] * _drawn(system, horizon)[records.model]]
    for generation in range(horizon, 0, -1):
        asked = follow.generation(success[0])
        mass = _mass(system, generation - 1, window, pooling)
        if subsample and generation > 1:
            drawn = _drawn(system, generation - 1)[records.model]
            kept = np.minimum(system.budget, mass)[records.model]
            missed = 1 + drawn * np.expm1(-asked / kept)
        else:
            missed = np.exp(-asked * records.weight / mass[records.model])
        later = success if pooling else [*success[1:], np.zeros_like(success[0])]
        success = [1 - (1 - one) * missed for one in later]
    return follow.total(success[0])


def _mass(system: System, generation: int, window: int, pooling: bool) -> Array:
    """(trained,) weighted records behind each model."""
    start = system.start.mass[: len(system.trained)]
    if pooling:
        return np.asarray(start + generation * system.mass)
    later = min(generation, window)
    return np.asarray(later * system.mass + (start if generation < window else 0))


def _drawn(system: System, generation: int) -> Array:
    """(trained,) fraction of the pool that is trained on."""
    pool = system.start.count[: len(system.trained)] + generation * system.count
    return np.asarray(np.minimum(1.0, system.budget / pool))


def _indicator(records: _Records, targets: Index) -> Array:
    return np.asarray(records.model == targets[:, None], dtype=float)


def _blocks(trained: int) -> Iterator[Index]:
    for first in range(0, trained, BLOCK):
        yield np.arange(first, min(first + BLOCK, trained), dtype=np.int32)


def _records(system: System, pooling: bool) -> _Records:
    graph, trained = system.graph, len(system.trained)
    models = len(graph.model_names)
    row_of = np.full(models, -1, dtype=np.int64)
    row_of[system.models] = np.arange(len(system.models))
    # one entry more, so that there is something to index where there are no sources
    archive_of = np.full(len(graph.source_names) + 1, -1, dtype=np.int64)
    archive_of[system.archives] = np.arange(len(system.archives))
    flows = np.flatnonzero(np.isin(graph.learner, system.trained))
    provider, row = graph.provider[flows], row_of[graph.learner[flows]]
    samples, weight = graph.samples[flows], graph.weight[flows]
    from_model = provider < models
    archive = np.where(from_model, -1, archive_of[np.maximum(provider - models, 0)])
    draws = system.start.draws
    learner = np.concatenate([row, draws.model])
    pairs = np.stack([learner, np.concatenate([weight, draws.weight])], axis=1)
    kinds, kind = np.unique(pairs[learner < trained], axis=0, return_inverse=True)
    kind_of: NDArray[np.int64] = np.full(len(learner), -1)
    kind_of[learner < trained] = kind.ravel()
    flow_kind, draw_kind = kind_of[: len(row)], kind_of[len(row) :]
    ends = (flow_kind[from_model], row_of[provider[from_model]])
    fresh = ~from_model & (archive < 0)
    reused = np.flatnonzero(~from_model & (archive >= 0) & (not pooling))
    return _Records(
        model=kinds[:, 0].astype(np.int32),
        weight=kinds[:, 1],
        draw_kind=draw_kind.astype(np.int32),
        offspring=sparse.csr_array((samples[from_model], ends), shape=(len(kinds), len(system.models))),
        fresh=summed(flow_kind[fresh], samples[fresh], len(kinds)),
        archive_flows=[
            (int(flow_kind[at]), int(archive[at]), float(samples[at] / system.archive_size[archive[at]]))
            for at in reused
        ],
    )
