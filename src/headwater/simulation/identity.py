"""What a run is: everything that decides its numbers, its digest, and where it came from."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from headwater.errors import FamilyError
from headwater.families.contract import Family
from headwater.graph import InteractionGraph

NUMBERS = 1
"""Raised when a release draws other numbers from the same seed; said in the changelog."""

DECIDING = ("numpy", "scipy")
"""Packages whose release may change a drawn or fitted number; a family may name more."""


def fingerprint(value: Any) -> str:
    """SHA-256, in hexadecimal, of nested plain values and arrays."""
    digest = hashlib.sha256()
    _feed(digest, value)
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufSU":
        digest.update(f"array{value.dtype.str}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping):
        digest.update(f"mapping{len(value)}".encode())
        for key in sorted(value, key=str):
            _feed(digest, str(key))
            _feed(digest, value[key])
    elif isinstance(value, list | tuple):
        digest.update(f"list{len(value)}".encode())
        for item in value:
            _feed(digest, item)
    elif hasattr(value, "get_params"):
        digest.update(f"{type(value).__module__}.{type(value).__qualname__}".encode())
        _feed(digest, value.get_params(deep=False))
    else:
        text = _plain_text(value).encode()
        digest.update(f"{type(value).__name__}{len(text)}:".encode() + text)


def _plain_text(value: Any) -> str:
    """A value as text that says everything about it.

    Raises
    ------
    FamilyError
        For a function that has no name of its own, or an object that shows nothing but its address:
        another one could not be told from it.
    """
    if inspect.isroutine(value) or inspect.isclass(value):
        name = f"{getattr(value, '__module__', '')}.{value.__qualname__}"
        if "<" not in name and not getattr(value, "__closure__", None):
            return name
        raise FamilyError(
            f"the function {name} cannot be told from another of that name",
            "define it with a name at the top of a module, so that a run can be recognised",
        )
    text = repr(value)
    if f"0x{id(value):x}" in text.lower():
        raise FamilyError(
            f"{text:.60} cannot be told from another of its kind",
            "give it a repr that shows its values, or scikit-learn's get_params",
        )
    return text


def graph_fingerprint(graph: InteractionGraph) -> str:
    """SHA-256 of everything that a graph of known counts holds, whatever file it came from."""
    columns = {item.name: getattr(graph, item.name) for item in dataclasses.fields(graph)}
    # ranges stand for counts that are unknown, and digests are older than they
    del columns["ranges"]
    columns["emissions"] = {at: how.to_dict() for at, how in graph.emissions.items()}
    return fingerprint(columns)


def family_parameters(family: Family[Any, Any]) -> dict[str, Any]:
    """Name and hyperparameters as JSON can hold them: short ones as they are, others by digest."""
    return {"family": family.name} | {key: _short(value) for key, value in family.parameters.items()}


def _short(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | int | float | bool):
        return value if not isinstance(value, str) or len(value) <= 80 else f"sha256:{fingerprint(value)}"
    if isinstance(value, np.ndarray) and value.size <= 16 and value.dtype.kind in "biuf":
        return value.tolist()
    if isinstance(value, np.ndarray | Mapping | list | tuple):
        return f"sha256:{fingerprint(value)}"
    if hasattr(value, "get_params"):
        return f"{type(value).__qualname__} sha256:{fingerprint(value)}"
    return _plain_text(value)


def environment() -> dict[str, str]:
    """What the numbers were computed with."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    return found | packages(("headwater", *DECIDING, "scikit-learn"))


def packages(names: tuple[str, ...]) -> dict[str, str]:
    """Installed versions by name; those that are not installed are left out."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
