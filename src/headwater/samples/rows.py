"""Rows of an Arrow batch as numbers or strings, each with its model and generation, the bad ones marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headwater.errors import InputError
from headwater.samples.placing import LARGEST_DIMENSION, LARGEST_GENERATION, Key, Layout, shape_of, too_wide
from headwater.samples.problems import LEAVE_OUT, Placed, one_line, wrong
from headwater.samples.values import Array

LARGEST_NUMBER = 1e100
"""Squares, and sums of them, stay finite."""
LONGEST_TEXT = 2**22
"""Bytes of one document."""
LONGEST_LABEL = 2**16
"""Bytes of one label, or of a model's name."""

REASONS = (
    "",
    "no value",
    "not a number (NaN)",
    "infinite",
    f"beyond {LARGEST_NUMBER:g}",
    "too long",
    "no generation",
    "no model",
)
"""Why a row is bad, by its code; 0 is good."""
NO_VALUE, NAN, INFINITE, TOO_LARGE, TOO_LONG, NO_GENERATION, NO_MODEL = range(1, len(REASONS))

Flags = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Block:
    """Rows of one batch.

    Attributes
    ----------
    values
        (features, rows) of numbers, or an Arrow array of strings.
    reasons
        (rows,) codes of `REASONS`.
    """

    values: Any
    reasons: Flags


def block_of(table: Placed, batch: Any, layout: Layout, start: int, features: int | None) -> Block:
    """The values of a batch.

    Parameters
    ----------
    table
        For errors.
    batch
        Columns of the layout.
    layout
        What they are.
    start
        Rows of the file before the batch.
    features
        Numbers of a list in earlier batches, if any.
    """
    columns = [plain(batch.column(batch.schema.get_field_index(name))) for name in layout.values]
    reasons = np.zeros(batch.num_rows, np.uint8)
    if layout.kind != "numeric":
        longest = LONGEST_TEXT if layout.kind == "text" else LONGEST_LABEL
        return Block(_strings(columns[0], reasons, longest), reasons)
    if layout.embedding:
        values = _lists(table, columns[0], start, features, reasons)
    else:
        values = np.empty((len(columns), batch.num_rows))
        for column, into in zip(columns, values, strict=True):
            _numbers(table, column, into, reasons)
    _mark_bad(values, reasons)
    return Block(values, reasons)


