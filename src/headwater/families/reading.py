"""Families that the command line makes from files: tables of numbers and texts.

One function a family, with the options of the command line as arguments. What a value may be is
the family's business; what a file may hold is said here.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from headwater.errors import FamilyError, InputError, nearest
from headwater.files import FilePath, unreadable

if TYPE_CHECKING:
    from headwater.families import covariates
    from headwater.families.categorical import Categorical
    from headwater.families.gaussian_mixture import GaussianMixture
    from headwater.families.kernel_density import KernelDensity
    from headwater.families.least_squares import LeastSquares
    from headwater.families.logistic import Logistic
    from headwater.families.ngram import NGram
    from headwater.families.poisson_regression import PoissonRegression
    from headwater.families.ridge import Ridge

Array = NDArray[np.float64]

LARGEST_TEXT = 2**30
"""Bytes."""

LARGEST_NUMBER = 1e100
"""In a table: squares, and sums of them, stay finite."""

IN_OTHER_UNITS = f"the largest number is {LARGEST_NUMBER:g}: write the column in other units, or drop it"

NUMBERS_ONLY = "keep columns of numbers only: encode categories as numbers, or drop the column"


# -- families --------------------------------------------------------------------------------------


def categorical(
    symbols: int | None = None,
    exponent: float | None = None,
    shift: float | None = None,
    text: FilePath | None = None,
) -> Categorical:
    """Zipf's law with an optional shift (Mandelbrot's), or the words of a text, in lower case."""
    from headwater.families import categorical as home

    if text is not None:
        if (symbols, exponent, shift) != (None, None, None):
            raise FamilyError(
                "categorical is given a text and a law of its own",
                "give --text, or --symbols and --exponent, not both",
            )
        words = read_text(text)
        with _about(text):
            return home.from_text(words)
    if symbols is None or exponent is None:
        raise FamilyError(
            "categorical needs a population",
            "give --symbols 1000 --exponent 1 (Zipf; --exponent 0 is even), or --text FILE",
        )
    return home.zipf_mandelbrot(symbols, exponent, shift or 0.0)


def least_squares(
    features: int | None = None,
    noise: float | None = None,
    table: FilePath | None = None,
    target: str | None = None,
    rows: str | None = None,
) -> LeastSquares:
    """On a Gaussian design of so many features, or on the rows of a table with an intercept.

    `noise` left out is 1 on a Gaussian design, and the labels' residual on a table.
    """
    from headwater.families.least_squares import LeastSquares

    if table is not None:
        if features is not None:
            raise FamilyError(
                "least-squares is given features and a table", "the table has them: leave one out"
            )
        real = _covariates("least-squares", table, target, rows)
        with _about(table, noise=noise):
            return LeastSquares.on_table(real, noise)
    _only_with_a_table("least-squares", target, rows)
    if features is None:
        raise FamilyError(
            "least-squares needs covariates",
            "give --features 10, or --table FILE --target COLUMN --rows fresh",
        )
    return LeastSquares(features, 1.0 if noise is None else noise)


def ridge(penalty: float, table: FilePath, target: str, rows: str, noise: float | None = None) -> Ridge:
    """On the rows of a table, with an intercept; `noise` left out is that of least squares."""
    from headwater.families.least_squares import residual
    from headwater.families.ridge import Ridge

    real = _covariates("ridge", table, target, rows)
    with _about(table, penalty=penalty, noise=noise):
        return Ridge(real.width, penalty, residual(real) if noise is None else noise, real)


def logistic(table: FilePath, target: str, rows: str) -> Logistic:
    """On the rows of a table, with an intercept; the labels are 0 and 1."""
    from headwater.families.logistic import Logistic

    real = _covariates("logistic", table, target, rows)
    with _about(table):
        return Logistic(real)


def poisson_regression(table: FilePath, target: str, rows: str) -> PoissonRegression:
    """On the rows of a table, with an intercept; the labels are counts."""
    from headwater.families.poisson_regression import PoissonRegression

    real = _covariates("poisson-regression", table, target, rows)
    with _about(table):
        return PoissonRegression(real)


def gaussian_mixture(table: FilePath, components: int) -> GaussianMixture:
    """Of all columns of a table."""
    from headwater.families.gaussian_mixture import GaussianMixture

    values = read_table(table).values
    with _about(table, components=components):
        return GaussianMixture(values, components)


def kernel_density(table: FilePath, bandwidth: str | float) -> KernelDensity:
    """Of all columns of a table; the bandwidth is a number or the name of a rule."""
    from headwater.families.kernel_density import KernelDensity

    try:
        width: str | float = float(bandwidth)
    except ValueError:
        width = bandwidth
    values = read_table(table).values
    with _about(table, bandwidth=width):
        return KernelDensity(values, width)


def ngram(text: FilePath, order: int, smoothing: float, level: str = "word") -> NGram:
    """Of a text, whose last tenth is held out and what risk is evaluated on."""
    from headwater.families.ngram import NGram

    tokens: Any = level
    words = read_text(text)
    with _about(text, order=order, smoothing=smoothing, level=level):
        return NGram.from_text(words, order, smoothing=smoothing, level=tokens)


def _covariates(family: str, table: FilePath, target: str | None, rows: str | None) -> covariates.Table:
    """The rows of a table with an intercept, and their labels if there is a target."""
    from headwater.families.covariates import Table

    if rows is None:
        raise FamilyError(
            f"family {family} on a table needs --rows",
            "write --rows fresh (drawn with replacement) or --rows fixed (always the first rows): "
            "the two have different limits",
        )
    held = read_table(table)
    labels = None if target is None else held.column(target)
    kind: Any = rows
    with _about(table, rows=rows):
        return Table((held if target is None else held.without(target)).values, kind, True, labels)


@contextmanager
def _about(path: FilePath, **options: Any) -> Iterator[None]:
    """Give an error about a file's content the file; one about an option stays what it is."""
    try:
        yield
    except FamilyError as error:
        if any(error.problem.startswith(f"{name} is {value!r:.60}") for name, value in options.items()):
            raise
        raise InputError(error.problem, error.remedy, os.fspath(path)) from None


