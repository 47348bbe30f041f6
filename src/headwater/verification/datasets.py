"""Public data for the benchmark: scikit-learn's bundled sets, a table or a text that a user names.

Read and made ready here: what is no number or is missing is left out and said, columns that say
nothing are dropped, covariates are standardised. What is asked of the data is in other modules.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from headwater.errors import InputError, nearest
from headwater.families import tables
from headwater.families.contract import Array
from headwater.files import FilePath, unreadable

BUNDLED = ("diabetes", "breast_cancer", "digits")
TEXTS = (".txt", ".text", ".md")
MOST_CLASSES = 20
"""Values of a target that are classes; more are a number's."""
COMPONENTS = 10
"""Principal components of the covariates that a generative model of classes is fitted to."""
LOGISTIC_COMPONENTS = 3
"""And a logistic regression, so that labels of a few hundred samples are not separable."""

Kind = Literal["number", "binary", "classes", "text"]


@dataclass(frozen=True, eq=False)
class DataSet:
    """Real data, ready for the benchmark.

    Attributes
    ----------
    name
        As it is called in the report.
    kind
        Of the target: a number, two values, classes; or a text.
    covariates : (n, d)
        Standardised; empty for a text.
    target : (n,)
        Number, 0 or 1, or class; empty for a text.
    counts : (vocabulary,)
        How often each distinct item occurs: tokens of a text, cells of a table.
    notes
        What was left out or changed, in sentences.
    """

    name: str
    kind: Kind
    covariates: Array
    target: Array
    counts: Array
    notes: tuple[str, ...]


def load(name: str, target: str | None = None) -> DataSet:
    """A bundled set by name, or the CSV, Parquet or text file of that path.

    Raises
    ------
    InputError
        If there is no such set or file, or it cannot serve.
    """
    if name in BUNDLED:
        if target is not None:
            raise InputError(f"data set {name} has its own target", "remove --target")
        return bundled(name)
    if not os.path.exists(name):
        raise InputError(
            f"{name!r:.80} is no bundled data set and no file", f"{nearest(name, BUNDLED)}; or name a CSV"
        )
    if Path(name).suffix.lower() in TEXTS:
        if target is not None:
            raise InputError("a text has no target", "remove --target", name)
        return read_text(name)
    if target is None:
        raise InputError(
            "a table needs a target: the column to predict",
            "add --target NAME, or its number from 1 where the file has no header",
            name,
        )
    return read_table(name, target)


def bundled(name: str) -> DataSet:
    """One of scikit-learn's bundled sets; nothing is downloaded."""
    covariates, target = bundled_arrays(name)
    return make(name, covariates, target, [])


def bundled_arrays(name: str) -> tuple[Array, Array]:
    """Covariates and target as scikit-learn has them."""
    from sklearn import datasets

    covariates, target = getattr(datasets, f"load_{name}")(return_X_y=True)
    return np.asarray(covariates, dtype=float), np.asarray(target, dtype=float)


def read_table(path: FilePath, target: str) -> DataSet:
    """A CSV (also .gz) or Parquet file with a target column."""
    table, names = _columns(path)
    notes = []
    at = _target(names, target, os.fspath(path))
    numeric = {
        index: np.asarray(pc_float(table.column(index)))
        for index in range(table.num_columns)
        if _is_number(table.column(index).type)
    }
    for index, values in numeric.items():
        _check_size(names[index], values, os.fspath(path))
    labels, kind_note = _labels(table.column(at), numeric.get(at), os.fspath(path))
    notes += kind_note
    dropped = [names[each] for each in range(len(names)) if each not in numeric and each != at]
    if dropped:
        said = tables.one_line(", ".join(dropped), 80)
        notes.append(f"{len(dropped)} columns that are no numbers are left out: {said}")
    columns = [values for index, values in numeric.items() if index != at]
    if not columns:
        raise InputError(
            "no column beside the target holds numbers", "a covariate is a number", os.fspath(path)
        )
    covariates = np.column_stack(columns)
    whole = np.isfinite(covariates).all(axis=1) & np.isfinite(labels)
    if not whole.all():
        notes.append(f"{int((~whole).sum()):,} rows with missing values are left out")
    if not whole.any():
        raise InputError(
            f"each of the {len(whole):,} rows lacks a value",
            "fill the values in, or drop the columns that lack them",
            os.fspath(path),
        )
    return make(Path(path).name, covariates[whole], labels[whole], notes)


def make(name: str, covariates: Array, target: Array, notes: list[str]) -> DataSet:
    """A data set from arrays: standardised, without columns that say nothing.

    Raises
    ------
    InputError
        If too little is left.
    """
    if len(covariates) == 0:
        raise InputError(f"{tables.one_line(name)}: no rows", "a benchmark needs 50 rows")
    spread = covariates.std(axis=0)
    scale = np.maximum(np.abs(covariates).max(axis=0), 1e-300)
    kept = np.flatnonzero(spread > 1e-10 * scale)
    standard = (covariates[:, kept] - covariates[:, kept].mean(axis=0)) / spread[kept]
    independent = _independent(standard)
    dropped = covariates.shape[1] - len(independent)
    if dropped:
        notes.append(f"{dropped} columns that are constant or follow from others are left out")
    standard = standard[:, independent]
    if len(standard) < 50 or standard.shape[1] == 0 or np.ptp(target) == 0:
        raise InputError(
            f"{tables.one_line(name)}: {len(standard)} rows, {standard.shape[1]} covariates and "
            f"{len(np.unique(target))} values of the target",
            "a benchmark needs 50 rows, one covariate and a target that varies",
        )
    values = np.unique(target)
    kind: Kind = "number"
    if len(values) == 2:
        kind, target = "binary", (target == values[1]).astype(float)
    elif (
        len(values) <= MOST_CLASSES and (values == np.round(values)).all() and len(target) >= 20 * len(values)
    ):
        kind = "classes"
    if kind != "number":
        size = COMPONENTS if kind == "classes" else LOGISTIC_COMPONENTS
        if standard.shape[1] > size:
            notes.append(f"{standard.shape[1]} covariates are projected on {size} principal components")
            standard = principal(standard, size)
    return DataSet(name, kind, standard, target, cells(standard), tuple(notes))


