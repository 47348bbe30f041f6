"""Families: how evidence becomes a model. One a file; loaded on first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from headwater.families.registry import HOMES

__all__ = sorted(HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name in HOMES:
        return getattr(import_module(HOMES[name]), name)
    raise AttributeError(f"module 'headwater.families' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(HOMES)
