"""Tables of measurements: what is read, and how what is wrong is named."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.planning.calibration import Observation, Observations, read_observations

GOOD = "generation,model,risk\n0,a,1.5\n1,a,2\n"


def read(tmp_path, text, column="risk"):
    path = tmp_path / "seen.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_observations(path, column)


def test_a_table_is_the_same_as_csv_and_as_parquet(tmp_path):
    """Columns in any order, others left alone, empty errors unknown, a run by whatever name."""
    rows = "run,perplexity,model,note,generation,standard_error\n7,41.5,a,x,0,\n7,44,a,y,1,0.5\n"
    seen = read(tmp_path, rows, "perplexity")
    assert seen.entries == (Observation("a", 0, 41.5, 0.0, "7"), Observation("a", 1, 44.0, 0.5, "7"))
    table = pa.table(
        {
            "generation": [0, 1],
            "model": ["a", "a"],
            "perplexity": [41.5, 44.0],
            "standard_error": [None, 0.5],
            "run": [7, 7],
        }
    )
    pa.parquet.write_table(table, tmp_path / "seen.parquet")
    assert read_observations(tmp_path / "seen.parquet", "perplexity").entries == seen.entries


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("generation,model,risk\n", "no rows"),
        ("generation,model,loss\n0,a,1\n", "seen.csv:1: there is no column 'risk'"),
        ("generation,generation,model,risk\n", "seen.csv:1: two columns are called 'generation'"),
        (GOOD + "2,a,nan\n", "seen.csv:4: risk is 'nan'"),
        (GOOD + "2,a,inf\n", "seen.csv:4: risk is 'inf'"),
        (GOOD + "2,a,\n", "seen.csv:4: risk is empty"),
        (GOOD + "2,a,much\n", "seen.csv:4: risk is 'much'"),
        (GOOD + "-1,a,1\n", "seen.csv:4: generation is -1"),
        (GOOD + "1.5,a,1\n", "seen.csv:4: generation is '1.5'"),
        (GOOD + "1e30,a,1\n", "seen.csv:4: generation is 1000000"),
        (GOOD + "2,,1\n", "seen.csv:4: model is ''"),
        (GOOD + "1,a,3\n", "seen.csv:4: model 'a' is measured twice at generation 1"),
        (GOOD + "2,a\n", "seen.csv:4: 2 values, where the header has 3"),
        (GOOD + '2,"a,1\n', "this is not CSV"),
        (b"generation,model,risk\n0,\xff,1\n", "seen.csv:2: byte 0xff is not UTF-8"),
        (b"PAR1 and no more", "not a whole Parquet table"),
        ("generation,model,risk,standard_error\n0,a,1,-2\n", "seen.csv:2: standard_error is -2"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path, text, said):
    """One error, three parts, of the first thing that is wrong."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert "seen.csv" in str(caught.value)
    assert caught.value.remedy


def test_a_row_of_parquet_is_named_by_its_number(tmp_path):
    """Parquet has no lines."""
    table = pa.table({"generation": [0, 1], "model": ["a", "a"], "risk": [1.0, math.nan]})
    pa.parquet.write_table(table, tmp_path / "seen.parquet")
    with pytest.raises(InputError, match=r"seen.parquet: row 2: risk is nan"):
        read_observations(tmp_path / "seen.parquet")


@pytest.mark.parametrize(
    "entry",
    [
        Observation("a", True, 1.0),
        Observation("a", 0, math.nan),
        Observation("a", 0, 1e300),
        Observation("", 0, 1.0),
        Observation("a", -1, 1.0),
        Observation("a", 0, 1.0, -1.0),
        Observation(3, 0, 1.0),
    ],
    ids=str,
)
def test_values_from_python_are_held_to_the_same(entry):
    """Without a file, errors count observations from 1."""
    with pytest.raises(InputError, match="observation 2: "):
        Observations((Observation("b", 0, 1.0), entry))


def test_numbers_of_numpy_are_numbers():
    """Whole and real."""
    assert Observations((Observation("a", np.int64(3), np.float64(1.0)),)).entries[0].generation == 3


@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda t: (GOOD + t).encode())))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path, content):
    """Nothing but the one error."""
    try:
        read(tmp_path, content)
    except InputError as error:
        assert error.remedy
