"""Families made from files: what they are, and every mistake a file may hold."""

from __future__ import annotations

import inspect

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from headwater.errors import FamilyError, InputError
from headwater.families import reading, registry, tables

CSV = "age,dose,y\n1,0.5,2\n2,0.25,3\n4,1,7\n3,2.5,4\n7,1.5,9\n"
VALUES = np.array([[1, 0.5, 2], [2, 0.25, 3], [4, 1, 7], [3, 2.5, 4], [7, 1.5, 9]])
TEXT = "the cat and the dog and the bird\n"


@pytest.fixture
def write(tmp_path):
    def written(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return written


def refused(path, place, problem, remedy=""):
    with pytest.raises(InputError) as raised:
        reading.read_table(path)
    assert raised.value.path == path
    assert raised.value.line == place
    assert problem in raised.value.problem
    assert raised.value.remedy and remedy in raised.value.remedy
    for line in (raised.value.problem, raised.value.remedy):
        assert line.isprintable() and len(line.removeprefix(path)) < 200


# -- tables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [CSV, CSV.replace("\n", "\r\n"), "\ufeff" + CSV, "\n" + CSV + "\n"])
def test_a_csv_table_is_its_numbers(write, content):
    """Whatever the ends of lines, a mark of order in front, or blank lines."""
    table = reading.read_table(write(content))
    assert table.names == ("age", "dose", "y")
    assert (table.values == VALUES).all()
    assert (table.column("dose") == VALUES[:, 1]).all()
    assert (table.without("dose").values == VALUES[:, [0, 2]]).all()


@pytest.mark.parametrize("name", ["t.parquet", "t.bin"])
def test_a_parquet_table_is_the_same(tmp_path, name):
    """Known by its content; whole numbers, small floats and decimals are numbers."""
    path = str(tmp_path / name)
    columns = {
        "age": pa.array([1, 2, 4, 3, 7], pa.int8()),
        "dose": pa.array(VALUES[:, 1], pa.float32()),
        "y": pa.array([2, 3, 7, 4, 9]).cast(pa.decimal128(21, 2)),
    }
    pa.parquet.write_table(pa.table(columns), path)
    assert (reading.read_table(path).values == VALUES).all()


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (CSV.replace("0.25", ""), 3, "column 'dose' has no value"),
        (CSV.replace("0.25", "NA"), 3, "column 'dose' has no value"),
        ("\n" + CSV.replace("0.25", "NA"), 4, "column 'dose' has no value"),
        (CSV.replace("\n4", "\n\n4").replace("7\n", "seven\n"), 5, "column 'y' holds 'seven', not a number"),
        (CSV.replace("0.25", "nan"), 3, "column 'dose' holds nan"),
        (CSV.replace("0.25", "inf"), 3, "column 'dose' holds inf"),
        ("a,b\n1,true\n", 2, "column 'b' holds 'True', not a number"),
        ("a,b\n1,2020-01-01\n", 2, "column 'b' holds '2020-01-01'"),
        ("a,a\n1,2\n", 1, "two columns are called 'a'"),
        ("1,2\n3,4\n", 1, "the first line holds numbers (1, 2)"),
        ("a,b\n1,2\n3\n", None, "Expected 2 columns, got 1"),
        ("a,b\n", None, "the table has no rows"),
        ("", None, "not a whole CSV table"),
        (b"PAR1\x00\x01", None, "not a whole Parquet table"),
        (b"a,b\n\xff\xfe,2\n", 2, "column 'a' holds"),
        ("é,b\n1,2\n".encode("latin-1"), None, "byte 0xe9, which is not UTF-8"),
        ("a,b\n1,\x1b[2J\n", 2, r"column 'b' holds '\x1b[2J', not a number"),
        ("a,b\n1,2,\x1b[2J" + "x" * 500 + "\n", None, r"Expected 2 columns, got 3: 1,2,\x1b[2Jxx"),
        ('"1\n","\r2"\n3,4\n', 1, "the first line holds numbers"),
        ("a,b\n1,2\n1,1e101\n", 3, "column 'b' holds 1e+101, which is too large"),
    ],
)
def test_a_table_of_anything_else_is_one_error(write, content, line, problem):
    """With file and line where there is one."""
    refused(write(content), line, problem)


def test_a_missing_value_in_parquet_names_the_row(tmp_path):
    """Counted from 1; there are no lines."""
    path = str(tmp_path / "t.parquet")
    pa.parquet.write_table(pa.table({"a": [1.0, None], "b": ["x", "y"]}), path)
    refused(path, None, "row 2: column 'a' has no value")
    pa.parquet.write_table(pa.table({"a": [1.0, 2.0], "b": ["x", "y"]}), path)
    refused(path, None, "row 1: column 'b' holds 'x', not a number", "encode categories")


def test_a_missing_file_is_one_error(tmp_path):
    """As elsewhere."""
    refused(str(tmp_path / "none.csv"), None, "there is no such file")
    refused(str(tmp_path), None, "directory")


