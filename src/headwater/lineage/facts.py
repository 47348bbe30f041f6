"""What records say, as read: assets and what was done with them, in one vocabulary for all formats.

A fact is never inferred. It keeps its original spelling and the place it came from, and what
a record does not say stays unknown. What facts mean for training is decided in `to_graph`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["model", "dataset", "application", "procedure", "unknown"]
"""A procedure is a run, a job, a stage, or a rule-based generator that is no model."""

Role = Literal[
    "generated",
    "labelled",
    "translated",
    "judged",
    "filtered",
    "initialised",
    "trained-on",
    "evaluated-on",
    "derived",
    "used",
    "made",
    "associated",
    "informed",
    "version-of",
    "same-as",
    "dependency",
]
"""What the second did for the first: see `Relation`."""

Unit = Literal["samples", "tokens", "bytes", "files", "hours", "items"]
Severity = Literal["error", "warning"]

LONGEST_SHOWN = 24
"""Characters of a version that are shown in full."""


class Key(NamedTuple):
    """What an asset is, what it is called and which version of it: the same when all are equal.

    `version` is empty where the record tells of no versions.
    """

    kind: Kind
    name: str
    version: str = ""

    @property
    def called(self) -> str:
        """Name and version as people read them: of a long hash the beginning.

        Examples
        --------
        >>> Key("dataset", "texts", "4610ec7762e7" + 52 * "0").called
        'texts 4610ec7762e7...'
        """
        long = len(self.version) > LONGEST_SHOWN
        version = f"{self.version[:12]}..." if long else self.version
        return f"{self.name} {version}".strip()


class Place(NamedTuple):
    """Where a record says it: a file, a line of it, and what to look for there.

    `path` is relative to the folder that was read. `pointer` is a JSON pointer, the row of a
    table or the commit of a history; empty where the line says all.
    """

    path: str
    line: int = 0
    pointer: str = ""

    def __str__(self) -> str:
        at = f"{self.path}:{self.line}" if self.line else self.path
        return f"{at} ({self.pointer})" if self.pointer else at


NOWHERE = Place("")


class Count(NamedTuple):
    """How many, in a unit: exact where `low` and `high` are equal; `high` is ``None`` without a bound."""

    low: int
    high: int | None
    unit: Unit = "samples"

    @classmethod
    def exactly(cls, number: int, unit: Unit = "samples") -> Count:
        """A count that the record states as one number."""
        return cls(number, number, unit)

    @property
    def exact(self) -> int | None:
        """The number, where there is one."""
        return self.low if self.low == self.high else None

    def __str__(self) -> str:
        high = "..." if self.high is None else f"{self.high:,}"
        number = f"{self.low:,}" if self.low == self.high else f"{self.low:,} to {high}"
        return f"{number} {self.unit}"


@dataclass(frozen=True, slots=True)
class Entity:
    """One record of an asset or procedure; the same key may be recorded more than once.

    Attributes
    ----------
    count
        How much a dataset holds in all; ``None``: unknown.
    generation
        Round of retraining, where the record itself says so.
    synthetic
        Whether the record says that models made it: all, some (``mixed``) or none of it;
        ``None``: the record does not say.
    time
        When it was made, or when it ended: ISO 8601, or empty.
    started
        When a run began, which is when it read what it read; empty where only `time` is known.
    labels
        Whatever else a rule may ask for: parameters, tags, such as ``{"param.iteration": "3"}``.
    """

    key: Key
    place: Place
    count: Count | None = None
    generation: int | None = None
    synthetic: Literal["all", "mixed", "none"] | None = None
    time: str = ""
    started: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name in the spelling of the record."""
        return self.key.name

    @property
    def kind(self) -> Kind:
        """What the record says it is."""
        return self.key.kind


@dataclass(frozen=True, slots=True)
class Relation:
    """`subject` came about with the help of `object`, in `role`.

    =============  =============================================================
    role           the record says that
    =============  =============================================================
    generated      `object`, a model or procedure, wrote samples of `subject`
    labelled       ... wrote labels or captions of `subject`
    translated     ... translated or rewrote `subject`
    judged         ... scored or ranked `subject`
    filtered       ... chose what is in `subject`, and wrote none of it
    initialised    the weights of `subject` started as those of `object`
    trained-on     the model `subject` was trained on `object`
    evaluated-on   the model `subject` was tested on `object`
    derived        `subject` holds `object`, or part of it
    used           the procedure `subject` read `object`
    made           the procedure `object` wrote `subject`
    associated     `object`, an agent, bore some responsibility for `subject`
    informed       the procedure `subject` came after the procedure `object`
    version-of     `subject` is a version of `object`
    same-as        both are names of one thing, or nearly
    dependency     `subject` needs `object`, and the record does not say what for
    =============  =============================================================

    An `object` of unknown kind that has no record of its own is looked up by its name.
    `count` is how much of `object` went into `subject`; ``None``: unknown. `word` is the word of
    the record for the role, such as ``base_model``.
    """

    subject: Key
    object: Key
    role: Role
    place: Place
    count: Count | None = None
    word: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong in the records: an error left something out, a warning did not."""

    severity: Severity
    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that one reading of records found.

    Attributes
    ----------
    origin
        The folder or file that was read.
    files
        Number of files looked at, broken ones included.
    entities, relations
        In the order of the files.
    issues
        What was left out or is doubtful, and why.
    format
        The importer's name; empty where several were merged.
    records
        What the format counts, by its own word, such as ``{"events": 481}``.
    """

    origin: str
    files: int
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    issues: tuple[Issue, ...] = ()
    format: str = ""
    records: Mapping[str, int] = field(default_factory=dict)
