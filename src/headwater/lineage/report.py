"""What an import read, assumed, left out and found: one value, as text and as a JSON document."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from headwater.lineage import report_text
from headwater.lineage.extremes import SplitTotal
from headwater.lineage.facts import Issue
from headwater.lineage.folded_report import FoldingReport
from headwater.lineage.identity import Suggestion
from headwater.lineage.rules import Applications, Unresolved


@dataclass(frozen=True, slots=True)
class Read:
    """What was read: records by the format's own word and by kind, distinct assets, and relations."""

    origin: str
    format: str
    files: int
    records: dict[str, int]
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
    placeholders
        Written names of no dataset in particular; each use is a node of its own.
    unknown_kind
        Assets whose type is unknown.
    origin
        Sources of the graph: no record says who made their data, and they are taken as real.
    samples
        Flows of unknown count.
    other_units
        Stated counts that are not of samples, by unit: not used.
    """

    undisclosed: tuple[str, ...]
    untaught: tuple[str, ...]
    unresolved: tuple[Name, ...]
    taken_as: Unresolved
    says_nothing: tuple[Name, ...]
    placeholders: tuple[Name, ...]
    unknown_kind: tuple[str, ...]
    origin: tuple[str, ...]
    samples: int
    other_units: dict[str, int]


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
class FlowEvidence:
    """A flow of the graph, one way the data take, the line of the record, and its samples."""

    provider: str
    model: str
    via: tuple[str, ...]
    place: str
    samples: int | None


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
    """Everything an import has to say about itself; `stated` counts relations by what the record says."""

    read: Read
    issues: tuple[Issue, ...]
    stated: dict[str, int]
    assumptions: tuple[Assumption, ...]
    rules: tuple[RuleUse, ...]
    unknowns: Unknowns
    applications: ApplicationUse
    folding: FoldingReport
    totals: tuple[SplitTotal, ...]
    cycles: tuple[Cycle, ...]
    deepest: Chain
    suggestions: tuple[Suggestion, ...]
    made: Made
    flows: tuple[FlowEvidence, ...]

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
        return report_text.text(self)
