"""What an import read, assumed, left out and found: one value, as text and as a JSON document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from headwater.lineage.facts import Issue
from headwater.lineage.identity import Suggestion
from headwater.lineage.rules import Applications, Unresolved

SHOWN = 6
"""Entries of a list that the text shows; the JSON document has all."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Read:
    """What was read: records by kind, distinct assets, and dependencies."""

    origin: str
    files: int
    assets: int
    by_kind: dict[str, int]
    distinct: int
    dependencies: int


@dataclass(frozen=True, slots=True)
class Assumption:
    """What all dependencies between two kinds were taken to be, where no rule decided."""

    depended_on: str
    dependent: str
    dependencies: int
    meaning: str


@dataclass(frozen=True, slots=True)
class RuleUse:
    """A rule or alias of the user, its place, and how many dependencies it decided."""

    rule: str
    place: str
    decided: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name that no record has, and how many records use it."""

    name: str
    uses: int


@dataclass(frozen=True, slots=True)
class Unknowns:
    """What the records do not say.

    Attributes
    ----------
    undisclosed
        Models whose records name no dependency.
    untaught
        Models whose dependencies bring no training data, such as weights alone.
    unresolved
        Names that no record has, most used first.
    taken_as
        What those names were taken to be, unless a role rule says more.
    says_nothing
        Written names that only say that something is not known; no flow.
    unknown_kind
        Assets whose type is unknown; their own dependencies are not used.
    """

    undisclosed: tuple[str, ...]
    untaught: tuple[str, ...]
    unresolved: tuple[Name, ...]
    taken_as: Unresolved
    says_nothing: tuple[Name, ...]
    unknown_kind: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApplicationUse:
    """Which applications pass models' output on into a dataset, and what passing all would do.

    `sources` are those that were taken as a source of real data beside a dataset's models.
    """

    setting: Applications
    total: int
    passed: tuple[str, ...]
    not_passed: tuple[str, ...]
    sources: tuple[str, ...]
    flows_all_would_add: int


@dataclass(frozen=True, slots=True)
class Cycle:
    """A cycle of the records; each step is the assets that many dependencies away from the first.

    `is_loop` says whether data go round it in the graph; weights alone do not.
    """

    steps: tuple[tuple[str, ...], ...]
    applications: tuple[str, ...]
    is_loop: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """The longest chain; a cycle is one step. `others` are the ends of further chains as long."""

    steps: tuple[tuple[str, ...], ...] = ()
    others: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """Steps from the first to the last."""
        return max(len(self.steps) - 1, 0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A flow of the graph, one way the data take, and the line of the record."""

    provider: str
    model: str
    via: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Made:
    """The graph that came out.

    `merged` counts further ways between the same two; `idle` are real datasets no model uses.
    """

    models: int
    trained: int
    external: int
    sources: int
    flows_from_models: int
    flows_from_sources: int
    merged: int
    renamed: tuple[str, ...]
    idle: tuple[str, ...]
    loops: tuple[tuple[str, ...], ...]
    deepest: Chain


@dataclass(frozen=True, slots=True)
class Report:
    """Everything an import has to say about itself."""

    read: Read
    issues: tuple[Issue, ...]
    assumptions: tuple[Assumption, ...]
    rules: tuple[RuleUse, ...]
    unknowns: Unknowns
    applications: ApplicationUse
    cycles: tuple[Cycle, ...]
    deepest: Chain
    suggestions: tuple[Suggestion, ...]
    made: Made
    flows: tuple[Evidence, ...]

    @property
    def errors(self) -> tuple[Issue, ...]:
        """The issues that left something out."""
        return tuple(issue for issue in self.issues if issue.severity == "error")

    def to_dict(self) -> dict[str, Any]:
        """The report as a JSON document, every list in full."""
        document = asdict(self)
        document["issues"] = [
            {"severity": issue.severity, "place": str(issue.place), "message": issue.message}
            for issue in self.issues
        ]
        return document

    def __str__(self) -> str:
        parts = (
            _read,
            _issues,
            _assumptions,
            _rules,
            _unknowns,
            _applications,
            _lineage,
            _suggestions,
            _made,
        )
        return "\n\n".join(text for part in parts if (text := "\n".join(part(self))))


