"""What an importer makes of a case: read, refused with the one error it may raise, or a fault.

Faults are any other error or warning, taking too long, opening what lies outside the case, going
to the network, and facts that break their own rules.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any, get_args

from headwater.errors import InputError
from headwater.lineage.facts import Count, Entity, Facts, Kind, Place, Relation, Role, Unit
from headwater.lineage.registry import importer

LONGEST_NAME = 1_000
MOST_LABELS = 201
LONGEST_LABEL = 500

_KINDS, _ROLES, _UNITS = (frozenset(get_args(each)) for each in (Kind, Role, Unit))
_FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "os.system", "subprocess.Popen", "pickle.find_class")


class TooLongError(BaseException):
    """A case is over its time; no importer may catch it by catching errors."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a case went: ``read``, ``refused``, ``crash``, ``hang``, ``escape`` or ``unsound``.

    Attributes
    ----------
    said
        The error, in a line.
    trace
        The whole of it.
    """

    word: str
    said: str = ""
    trace: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether it is something to mend."""
        return self.word not in ("read", "refused")


def judge(name: str, path: Path, seconds: float, to_graph: Callable[[Facts], Any] | None) -> Verdict:
    """Let the importer called `name` read `path`, and make a graph of what it finds."""
    read = _importer(name)
    try:
        with _limited(seconds), _watched(path) as opened, warnings.catch_warnings():
            warnings.simplefilter("error")
            facts = read(path)
            wrong = next(_unsound(facts, name), "")
            if to_graph is not None and not wrong:
                str(to_graph(facts))
    except InputError as error:
        return _refused(error)
    except TooLongError:
        return Verdict("hang", f"more than {seconds:g} s", traceback.format_exc(limit=-12))
    # Whatever an importer raises beyond its one error is a fault, and which one is the finding.
    except (Exception, RecursionError, MemoryError) as error:
        said = f"{type(error).__name__}: {error}".split("\n")[0][:200]
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}"
        return Verdict("crash", f"{where}: {said!a}", "".join(traceback.format_exception(error)[-40:]))
    if opened:
        return Verdict("escape", ascii(opened[0]), "\n".join(map(ascii, opened)))
    return Verdict("unsound", wrong, wrong) if wrong else Verdict("read")


# Looking through what is installed takes longer than reading a case.
_importer = lru_cache(importer)


def _refused(error: InputError) -> Verdict:
    try:
        str(error).encode()
    except UnicodeEncodeError:
        return Verdict("unsound", "an error that cannot be printed", ascii(str(error)))
    return Verdict("refused", ascii(error.problem)[:200])


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# -- what was opened: a hook cannot be taken away again, so there is one for good ----------------


@dataclass
class _Watch:
    root: str = ""
    opened: list[str] | None = None
    hooked: bool = False


_WATCH = _Watch()
_OWN = tuple(
    os.path.realpath(path) + os.sep
    for path in {sys.prefix, sys.base_prefix, str(Path(__file__).parents[2] / "src"), "/usr/share/zoneinfo"}
)


@contextmanager
def _watched(path: Path) -> Iterator[list[str]]:
    """What is opened, connected to or run that is not below `path`."""
    if not _WATCH.hooked:
        _WATCH.hooked = True
        sys.addaudithook(_hook)
    opened: list[str] = []
    whole = path if path.is_dir() and not path.is_symlink() else path.parent
    _WATCH.root, _WATCH.opened = os.path.realpath(whole), opened
    try:
        yield opened
    finally:
        _WATCH.opened = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    opened = _WATCH.opened
    if opened is None:
        return
    if event in _FORBIDDEN:
        opened.append(f"{event} {arguments!r:.200}")
    elif event == "open" and isinstance(arguments[0], (str, bytes)):
        # Resolving a name asks the system, which is no opening: nothing is told of that.
        where = os.path.realpath(os.fsdecode(arguments[0]))
        if where != _WATCH.root and not where.startswith((_WATCH.root + os.sep, *_OWN)):
            opened.append(where)


# -- whether facts keep their own rules ----------------------------------------------------------


def _unsound(facts: Facts, name: str) -> Iterator[str]:
    if facts.format != name:
        yield f"format is {facts.format!r}"
    for entity in facts.entities:
        yield from _of_entity(entity)
    for relation in facts.relations:
        yield from _of_relation(relation)
    for issue in facts.issues:
        yield from _of_place(issue.place)
        yield from _of_texts("issue", issue.message)


def _of_entity(entity: Entity) -> Iterator[str]:
    yield from _of_key(entity.key)
    yield from _of_place(entity.place)
    yield from _of_count(entity.count)
    yield from _of_texts("label", entity.time, *entity.labels, *entity.labels.values())
    if entity.generation is not None and (type(entity.generation) is not int or entity.generation < 0):
        yield f"generation {entity.generation!r:.60}"
    if entity.synthetic not in (None, "all", "mixed", "none"):
        yield f"synthetic {entity.synthetic!r:.60}"
    if len(entity.labels) > MOST_LABELS or any(len(text) > LONGEST_LABEL for text in entity.labels.values()):
        yield "labels beyond their limit"


def _of_relation(relation: Relation) -> Iterator[str]:
    yield from _of_key(relation.subject)
    yield from _of_key(relation.object)
    yield from _of_place(relation.place)
    yield from _of_count(relation.count)
    yield from _of_texts("word", relation.word)
    if relation.role not in _ROLES:
        yield f"role {relation.role!r:.60}"


def _of_key(key: Any) -> Iterator[str]:
    yield from _of_texts("key", *key)
    if key.kind not in _KINDS:
        yield f"kind {key.kind!r:.60}"
    if not key.name.strip():
        yield "an empty name"
    if len(key.name) > LONGEST_NAME or len(key.version) > LONGEST_NAME:
        yield f"a name of {max(len(key.name), len(key.version)):,} characters"


def _of_count(count: Count | None) -> Iterator[str]:
    if count is None:
        return
    bounds = (count.low, count.low if count.high is None else count.high)
    if any(type(each) is not int for each in bounds) or not 0 <= bounds[0] <= bounds[1]:
        yield f"count {count!r:.60}"
    if count.unit not in _UNITS:
        yield f"unit {count.unit!r:.60}"


def _of_place(place: Place) -> Iterator[str]:
    yield from _of_texts("place", place.path, place.pointer)
    if type(place.line) is not int or place.line < 0:
        yield f"line {place.line!r:.60}"


def _of_texts(what: str, *texts: object) -> Iterator[str]:
    for text in texts:
        if type(text) is not str:
            yield f"{what} {ascii(text)[:60]} is no text"
            continue
        try:
            text.encode()
        except UnicodeEncodeError:
            yield f"{what} {ascii(text)[:60]} cannot be printed"
