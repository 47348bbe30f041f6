"""All eight definitions of one model together: a profile, from the readings of its generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from headwater.measures.definitions.any_increase import any_increase
from headwater.measures.definitions.catastrophic import catastrophic
from headwater.measures.definitions.changes import Table
from headwater.measures.definitions.comparing import Change
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
        modes, tails and support are compared with held-out real data. Those that generation 0 had
        lost already do not count for the stage: a model that never fitted has not collapsed.
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
    found = _shares(table, bars)
    findings = (
        catastrophic(rise, large),
        any_increase(rise, small),
        diverging(table.risk_series(small), bars),
        variance(table.spread_kept(), bars.variance),
        scaling_law(scaling, bars),
        *found,
    )
    if table.start is None:
        return assemble(findings, table.newest, table.baseline)
    since = _shares(table, bars, _lost(table.start, bars))
    told = tuple(map(_told, found, since))
    return assemble((*findings[:5], *told), table.newest, table.baseline, since=since)


def _told(finding: Finding, since: Finding) -> Finding:
    """What holds since generation 0 goes before what held at it already."""
    if since.holds:
        return replace(since, parts=finding.parts)
    if not finding.holds:
        return finding
    why = f"{finding.why}; so it was at generation 0, before any loop"
    return replace(finding, from_start=True, why=why)


def _shares(
    table: Table, bars: Thresholds, without: Mapping[str, list[str]] = MappingProxyType({})
) -> tuple[Finding, Finding, Finding]:
    """Modes, tails and hallucination; `without` the parts that generation 0 had lost or gained already."""
    modal = _modal(table, bars)

    def rest(definition: str, changes: Mapping[str, Change]) -> dict[str, Change]:
        return {part: each for part, each in changes.items() if part not in without.get(definition, ())}

    kept, between = modal.masses_kept("modes"), modal.masses_gained("entanglement")
    ends, off = table.tails_kept(), table.masses_gained("hallucination")
    return (
        modes(rest("modes", kept), rest("modes", between), bars),
        tails(rest("tails", ends), bars.tail),
        hallucination(rest("hallucination", off), bars.hallucination),
    )


def _lost(start: Table, bars: Thresholds) -> dict[str, list[str]]:
    """Parts that hold at generation 0 alone."""
    modal = _modal(start, bars)
    kept, between = modal.masses_kept("modes"), modal.masses_gained("entanglement")
    ends, off = start.tails_kept(), start.masses_gained("hallucination")
    return {
        "modes": [part for part, each in kept.items() if each.high < bars.mode]
        + [part for part, each in between.items() if each.low > bars.entanglement],
        "tails": [part for part, each in ends.items() if each.high < bars.tail],
        "hallucination": [part for part, each in off.items() if each.low > bars.hallucination],
    }


def _modal(table: Table, bars: Thresholds) -> Table:
    """For two kinds of evidence for one definition: half of the error for each."""
    return replace(table, level=(1 + bars.level) / 2)


def assemble(
    findings: tuple[Finding, ...],
    generation: int,
    baseline: str,
    bulk: tuple[str, ...] = BULK,
    since: tuple[Finding, ...] = (),
) -> Profile:
    """A profile of findings in the order of `DEFINITIONS`, with its stage, to which `bulk` belongs.

    The stage is told from those of `since` where they are given: of what generation 0 still had.
    """
    by_name = {finding.definition: finding for finding in findings}
    staged = by_name | {finding.definition: finding for finding in since}
    where, why = (None, AT_ZERO) if generation == 0 else stage(staged, bulk)
    return Profile(tuple(by_name[name] for name in DEFINITIONS), where, why, generation, baseline)
