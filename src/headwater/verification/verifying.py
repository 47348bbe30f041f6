"""``verify``: the recursion that a law predicts beside the one that a family plays."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from headwater.errors import FamilyError, InputError, NoLaw
from headwater.families.contract import Array, Family
from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.regimes import Regime, Replace
from headwater.simulation.execution import Executor
from headwater.simulation.identity import family_parameters
from headwater.simulation.run import execute, plan
from headwater.theory.laws import Asymptotic, Law
from headwater.theory.trajectory import trajectory
from headwater.verification.comparing import FEWEST, Comparison, compare


@dataclass(frozen=True, eq=False)
class Verification:
    """What a law predicts, what was simulated, and whether they agree.

    Attributes
    ----------
    law, family, regime, replicates, seed
        What was held to what.
    models
        Names; the columns of `comparison`, whose rows are generations from 0.
    comparison
        Mean risk, predicted and simulated.
    runs
        The simulation.
    """

    law: Law
    family: Family[Any, Any]
    regime: Regime
    replicates: int
    seed: int
    models: tuple[str, ...]
    comparison: Comparison
    runs: xr.Dataset

    @property
    def agree(self) -> bool:
        """Whether theory and simulation agree at every model and generation."""
        return self.comparison.agree

    @property
    def sentence(self) -> str:
        """The outcome, for people."""
        found = self.comparison
        cells = int(found.judged.sum())
        if not cells:
            return (
                f"cannot tell: in each of {found.judged.size:,} comparisons a few of {self.replicates:,} "
                "replicates carry the mean; look at medians or earlier generations, or raise the budgets"
            )
        generation, model = found.worst
        skipped = found.judged.size - cells
        left = (
            f" ({skipped:,} more not judged: too few replicates carry their mean: take more)"
            if skipped
            else ""
        )
        place = f"at {self.models[model]!r}, generation {generation}"
        far = f"largest |z| {abs(found.z[generation, model]):.2f} {place}, allowed {found.limit:.2f}"
        if self.agree:
            return (
                f"theory and simulation agree in {cells:,} comparisons{left}: {far} "
                f"(a right law fails with a chance of about {found.false_alarm:g})"
            )
        return (
            f"theory and simulation disagree: {far}, p {found.p_value:.1e} after {cells:,} comparisons{left}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The document that ``headwater verify --json`` prints."""
        found = self.comparison
        return {
            "schema": "headwater/verification/1",
            "agree": self.agree,
            "sentence": self.sentence,
            "law": {"name": self.law.name, **self.law.parameters},
            "family": family_parameters(self.family),
            "regime": str(self.regime),
            "replicates": self.replicates,
            "seed": self.seed,
            "units": self.family.measures["risk"].units,
            "comparisons": int(found.judged.sum()),
            "not_judged": int((~found.judged).sum()),
            "largest_z_allowed": found.limit,
            "p_value": found.p_value,
            "false_alarm": found.false_alarm,
            "generations": len(found.predicted) - 1,
            "models": {
                name: {
                    "predicted": _plain(found.predicted[:, at]),
                    "simulated": _plain(found.simulated[:, at]),
                    "standard_error": _plain(found.standard_error[:, at]),
                    "z": _plain(found.z[:, at]),
                }
                for at, name in enumerate(self.models)
            },
            "provenance": json.loads(self.runs.attrs["provenance"]),
        }

    def __repr__(self) -> str:
        return f"Verification({self.sentence})"


def _plain(values: Array) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def verify(  # noqa: PLR0913
    pipeline: Pipeline | InteractionGraph,
    family: Family[Any, Any],
    law: Law | None = None,
    *,
    replicates: int,
    seed: int,
    generations: int | None = None,
    false_alarm: float = 1e-3,
    executor: Executor | None = None,
) -> Verification:
    """Hold a law to the simulation of a family on the same pipeline.

    Parameters
    ----------
    law
        The family's own where none is given.
    replicates, seed, generations, executor
        As for `headwater.simulate`.
    false_alarm
        Chance that a right law is refused, over all models and generations.

    Raises
    ------
    NoLaw
        If no law is given and the family has none, or the law is not known for graph or regime.
    FamilyError
        If the asymptotic law is asked of a family whose large-sample variance is not known.
    """
    described = pipeline if isinstance(pipeline, Pipeline) else Pipeline(graph=pipeline)
    law = family.law() if law is None else law
    if law is None:
        raise NoLaw(
            f"family {family.name} has no exact law",
            "compare it with another: --law asymptotic, or laws.Asymptotic() in Python",
        )
    run = plan(described, family, replicates, seed, generations, ["risk"])
    regime = described.regime or Replace()
    if described.graph.emissions:
        raise NoLaw(
            "a flow biases what its provider emits, and no law covers that",
            "remove temperature, top_p, variance and keep_... from the flows, or simulate alone",
        )
    expected = predicted_risk(described.graph, law, family, regime, run.manifest.generations)
    if run.manifest.replicates < FEWEST:
        raise InputError(
            f"{run.manifest.replicates} replicates are too few to judge a law by",
            f"take at least {FEWEST}; several thousand where risk is skewed",
        )
    runs = execute(run, None, executor or Executor())
    comparison = compare(runs["risk"].values, expected, false_alarm)
    models = described.graph.model_names
    return Verification(law, family, regime, replicates, seed, models, comparison, runs)


def predicted_risk(
    graph: InteractionGraph, law: Law, family: Family[Any, Any], regime: Regime, generations: int
) -> Array:
    """(generations + 1, models) risk by the law, in the units of the family's risk."""
    recursion = law.recursion(graph, regime, np.ones(len(graph.model_names), dtype=bool))
    rows = trajectory(recursion, generations)
    if isinstance(law, Asymptotic):
        if family.unit_risk is None:
            raise FamilyError(
                f"the large-sample variance of family {family.name} is not known",
                "the asymptotic law cannot be scaled to it: compare inflation instead of risk",
            )
        rows = rows * family.unit_risk
    table = np.empty_like(rows)
    table[:, recursion.system.models] = rows
    return table
