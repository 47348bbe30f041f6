"""Columns of numbers on a terminal: those that fit are shown, and digits end where the error begins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

GAP = 2
LONGEST_NAME = 34
UNKNOWN = "?"
PLAIN_RANGE = (1e-4, 1e7)
"""Sizes of numbers that are written without a power of ten."""


@dataclass(frozen=True)
class Column:
    """One quantity over the rows shown; where the terminal is narrow the most `dispensable` goes first."""

    title: str
    cells: Sequence[Text | str]
    dispensable: int
    justify: Literal["left", "right"] = "right"

    @property
    def width(self) -> int:
        """Terminal columns that it takes."""
        sizes = [cell.cell_len if isinstance(cell, Text) else cell_len(cell) for cell in self.cells]
        return max([cell_len(self.title), *(min(size, LONGEST_NAME) for size in sizes)])


def total_width(columns: Sequence[Column]) -> int:
    """Terminal columns that all take side by side."""
    return sum(column.width + GAP for column in columns) - GAP


def table_of(columns: Sequence[Column], width: int, least: int = 2) -> Table:
    """As many of the columns as fit into `width`, but `least` at any rate."""
    kept = list(columns)
    while total_width(kept) > width and len(kept) > least:
        kept.remove(max(kept, key=lambda column: column.dispensable))
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
    for column in kept:
        table.add_column(column.title, justify=column.justify, no_wrap=True, max_width=LONGEST_NAME)
    for row in zip(*(column.cells for column in kept), strict=True):
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return table


def number(value: float) -> str:
    """Four digits.

    Examples
    --------
    >>> number(0.0123456), number(1234567.8), number(0.0), number(1.2e-9)
    ('0.01235', '1,234,568', '0', '1.200e-09')
    """
    if not math.isfinite(value) or value == 0:
        return _special(value)
    return _fixed(value, 3 - _size(value)) if _is_plain(value) else f"{value:.3e}"


def measured(mean: float, error: float) -> str:
    """A mean with its standard error, of which two digits are shown.

    Examples
    --------
    >>> measured(1.23456, 0.0234), measured(2.0, 0.0)
    ('1.235 ± 0.023', '2.000')
    """
    if not (math.isfinite(mean) and math.isfinite(error) and error > 0):
        return number(mean)
    if mean != 0 and not (_is_plain(mean) and _is_plain(error)):
        return f"{mean:.2e} ± {error:.0e}"
    digits = 1 - _size(error)
    return f"{_fixed(mean, digits)} ± {_fixed(error, digits)}"


def within(value: float, low: float, high: float) -> str:
    """A value and its interval.

    Examples
    --------
    >>> within(1.23456, 1.1911, 1.3099), within(1.0, 1.0, 1.0)
    ('1.235 [1.191, 1.310]', '1.000')
    """
    if low == high == value:
        return number(value)
    ends = (value, low, high)
    if math.isnan(low) or math.isnan(high):
        return f"{number(value)} [{UNKNOWN}]"
    finite = [each for each in ends if math.isfinite(each) and each != 0]
    spread = (high - low) / 2
    if not (math.isfinite(spread) and all(map(_is_plain, finite)) and spread > 0):
        shown = [f"{each:.2e}" if math.isfinite(each) and each != 0 else _special(each) for each in ends]
    else:
        shown = [_fixed(each, 1 - _size(spread)) for each in ends]
    return f"{shown[0]} [{shown[1]}, {shown[2]}]"


def _special(value: float) -> str:
    return UNKNOWN if math.isnan(value) else "0" if value == 0 else "∞" if value > 0 else "-∞"


def _is_plain(value: float) -> bool:
    return PLAIN_RANGE[0] <= abs(value) < PLAIN_RANGE[1]


def _size(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def _fixed(value: float, digits: int) -> str:
    return f"{value:,.{min(max(digits, 0), 12)}f}"
