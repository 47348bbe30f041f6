"""Public data are read as they are: what is left out is counted and said, what cannot serve is refused."""

from __future__ import annotations

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwater.errors import InputError
from headwater.verification import datasets

RNG = np.random.default_rng(1)


def lines(rows, header=None):
    text = "" if header is None else ",".join(header) + "\n"
    return text + "\n".join(",".join(str(value) for value in row) for row in rows) + "\n"


def table(count=80, columns=3):
    values = RNG.normal(size=(count, columns)).round(6)
    return np.column_stack([values, values.sum(1) + RNG.normal(size=count).round(6)])


NAMES = ["a", "b", "c", "y"]
HOLES = [
    ["" if at % 3 == column else value for column, value in enumerate(row)] for at, row in enumerate(table())
]
"""A cell is missing in every row, and no column is empty."""
STEERS = "\x1b[2J\x1b]0;t\x07," + "x" * 500 + ",1,2,3\n"
"""A row too many cells, of which one would clear a terminal."""


@pytest.mark.parametrize(
    ("name", "rows", "kind"),
    [("diabetes", 442, "number"), ("breast_cancer", 569, "binary"), ("digits", 1797, "classes")],
)
def test_bundled_sets_are_scikit_learns(name, rows, kind):
    data = datasets.load(name)
    assert (len(data.covariates), data.kind) == (rows, kind)
    np.testing.assert_allclose(data.covariates.std(axis=0), 1)
    assert data.counts.sum() == rows


@pytest.mark.parametrize("header", [True, False])
def test_a_csv_with_and_without_header_is_the_same_data(tmp_path, header):
    values = table()
    path = tmp_path / "d.csv"
    path.write_text(lines(values, ["a", "b", "c", "y"] if header else None))
    data = datasets.load(str(path), "y" if header else "4")
    assert data.kind == "number"
    np.testing.assert_allclose(data.target, values[:, 3])
    expected = (values[:, :3] - values[:, :3].mean(0)) / values[:, :3].std(0)
    np.testing.assert_allclose(data.covariates, expected)
    assert data.notes == ()


def test_gzip_and_parquet_are_read_too(tmp_path):
    values = table()
    with gzip.open(tmp_path / "d.csv.gz", "wt") as file:
        file.write(lines(values))
    pq.write_table(pa.table({f"c{at}": values[:, at] for at in range(4)}), tmp_path / "d.parquet")
    first = datasets.load(str(tmp_path / "d.csv.gz"), "4")
    second = datasets.load(str(tmp_path / "d.parquet"), "c3")
    np.testing.assert_allclose(first.covariates, second.covariates)


def test_what_is_left_out_is_said(tmp_path):
    values = table().astype(object)
    values[3, 0] = ""
    rows = [[*row, "near" if at % 2 else "far", 7, row[1]] for at, row in enumerate(values)]
    path = tmp_path / "d.csv"
    path.write_text(lines(rows, ["a", "b", "c", "y", "place", "constant", "again"]))
    data = datasets.load(str(path), "y")
    assert data.covariates.shape == (79, 3)
    said = " / ".join(data.notes)
    assert "1 columns that are no numbers are left out: place" in said
    assert "1 rows with missing values are left out" in said
    assert "2 columns that are constant or follow from others are left out" in said


def test_a_text_target_of_two_values_is_binary(tmp_path):
    values = table()
    rows = [[*row[:3], "yes" if row[3] > 0 else "no"] for row in values.tolist()]
    path = tmp_path / "d.csv"
    path.write_text(lines(rows, ["a", "b", "c", "y"]))
    data = datasets.load(str(path), "y")
    assert data.kind == "binary"
    assert set(data.target) == {0.0, 1.0}


def test_words_of_a_text_are_counted(tmp_path):
    path = tmp_path / "d.txt"
    path.write_text("The cat, the dog; THE bird! " * 40, encoding="utf-8")
    data = datasets.load(str(path))
    assert sorted(data.counts) == [40, 40, 40, 120]


@pytest.mark.parametrize(
    ("name", "content", "target", "said"),
    [
        ("d.csv", None, "y", "no bundled data set and no file"),
        ("d.csv", "a,y\n1,2\n", None, "needs a target"),
        ("d.csv", lines(table(), ["a", "b", "c", "y"]), "z", "no column 'z'"),
        ("d.csv", lines(table(20), ["a", "b", "c", "y"]), "y", "20 rows"),
        ("d.csv", lines([["u", "v"]] * 60, ["a", "y"]), "y", "no column beside the target"),
        ("d.csv", "", "1", "no table"),
        ("d.csv", "a,b\n1,2,3\n1\n", "a", "no table"),
        ("d.parquet", "not parquet", "a", "no table"),
        ("d.csv", lines([[*row[:3], 10**400] for row in table()], NAMES), "y", "'y' .*too large"),
        ("d.csv", lines(table() * [1e300, 1, 1, 1], NAMES), "y", "'a' holds numbers .*too large"),
        ("d.csv", lines(table() * [1, 1, 1, 1e307]), "4", "too large"),
        ("d.csv", lines(HOLES, NAMES), "y", "each of the 80 rows lacks a value"),
        ("d.csv", lines(table(), ["a", "y", "b", "y"]), "y", "2 columns are called 'y'"),
        ("d.csv", lines(table(), NAMES), "1" * 5000, "no column '1"),
        ("d.csv", lines([[1, 2]], ["é", "y"]).encode("latin-1"), "y", "byte 0xe9, which is not UTF-8"),
        ("d.csv", b"a,y\n" + b"1,caf\xe9\n" * 60, "y", "the target holds values of type binary"),
        ("d.csv", lines([[at, f"{at} m"] for at in range(60)], ["a", "y"]), "y", "text of 60 different"),
        ("d.csv", lines(table(), NAMES) + STEERS, "y", r"got 5: \\x1b\[2J"),
        ("d.csv", lines([[1, 2], [1]], ["a", "\x1b[2J"]), "y", "Expected 2 columns, got 1"),
        ("d.txt", "few words", None, "2 words"),
        ("d.txt", "x " * 200, "y", "no target"),
        ("diabetes", None, "y", "its own target"),
    ],
)  # fmt: skip
def test_what_cannot_serve_gets_one_clear_error(tmp_path, name, content, target, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=said) as error:
        datasets.load(name if name == "diabetes" else str(path), target)
    assert error.value.remedy
    for line in (error.value.problem, error.value.remedy):
        assert line.isprintable() and len(line.removeprefix(str(path))) < 240


def test_numbers_beyond_what_a_float_counts_are_read(tmp_path):
    """Rounded, as floats are: a column of identifiers is no reason to stop."""
    path = tmp_path / "d.csv"
    path.write_text(lines([[2**60 + 2**50 * at, at % 7, at * at] for at in range(60)], ["id", "b", "y"]))
    covariates = datasets.load(str(path), "y").covariates
    np.testing.assert_allclose(covariates[:, 0], (np.arange(60) - 29.5) / np.arange(60).std(), atol=1e-9)


def test_a_column_without_any_value_is_no_header(tmp_path):
    """All rows are kept, and it is left out."""
    path = tmp_path / "d.csv"
    path.write_text(lines([["", *row] for row in table()]))
    data = datasets.load(str(path), "5")
    assert len(data.target) == 80
    assert data.covariates.shape == (80, 3)
