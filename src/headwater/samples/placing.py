"""Which column of a file is what, and which model and generation a file without such columns is of.

Only names and types are looked at here; values are the business of `headwater.samples.rows`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

import pyarrow as pa

from headwater.errors import InputError, SampleError, nearest
from headwater.samples.problems import one_line
from headwater.samples.values import Kind

Key = tuple[str, int]
"""A model's name and a generation."""

LARGEST_GENERATION = 10**9
"""More is a time stamp or an identifier, not a count of generations."""
LARGEST_DIMENSION = 4096
"""Features: the second moments of so many are 128 MiB for each generation of each model."""

NUMBERED = re.compile(r"(\d+)(?!.*\d)", re.DOTALL)
BEFORE_NUMBER = re.compile(r"(?:(?:^|[-_. ]+)(?:generation|gen|g))?[-_. ]*$", re.IGNORECASE)

Shape = Literal["number", "string", "list", "other"]


@dataclass(frozen=True)
class Columns:
    """What the columns of a table are.

    Attributes
    ----------
    generation, model
        Names of the columns with the whole number of the generation and the name of the model.
        A table without columns of the usual names takes them from its file's name.
    features
        Columns of numbers, or one column of lists of numbers (an embedding). None: all other columns.
    category
        The column of labels, one a row.
    text
        The column of documents. A column that is called ``text`` need not be named.
    """

    generation: str = "generation"
    model: str = "model"
    features: tuple[str, ...] | None = None
    category: str | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        """Refuse two kinds at once, and a column with two meanings."""
        given = [each for each in (self.features, self.category, self.text) if each is not None]
        if len(given) > 1:
            raise SampleError(
                "more than one of features, category and text is given", "a sample is of one kind: give one"
            )
        if self.features is not None and not (self.features and isinstance(self.features, tuple)):
            raise SampleError(f"features is {self.features!r:.60}", "give a tuple of names of columns")
        named = [
            self.generation,
            self.model,
            *(self.features or ()),
            *filter(None, (self.category, self.text)),
        ]
        twice = [name for at, name in enumerate(named) if name in named[:at]]
        if twice:
            raise SampleError(f"the column {twice[0]!r:.60} is given two meanings", "name each column once")


@dataclass(frozen=True)
class Layout:
    """The columns of one file, by their meaning.

    Attributes
    ----------
    kind
        Of the sample.
    values
        Columns that make the sample.
    embedding
        Whether that is one column of lists of numbers.
    generation, model
        Columns, or None where the file's name tells.
    ignored
        Columns that are not read.
    types
        That values are read as, where the format does not know (CSV, JSON).
    """

    kind: Kind
    values: tuple[str, ...]
    embedding: bool
    generation: str | None
    model: str | None
    ignored: tuple[str, ...]
    types: Mapping[str, pa.DataType]

    @property
    def read(self) -> list[str]:
        """Columns that are read."""
        keys = [name for name in (self.generation, self.model) if name is not None]
        return [*keys, *self.values]


def layout_of(path: str, schema: pa.Schema, columns: Columns, guessed: bool, keyed: bool = True) -> Layout:
    """The meaning of each column.

    Parameters
    ----------
    path
        The file, for errors.
    schema
        Its columns and their types.
    columns
        What is known of them.
    guessed
        Whether the types are guesses from the first rows (CSV): numbers and words in one column
        are then found where they are read.
    keyed
        False for a reference: it has no generations, and such columns are ignored.

    Raises
    ------
    InputError
        If a column is missing, is there twice, or its meaning has to be told.
    """
    names = list(schema.names)
    for at, name in enumerate(names):
        if name in names[:at]:
            raise InputError(f"two columns are called {one_line(name, 60)!r}", "rename one of them", path)
    usual = Columns()
    generation = _key_column(path, columns.generation, usual.generation, names, keyed)
    model = _key_column(path, columns.model, usual.model, names, keyed)
    rest = {
        field.name: shape_of(field.type)
        for field in schema
        if field.name not in (columns.generation, columns.model)
    }
    kind, values = _values(path, rest, columns, guessed)
    embedding = kind == "numeric" and len(values) == 1 and rest[values[0]] == "list"
    if len(values) > LARGEST_DIMENSION:
        raise too_wide(path, len(values))
    types = {name: _read_as(kind, schema.field(name).type) for name in values}
    types |= {generation: pa.float64()} if generation else {}
    types |= {model: pa.string()} if model else {}
    used = {generation, model, *values}
    ignored = tuple(name for name in names if name not in used)
    return Layout(kind, values, embedding, generation, model, ignored, types)


def too_wide(path: str, features: int) -> InputError:
    """The `InputError` for rows of too many numbers."""
    return InputError(
        f"a row has {features:,} features; at most {LARGEST_DIMENSION:,} are measured",
        "give embeddings of fewer dimensions, some of the columns, or for images a smaller size",
        path,
    )


def shape_of(kind: Any) -> Shape:
    """What a column of this Arrow type can be."""
    types = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return shape_of(kind.storage_type)
    if types.is_dictionary(kind):
        return shape_of(kind.value_type)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "string"
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return "list" if shape_of(kind.value_type) == "number" else "other"
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    return "number" if number or types.is_boolean(kind) or types.is_null(kind) else "other"


