"""What records say, as read: assets, what they depend on, and what was wrong with them.

A fact is never inferred. It keeps its original spelling and the place it came from, and what
a record does not say stays unknown. What facts mean for training is decided in `to_graph`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["model", "dataset", "application", "unknown"]
Severity = Literal["error", "warning"]

Key = tuple[Kind, str]
"""What an asset is and what it is called: two assets are the same when both are equal."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file; `path` is relative to the folder that was read."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


NOWHERE = Place("")


@dataclass(frozen=True, slots=True)
class Entity:
    """One record of an asset; the same asset may be recorded more than once."""

    name: str
    kind: Kind
    place: Place

    @property
    def key(self) -> Key:
        """What the asset is the same as."""
        return self.kind, self.name


@dataclass(frozen=True, slots=True)
class Relation:
    """A record, `subject`, that names another asset, `object`, in the spelling of the record.

    `role` is the word of the record for it. `samples` is ``None`` where the count is unknown.
    """

    subject: Key
    object: str
    role: str
    place: Place
    samples: int | None = None


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
    """

    origin: str
    files: int
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    issues: tuple[Issue, ...] = ()
