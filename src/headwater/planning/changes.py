"""What a plan changes in a pipeline, in words, and the changed pipeline as a file that says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from headwater.errors import GraphError
from headwater.fields import Value
from headwater.files import FilePath, write_bytes
from headwater.pipeline import Pipeline, parse_pipeline, pipeline_to_yaml


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a pipeline, before and after.

    Attributes
    ----------
    field
        As `headwater.fields` spells it (``web->teacher``, ``regime``); other changes, such as a
        source that is new, in words.
    before, after
        Values; None where there was or is none.
    """

    field: str
    before: Value | None
    after: Value | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.field}: {_shown(self.after)} (new)"
        if self.after is None:
            return f"{self.field}: removed (was {_shown(self.before)})"
        return f"{self.field}: {_shown(self.before)} -> {_shown(self.after)}"

    def to_dict(self) -> dict[str, object]:
        """As in documents."""
        return {"field": self.field, "before": self.before, "after": self.after}


def changed_yaml(pipeline: Pipeline, changes: Iterable[Change], why: str, origin: str) -> str:
    """The file of a changed pipeline, which begins with what was changed and from what.

    Parameters
    ----------
    why
        What the changes are for, in one line.
    origin
        The file that was changed, and its hash if it has one.
    """
    lines = [why, f"Made by headwater {version('headwater')} from {origin}. Changed:"]
    lines += [f"  {change}" for change in changes] or ["  nothing"]
    head = "".join(f"# {_one_line(line)}".rstrip() + "\n" for line in lines)
    return head + pipeline_to_yaml(pipeline)


def write_changed(
    pipeline: Pipeline, path: FilePath, changes: Sequence[Change], why: str, origin: str
) -> None:
    """Write it, at once or not at all.

    Raises
    ------
    OutputError
        If it cannot be written; an older file of that name is then unchanged.
    """
    text = changed_yaml(pipeline, changes, why, origin)
    if parse_pipeline(text).graph != pipeline.graph:
        raise GraphError("the changed pipeline does not read back as it was written", "report this file")
    write_bytes(path, text.encode("utf-8"))


def _shown(value: Value | None) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