def _key_column(path: str, name: str, usual: str, names: list[str], keyed: bool) -> str | None:
    if not keyed:
        return None
    if name in names:
        return name
    if name == usual:
        return None
    raise _missing(path, name, names)


def _missing(path: str, name: str, names: list[str]) -> InputError:
    near = nearest(name[:60], [each[:60] for each in names], shown=6)
    return InputError(f"there is no column {one_line(name, 60)!r}", near, path)


def _values(
    path: str, rest: dict[str, Shape], columns: Columns, guessed: bool
) -> tuple[Kind, tuple[str, ...]]:
    for kind, name in (("categorical", columns.category), ("text", columns.text)):
        if name is not None:
            _check_strings(path, name, rest)
            return ("text" if kind == "text" else "categorical"), (name,)
    if columns.features is not None:
        for name in columns.features:
            if name not in rest:
                raise _missing(path, name, list(rest))
        _check_features(path, {name: rest[name] for name in columns.features}, guessed)
        return "numeric", columns.features
    if rest.get("text") == "string":
        return "text", ("text",)
    if not rest:
        raise InputError(
            "there is no column beside generation and model", "add features, labels or text", path
        )
    _check_features(path, rest, guessed)
    return "numeric", tuple(rest)


def _check_strings(path: str, name: str, rest: dict[str, Shape]) -> None:
    if name not in rest:
        raise _missing(path, name, list(rest))
    if rest[name] not in ("string", "number"):
        raise InputError(
            f"column {one_line(name, 60)!r} holds lists or other compounds, not strings",
            "name a column of strings",
            path,
        )


def _check_features(path: str, rest: dict[str, Shape], guessed: bool) -> None:
    shapes = list(rest.values())
    for name, shape in rest.items():
        label = one_line(name, 60)
        if shape == "other":
            raise InputError(
                f"column {label!r} holds neither numbers nor strings nor lists of numbers",
                "drop it, or name the columns to take: --features, --category or --text",
                path,
            )
        if shape == "list" and len(rest) > 1:
            raise InputError(
                f"column {label!r} holds lists of numbers, and there are other columns beside it",
                f"say what is meant: --features {label} takes the lists alone",
                path,
            )
        if shape == "string" and not (guessed and "number" in shapes):
            raise InputError(
                f"column {label!r} holds strings, and it is not said what they are",
                f"say --category {label} (one label a row) or --text {label} (one document a row), "
                "or name the columns of numbers (--features)",
                path,
            )


def _read_as(kind: Kind, found: Any) -> pa.DataType:
    if kind != "numeric":
        return pa.string()
    return pa.list_(pa.float64()) if shape_of(found) == "list" else pa.float64()


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """What finds ``{model}`` and ``{generation}`` in the name of a file without its suffix.

    As many folders above the file are looked at as the pattern has slashes; ``*`` is anything
    within one of them.

    Raises
    ------
    SampleError
        If neither is in it, or one twice.
    """
    if not any(part in pattern for part in ("{model}", "{generation}")) or any(
        pattern.count(part) > 1 for part in ("{model}", "{generation}")
    ):
        raise SampleError(
            f"the pattern {pattern!r:.60} does not say where the model or the generation is",
            "write {model} and {generation} once, such as '{model}-{generation}'",
        )
    escaped = re.escape(pattern).replace(r"\*", "[^/]*")
    escaped = escaped.replace(r"\{model\}", "(?P<model>[^/]+?)")
    return re.compile(escaped.replace(r"\{generation\}", r"(?P<generation>\d+)"), re.DOTALL | re.ASCII)


def from_name(path: str, stem: str, pattern: str | None) -> tuple[str | None, int | None]:
    """Model and generation that the name of a file tells; None for what it does not.

    Without a pattern the last whole number of the name is the generation, and what is before it,
    without separators and the word *generation*, is the model: or ``model`` if that is nothing.

    Parameters
    ----------
    path
        Of the file.
    stem
        Its name without suffixes.
    pattern
        Such as ``{model}-{generation}``.

    Examples
    --------
    >>> from_name("runs/llama_gen_03.parquet", "llama_gen_03", None)
    ('llama', 3)
    >>> from_name("runs/7/llama.parquet", "llama", "{generation}/{model}")
    ('llama', 7)
    """
    if pattern is not None:
        parts = (*PurePath(path).parts[:-1], stem)
        name = "/".join(parts[-1 - pattern.count("/") :])
        found = compile_pattern(pattern).fullmatch(name)
        if found is None:
            raise InputError(
                f"the name {one_line(name, 60)!r} is not of the pattern {pattern!r:.60}",
                "rename the file, or give a --pattern that all files have",
                path,
            )
        groups = found.groupdict()
        return groups.get("model"), _generation(path, groups.get("generation"))
    number = NUMBERED.search(stem)
    before = stem if number is None else stem[: number.start()]
    model = BEFORE_NUMBER.sub("", before) or "model"
    return model, None if number is None else _generation(path, number[1])


def _generation(path: str, digits: str | None) -> int | None:
    if digits is None:
        return None
    if len(digits) > 10 or int(digits) > LARGEST_GENERATION:
        raise InputError(
            f"the number {one_line(digits, 40)} in the file's name is no generation: the largest is "
            f"{LARGEST_GENERATION:,}",
            "say where the generation is, such as --pattern '{model}-{generation}'",
            path,
        )
    return int(digits)