def printable(name: str) -> str:
    """A name on one line, without characters that would steer a terminal."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name
    )


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    Examples
    --------
    >>> count(1, "model"), count(1200, "model")
    ('1 model', '1,200 models')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _names(names: Iterable[str], shown: int = SHOWN) -> str:
    listed = list(names)
    text = ", ".join(printable(name) for name in listed[:shown])
    return f"{text}, ... and {len(listed) - shown} more" if len(listed) > shown else text


def _cut(items: Sequence[_Item], line: Callable[[_Item], str], shown: int = SHOWN) -> Iterator[str]:
    for item in items[:shown]:
        yield f"  {line(item)}"
    if len(items) > shown:
        yield f"  ... and {len(items) - shown} more; --report lists all"


def _arrows(steps: Sequence[Sequence[str]]) -> str:
    hidden = max(len(steps) - 2 * SHOWN, 0)
    begin, end = steps[: SHOWN if hidden else None], steps[-SHOWN:] if hidden else ()
    between = [f"... {hidden} more ..."] if hidden else []
    return " -> ".join([*map(_together, begin), *between, *map(_together, end)])


def _together(names: Sequence[str], shown: int = 4) -> str:
    more = [f"{len(names) - shown} more"] if len(names) > shown else []
    return " + ".join([*map(printable, names[:shown]), *more])


def _read(report: Report) -> Iterator[str]:
    read = report.read
    nouns = {"unknown": ("asset of unknown type", "assets of unknown type")}
    kinds = ", ".join(count(number, *nouns.get(kind, (kind,))) for kind, number in read.by_kind.items())
    yield (
        f"Read {count(read.assets, 'asset')} and {count(read.dependencies, 'dependency', 'dependencies')} "
        f"from {count(read.files, 'file')} in {printable(read.origin)}: {kinds or 'nothing'}"
    )
    if read.distinct < read.assets:
        yield f"  {count(read.distinct, 'asset')} when those of one kind and name are read as one"


def _issues(report: Report) -> Iterator[str]:
    for title, severity in (("Left out", "error"), ("Doubtful", "warning")):
        found = [issue for issue in report.issues if issue.severity == severity]
        if found:
            yield f"{title} ({len(found)}):"
            yield from _cut(found, lambda issue: printable(str(issue)))


def _assumptions(report: Report) -> Iterator[str]:
    if report.assumptions:
        yield "Assumed, where no rule of yours decides:"
        for item in report.assumptions:
            yield f"  {item.dependencies:>4}  {item.depended_on + ' -> ' + item.dependent:<26} {item.meaning}"


def _rules(report: Report) -> Iterator[str]:
    if report.rules:
        decided = count(sum(use.decided for use in report.rules), "dependency", "dependencies")
        yield f"Your rules and aliases: {len(report.rules)}, for {decided}"
        idle = [use for use in report.rules if not use.decided]
        yield from _cut(idle, lambda use: f"nothing fits {printable(use.rule)} ({use.place})")


def _unknowns(report: Report) -> Iterator[str]:
    unknown = report.unknowns
    yield "Unknown:"
    flows = report.made.flows_from_models + report.made.flows_from_sources
    yield f"  sample counts of all {count(flows, 'flow')}: the records hold none"
    if unknown.undisclosed:
        models = count(len(unknown.undisclosed), "model")
        yield f"  training data of {models} without any dependency: taken as external"
    if unknown.untaught:
        models = count(len(unknown.untaught), "model")
        yield f"  training data of {models} whose dependencies bring none, such as weights: taken as external"
    yield from _unresolved(unknown)
    if unknown.says_nothing:
        yield f"  names that only say so, not used: {_names(name.name for name in unknown.says_nothing)}"
    if unknown.unknown_kind:
        yield f"  type of {count(len(unknown.unknown_kind), 'asset')}: {_names(unknown.unknown_kind)}"


def _unresolved(unknown: Unknowns) -> Iterator[str]:
    if not unknown.unresolved:
        return
    names = count(len(unknown.unresolved), "name")
    uses = count(sum(name.uses for name in unknown.unresolved), "use")
    taken, other = "real sources", "external"
    if unknown.taken_as == "external":
        taken, other = "external models", "source"
    yield f"  {names} that no record has ({uses}): taken as {taken}"
    yield f"    {_names(f'{name.name} {name.uses}x' for name in unknown.unresolved)}"
    yield f"    --unresolved {other} takes them otherwise; aliases and roles of a rules file, one by one"


def _applications(report: Report) -> Iterator[str]:
    use = report.applications
    if not use.total:
        return
    yield f"Applications: {use.total}, setting {use.setting!r}"
    if use.passed:
        yield f"  passed models' output on into datasets: {_names(use.passed)}"
    if use.not_passed:
        yield f"  gave data and passed no model's output on: {_names(use.not_passed)}"
    if use.sources:
        yield f"  taken as a source beside a dataset's models: {_names(use.sources)}"
    if use.setting != "all":
        yield f"  --applications all would add {count(use.flows_all_would_add, 'flow')} between models"


def _lineage(report: Report) -> Iterator[str]:
    yield f"Cycles of the records: {len(report.cycles)}"
    for cycle in report.cycles[:SHOWN]:
        yield f"  {_arrows(cycle.steps)} -> {_names(cycle.steps[0])}"
        yield "    a loop of data" if cycle.is_loop else "    no loop of data under the assumptions above"
        if cycle.applications:
            yield f"    through the application {_names(cycle.applications)}"
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
    yield f"  {_arrows(chain.steps)}"
    if chain.others:
        yield f"    as deep: {_names(chain.others)}"


def _suggestions(report: Report) -> Iterator[str]:
    if report.suggestions:
        yield "Perhaps the same, not merged (aliases of a rules file would):"
        yield from _cut(report.suggestions, _suggestion, shown=10)


def _suggestion(found: Suggestion) -> str:
    what = "record" if found.recorded else "also written"
    return f"{printable(found.written)} ({count(found.uses, 'use')}); {what}: {_names(found.candidates)}"


def _made(report: Report) -> Iterator[str]:
    made = report.made
    yield (
        f"Graph: {count(made.models, 'model')} ({made.trained} trained, {made.external} external), "
        f"{count(made.sources, 'source')}, {made.flows_from_models + made.flows_from_sources} flows "
        f"({made.flows_from_models} from models, {made.flows_from_sources} from sources)"
    )
    if made.merged:
        yield f"  {count(made.merged, 'further way')} of the same data to the same model merged"
    if made.renamed:
        yield f"  sources renamed because a model has the name: {_names(made.renamed)}"
    if made.idle:
        yield f"  {count(len(made.idle), 'real dataset')} that no model uses left out: {_names(made.idle)}"
    if not made.loops:
        yield "  no loop of data"
    for loop in made.loops[:SHOWN]:
        yield f"  loop of data: {_names(loop)}" + (", on its own output" if len(loop) == 1 else "")
    if len(made.loops) > SHOWN:
        yield f"  ... and {len(made.loops) - SHOWN} more; --report lists all"
