"""All eight definitions of one model together: a profile, from the readings of its generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from headwater.measures.definitions.any_increase import any_increase
from headwater.measures.definitions.catastrophic import catastrophic
from headwater.measures.definitions.changes import Table
from headwater.measures.definitions.diverging import diverging
from headwater.measures.definitions.hallucination import hallucination
from headwater.measures.definitions.modes import modes
from headwater.measures.definitions.scaling import Scaling, scaling_law
from headwater.measures.definitions.stage import BULK, stage
from headwater.measures.definitions.tails import tails
from headwater.measures.definitions.values import DEFINITIONS, Finding, Profile, Thresholds
from headwater.measures.definitions.variance import variance
from headwater.measures.readings import Reading

AT_ZERO = (
    "generation 0 is taken to be trained on real data alone: what it lacks it never learned, "
    "and collapse takes generations"
)


def profile(
    readings: Mapping[int, Reading],
    healthy: Reading,
    thresholds: Thresholds | None = None,
    scaling: Scaling | None = None,
) -> Profile:
    """What the newest generation of one model is, by all eight definitions [schaeffer2025position]_.

    Parameters
    ----------
    readings
        By generation, all made with one frame. Generation 0, if there is a later one, is
        taken to be trained on real data alone and is what risk and variance are compared with;
        modes, tails and support are compared with held-out real data.
    healthy
        The reading of real data.
    thresholds
        How much it takes; None: the defaults of `Thresholds`.
    scaling
        Risk at several sizes of the training set; without it one definition cannot be told.

    Raises
    ------
    SampleError
        If there is no reading, or they were made with different frames.
    """
    bars = thresholds or Thresholds()
    table = Table(readings, healthy, bars.level)
    numeric = healthy.kind == "numeric"
    small = bars.any_increase if numeric else bars.any_bits
    large = bars.catastrophic if numeric else bars.catastrophic_bits
    rise = table.risk_rise()
    # two kinds of evidence for one definition: half of the error for each
    modal = replace(table, level=(1 + bars.level) / 2)
    findings = (
        catastrophic(rise, large),
        any_increase(rise, small),
        diverging(table.risk_series(small), bars),
        variance(table.spread_kept(), bars.variance),
        scaling_law(scaling, bars),
        modes(modal.masses_kept("modes"), modal.masses_gained("entanglement"), bars),
        tails(table.tails_kept(), bars.tail),
        hallucination(table.masses_gained("hallucination"), bars.hallucination),
    )
    return assemble(findings, table.newest, table.baseline)


def assemble(
    findings: tuple[Finding, ...], generation: int, baseline: str, bulk: tuple[str, ...] = BULK
) -> Profile:
    """A profile of findings in the order of `DEFINITIONS`, with its stage, to which `bulk` belongs."""
    by_name = {finding.definition: finding for finding in findings}
    where, why = (None, AT_ZERO) if generation == 0 else stage(by_name, bulk)
    return Profile(tuple(by_name[name] for name in DEFINITIONS), where, why, generation, baseline)
