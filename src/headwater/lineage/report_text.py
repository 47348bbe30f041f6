"""The report of an import as text: short, one line a thing, and safe to print."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from headwater.lineage import folding_text
from headwater.lineage.registry import NEVER_SAYS
from headwater.lineage.wording import SHOWN, arrows, count, cut, listed, printable

if TYPE_CHECKING:
    from headwater.lineage.extremes import SplitTotal
    from headwater.lineage.identity import Suggestion
    from headwater.lineage.report import Chain, Report, Unknowns

BUILT_IN = "built in"
"""Where rules stand that nobody wrote."""


def text(report: Report) -> str:
    """The whole report."""
    parts = (
        _read,
        _issues,
        _assumptions,
        _rules,
        folding_text.lines,
        _unknowns,
        _totals,
        _applications,
        _lineage,
        _suggestions,
        _made,
    )
    return "\n\n".join(said for part in parts if (said := "\n".join(part(report))))


def _read(report: Report) -> Iterator[str]:
    read = report.read
    nouns = {
        "unknown": ("asset of unknown type", "assets of unknown type"),
        "procedure": ("run or procedure", "runs and procedures"),
    }
    kinds = ", ".join(count(number, *nouns.get(kind, (kind,))) for kind, number in read.by_kind.items())
    relations = ("dependency", "dependencies") if read.format == "ecosystem-graphs" else ("relation",)
    yield (
        f"Read {count(read.assets, 'asset')} and {count(read.dependencies, *relations)} "
        f"from {count(read.files, 'file')} in {printable(read.origin)}: {kinds or 'nothing'}"
    )
    if read.records:
        yield f"  {', '.join(f'{number:,} {printable(noun)}' for noun, number in read.records.items())}"
    if read.distinct < read.assets:
        yield f"  {count(read.distinct, 'asset')} when those of one kind, name and version are read as one"


def _issues(report: Report) -> Iterator[str]:
    for title, severity in (("Left out", "error"), ("Doubtful", "warning")):
        found = [issue for issue in report.issues if issue.severity == severity]
        if found:
            yield f"{title} ({len(found)}):"
            yield from cut(found, lambda issue: printable(str(issue)))


def _assumptions(report: Report) -> Iterator[str]:
    if report.stated:
        yield "Said by the records:"
        yield f"  {', '.join(f'{number:,} {role}' for role, number in report.stated.items())}"
    if report.assumptions:
        yield "Assumed, where no rule of yours decides:"
        for item in report.assumptions:
            ends = f"{item.depended_on} -> {item.dependent}"
            yield f"  {item.dependencies:>4}  {ends:<26} {item.meaning}"


def _rules(report: Report) -> Iterator[str]:
    given = [use for use in report.rules if use.place != BUILT_IN]
    if given:
        decided = count(sum(use.decided for use in given), "record or relation", "records and relations")
        yield f"Your rules and aliases: {len(given)}, for {decided}"
        idle = [use for use in given if not use.decided]
        yield from cut(idle, lambda use: f"nothing fits {printable(use.rule)} ({use.place})")


def _unknowns(report: Report) -> Iterator[str]:
    never = [
        f"  {format_} never says {NEVER_SAYS[format_]}"
        for format_ in report.read.format.split(" + ")
        if format_ in NEVER_SAYS
    ]
    said = [*_counts(report), *_undisclosed(report.unknowns), *_unresolved(report.unknowns), *never]
    if said:
        yield "Unknown:"
        yield from said


def _counts(report: Report) -> Iterator[str]:
    unknown = report.unknowns
    flows = report.made.flows_from_models + report.made.flows_from_sources
    if unknown.samples and unknown.samples == flows:
        told = ": the records hold none" if not unknown.other_units and not report.folding.varied else ""
        yield f"  sample counts of all {count(flows, 'flow')}{told}"
    elif unknown.samples:
        yield f"  sample counts of {unknown.samples:,} of {count(flows, 'flow')}"
    for unit, number in unknown.other_units.items():
        yield f"  {count(number, 'count')} in {unit}, which are no samples: not used"


def _undisclosed(unknown: Unknowns) -> Iterator[str]:
    if unknown.origin:
        sources = count(len(unknown.origin), "source")
        yield f"  who made the data of {sources}: no record says, taken as real: {listed(unknown.origin)}"
    if unknown.undisclosed:
        models = count(len(unknown.undisclosed), "model")
        yield f"  training data of {models} without any dependency: taken as external"
    if unknown.untaught:
        models = count(len(unknown.untaught), "model")
        yield f"  training data of {models} whose dependencies bring none, such as weights: taken as external"
    if unknown.says_nothing:
        yield f"  names that only say so, not used: {listed(name.name for name in unknown.says_nothing)}"
    if unknown.placeholders:
        uses = count(sum(name.uses for name in unknown.placeholders), "use")
        names = listed(name.name for name in unknown.placeholders)
        yield f"  names of no dataset in particular, each of {uses} an external unknown: {names}"
    if unknown.unknown_kind:
        yield f"  type of {count(len(unknown.unknown_kind), 'asset')}: {listed(unknown.unknown_kind)}"


def _unresolved(unknown: Unknowns) -> Iterator[str]:
    if not unknown.unresolved:
        return
    names = count(len(unknown.unresolved), "name")
    uses = count(sum(name.uses for name in unknown.unresolved), "use")
    taken, other = "real sources", "external"
    if unknown.taken_as == "external":
        taken, other = "external models", "source"
    yield f"  {names} that no record has ({uses}): taken as {taken}"
    yield f"    {listed(f'{name.name} {name.uses}x' for name in unknown.unresolved)}"
    yield f"    --unresolved {other} takes them otherwise; aliases and roles of a rules file, one by one"


def _totals(report: Report) -> Iterator[str]:
    if report.totals:
        number = count(len(report.totals), "total")
        yield f"Several providers with one total ({number}): shares unknown; unsplit: even would share alike"
        yield from cut(report.totals, _total)


def _total(total: SplitTotal) -> str:
    ends = f"{printable(total.dataset)} in {printable(total.model)}: {total.samples:,} samples"
    looked = [extreme for extreme in total.extremes if extreme.changed is not None]
    by_change: dict[str, list[str]] = {}
    for extreme in looked:
        if extreme.changed:
            said = listed(" becomes ".join(change) for change in extreme.changed)
            by_change.setdefault(said, []).append(extreme.provider)
    changed = [f"all from {listed(who, 3)}: {said}" for said, who in by_change.items()]
    if changed:
        return f"{ends}; {'; '.join(changed)}"
    given = listed(total.providers)
    same = "the condition is the same whoever gave all" if looked else "extremes not looked at: too many"
    return f"{ends} of {given}: {same}"


def _applications(report: Report) -> Iterator[str]:
    use = report.applications
    if not use.total:
        return
    yield f"Applications: {use.total}, setting {use.setting!r}"
    if use.passed:
        yield f"  passed models' output on into datasets: {listed(use.passed)}"
    if use.not_passed:
        yield f"  gave data and passed no model's output on: {listed(use.not_passed)}"
    if use.sources:
        yield f"  taken as a source beside a dataset's models: {listed(use.sources)}"
    if use.setting != "all":
        yield f"  --applications all would add {count(use.flows_all_would_add, 'flow')} between models"


def _lineage(report: Report) -> Iterator[str]:
    yield f"Cycles of the records: {len(report.cycles)}"
    for cycle in report.cycles[:SHOWN]:
        yield f"  {arrows(cycle.steps)} -> {listed(cycle.steps[0])}"
        yield "    a loop of data" if cycle.is_loop else "    no loop of data under the assumptions above"
        if cycle.applications:
            yield f"    through the application {listed(cycle.applications)}"
    if len(report.cycles) > SHOWN:
        yield f"  ... and {len(report.cycles) - SHOWN} more; --report lists all"
    if report.deepest.steps:
        yield f"Deepest chain of the records: {count(report.deepest.length, 'step')}"
        yield from _chain(report.deepest)
    chain = report.made.deepest
    if chain.length:
        yield f"Deepest chain of data between models: {count(len(chain.steps), 'model')}"
        yield from _chain(chain)


def _chain(chain: Chain) -> Iterator[str]:
    yield f"  {arrows(chain.steps)}"
    if chain.others:
        yield f"    as deep: {listed(chain.others)}"


def _suggestions(report: Report) -> Iterator[str]:
    if report.suggestions:
        yield "Perhaps the same, not merged (aliases of a rules file would):"
        yield from cut(report.suggestions, _suggestion, shown=10)


def _suggestion(found: Suggestion) -> str:
    what = "record" if found.recorded else "also written"
    return f"{printable(found.written)} ({count(found.uses, 'use')}); {what}: {listed(found.candidates)}"


def _made(report: Report) -> Iterator[str]:
    made = report.made
    yield (
        f"Graph: {count(made.models, 'model')} ({made.trained} trained, {made.external} external), "
        f"{count(made.sources, 'source')}, {count(made.flows_from_models + made.flows_from_sources, 'flow')} "
        f"({made.flows_from_models} from models, {made.flows_from_sources} from sources)"
    )
    if made.merged:
        yield f"  {count(made.merged, 'further way')} of the same data to the same model merged"
    if made.renamed:
        yield f"  sources renamed because a model has the name: {listed(made.renamed)}"
    if made.idle:
        yield f"  {count(len(made.idle), 'real dataset')} that no model uses left out: {listed(made.idle)}"
    if not made.loops:
        yield "  no loop of data"
    for loop in made.loops[:SHOWN]:
        yield f"  loop of data: {listed(loop)}" + (", on its own output" if len(loop) == 1 else "")
    if len(made.loops) > SHOWN:
        yield f"  ... and {len(made.loops) - SHOWN} more; --report lists all"