def test_a_column_that_is_not_there_is_told_the_nearest(write):
    """Of the names in the header."""
    with pytest.raises(InputError, match="did you mean 'dose'"):
        reading.read_table(write(CSV)).column("dosis")


# -- families --------------------------------------------------------------------------------------


def test_the_registry_and_the_makers_take_the_same_options():
    """And call the same ones needed, unless what is needed depends on the others."""
    for name, entry in registry.FAMILIES.items():
        module, _, maker = entry.target.partition(":")
        if not module.endswith("reading"):
            continue
        parameters = inspect.signature(getattr(reading, maker)).parameters
        assert set(parameters) == {*entry.needed, *entry.optional}, name
        required = {key for key, each in parameters.items() if each.default is inspect.Parameter.empty}
        assert required == set(entry.needed), name


def test_zipf_is_the_law_that_is_asked_for():
    """Of ranks 1 to 4, exponent 2; with Mandelbrot's shift the ranks move."""
    weights = np.array([1, 1 / 4, 1 / 9, 1 / 16])
    made = registry.make("categorical", {"symbols": 4, "exponent": 2.0})
    np.testing.assert_allclose(made.probabilities, weights / weights.sum())
    moved = registry.make("categorical", {"symbols": 2, "exponent": 1.0, "shift": 1.0})
    np.testing.assert_allclose(moved.probabilities, [3 / 5, 2 / 5])


def test_words_of_a_text_are_counted(write):
    """Three, two, and three once, among eight."""
    made = registry.make("categorical", {"text": write(TEXT, "t.txt")})
    np.testing.assert_allclose(made.probabilities, np.array([3, 2, 1, 1, 1]) / 8)
    assert made.symbols[:2] == ("the", "and")


def test_a_text_makes_a_language_model(write):
    """Words or letters, the last tenth held out: 21 of 24 words, and 89 of 99 letters."""
    options = {"text": write(TEXT * 3, "t.txt"), "order": 2, "smoothing": 0.5}
    words = registry.make("ngram", options)
    assert (len(words.tokens), words.words, words.order, words.smoothing) == (21, 5, 2, 0.5)
    letters = registry.make("ngram", options | {"level": "char"})
    assert (len(letters.tokens), letters.words) == (89, len(set(TEXT)))


def test_least_squares_on_a_table_knows_the_fit_of_the_whole(write):
    """Coefficients and residual standard deviation, by numpy's own solver; the intercept is last."""
    options = {"table": write(CSV), "target": "y", "rows": "fresh"}
    made = registry.make("least-squares", options)
    design = np.column_stack([VALUES[:, :2], np.ones(5)])
    fitted, squares = np.linalg.lstsq(design, VALUES[:, 2], rcond=None)[:2]
    np.testing.assert_allclose(made.target, fitted)
    assert made.noise == pytest.approx((squares[0] / 2) ** 0.5)
    assert registry.make("least-squares", options | {"noise": 0.5}).noise == 0.5


def test_least_squares_without_a_table_is_a_gaussian_design():
    """Noise 1 unless said."""
    made = registry.make("least-squares", {"features": 3})
    assert (made.features, made.noise, made.law().name) == (3, 1.0, "least-squares")


def test_the_other_regressions_take_the_same_table(write):
    """Ridge with a penalty on all but the intercept; labels 0 and 1; counts."""
    table = write(CSV)
    made = registry.make("ridge", {"penalty": 2.0, "table": table, "target": "y", "rows": "fixed"})
    design = np.column_stack([VALUES[:, :2], np.ones(5)])
    expected = np.linalg.solve(design.T @ design + 2 * np.diag([1, 1, 0]), design.T @ VALUES[:, 2])
    np.testing.assert_allclose(made.target, expected)
    assert made.base.rows.rows == "fixed"
    counts = registry.make("poisson-regression", {"table": table, "target": "y", "rows": "fresh"})
    rates = np.exp(design @ counts.target)
    np.testing.assert_allclose(design.T @ rates, design.T @ VALUES[:, 2])
    binary = write("x,y\n0,0\n1,1\n2,0\n3,1\n4,1\n", "b.csv")
    chances = registry.make("logistic", {"table": binary, "target": "y", "rows": "fresh"})
    rows = np.column_stack([np.arange(5), np.ones(5)])
    np.testing.assert_allclose(
        rows.T @ (1 / (1 + np.exp(-rows @ chances.target))), rows.T @ [0, 1, 0, 1, 1], rtol=1e-6
    )


@pytest.mark.parametrize(("text", "width"), [("0.5", 0.5), ("scott", "scott")])
def test_a_bandwidth_is_a_number_or_a_rule(write, text, width):
    """On all columns."""
    made = registry.make("kernel-density", {"table": write(CSV), "bandwidth": text})
    assert made.bandwidth == width
    assert (made.data == VALUES).all()


