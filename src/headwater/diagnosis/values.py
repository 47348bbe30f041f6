"""What a diagnosis is: verdicts, the numbers behind them, causes, repairs, assumptions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headwater.diagnosis.growths import GROWTHS
from headwater.diagnosis.quantities import Quantities
from headwater.diagnosis.repairs import Repair
from headwater.diagnosis.verdict import VERDICTS, Verdict
from headwater.graph import InteractionGraph
from headwater.grounding import STATUSES, Grounding
from headwater.regimes import Regime
from headwater.theory.laws import Law
from headwater.theory.system import Array

SCHEMA = "headwater/diagnosis/1"


@dataclass(frozen=True, slots=True)
class Cause:
    """A component that makes models collapse.

    ``ungrounded``: no real data enter it. ``finite-sample``: grounded, but it has too few samples
    for its law and amplifies errors.
    """

    kind: str
    component: tuple[str, ...]
    collapses: tuple[str, ...]
    speed: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A count that is unknown, and where; `bounds` are the lowest and highest it may be, if known."""

    what: str
    place: str
    bounds: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis:
    """Who collapses, how fast, because of what, and the least that would stop it.

    Printing it gives a table; `to_dict` is the JSON document. `quantities` and `grounding` hold
    the columns behind it, over the graph's models.
    """

    name: str
    graph: InteractionGraph
    regime: Regime
    law: Law
    generations: int
    verdict: Verdict
    verdicts: np.ndarray
    grounding: Grounding
    quantities: Quantities
    causes: tuple[Cause, ...]
    left_out: dict[str, int]
    repairs: tuple[Repair, ...]
    loops: tuple[tuple[str, ...], ...]
    longest_chain: tuple[tuple[str, ...], ...]
    missing: tuple[Missing, ...]
    assumptions: tuple[str, ...]
    provenance: dict[str, str | None]

    def of(self, model: str) -> dict[str, Any]:
        """Everything about one model, as in the JSON document."""
        return self.entry(self.graph.index_of(model))

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many models have each verdict, worst first."""
        tally = np.bincount(self.verdicts, minlength=len(VERDICTS))
        return {verdict: int(tally[at]) for at, verdict in enumerate(VERDICTS)}

    def worst_first(self) -> np.ndarray:
        """(models,) models by verdict, trained ones first, then by how much their risk grows."""
        reached = -np.nan_to_num(self.inflation(-1), nan=-1.0)
        return np.lexsort((np.arange(len(reached)), reached, self.graph.frozen, self.verdicts))

    def inflation(self, generation: int) -> Array:
        """(models,) inflation at one generation; NaN where unknown."""
        risk = self.quantities.risk
        if risk is None:
            return np.full(len(self.graph.model_names), np.nan)
        return np.asarray(risk[generation] / risk[0])

    def to_dict(self) -> dict[str, Any]:
        """The document that ``headwater diagnose --json`` prints; what does not exist is None."""
        models = {name: self.entry(at) for at, name in enumerate(self.graph.model_names)}
        return {key: models if key == "models" else value for key, value in self.head().items()}

    def head(self) -> dict[str, Any]:
        """The document with ``models`` left empty."""
        return {
            "schema": SCHEMA,
            "pipeline": self.name,
            "regime": str(self.regime),
            "law": {"name": self.law.name, **self.law.parameters, "units": self.law.units},
            "generations": self.generations,
            "verdict": self.verdict,
            "models": {},
            "causes": [
                {
                    "kind": cause.kind,
                    "component": list(cause.component),
                    "collapses": list(cause.collapses),
                    "speed": cause.speed,
                }
                for cause in self.causes
            ],
            "repairs": [{"model": repair.model, "why": repair.why} for repair in self.repairs],
            "loops": [list(loop) for loop in self.loops],
            "longest_chain": [list(step) for step in self.longest_chain],
            "missing": [{"what": item.what, "place": item.place} for item in self.missing],
            "left_out": dict(self.left_out),
            "assumptions": list(self.assumptions),
            "provenance": dict(self.provenance),
        }

    def entry(self, at: int) -> dict[str, Any]:
        """Everything about one model by number."""
        found = self.quantities
        start = math.nan if found.risk is None else float(found.risk[0, at])
        limit = float(found.risk_limit[at])
        return {
            "verdict": VERDICTS[self.verdicts[at]],
            "grounding": STATUSES[self.grounding.status[at]],
            "growth": GROWTHS[found.growth[at]],
            "risk": _series(found.risk, at),
            "inflation": None if found.risk is None else _series(found.risk[:, [at]] / start, 0),
            "inflation_limit": _number(limit / start),
            "vs_isolated": _number(float(found.versus_isolated[at])),
            "diversity_retained": _series(found.diversity, at),
            "diversity_limit": _number(float(found.diversity_limit[at])),
            "tail_sample": _series(found.tail, at),
            "tail_sample_limit": _number(float(found.tail_limit[at])),
            "real_share": _number(float(found.ancestry.real_share[at])),
            "sources": self._sources(at),
            "depth": _number(float(found.ancestry.depth[at])),
        }

    def _sources(self, at: int) -> dict[str, float] | None:
        """Share of each source; None where a count that matters is unknown."""
        table = self.quantities.ancestry.by_source
        if table is None or np.isnan(table[at]).any():
            return None
        return {
            self.graph.source_names[source]: float(table[at, source]) for source in np.flatnonzero(table[at])
        }

    def __repr__(self) -> str:
        tally = ", ".join(f"{number} {verdict}" for verdict, number in self.counts.items() if number)
        return f"Diagnosis({self.name!r}: {self.verdict}; {tally or 'no models'})"

    def __str__(self) -> str:
        from headwater.report.terminal import as_text

        return as_text(self)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _series(table: Array | None, at: int) -> list[float | None] | None:
    """One model's column; None if it does not exist, numbers beyond the largest double as None."""
    if table is None or np.isnan(table[0, at]):
        return None
    return [_number(float(value)) for value in table[:, at]]


def names(graph: InteractionGraph, models: Sequence[int] | np.ndarray) -> tuple[str, ...]:
    """Names of models by number."""
    return tuple(graph.model_names[at] for at in models)
