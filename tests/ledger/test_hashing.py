"""Content has one hash, however it is held; other content has another."""

from __future__ import annotations

import hashlib
import itertools
import json
import os

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather

from headwater.errors import InputError
from headwater.ledger import hashing
from headwater.ledger.hashing import of_array, of_file, of_folder, of_table


def test_a_file_has_the_hash_that_other_tools_print(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # the example of FIPS 180-2
    assert of_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "data"
    (made / "b" / "c").mkdir(parents=True)
    (made / "a.txt").write_text("one")
    (made / "b" / "c" / ".hidden").write_text("two")
    return made


def test_a_folder_has_the_hash_of_the_sorted_list_of_its_files(folder):
    def sha(text):
        return hashlib.sha256(text.encode()).hexdigest()

    listed = json.dumps(["folder", [["a.txt", sha("one")], ["b/c/.hidden", sha("two")]]])
    assert of_folder(folder) == sha(listed)


def test_a_folder_has_another_hash_when_a_name_or_content_changes_and_the_same_elsewhere(folder, tmp_path):
    before = of_folder(folder)
    folder.rename(tmp_path / "moved")
    moved = tmp_path / "moved"
    assert of_folder(moved) == before
    (moved / "a.txt").rename(moved / "aa.txt")
    renamed = of_folder(moved)
    (moved / "aa.txt").write_text("other")
    assert len({before, renamed, of_folder(moved)}) == 3


def test_a_link_to_a_file_counts_as_the_file_and_one_to_a_folder_is_refused(folder, tmp_path):
    before = of_folder(folder)
    (folder / "a.txt").rename(tmp_path / "blob")
    (folder / "a.txt").symlink_to(tmp_path / "blob")
    assert of_folder(folder) == before
    (folder / "again").symlink_to(folder)
    with pytest.raises(InputError, match="again: is a link to a folder"):
        of_folder(folder)


def test_what_cannot_be_read_is_said_and_a_pipe_does_not_wait(folder):
    os.mkfifo(folder / "pipe")
    with pytest.raises(InputError, match="pipe: is no regular file"):
        of_folder(folder)
    (folder / "pipe").unlink()
    (folder / "gone").symlink_to(folder / "nowhere")
    with pytest.raises(InputError, match="no such file"):
        of_folder(folder)


ARRAYS = [
    np.arange(6),
    np.arange(6).reshape(2, 3),
    np.arange(6).reshape(3, 2),
    np.arange(6, dtype="i4"),
    np.arange(6, dtype="f8"),
    np.arange(6, dtype="u8"),
    np.array([0, 1, 2, 3, 4, 6]),
    np.array(["a", "b"]),
    np.array(["2024-01-01"], "M8[D]"),
    np.array(["2024-01-01"], "M8[s]"),
    np.array(5),
    np.array([5]),
    np.zeros((0, 3)),
    np.zeros((3, 0)),
    np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    np.array([(1, 2.0)], dtype=[("a", "i4"), ("c", "f8")]),
    np.array([True, False]),
    np.array([1 + 2j]),
]


def test_arrays_that_differ_in_anything_have_different_hashes():
    assert len({of_array(array) for array in ARRAYS}) == len(ARRAYS)


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype.str}{array.shape}")
def test_an_array_has_one_hash_however_it_lies_in_memory(array):
    hash_ = of_array(array)
    assert of_array(array.copy(order="F")) == hash_
    assert of_array(array.astype(array.dtype.newbyteorder(">"))) == hash_
    if array.ndim:
        wide = np.repeat(array, 2, axis=0)
        assert of_array(wide[::2]) == hash_


@pytest.mark.parametrize("array", [np.array([{}]), np.ma.masked_array([1, 2], [True, False])])
def test_an_array_of_objects_or_with_a_mask_is_refused(array):
    with pytest.raises(InputError, match="no bytes to hash"):
        of_array(array)


