"""Families that the command line makes from files: tables of numbers and texts.

One function a family, with the options of the command line as arguments. What a value may be is
the family's business; what a file may hold is said in `headwater.families.tables`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from headwater.errors import FamilyError, InputError
from headwater.families.tables import read_table, read_text
from headwater.files import FilePath

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
