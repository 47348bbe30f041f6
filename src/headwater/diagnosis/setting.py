"""What one diagnosis is about: the graph, the regime, the horizon, and which models can be followed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from headwater.errors import NoLaw, NoSteadyState
from headwater.graph import InteractionGraph
from headwater.grounding import Grounding
from headwater.regimes import Accumulate, AccumulateSubsample, Regime, Replace, Window
from headwater.theory.laws import Law
from headwater.theory.pooled import Pooled
from headwater.theory.pooled_limit import settled_risk
from headwater.theory.probing import probed_trajectory
from headwater.theory.recursion import Invariant, Recursion
from headwater.theory.steady import Settling, steady_state
from headwater.theory.system import Array, Flag
from headwater.theory.trajectory import trajectory

DENSE_UP_TO = 4_000
"""Models (times the window) up to which whole matrices of second moments are carried."""

PROBED_UP_TO = 250_000
"""Models up to which risk is estimated by probes."""

PROBES = 1024
PROBE_SEED = 20_260_521

PROBE_ERROR = float(np.sqrt(2 / PROBES))
"""Relative standard error of a probed risk, at most."""


@dataclass(frozen=True)
class Setting:
    """Everything that the quantities of one diagnosis share.

    Attributes
    ----------
    grounding
        The condition, and the graph it was decided for.
    regime, generations
        What happens to old data, and the horizon.
    keep : (models,) bool
        Models to follow: all their counts are known, and those of their ancestors.
    notes
        What was left out or estimated, in sentences; quantities add to it.
    """

    grounding: Grounding
    regime: Regime
    generations: int
    keep: Flag
    notes: list[str] = field(default_factory=list)
    _settling: dict[bytes, Settling] = field(default_factory=dict)

    @property
    def graph(self) -> InteractionGraph:
        """The graph."""
        return self.grounding.graph

    @property
    def models(self) -> int:
        """How many models the graph has."""
        return len(self.graph.model_names)

    @property
    def pools(self) -> bool:
        """Whether the regime keeps every sample, and so bounds every risk."""
        return isinstance(self.regime, Accumulate | AccumulateSubsample)

    @property
    def replaces(self) -> bool:
        """Whether a generation is trained on its newest samples only."""
        return self.regime in (Replace(), Window(1))

    @property
    def window(self) -> int:
        """Batches a generation is trained on, where old ones are dropped."""
        return self.regime.generations if isinstance(self.regime, Window) else 1

    @property
    def dense(self) -> bool:
        """Whether second moments of all kept models are carried exactly."""
        return int(self.keep.sum()) * self.window <= DENSE_UP_TO

    @property
    def _size(self) -> str:
        kept = int(self.keep.sum())
        return (
            f"{kept:,} models" if self.window == 1 else f"{kept:,} models times a window of {self.window:,}"
        )

    def followed(self, recursion: Recursion) -> Array | None:
        """(generations + 1, models) risk by generation; None, with a note, where that is too much."""
        if self.dense:
            rows = trajectory(recursion, self.generations)
        else:
            kept = int(self.keep.sum())
            if kept > PROBED_UP_TO:
                self.notes.append(f"risk is left out: {kept:,} models are more than are followed at once")
                return None
            try:
                rows = probed_trajectory(recursion, self.generations, PROBES, PROBE_SEED)
            except NoLaw as reason:
                self.notes.append(f"risk is left out for {self._size}: {reason.problem}; {reason.remedy}")
                return None
            self.notes.append(
                f"risk of {kept:,} models is estimated by {PROBES} probes, with a relative standard error "
                f"of at most {PROBE_ERROR:.1%}, which verdicts allow for three times; limits, diversity and "
                "tails are left out"
            )
        table = np.full((len(rows), self.models), np.nan)
        table[:, recursion.system.models] = rows
        return table

    def limit(self, law: Law, recursion: Recursion, settles: Flag) -> Array:
        """(models,) risk in the limit; NaN where there is none or none is known.

        Parameters
        ----------
        recursion
            Of `law`, on the kept models.
        settles : (models,) bool
            Those of them whose risk is bounded by real data.
        """
        answer = np.full(self.models, np.nan)
        if not self.dense:
            return answer
        if isinstance(recursion, Pooled):
            settled = settled_risk(recursion)
            if settled is not None:
                answer[recursion.system.models] = settled
        elif settles.any():
            whole = bool((settles == self.keep).all())
            part: Invariant = recursion if whole else law.recursion(self.graph, self.regime, settles)  # type: ignore[assignment]
            try:
                answer[part.system.models] = steady_state(part, self._shared_settling(part, settles))
            except NoSteadyState as reason:
                self.notes.append(f"limits are left out: {reason.problem}")
        if np.isfinite(law.ceiling) and not self.pools:
            # without real data a model drifts until it has no variance left to drift by
            for component in self.grounding.ungrounded:
                members = self.grounding.members(component)
                answer[members[self.keep[members]]] = law.ceiling
        return answer

    def _shared_settling(self, recursion: Invariant, settles: Flag) -> Settling:
        """Risk and diversity settle through the same shares, so the powers are summed once."""
        which = settles.tobytes()
        if which not in self._settling:
            self._settling[which] = Settling.of(recursion)
        return self._settling[which]
