"""What a plan of real samples comes to."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headwater.pipeline import Pipeline
from headwater.planning.changes import Change
from headwater.planning.outlook import Reached


@dataclass(frozen=True, eq=False)
class Allocation:
    """Real samples to add, and how far they lead.

    Attributes
    ----------
    given
        ``(source, model, samples)`` to add each generation; nothing else changes.
    cost
        Of these.
    bound
        Proved: no whole samples that meet the targets cost less, or, for a budget, no worst inflation
        (or, with targets, no worst ratio to its bound) is lower. None where nothing is proved.
    optimal
        Whether it is proved that nothing is better; of results for a budget, by more than a part in 100,000.
    pipeline
        The changed one.
    changes
        Its changed fields.
    reached
        How far the changed pipeline comes with every target, found anew.
    met
        Whether it reaches them all, within the budget.
    reasons
        Why it does not.
    notes
        What else there is to know, in sentences.
    worst
        For a budget: the worst inflation or ratio that was reached; None otherwise.
    """

    given: tuple[tuple[str, str, int], ...]
    cost: float
    bound: float | None
    optimal: bool
    pipeline: Pipeline
    changes: tuple[Change, ...]
    reached: tuple[Reached, ...]
    met: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    worst: float | None = None

    @property
    def gap(self) -> float | None:
        """By what fraction it may be from the best; None where no bound is proved."""
        value = self.cost if self.worst is None else self.worst
        if self.bound is None or not math.isfinite(value):
            return None
        return 0.0 if self.optimal or value <= 0 else max(0.0, 1 - self.bound / value)

    def to_dict(self) -> dict[str, object]:
        """As in documents; what is unbounded or not known is None."""
        return {
            "met": self.met,
            "cost": self.cost,
            "bound": self.bound,
            "gap": self.gap,
            "optimal": self.optimal,
            "worst": None if self.worst is None or not math.isfinite(self.worst) else self.worst,
            "given": [
                {"from": source, "to": model, "samples": samples} for source, model, samples in self.given
            ],
            "reached": {each.target.option: each.to_dict() for each in self.reached},
            "changes": [change.to_dict() for change in self.changes],
            "reasons": list(self.reasons),
            "notes": list(self.notes),
        }
