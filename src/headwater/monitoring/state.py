"""A monitor's memory as one JSON file: written whole or not at all, refused unless all of it fits.

The reference is not in it, only its fingerprint.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from headwater.errors import HeadwaterError, InputError, OutputError
from headwater.files import FilePath, read_bytes, write_bytes
from headwater.monitoring.evidence import BETS
from headwater.monitoring.limits import Baseline
from headwater.monitoring.values import History, Settings

LARGEST = 2**28
"""Bytes of a state that are read."""

_REMEDY = (
    "give the file that this monitor wrote, or move it away to begin anew: evidence then starts at nothing"
)


class Scale(BaseModel):
    """What a score was when the state began: other numbers are another test."""

    model_config = ConfigDict(extra="forbid", strict=True)
    parts: tuple[str, ...]
    healthy: list[float]
    limit: list[float]


class State(BaseModel):
    """The document."""

    model_config = ConfigDict(extra="forbid", strict=True)
    headwater: Literal[1] = 1
    reference: str
    settings: Settings
    scores: dict[str, Scale]
    models: dict[Annotated[str, Field(min_length=1)], History]


@contextmanager
def held(path: FilePath) -> Iterator[None]:
    """Hold a state, so that two runs do not both go on from it and lose what one of them found.

    Whoever only reads need not. The lock is a file beside the state, removed at the end; the system lets go
    of it when the process ends, however it ends. Where the system has no such locks nothing is held.

    Raises
    ------
    InputError
        If another run holds it.
    OutputError
        If no file can be made beside it: it could not be written either.
    """
    beside = lock_path(path)
    lock = _lock(path, beside)
    try:
        yield
    finally:
        if lock is not None:
            # While it is still held: who opened it meanwhile finds it gone, and tries again.
            with suppress(OSError):
                os.unlink(beside)
            os.close(lock)


def lock_path(path: FilePath) -> str:
    """Where the lock of a state is while it is held: the same for all links to it."""
    return f"{os.path.realpath(path)}.lock"


def _lock(path: FilePath, beside: str) -> int | None:
    try:
        import fcntl
    except ImportError:  # no such lock on this system
        return None
    while True:
        lock = _opened(path, beside)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise InputError(
                "the state is in use by another run", "wait for it, or use another state", os.fspath(path)
            ) from None
        except OSError:  # a file system without locks
            return lock
        if _is(lock, beside):
            return lock
        os.close(lock)


def _opened(path: FilePath, beside: str) -> int:
    try:
        return os.open(beside, os.O_RDONLY | os.O_CREAT, 0o666)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise OutputError(
            f"{os.fspath(path)}: the state cannot be held: no file can be made beside it: {reason}",
            "make its directory, or keep the state in a place that can be written to",
        ) from None


def _is(lock: int, beside: str) -> bool:
    """Whether the file that was locked still has its name."""
    try:
        return os.path.samestat(os.fstat(lock), os.stat(beside))
    except FileNotFoundError:
        return False


def write(
    path: FilePath,
    reference: str,
    settings: Settings,
    baselines: Mapping[str, Baseline],
    histories: Mapping[str, History],
) -> None:
    """Write a state.

    Parameters
    ----------
    reference
        Its fingerprint.

    Raises
    ------
    OutputError
        If the file cannot be written, or a reading is nothing that JSON can hold.
    """
    document = {
        "headwater": 1,
        "reference": reference,
        "settings": asdict(settings),
        "scores": {name: _scale(base).model_dump() for name, base in baselines.items()},
        "models": {name: asdict(history) for name, history in histories.items()},
    }
    try:
        # Python writes the shortest decimals that are read back as the same double.
        content = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        encoded = (content + "\n").encode()
    except (TypeError, ValueError) as error:
        raise OutputError(
            f"{os.fspath(path)}: the state cannot be written: {error}",
            "readings are objects of JSON: text, finite numbers, lists; nothing was changed",
        ) from None
    write_bytes(path, encoded)


def _scale(base: Baseline) -> Scale:
    return Scale(parts=base.parts, healthy=base.healthy.tolist(), limit=base.limit.tolist())


def read(path: FilePath) -> State:
    """A state that is whole.

    Raises
    ------
    InputError
        If it is not.
    """
    if _size(path) > LARGEST:
        problem = f"this is no state of a monitor: it has more than {LARGEST:,} bytes"
        raise InputError(problem, _REMEDY, os.fspath(path))
    content = read_bytes(path, LARGEST)
    try:
        return State.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        where = f"{place}: " if place else ""
        problem = f"this is no whole state of a monitor: {where}{first['msg']}"
    except HeadwaterError as error:
        problem = f"this is no state of a monitor: {error.problem}"
    raise InputError(problem, _REMEDY, os.fspath(path))


def _size(path: FilePath) -> int:
    try:
        return os.path.getsize(path)
    except (OSError, ValueError):  # reading it tells why
        return 0


def histories_of(
    state: State,
    path: FilePath,
    reference: str,
    settings: Settings,
    baselines: Mapping[str, Baseline],
) -> dict[str, History]:
    """What a state knows of each model, if it is one of this reference and these settings.

    Raises
    ------
    InputError
        If it is not.
    """
    problem = (
        _other_settings(state.settings, settings)
        or _other_reference(state.reference, reference)
        or _other_scores(state.scores, baselines)
        or _unlike(state.models, baselines)
    )
    if problem:
        raise InputError(problem, _REMEDY, os.fspath(path))
    return dict(sorted(state.models.items(), key=lambda item: item[1].rank))


def _other_settings(saved: Settings, wanted: Settings) -> str:
    old, new = asdict(saved), asdict(wanted)
    differ = [f"{name} {old[name]!r}, now {new[name]!r}" for name in old if old[name] != new[name]]
    return f"the state was begun with {'; '.join(differ)}" if differ else ""


def _other_reference(saved: str, reference: str) -> str:
    return "" if saved == reference else "the state was begun with another reference"


def _other_scores(saved: Mapping[str, Scale], baselines: Mapping[str, Baseline]) -> str:
    wanted = {name: _scale(base) for name, base in baselines.items()}
    same = saved.keys() == wanted.keys() and all(
        each.parts == wanted[name].parts
        and len(each.limit) == len(wanted[name].limit)
        # Another machine may add in another order.
        and np.allclose(each.limit, wanted[name].limit, rtol=0, atol=1e-6)
        for name, each in saved.items()
    )
    return "" if same else "the state was begun with other scores, by another version"


def _unlike(models: Mapping[str, History], baselines: Mapping[str, Baseline]) -> str:
    """What in the histories cannot have come from these scores."""
    if sorted(history.rank for history in models.values()) != list(range(1, len(models) + 1)):
        return "the models of the state are not numbered 1, 2, ..."
    for model, history in models.items():
        counted = sum(check.counted for check in history.checks.values())
        if counted != history.counted or counted < 1 or not _fits(history.evidence, baselines):
            return f"the evidence of {model!r} does not fit its checks"
        if any(check.model != model or check.generation != at for at, check in history.checks.items()):
            return f"the checks of {model!r} are of other models or generations"
    return ""


def _fits(evidence: Mapping[str, list[list[float]]], baselines: Mapping[str, Baseline]) -> bool:
    """Whether there is a finite log sum for every bet on every side."""
    return evidence.keys() == baselines.keys() and all(
        len(sums) == len(BETS)
        and all(len(row) == len(baselines[name].limit) and np.isfinite(row).all() for row in sums)
        for name, sums in evidence.items()
    )