def keys_of(
    table: Placed, batch: Any, layout: Layout, start: int, named: Key, reasons: Flags
) -> tuple[NDArray[np.int64], list[Key]]:
    """(rows,) codes of model and generation, and what each code stands for.

    Rows without one are marked in `reasons`.

    Raises
    ------
    InputError
        If a generation is not a whole number from 0 to `LARGEST_GENERATION`.
    """
    rows = batch.num_rows
    generations = np.full(rows, named[1], np.int64)
    codes, models = np.zeros(rows, np.int64), [named[0]]
    if layout.generation is not None:
        generations = _generations(table, batch.column(layout.generation), layout, start, reasons)
    if layout.model is not None:
        codes, models = _models(table, batch.column(layout.model), layout, start, reasons)
    span = LARGEST_GENERATION + 1
    both = codes * span + generations
    if rows and (both == both[0]).all():
        found, inverse = both[:1], np.zeros(rows, np.int64)
    else:
        found, inverse = np.unique(both, return_inverse=True)
    return inverse, [(models[each // span], each % span) for each in found.tolist()]


def explain(table: Placed, batch: Any, layout: Layout, start: int, reasons: Flags) -> InputError | None:
    """The error of the first bad row; None if all are good.

    Which of several columns is to blame is looked for in that row alone.
    """
    bad = np.flatnonzero(reasons)
    if len(bad) == 0:
        return None
    row = int(bad[0])
    reason = REASONS[reasons[row]]
    guilty = next(
        (name for name in layout.values if reasons[row] in _reasons_of(batch.column(name)[row : row + 1])), ""
    )
    if reasons[row] in (NO_GENERATION, NO_MODEL):
        guilty = (layout.generation if reasons[row] == NO_GENERATION else layout.model) or ""
        reason = REASONS[NO_VALUE]
    try:
        wrong(table, start + row, f"column {one_line(guilty, 60)!r}: {reason}", LEAVE_OUT)
    except InputError as error:
        return error


def plain(column: Any) -> Any:
    """Without dictionary and extension type."""
    if isinstance(column, pa.ExtensionArray):
        return plain(column.storage)
    return plain(column.dictionary_decode()) if pa.types.is_dictionary(column.type) else column


def _reasons_of(cell: Any) -> set[int]:
    """Why one value alone, a list too, is bad."""
    cell = plain(cell)
    shape = shape_of(cell.type)
    if cell.null_count:
        return {NO_VALUE}
    if shape == "string":
        return {TOO_LONG}
    flat = plain(cell.flatten()) if shape == "list" else cell
    values = np.array(flat.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), ndmin=2)
    reasons = np.zeros(values.shape[1], np.uint8)
    _mark_bad(values, reasons)
    reasons[flat.is_null().to_numpy(zero_copy_only=False)] = NO_VALUE
    return set(reasons.tolist())


def _numbers(table: Placed, column: Any, into: Array, reasons: Flags) -> None:
    if column.null_count:
        reasons[column.is_null().to_numpy(zero_copy_only=False)] = NO_VALUE
    into[:] = _floats(table, column)


def _floats(table: Placed, column: Any) -> Array:
    if not pa.types.is_float64(column.type):
        try:
            column = column.cast(pa.float64(), safe=False)
        except pa.ArrowException as error:
            raise InputError(
                f"numbers of type {one_line(str(column.type), 40)} cannot be read: {one_line(str(error))}",
                "write them as floats or whole numbers",
                table.path,
            ) from None
    return np.asarray(column.to_numpy(zero_copy_only=False), float)


def _lists(table: Placed, column: Any, start: int, features: int | None, reasons: Flags) -> Array:
    """(features, rows) of a column of lists; rows without a list stay empty."""
    missing = column.is_null().to_numpy(zero_copy_only=False)
    reasons[missing] = NO_VALUE
    there = column.filter(pa.array(~missing)) if missing.any() else column
    lengths = pc.list_value_length(there).to_numpy(zero_copy_only=False)
    if features is None:
        features = int(lengths[0]) if len(lengths) else 0
    odd = np.flatnonzero(lengths != features)
    if len(odd):
        row = int(np.flatnonzero(~missing)[odd[0]])
        found = int(lengths[odd[0]])
        wrong(table, start + row, f"a list of {found:,} numbers, where those before have {features:,}",
              "give every row a list of the same length")  # fmt: skip
    if features == 0 and len(lengths):
        wrong(table, start, "a list without numbers", "give every row a list of the same length")
    if features > LARGEST_DIMENSION:
        raise too_wide(table.path, features)
    flat = plain(there.flatten())
    numbers = _floats(table, flat).reshape(len(there), features)
    values = np.full((features, len(column)), np.nan)
    values[:, ~missing] = numbers.T
    if flat.null_count:
        inner = flat.is_null().to_numpy(zero_copy_only=False).reshape(len(there), features).any(axis=1)
        reasons[np.flatnonzero(~missing)[inner]] = NO_VALUE
    return values


def _mark_bad(values: Array, reasons: Flags) -> None:
    """Mark rows with values that cannot be measured; what is marked already stays."""
    if values.size == 0:
        return
    low, high = values.min(), values.max()
    if low >= -LARGEST_NUMBER and high <= LARGEST_NUMBER:
        return
    for test, code in (
        (np.isnan(values), NAN),
        (np.isinf(values), INFINITE),
        (np.abs(values) > LARGEST_NUMBER, TOO_LARGE),
    ):
        reasons[test.any(axis=0) & (reasons == 0)] = code


def _strings(column: Any, reasons: Flags, longest: int) -> Any:
    text = column.cast(pa.large_string())
    if text.null_count:
        reasons[text.is_null().to_numpy(zero_copy_only=False)] = NO_VALUE
        text = text.fill_null("")
    reasons[pc.binary_length(text).to_numpy(zero_copy_only=False) > longest] = TOO_LONG
    return text


def _generations(table: Placed, column: Any, layout: Layout, start: int, reasons: Flags) -> NDArray[np.int64]:
    column = plain(column)
    name = one_line(str(layout.generation), 60)
    shape = shape_of(column.type)
    if shape not in ("number", "string"):
        raise InputError(f"column {name!r} holds no numbers", "write whole numbers from 0", table.path)
    missing = column.is_null().to_numpy(zero_copy_only=False)
    reasons[missing] = NO_GENERATION
    values = _digits(table, column, name, start) if shape == "string" else _floats(table, column)
    values = np.where(missing, 0.0, values)
    fine = (values >= 0) & (values <= LARGEST_GENERATION) & (values == np.floor(values))
    if not fine.all():
        row = int(np.argmin(fine))
        wrong(table, start + row, f"column {name!r}: {values[row]:.12g} is no generation",
              f"write whole numbers from 0 to {LARGEST_GENERATION:,}")  # fmt: skip
    return values.astype(np.int64)


def _digits(table: Placed, column: Any, name: str, start: int) -> Array:
    """Generations that are written as strings."""
    filled = column.cast(pa.large_string()).fill_null("0")
    whole = pc.match_substring_regex(filled, r"^[0-9]{1,10}$").to_numpy(zero_copy_only=False)
    if not whole.all():
        row = int(np.argmin(whole))
        wrong(table, start + row, f"column {name!r}: {one_line(filled[row].as_py(), 60)!r} is no generation",
              f"write whole numbers from 0 to {LARGEST_GENERATION:,}")  # fmt: skip
    return _floats(table, filled)


def _models(
    table: Placed, column: Any, layout: Layout, start: int, reasons: Flags
) -> tuple[NDArray[np.int64], list[str]]:
    column = plain(column)
    name = one_line(str(layout.model), 60)
    if shape_of(column.type) not in ("number", "string"):
        raise InputError(f"column {name!r} holds no names", "write the model's name", table.path)
    own = np.zeros_like(reasons)
    encoded = _strings(column, own, LONGEST_LABEL)
    long = np.flatnonzero(own == TOO_LONG)
    if len(long):
        wrong(table, start + int(long[0]), f"column {name!r}: the name is too long", "write a short name")
    reasons[pc.equal(encoded, pa.scalar("", pa.large_string())).to_numpy(zero_copy_only=False)] = NO_MODEL
    encoded = encoded.dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()
