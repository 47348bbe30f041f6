"""Facts as a reader finds them, held to limits, with one home for what every reader must say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, TypedDict, Unpack

from headwater.errors import InputError
from headwater.lineage.facts import Count, Entity, Facts, Issue, Key, Place, Relation, Role

LONGEST_NAME = 500
"""Above this a name is a mistake, such as a description in the wrong field."""

MOST_FACTS = 5_000_000
MOST_ISSUES = 10_000
LARGEST_COUNT = 10**15
MOST_LABELS = 200
LONGEST_LABEL = 500
"""Characters of a label's name and of its text."""

_HALF = re.compile("[\ud800-\udfff]")


class Told(TypedDict, total=False):
    """What a record may tell of an asset; see `Entity`."""

    count: Count | None
    generation: int | None
    synthetic: Literal["all", "mixed", "none"] | None
    time: str
    started: str
    labels: Mapping[str, str]


@dataclass
class Collector:
    """What a reader has found so far.

    Parameters
    ----------
    origin
        The folder or file that is read.
    format
        The importer's name.
    """

    origin: str
    format: str
    files: int = 0
    entities: list[Entity] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)
    untold: int = 0

    def entity(self, key: Key, place: Place, **told: Unpack[Told]) -> Key:
        """Record an asset or procedure, with what else is told of it; its key, to relate it to others."""
        self._hold_to_limit()
        labels = told.get("labels")
        if labels:
            told["labels"] = self._labels(labels, key, place)
        self.entities.append(Entity(key, place, **told))
        return key

    def relation(
        self,
        subject: Key,
        object_: Key,
        role: Role,
        place: Place,
        *,
        count: Count | None = None,
        word: str = "",
    ) -> None:
        """Record that `subject` came about with the help of `object_`."""
        self._hold_to_limit()
        self.relations.append(Relation(subject, object_, role, place, count, word))

    def error(self, place: Place, message: str) -> None:
        """Say that something was left out, and why."""
        self._issue(Issue("error", place, message))

    def warning(self, place: Place, message: str) -> None:
        """Say that something is doubtful."""
        self._issue(Issue("warning", place, message))

    def broken(self, path: str, error: InputError) -> None:
        """Say that a file was left out because of `error`."""
        said = error.problem.removeprefix(f"{error.path}:{error.line}: ").removeprefix(f"{error.path}: ")
        self.error(Place(path, error.line or 0), f"{said}; nothing was read from the file")

    def count_record(self, noun: str, number: int = 1) -> None:
        """Count records in the format's own word."""
        self.records[noun] = self.records.get(noun, 0) + number

    def name(self, value: object, what: str, place: Place) -> str | None:
        """`value` where it is a name; otherwise ``None``, and an issue says that it was skipped."""
        problem = name_problem(value)
        if problem:
            self.error(place, f"{what} {problem}; it was skipped")
            return None
        return str(value).strip()

    def samples(self, value: object, what: str, place: Place) -> Count | None:
        """A count of samples, where `value` is one; otherwise ``None``, with a warning if it is something."""
        if value is None:
            return None
        # A float such as 52002.0 is how tables with gaps spell a whole number.
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_COUNT:
            self.warning(place, f"{what} is {spelled(value)}, not a count: it stays unknown")
            return None
        return Count.exactly(value)

    def facts(self) -> Facts:
        """Everything found."""
        if self.untold:
            said = f"{self.untold:,} further issues are not listed"
            self.issues.append(Issue("error", Place(self.origin), said))
            self.untold = 0
        return Facts(
            self.origin,
            self.files,
            tuple(self.entities),
            tuple(self.relations),
            tuple(self.issues),
            self.format,
            dict(self.records),
        )

    def _labels(self, labels: Mapping[str, str], key: Key, place: Place) -> dict[str, str]:
        """The labels within the limits; longer texts end where the limit is."""
        if len(labels) > MOST_LABELS:
            said = f"{key.kind} {key.name!r} has {len(labels):,} labels: {MOST_LABELS} are kept"
            self.warning(place, said)
        kept = islice(labels.items(), MOST_LABELS)
        return {name[:LONGEST_LABEL]: text[:LONGEST_LABEL] for name, text in kept}

    def _issue(self, issue: Issue) -> None:
        if len(self.issues) < MOST_ISSUES:
            self.issues.append(issue)
        else:
            self.untold += 1

    def _hold_to_limit(self) -> None:
        if len(self.entities) + len(self.relations) >= MOST_FACTS:
            raise InputError(
                f"holds more than {MOST_FACTS:,} facts", "import it in parts and merge them", self.origin
            )


def name_problem(value: object) -> str:
    """What is wrong with a name, or nothing."""
    if not isinstance(value, str):
        return f"is {spelled(value)}, not text"
    if not value.strip():
        return "is empty"
    if len(value) > LONGEST_NAME:
        return f"has {len(value):,} characters"
    if _HALF.search(value):
        return "holds half a character, which nothing can print"
    return ""


def spelled(value: object) -> str:
    """A value in a few words for messages."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**20:
        return "a number of more than 20 digits"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