def _only_with_a_table(family: str, target: str | None, rows: str | None) -> None:
    for name, value in (("target", target), ("rows", rows)):
        if value is not None:
            raise FamilyError(
                f"family {family} takes --{name} with a table only", f"add --table, or remove --{name}"
            )


# -- files -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Numbers:
    """A table of finite numbers.

    Attributes
    ----------
    path
        Its file.
    names
        Of the columns.
    values
        (rows, columns).
    """

    path: str
    names: tuple[str, ...]
    values: Array

    def column(self, name: str) -> Array:
        """(rows,) of one column."""
        if name not in self.names:
            raise InputError(f"there is no column {name!r:.60}", nearest_column(name, self.names), self.path)
        return np.ascontiguousarray(self.values[:, self.names.index(name)])

    def without(self, name: str) -> Numbers:
        """The other columns."""
        at = self.names.index(name)
        if len(self.names) == 1:
            raise InputError(
                f"{name!r:.60} is the only column", "a regression needs covariates beside it", self.path
            )
        names = (*self.names[:at], *self.names[at + 1 :])
        return Numbers(self.path, names, np.delete(self.values, at, axis=1))


def read_text(path: FilePath) -> str:
    """A UTF-8 text.

    Raises
    ------
    InputError
        If it cannot be read, or is not UTF-8; names the line.
    """
    content = _text_bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte 0x{content[error.start]:02x} at offset {error.start} is not UTF-8",
            "save the file in the encoding UTF-8",
            os.fspath(path),
            content.count(b"\n", 0, error.start) + 1,
        ) from None


def _text_bytes(path: FilePath) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_TEXT + 1)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if len(content) > LARGEST_TEXT:
        raise InputError(
            f"the text has more than {LARGEST_TEXT:,} bytes",
            "that is the most that is read: give a part of it",
            os.fspath(path),
        )
    return content


