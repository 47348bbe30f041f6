"""The monitor: samples of generations come in, alarms with a stated chance of ever being false go out.

Bets are in `evidence`, what healthy is in `limits`, the file in `state`.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from headwater.errors import InputError, SampleError
from headwater.files import FilePath
from headwater.measures.frame import fit_frame
from headwater.monitoring.evidence import Evidence, log_wealth
from headwater.monitoring.limits import LEVEL, Baseline, Tolerance, baseline, values_of
from headwater.monitoring.reference import fingerprint, shuffled
from headwater.monitoring.values import Alarm, Check, History, Settings
from headwater.samples.values import Array, Sample

MOST = 20_000
"""Rows of a sample that are scored; of more, these many at random."""

REFERENCE_SHARE = 0.2
"""Of alpha, for the chance that the held-out real data mislead."""

SPARE = 10.0
"""Log wealth of one bet on one side that is kept beyond what rings, so that an alarm ends some time after
the model is well again."""


class Monitor:
    r"""Watches samples of models, generation by generation, against real data.

    Each metric is the mean of a score in [0, 1] (`headwater.measures.scores`). It rings where its loss
    is surely more than the tolerance, at this or an earlier generation, and is so in this sample too.

    Parameters
    ----------
    reference
        Real data: a `Sample`, or numbers (rows,) or (rows, features). One half at random fits the
        scores, the other says what healthy is. The order of its rows does not matter.
    metrics
        Names of scores; all that the reference has, if None.
    alpha
        Chance of ever ringing, over all metrics, models and generations together, where all are healthy.
    tolerance
        What counts as healthy.
    models
        Their number, if it is known.
    seed
        Of everything random.

    Raises
    ------
    SampleError
        If the reference is too small, or a setting is no such thing.

    Notes
    -----
    **The guarantee.** Let every generation of every model be healthy: given its past, the rows of a
    sample are independent and the mean harm h' of each score is within the tolerance of the unknown
    healthy mean h, :math:`h' \le h + slack(h)`. Then P(any alarm, ever) :math:`\le \alpha`.

    *Proof.* Let J be the number of scores. (1) Given the frame, held-out rows are independent of it, so
    all upper bounds :math:`B \ge h` hold but for a chance of :math:`\alpha/5`: :math:`\alpha/(5J)` a
    score, divided by its sides. This is paid once, as all models and generations share the reference.
    (2) Where they hold, limits :math:`B + slack(B)` are at least every h', because they rise with B.
    Given the reference, each bet on a score of model k is then a nonnegative supermartingale, so is their
    mixture over bets, sides and starts, and it reaches :math:`1/a` with a chance of at most a
    (`headwater.monitoring.evidence.Evidence`). (3) The k-th model to appear gets
    :math:`a = w_k\,4\alpha/(5J)` for each of J scores with :math:`\sum_k w_k \le 1`, given all that was
    seen before it appeared; these add up to :math:`4\alpha/5`. (4) That the sample's own effect must be
    beyond the tolerance too can only take alarms away. Samples of different models may depend on each
    other, and models may have been trained on the reference.

    **When it is wrong.** Rows of a sample that depend on each other (a text cut into rows, near copies
    kept in order, one prompt with many answers) are fewer than they look: the chance is no longer alpha.
    Generations that are chosen by their score, or checked again until they pass, are no stream.

    **Repair.** Evidence is not forgotten when a model is repaired, and an alarm then ends late. Check what
    was repaired under a new name; its chance to ring in vain is part of alpha.
    """

    def __init__(
        self,
        reference: Sample | ArrayLike,
        metrics: Sequence[str] | None = None,
        alpha: float = 0.01,
        tolerance: Tolerance | None = None,
        models: int | None = None,
        seed: int = 0,
    ) -> None:
        names = None if metrics is None else tuple(metrics)
        self.settings = Settings(names, alpha, tolerance or Tolerance(), models, seed)
        sample = reference if isinstance(reference, Sample) else Sample.of(reference)
        self.fingerprint = fingerprint(sample)
        self.frame = fit_frame(shuffled(sample, seed, self.fingerprint), names=names, seed=seed)
        error = REFERENCE_SHARE * alpha / len(self.frame.scores)
        self.baselines: Mapping[str, Baseline] = MappingProxyType(
            {
                score.name: baseline(score, self.frame.heldout, self.settings.tolerance, error)
                for score in self.frame.scores
            }
        )
        self._histories: dict[str, History] = {}
        self._held: set[str] = set()

    @property
    def histories(self) -> Mapping[str, History]:
        """What is known of each model, in the order in which they appeared."""
        return MappingProxyType(self._histories)

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """All that ever rang."""
        checks = (check for each in self._histories.values() for check in each.checks.values())
        return tuple(alarm for check in checks for alarm in check.alarms)

    def check(
        self, generation: int, sample: Sample | ArrayLike, model: str = "model", again: bool = False
    ) -> Check:
        """Score a sample, add it to the evidence, and tell what rings.

        Parameters
        ----------
        generation
            From 0; later than all of this model before, gaps allowed.
        sample
            Independent rows of the kind of the reference; of more than 20,000, so many at random.
        again
            Allow a generation that is not later. Its effects are then told and kept, but it is no evidence:
            rows that count twice would be bets on what is known already.

        Raises
        ------
        SampleError
            If the generation was checked, or is earlier than one that was, and `again` is False; or
            if the sample is not like the reference. Nothing is changed then.
        """
        history = self._histories.get(model) or self._appeared(model)
        generation = _number(generation)
        if generation <= history.last and not again:
            raise gone_by(model, generation, history)
        rows = self._rows(sample, model, generation)
        harms = {
            score.name: self.baselines[score.name].harms(values_of(score, rows))
            for score in self.frame.scores
        }
        if generation > history.last:
            history, check = self._counted(history, model, generation, harms)
        else:
            check = self._told(history, model, generation, harms)
        check = dataclasses.replace(check, rows=len(rows))
        self._histories[model] = dataclasses.replace(history, checks={**history.checks, generation: check})
        return check

    def note(
        self, generation: int, readings: Mapping[str, Any], model: str = "model", replace: bool = False
    ) -> None:
        """Keep whatever else was measured, as JSON can, beside a generation that was checked.

        What was noted first stays, as later generations may have been compared with it: a second note of
        a generation is passed over, unless it is to `replace` the first.
        """
        history = self._histories.get(model)
        if history is None or generation not in history.checks:
            raise SampleError(f"generation {generation} of {model!r} was not checked", "check it first")
        if replace or generation not in history.readings:
            noted = {**history.readings, generation: dict(readings)}
            self._histories[model] = dataclasses.replace(history, readings=noted)

    def readings(self, model: str = "model") -> Mapping[int, Mapping[str, Any]]:
        """What was noted, by generation."""
        history = self._histories.get(model)
        return MappingProxyType(history.readings if history else {})

    @contextmanager
    def watching(self, model: str = "model", state: FilePath | None = None) -> Iterator[Watch]:
        """A block in which one model is checked, and what is known is kept in a file, if one is named.

        If the file exists, the monitor goes on from it. It is written after every check and at the end of
        the block, and is held meanwhile: no other run can go on from it. Blocks of several models of one
        monitor may share a file.

        Raises
        ------
        InputError
            If the file is no state of this monitor, another run holds it, or the monitor was told what
            the file does not know.
        OutputError
            If nothing can be written there.
        """
        if state is None or os.path.realpath(state) in self._held:
            yield Watch(self, model, state)
            return
        from headwater.monitoring.state import held

        place = os.path.realpath(state)
        with held(state):
            if os.path.exists(state):
                self._go_on(state)
            self._held.add(place)
            try:
                yield Watch(self, model, state)
            finally:
                self._held.discard(place)
                if self._histories:
                    self.save(state)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """A block after which the monitor knows what it knew before, if the block raises.

        What was saved meanwhile stays in its file.
        """
        before = dict(self._histories)
        try:
            yield
        except BaseException:
            self._histories = before
            raise

    def save(self, path: FilePath) -> None:
        """Write everything but the reference to one JSON file, beside its place and renamed.

        Raises
        ------
        OutputError
            If it cannot be written; an older file is then unchanged.
        """
        from headwater.monitoring.state import write

        write(path, self.fingerprint, self.settings, self.baselines, self._histories)

    def resume(self, path: FilePath) -> None:
        """Go on from a saved state of this reference and these settings, instead of what was checked so far.

        Raises
        ------
        InputError
            If the file is no such state.
        """
        from headwater.monitoring.state import histories_of, read

        document = read(path)
        self._histories = histories_of(document, path, self.fingerprint, self.settings, self.baselines)

    @staticmethod
    def load(path: FilePath, reference: Sample | ArrayLike) -> Monitor:
        """A monitor with the settings of a saved state, and that state.

        Raises
        ------
        InputError
            If the file is no state, or of another reference.
        """
        from headwater.monitoring.state import read

        settings = read(path).settings
        monitor = Monitor(
            reference, settings.metrics, settings.alpha, settings.tolerance, settings.models, settings.seed
        )
        monitor.resume(path)
        return monitor

    def _go_on(self, path: FilePath) -> None:
        """Resume, unless that would forget something."""
        told = self._histories
        self.resume(path)
        lost = [model for model, history in told.items() if not history.is_in(self._histories.get(model))]
        if lost:
            self._histories = told
            raise InputError(
                f"the monitor was told of {lost[0]!r} what this state does not know",
                "watch with a new monitor, or name another file",
                os.fspath(path),
            )

    def _appeared(self, model: str) -> History:
        if not (isinstance(model, str) and model.strip()):
            raise SampleError(f"a model is called {model!r}", "give it a name")
        rank = len(self._histories) + 1
        if self.settings.models is not None and rank > self.settings.models:
            raise SampleError(
                f"{model!r} is one model more than the {self.settings.models} that share alpha",
                f"known: {', '.join(self._histories)}; say how many there will be, or models=None",
            )
        return History(rank)

    def _rows(self, sample: Sample | ArrayLike, model: str, generation: int) -> Sample:
        """Those that are scored, in an order of its own: sorted rows are otherwise paired by their ranks."""
        kind = self.frame.reference.kind
        if not isinstance(sample, Sample):
            sample = Sample.of(sample, None if kind == "numeric" else kind)
        self.frame.check(sample)
        mark = f"{self.settings.seed} {model} {generation}".encode("utf-8", "surrogatepass")
        rng = np.random.default_rng(list(mark))
        return sample.take(rng.permutation(len(sample))[:MOST])

    def _log_threshold(self, rank: int) -> float:
        share = (1 - REFERENCE_SHARE) * self.settings.weight(rank) / len(self.baselines)
        return -math.log(self.settings.alpha * share)

    def _evidence(self, history: History, name: str) -> Evidence:
        if history.counted:
            return Evidence(np.array(history.evidence[name]), history.counted)
        return Evidence.none(len(self.baselines[name].limit))

    def _counted(
        self, history: History, model: str, generation: int, harms: dict[str, Array]
    ) -> tuple[History, Check]:
        """The evidence with one check more, and what it tells."""
        threshold = self._log_threshold(history.rank)
        evidence = {}
        for name, base in self.baselines.items():
            gains = log_wealth(harms[name], base.limit)
            cap = threshold + math.log(gains.size) + SPARE
            evidence[name] = self._evidence(history, name).after(gains, cap)
        sums = {name: each.log_sums.tolist() for name, each in evidence.items()}
        history = dataclasses.replace(history, counted=history.counted + 1, evidence=sums)
        check = self._told(history, model, generation, harms)
        log_e = {name: float(each.log_e) for name, each in evidence.items()}
        alarms = tuple(
            Alarm(model, generation, name, effect.part, effect, log_e[name], threshold)
            for name, effect in check.effects.items()
            if log_e[name] >= threshold and effect.beyond
        )
        return history, dataclasses.replace(check, counted=True, log_e_values=log_e, alarms=alarms)

    def _told(self, history: History, model: str, generation: int, harms: dict[str, Array]) -> Check:
        """Effects alone; evidence and alarms are those of when it was counted, if it was."""
        effects = {}
        for name, base in self.baselines.items():
            side = int(self._evidence(history, name).log_e_of_sides.argmax())
            share = (1 - LEVEL) / 2 / len(base.limit) / (history.counted * (history.counted + 1))
            effects[name] = base.effect(harms[name], side, share)
        check = history.checks.get(generation, Check(model, generation, 0, False, {}, {}, ()))
        return dataclasses.replace(check, effects=effects)


@dataclass(frozen=True)
class Watch:
    """One model of a monitor; made by `Monitor.watching`."""

    monitor: Monitor
    model: str
    state: FilePath | None = None

    def check(self, generation: int, sample: Sample | ArrayLike, again: bool = False) -> Check:
        """As `Monitor.check`; the state is saved before it returns.

        Raises
        ------
        InputError
            If the block of `Monitor.watching` is over: others may have written the state since.
        """
        if self.state is not None and os.path.realpath(self.state) not in self.monitor._held:
            raise InputError(
                "the state is not held any more",
                "check inside the block of `watching`",
                os.fspath(self.state),
            )
        check = self.monitor.check(generation, sample, self.model, again)
        if self.state is not None:
            self.monitor.save(self.state)
        return check


def _number(generation: int) -> int:
    if isinstance(generation, bool) or not isinstance(generation, int | np.integer) or generation < 0:
        raise SampleError(f"generation {generation!r}", "give a whole number from 0")
    return int(generation)


def gone_by(model: str, generation: int, history: History) -> SampleError:
    """The error for a generation that is not later than all before."""
    was = "was checked already" if generation in history.checks else f"is before {history.last}, which was"
    return SampleError(
        f"generation {generation} of {model!r} {was}",
        "check later ones, or say again=True (--again): effects are then told anew, evidence stays as it is",
    )
