"""The events of a file, whether it has one a line, a list of them, or a single one over many lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from headwater.errors import InputError
from headwater.lineage.facts import Place
from headwater.lineage.reading import marked_json
from headwater.lineage.reading.collecting import Collector
from headwater.lineage.reading.folders import shown

_TRIED = 5


def events_of(file: Path, root: Path, collector: Collector) -> Iterator[tuple[Place, object]]:
    """The values of a file that may be events, with their places; an `InputError` where one is broken."""
    path = shown(Path(file.name) if file == root else file.relative_to(root))
    collector.files += 1
    empty = True
    try:
        for event in _by_line(file, path) if _one_a_line(file) else _whole(file, path):
            empty = False
            yield event
    except InputError as error:
        collector.broken(path, error)
        return
    if empty:
        collector.warning(Place(path), "holds no events")


def _by_line(file: Path, path: str) -> Iterator[tuple[Place, object]]:
    for number, value in marked_json.lines(file, path):
        if isinstance(value, list):
            for at, item in enumerate(value):
                yield Place(path, number, f"/{at}"), item
        else:
            yield Place(path, number), value


def _whole(file: Path, path: str) -> Iterator[tuple[Place, object]]:
    try:
        value = marked_json.load(file, path)
    except InputError:
        # One broken line must not make one broken document of a whole file of events.
        if any(isinstance(line, dict) for _, line in islice(marked_json.lines(file, path), _TRIED)):
            yield from _by_line(file, path)
            return
        raise
    if isinstance(value, marked_json.Array):
        for at, item in enumerate(value):
            yield Place(path, value.lines[at], f"/{at}"), item
    else:
        yield Place(path, marked_json.line(value, 1)), value


def _one_a_line(file: Path) -> bool:
    """Whether the first line is a value of its own."""
    first = next(marked_json.lines(file), (0, None))[1]
    return not isinstance(first, InputError)