def read_table(path: FilePath) -> Numbers:
    """A CSV file with a header, or a Parquet file, of finite numbers only.

    Raises
    ------
    InputError
        If it cannot be read or holds something else; names the line (CSV) or row (Parquet, from 1).
    """
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            start = file.read(4)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    parquet = start == b"PAR1"
    try:
        table = _parquet(path) if parquet else _csv(name)
        # names are decoded here
        names = table.column_names
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError as error:
        raise not_utf8(name, error) from None
    except (pa.ArrowException, ValueError) as error:
        if isinstance(error, InputError):
            raise
        kind = "Parquet" if parquet else "CSV"
        raise InputError(
            f"this is not a whole {kind} table: {one_line(str(error))}",
            "write a CSV file with a header and one value a column, or a Parquet file",
            name,
        ) from None
    _check_header(name, names, None if parquet else 1)
    if table.num_rows == 0:
        raise InputError("the table has no rows", "write one row a sample under the header", name)
    where = _row_of(name) if parquet else _line_of(name)
    columns = [_column(table.column(at), label, where) for at, label in enumerate(names)]
    return Numbers(name, tuple(names), np.stack(columns, axis=1))


def one_line(text: str, longest: int = 120) -> str:
    r"""What a file holds, fit for a message: its first line, cut, without what could steer a terminal.

    Examples
    --------
    >>> print(one_line("a\x1b[2Jb\nc"))
    a\x1b[2Jb
    """
    first = text.lstrip().partition("\n")[0][:longest]
    shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in first)
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."


def nearest_column(name: str, names: Sequence[str]) -> str:
    """Columns there are, and the one most like `name`, each cut where it is long."""
    return nearest(name[:60], [each[:60] for each in names], shown=6)


def not_utf8(path: str, error: UnicodeDecodeError) -> InputError:
    """The `InputError` for a table whose names of columns are in another encoding."""
    return InputError(
        f"a column's name holds the byte 0x{error.object[error.start]:02x}, which is not UTF-8",
        "save the file in the encoding UTF-8",
        path,
    )


def _parquet(path: FilePath) -> pa.Table:
    with pq.ParquetFile(os.fspath(path)) as file:
        return file.read()


def _csv(path: str) -> pa.Table:
    return pa.csv.read_csv(
        path,
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            null_values=["", "NA", "N/A", "null"], strings_can_be_null=True
        ),
    )


def _check_header(path: str, names: list[str], line: int | None) -> None:
    for at, name in enumerate(names):
        if name in names[:at]:
            raise InputError(f"two columns are called {name!r:.60}", "rename one of them", path, line)
    if line is not None and names and all(_is_number(name) for name in names):
        raise InputError(
            f"the first line holds numbers ({one_line(', '.join(names), 60)}), not names of columns",
            "write a header line with a name for each column",
            path,
            line,
        )


Raiser = Callable[[int, str, str], NoReturn]
"""Raises for a row, counted from 0, with a problem and a remedy."""


def _column(column: Any, name: str, wrong: Raiser) -> Array:
    kind = column.type
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy())[0])
        wrong(row, f"column {name!r:.60} has no value", "fill it in, or drop the row or the column")
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        values = column.to_pylist()
        row = next((at for at, value in enumerate(values) if not _is_number(value)), 0)
        wrong(row, f"column {name!r:.60} holds {str(values[row])!r:.60}, not a number", NUMBERS_ONLY)
    numbers = column.cast(pa.float64(), safe=False).to_numpy()
    finite = np.isfinite(numbers)
    if not finite.all():
        row = int(np.argmin(finite))
        wrong(row, f"column {name!r:.60} holds {numbers[row]}", "drop the row, or fill in a finite number")
    large = np.abs(numbers) > LARGEST_NUMBER
    if large.any():
        row = int(np.argmax(large))
        wrong(row, f"column {name!r:.60} holds {numbers[row]:g}, which is too large", IN_OTHER_UNITS)
    return np.asarray(numbers, float)


def _row_of(path: str) -> Raiser:
    def wrong(row: int, problem: str, remedy: str) -> NoReturn:
        raise InputError(f"row {row + 1}: {problem}", remedy, path)

    return wrong


def _line_of(path: str) -> Raiser:
    def wrong(row: int, problem: str, remedy: str) -> NoReturn:
        # the header is the first line that is not empty
        with open(path, "rb") as file:
            filled = (line for line, text in enumerate(file, start=1) if text.strip(b"\r\n"))
            line = next(itertools.islice(filled, row + 1, None), None)
        raise InputError(problem, remedy, path, line)

    return wrong


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool) and "_" not in str(value)