TABLES = {
    "numbers": pa.table({"a": [1, 2, None, 4]}),
    "other numbers": pa.table({"a": [1, 2, 0, 4]}),
    "numbers, other gap": pa.table({"a": [1, None, 2, 4]}),
    "floats": pa.table({"a": [1.0, 2.0, None, 4.0]}),
    "small": pa.table({"a": pa.array([1, 2, None, 4], pa.int8())}),
    "other name": pa.table({"b": [1, 2, None, 4]}),
    "text": pa.table({"a": ["x", "yz", None, ""]}),
    "text cut elsewhere": pa.table({"a": ["xy", "z", None, ""]}),
    "text without gap": pa.table({"a": ["x", "yz", "", None]}),
    "bytes": pa.table({"a": [b"x", b"yz", None, b""]}),
    "truth": pa.table({"a": [True, False, None, True]}),
    "times": pa.table({"a": pa.array([1, 2, None, 4], pa.timestamp("us"))}),
    "times with zone": pa.table({"a": pa.array([1, 2, None, 4], pa.timestamp("us", "UTC"))}),
    "decimals": pa.table({"a": pa.array([1, 2, None, 4], pa.decimal128(5, 2))}),
    "nothing": pa.table({"a": pa.nulls(4)}),
    "lists": pa.table({"a": [[1], [], None, [2, 3]]}),
    "lists cut elsewhere": pa.table({"a": [[1, 2], [], None, [3]]}),
    "fixed lists": pa.table({"a": pa.array([[1, 2], [3, 4], None, [5, 6]], pa.list_(pa.int64(), 2))}),
    "lists of lists": pa.table({"a": [[[1], None], [], None, [[2, 3]]]}),
    "structs": pa.table({"a": [{"x": 1, "y": "a"}, None, {"x": None, "y": None}, {"x": 2, "y": "b"}]}),
    "structs, other field": pa.table(
        {"a": [{"x": 1, "z": "a"}, None, {"x": None, "z": None}, {"x": 2, "z": "b"}]}
    ),
    "maps": pa.table({"a": pa.array([[("k", 1)], [], None, [("l", 2)]], pa.map_(pa.string(), pa.int64()))}),
    "fixed bytes": pa.table({"a": pa.array([b"ab", b"cd", None, b"ef"], pa.binary(2))}),
    "no rows": pa.table({"a": pa.array([], pa.int64())}),
    "no columns": pa.table({}),
    "two columns": pa.table({"a": [1, 2], "b": [3, 4]}),
    "two columns, other order": pa.table({"b": [3, 4], "a": [1, 2]}),
}


def test_tables_that_differ_in_anything_have_different_hashes():
    hashes = {name: of_table(table) for name, table in TABLES.items()}
    same = [(one, two) for one, two in itertools.combinations(hashes, 2) if hashes[one] == hashes[two]]
    assert same == []


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_one_hash_however_it_is_cut_and_stored(name, tmp_path):
    table = TABLES[name]
    hash_ = of_table(table)
    halves = [table.slice(0, 1), table.slice(1, 0), table.slice(1)]
    assert of_table(pa.concat_tables(halves)) == hash_
    padded = pa.concat_tables([table.slice(0, 1), table, table.slice(0, 1)]).slice(min(1, table.num_rows))
    assert of_table(padded.slice(0, table.num_rows)) == hash_
    feather.write_feather(table, str(tmp_path / "a"), compression="uncompressed")
    assert of_table(feather.read_table(str(tmp_path / "a"))) == hash_


def test_encodings_of_text_do_not_matter():
    texts = ["x", "yz", None, "", "x"]
    plain = of_table(pa.table({"a": texts}))
    kinds = [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
    assert {of_table(pa.table({"a": pa.array(texts).cast(kind)})) for kind in kinds} == {plain}
    runs = pa.table({"a": pa.compute.run_end_encode(pa.array(texts))})
    assert of_table(runs) == plain


def test_a_frame_of_any_library_has_the_hash_of_its_table():
    columns = {"n": [1, 2, 3], "t": ["x", "y", "z"], "f": [0.5, 1.5, 2.5]}
    table = of_table(pa.table(columns))
    assert of_table(pa.table(pd.DataFrame(columns))) == table
    assert of_table(pa.table(pl.DataFrame(columns))) == table


def test_a_column_without_one_spelling_is_refused():
    union = pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])])
    with pytest.raises(InputError, match="cannot be hashed"):
        of_table(pa.table({"a": union}))


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "n": st.none() | st.integers(-5, 5),
            "t": st.none() | st.text("abé", max_size=3),
            "l": st.none() | st.lists(st.none() | st.integers(0, 3), max_size=3),
            "s": st.none() | st.fixed_dictionaries({"x": st.none() | st.text("ab", max_size=2)}),
        }
    ),
    max_size=6,
)
SCHEMA = pa.schema(
    [
        ("n", pa.int64()),
        ("t", pa.string()),
        ("l", pa.list_(pa.int64())),
        ("s", pa.struct([("x", pa.string())])),
    ]
)


@given(ROWS, ROWS)
def test_two_tables_have_the_same_hash_exactly_when_their_rows_are_the_same(one, two):
    first, second = (of_table(pa.Table.from_pylist(rows, SCHEMA)) for rows in (one, two))
    assert (first == second) == (one == two)


def test_large_arrays_are_not_copied_to_be_hashed():
    import tracemalloc

    array = np.zeros(4_000_000)
    tracemalloc.start()
    of_array(array)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < array.nbytes / 10
    assert hashing.__doc__
