"""The differential diagnosis: all five causes weighed, and an answer or *cannot tell*."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from headwater.errors import SampleError
from headwater.measures.causes import collapse, drift, forgetting, mode_collapse, performative
from headwater.measures.causes.evidence import Evidence
from headwater.measures.causes.facts import Tolerances
from headwater.measures.causes.measuring import Measured, measure
from headwater.measures.causes.weighing import Cause, Weighing

Answer = Cause | Literal["none", "cannot tell"]

WEIGHERS = (collapse.weigh, forgetting.weigh, mode_collapse.weigh, drift.weigh, performative.weigh)
ORDER = {"for": 0, "unknown": 1, "against": 2}


@dataclass(frozen=True)
class Differential:
    """What the evidence says of each cause.

    Attributes
    ----------
    answer
        The cause that is shown (that with the largest effect, if there are several); ``none`` if all
        five are excluded and the last output is like real data; else ``cannot tell``.
    also
        Other causes that are shown.
    weighings
        All five: first those shown, then those not known, then those excluded; larger effects first.
    level
        1 less the chance that any cause is called shown where it is not there; the chance that ``none``
        is said where one of them is there beyond its tolerance is no larger.
    summary
        The answer in a sentence or two.
    """

    answer: Answer
    also: tuple[Cause, ...]
    weighings: tuple[Weighing, ...]
    level: float
    summary: str

    @property
    def remaining(self) -> tuple[Cause, ...]:
        """Causes that are neither shown nor excluded."""
        return tuple(each.cause for each in self.weighings if each.support == "unknown")

    def to_dict(self) -> dict[str, Any]:
        """In plain types, for JSON."""
        causes = [asdict(each) for each in self.weighings]
        for each in causes:
            each["for"] = each.pop("for_")
        return {
            "answer": self.answer,
            "also": list(self.also),
            "remaining": list(self.remaining),
            "level": self.level,
            "summary": self.summary,
            "causes": [
                {key: list(value) if isinstance(value, tuple) else value for key, value in each.items()}
                for each in causes
            ],
        }


def differential(
    evidence: Evidence,
    level: float = 0.99,
    tolerances: Tolerances | None = None,
    most: int = 1000,
    seed: int = 0,
) -> Differential:
    """Which of five causes of loss the evidence shows, which it excludes, and what would decide.

    A cause is shown if every effect that it needs is beyond its tolerance by a test at (1 - level) / 5;
    it is excluded if one of them is within tolerance by a test at 1 - level, or if lineage or use
    exclude it. Rows within a sample, and samples, have to be independent.

    Parameters
    ----------
    most
        Rows of each sample that are used: memory and time grow with its square.
    seed
        Of the thinning, the clustering and the permutations.

    Raises
    ------
    SampleError
        If the level is not between 0.5 and 1, or fewer than 30 rows are to be used.
    """
    if not 0.5 < level < 1:
        raise SampleError(f"level={level!r}", "give a number between 0.5 and 1, as 0.99")
    if most < 30:
        raise SampleError(f"most={most!r}", "use at least 30 rows, and rather 1000")
    measured = measure(evidence, level, tolerances or Tolerances(), most, seed)
    weighings = sorted(
        (weigh(evidence, measured) for weigh in WEIGHERS),
        key=lambda each: (ORDER[each.support], -each.strength),
    )
    shown = tuple(each.cause for each in weighings if each.support == "for")
    answer, summary = _answer(tuple(weighings), shown, measured, evidence)
    return Differential(answer, shown[1:], tuple(weighings), level, summary)


def _answer(
    weighings: tuple[Weighing, ...], shown: tuple[Cause, ...], measured: Measured, evidence: Evidence
) -> tuple[Answer, str]:
    remaining = tuple(each for each in weighings if each.support == "unknown")
    decide = "; ".join(dict.fromkeys(words for each in remaining for words in each.would_decide))
    rest = f" Not excluded: {_listed(remaining)}; what would decide: {decide}." if remaining else ""
    if shown:
        return shown[0], f"Shown: {', '.join(shown)}.{rest}"
    healthy = measured.excluded(measured.away.no)
    if remaining:
        when = "" if evidence.newer is not None else " as far as it is known"
        good = f" The last output is like real data{when}." if healthy else ""
        return "cannot tell", f"Nothing is shown.{good}{rest}"
    if healthy:
        return "none", f"All five causes are excluded; {measured.away}."
    if measured.shown(measured.away.yes):
        return "cannot tell", f"The output is off by none of the five causes: a poor fit; {measured.away}."
    return "cannot tell", f"All five causes are excluded, but health is not shown; {measured.away}."


def _listed(weighings: tuple[Weighing, ...]) -> str:
    return ", ".join(each.cause for each in weighings)