def test_a_mixture_of_one_is_the_normal_of_the_table(write):
    """Its least mean negative log density on the table: half of log det 2πe times the covariance."""
    pytest.importorskip("sklearn")
    made = registry.make("gaussian-mixture", {"table": write(CSV), "components": 1})
    covariance = np.cov(VALUES.T, bias=True)
    assert made.best == pytest.approx(np.linalg.slogdet(2 * np.pi * np.e * covariance)[1] / 2, rel=1e-4)


@pytest.mark.parametrize(
    ("family", "options", "problem", "remedy"),
    [
        ("categorical", {}, "needs a population", "--symbols 1000"),
        ("categorical", {"symbols": 5}, "needs a population", "--exponent"),
        ("categorical", {"symbols": 5, "text": "t.txt"}, "a text and a law", "not both"),
        ("least-squares", {}, "needs covariates", "--features"),
        (
            "least-squares",
            {"features": 2, "rows": "fresh"},
            "takes --rows with a table only",
            "remove --rows",
        ),
        ("least-squares", {"features": 2, "table": "t.csv"}, "features and a table", "leave one out"),
        ("least-squares", {"table": "t.csv", "target": "y"}, "needs --rows", "--rows fresh"),
        ("ridge", {"penalty": 1.0, "features": 3}, "needs --table", "--table VALUE"),
        ("logistic", {"table": "t.csv"}, "needs --target", "--target VALUE"),
    ],
)
def test_options_that_do_not_make_a_family_are_one_error(family, options, problem, remedy):
    """Before any file is read."""
    with pytest.raises(FamilyError) as raised:
        registry.make(family, options)
    assert problem in raised.value.problem
    assert remedy in raised.value.remedy


def test_a_table_of_nothing_but_labels_is_refused(write):
    """There is nothing to regress on."""
    with pytest.raises(InputError, match="only column"):
        registry.make("logistic", {"table": write("y\n0\n1\n"), "target": "y", "rows": "fresh"})


def test_a_text_that_is_no_text_names_the_line(write):
    """And the byte."""
    with pytest.raises(InputError, match=r"byte 0xff at offset 5 is not UTF-8") as raised:
        reading.read_text(write(b"one\nt\xffo", "t.txt"))
    assert raised.value.line == 2


@pytest.mark.parametrize(
    ("family", "content", "options", "problem"),
    [
        ("logistic", "x,y\n0,0\n1,3\n2,0\n", {"target": "y", "rows": "fresh"}, "labels hold 3"),
        ("poisson-regression", "x,y\n0,0\n1,-3\n2,0\n", {"target": "y", "rows": "fresh"}, "labels hold -3"),
        (
            "ridge",
            "x,z,y\n1,2,0\n2,4,1\n3,6,0\n",
            {"penalty": 1.0, "target": "y", "rows": "fresh"},
            "a table of 3",
        ),
        ("least-squares", "x,y\n0,0\n1,3\n", {"target": "y", "rows": "fresh"}, "a table of 2 rows"),
        ("kernel-density", "x,y\n1,0\n1,3\n", {"bandwidth": "scott"}, "column 0 of data"),
        ("ngram", "a a a a a a", {"order": 1, "smoothing": 0.5}, "the text repeats one token"),
        ("categorical", "a a a a a a", {}, "the text has 1 different words"),
    ],
)
def test_what_a_family_cannot_take_from_a_file_names_the_file(write, family, content, options, problem):
    """It is the file that is to be mended."""
    path = write(content)
    key = "text" if family in ("ngram", "categorical") else "table"
    with pytest.raises(InputError) as raised:
        registry.make(family, options | {key: path})
    assert raised.value.path == path
    assert problem in raised.value.problem


@pytest.mark.parametrize(
    ("family", "options", "problem"),
    [
        ("ridge", {"penalty": -1.0, "target": "y", "rows": "fresh"}, "penalty is -1.0"),
        ("least-squares", {"noise": -1.0, "target": "y", "rows": "fresh"}, "noise is -1.0"),
        ("least-squares", {"target": "y", "rows": "some"}, "rows is 'some'"),
        ("kernel-density", {"bandwidth": "scot"}, "bandwidth is 'scot'"),
    ],
)
def test_a_wrong_option_beside_a_file_is_no_error_of_the_file(write, family, options, problem):
    """It is the option that is to be mended."""
    with pytest.raises(FamilyError, match=problem):
        registry.make(family, options | {"table": write(CSV)})


def test_a_text_that_is_too_large_is_said_to_be(write, monkeypatch):
    """At the limit it is read."""
    monkeypatch.setattr(tables, "LARGEST_TEXT", len(TEXT))
    assert reading.read_text(write(TEXT, "t.txt")) == TEXT
    with pytest.raises(InputError, match=f"the text has more than {len(TEXT)} bytes") as raised:
        reading.read_text(write(TEXT + " ", "t.txt"))
    assert "give a part" in raised.value.remedy
