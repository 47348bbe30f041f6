"""What an export makes: files by their names, and what could not be said in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exported:
    """Files by name, and a line for everything that was left out."""

    files: Mapping[str, bytes]
    left_out: tuple[str, ...] = ()