def principal(covariates: Array, size: int) -> Array:
    """(n, size) scores on the leading principal components, in standard deviations."""
    centred = covariates - covariates.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    scores = centred @ axes[:, ::-1][:, :size]
    return np.asarray(scores / scores.std(axis=0))


def cells(covariates: Array) -> Array:
    """Rows in each occupied cell of a histogram: quartiles of the leading six components."""
    scores = principal(covariates, min(6, covariates.shape[1]))
    edges = np.quantile(scores, [0.25, 0.5, 0.75], axis=0)
    code = np.zeros(len(scores), dtype=np.int64)
    for axis in range(scores.shape[1]):
        code = code * 4 + np.searchsorted(edges[:, axis], scores[:, axis])
    return np.unique(code, return_counts=True)[1].astype(float)


def read_text(path: FilePath) -> DataSet:
    """Words of a UTF-8 text: lower case, split where a character is neither letter, digit nor underscore."""
    words = [word for word in re.split(r"\W+", tables.read_text(path).lower()) if word]
    if len(words) < 100:
        raise InputError(f"the text has {len(words)} words", "give at least 100", os.fspath(path))
    counts = np.array(list(Counter(words).values()), dtype=float)
    empty = np.empty((0, 0))
    notes = (f"{len(words):,} words, {len(counts):,} distinct",)
    return DataSet(Path(path).name, "text", empty, np.empty(0), counts, notes)


def _independent(standard: Array) -> list[int]:
    """Columns that do not follow from those before them."""
    kept: list[int] = []
    basis = np.empty((len(standard), 0))
    for at in range(standard.shape[1]):
        left = standard[:, at] - basis @ (basis.T @ standard[:, at])
        left -= basis @ (basis.T @ left)
        size = np.linalg.norm(left)
        if size > 1e-6 * np.sqrt(len(standard)):
            basis = np.column_stack([basis, left / size])
            kept.append(at)
    return kept


def _columns(path: FilePath) -> tuple[pa.Table, list[str]]:
    """The table, and the names of its columns."""
    try:
        table = _parquet_or_csv(path)
        # names are decoded here
        return table, table.column_names
    except UnicodeDecodeError as error:
        raise tables.not_utf8(os.fspath(path), error) from None
    except (OSError, pa.ArrowException) as error:
        if isinstance(error, OSError) and not isinstance(error, pa.ArrowException):
            raise unreadable(path, error) from None
        raise InputError(
            f"this is no table that can be read: {tables.one_line(str(error))}",
            "a CSV with a line a row, or Parquet",
            os.fspath(path),
        ) from None


def _parquet_or_csv(path: FilePath) -> pa.Table:
    if Path(path).suffix.lower() in (".parquet", ".pq"):
        return pa.parquet.read_table(os.fspath(path))
    first = pa.csv.read_csv(path, read_options=pa.csv.ReadOptions(autogenerate_column_names=True))
    # a column without any value says nothing about a header
    numbers = all(_is_number(column.type) or pa.types.is_null(column.type) for column in first.columns)
    return first if numbers else pa.csv.read_csv(path)


def _target(names: list[str], target: str, path: str) -> int:
    if names.count(target) > 1:
        raise InputError(
            f"{names.count(target)} columns are called {target!r:.60}", "rename all but the target", path
        )
    if target in names:
        return names.index(target)
    # more digits than a column's number has
    if target.isascii() and target.isdigit() and len(target) < 10 and 1 <= int(target) <= len(names):
        return int(target) - 1
    raise InputError(f"there is no column {target!r:.60}", tables.nearest_column(target, names), path)


def _check_size(name: str, values: Array, path: str) -> None:
    largest = np.abs(values[~np.isnan(values)]).max(initial=0)
    if largest > tables.LARGEST_NUMBER:
        raise InputError(
            f"column {name!r:.60} holds numbers that are too large, such as {largest:g}",
            tables.IN_OTHER_UNITS,
            path,
        )


def _labels(column: Any, numbers: Array | None, path: str) -> tuple[Array, list[str]]:
    if numbers is not None:
        return numbers, []
    try:
        encoded = column.combine_chunks().cast(pa.string()).dictionary_encode()
    except pa.ArrowException:
        raise InputError(
            f"the target holds values of type {tables.one_line(str(column.type), 60)} that are no text",
            "a target is a number or a class: write it so, in the encoding UTF-8",
            path,
        ) from None
    if len(encoded.dictionary) > MOST_CLASSES:
        raise InputError(
            f"the target is text of {len(encoded.dictionary):,} different values, such as "
            f"{encoded.dictionary[0].as_py()!r:.60}",
            f"a target is a number below {tables.LARGEST_NUMBER:g} in each row, or one of "
            f"{MOST_CLASSES} classes at most",
            path,
        )
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(float)
    return codes, ["the target is text: its values are classes in order of appearance"]


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def pc_float(column: Any) -> Array:
    """A column as doubles; what is missing is NaN."""
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=float)
