"""Tables of flows: what is in them, and one error with its line or row."""

from __future__ import annotations

import resource
import time

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.edges import read_edges
from headwater.errors import InputError
from headwater.graph import Flow, InteractionGraph

CSV = b"from,to,samples,weight\nweb,b,10,\na,b,,0.5\n\nb,a,1e3,2\n"
GRAPH = InteractionGraph.from_flows(
    [("web", "b", 10), Flow("a", "b", None, 0.5), ("b", "a", 1_000, 2.0)], sources=["web"]
)


@pytest.fixture
def read(tmp_path):
    """Write bytes or columns to a file of that name and read it."""

    def run(content, name="edges.csv", sources=("web",)):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            pa.parquet.write_table(pa.table(content), path)
        return read_edges(path, sources)

    return run


def columns(flows=("web b", "a b", "b a"), **more):
    """Columns of a table from givers and learners."""
    givers, learners = zip(*(flow.split() for flow in flows), strict=True)
    return {"from": list(givers), "to": list(learners)} | more


@pytest.mark.parametrize("content", [CSV, CSV.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + CSV])
@pytest.mark.parametrize("name", ["edges.csv", "edges"])
def test_a_csv_file_is_the_graph_of_its_rows(read, content, name):
    """Empty counts are unknown, empty weights one; models in order of first appearance in `to`."""
    assert read(content, name) == GRAPH
    assert GRAPH.model_names == ("b", "a")


@pytest.mark.parametrize("name", ["edges.parquet", "edges"])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_a_parquet_file_is_the_graph_of_its_rows(read, name, kind):
    """Whatever kind of text the names are written as."""
    table = columns(samples=[10, None, 1_000], weight=[None, 0.5, 2])
    table |= {name: pa.array(table[name]).cast(kind) for name in ("from", "to")}
    assert read(table, name) == GRAPH


def test_counts_may_be_missing_and_names_may_be_numbers(read):
    """No column of counts: all unknown. Whole numbers are names like any other."""
    graph = read({"from": [7, 1], "to": [1, 1]}, "edges.parquet", ["7"])
    assert graph == InteractionGraph.from_flows([("7", "1"), ("1", "1")], sources=["7"])


def test_row_groups_make_no_difference(tmp_path):
    """Names are numbered over the whole file, not a row group at a time."""
    rng = np.random.default_rng(5)
    learners = np.concatenate([rng.permutation(50), rng.integers(0, 50, 150)])
    flows = {
        (int(giver), int(learner)): None
        for giver, learner in zip(rng.integers(0, 55, 200), learners, strict=True)
    }
    table = pa.table(
        {
            "from": [f"m{giver}" for giver, _ in flows],
            "to": [f"m{learner}" for _, learner in flows],
            "samples": list(range(1, len(flows) + 1)),
        }
    )
    sources = sorted({f"m{giver}" for giver, _ in flows if giver >= 50})
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    want = {Flow(*row) for row in rows}
    for size in (7, 1_000):
        pa.parquet.write_table(table, tmp_path / "e.parquet", row_group_size=size)
        graph = read_edges(tmp_path / "e.parquet", sources)
        assert set(graph.flows) == want
        assert graph.model_names == tuple(dict.fromkeys(table["to"].to_pylist()))
        assert graph.source_names == tuple(sources)


BAD_LINES = [
    (b"web,a,-1", "5: flow 'web' -> 'a' has samples -1"),
    (b"web,a,0", "5: flow 'web' -> 'a' has samples 0"),
    (b"web,a,1.5", "5: flow 'web' -> 'a' has samples 1.5"),
    (b"web,a,inf", "5: flow 'web' -> 'a' has samples inf"),
    (b"web,a,nan", "5: samples is NaN"),
    (b"web,a,abc", "5: samples is 'abc', not a number"),
    (b"web,a,1_0", "5: samples is '1_0', not a number"),
    (b" ,a,1", "5: the name in column 'from' is blank"),
    (b"web,,1", "5: the name in column 'to' is blank"),
    (b"web,a", "5: 2 values, where the header has 3"),
    (b"web,a,1,2", "5: 4 values, where the header has 3"),
    (b"web,\xff,1", "5: byte 0xff at offset 37 is not UTF-8"),
    (b'web,"a,1', "5: this is not CSV"),
    (b'web,"a\nb",1', "5: this is not CSV"),
    (b"a,web,1", "5: 'web' is named as a source, but this flow goes into it"),
    (b"other,a,1", "5: 'other' gives samples, but nothing flows into it"),
    (b"web,b,1", "5: flow 'web' -> 'b' appears twice"),
]


@pytest.mark.parametrize(("line", "problem"), BAD_LINES, ids=[problem for _, problem in BAD_LINES])
def test_a_bad_line_is_named(read, tmp_path, line, problem):
    """Empty lines count as lines; the error is about the line and says what to do."""
    with pytest.raises(InputError) as raised:
        read(b"from,to,samples\n\nweb,a,5\nweb,b,5\n" + line + b"\n")
    assert str(raised.value).startswith(f"{tmp_path}/edges.csv:{problem}")
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (b"from,samples\n", "1: there is no column 'to'"),
        (b"from,to,sample\n", "1: unknown column 'sample'"),
        (b"from,to,to\n", "1: two columns are called 'to'"),
        (b"from,to\n", "the table has no rows"),
        (b"", "the file is empty"),
    ],
)
def test_a_bad_header_is_named(read, header, problem):
    """Missing, extra and double columns, and a table of nothing."""
    with pytest.raises(InputError, match=problem):
        read(header)


BAD_COLUMNS = [
    ({"samples": [1, 2, -3]}, "row 3: flow 'b' -> 'a' has samples -3"),
    ({"samples": [2**53, None, 2**53 + 1]}, "row 3: samples is 9007199254740993"),
    ({"samples": [1, 2, float("nan")]}, "row 3: samples is NaN"),
    ({"samples": ["1", "2", "3"]}, "column 'samples' holds string, not numbers"),
    ({"samples": [True, True, True]}, "column 'samples' holds bool, not numbers"),
    ({"weight": [1, 0, 1]}, "row 2: flow 'a' -> 'b' has weight 0"),
    ({"from": ["web", None, "b"]}, "row 2: column 'from' has no value"),
    ({"from": ["web", " ", "b"]}, "row 2: the name in column 'from' is blank"),
    ({"from": [1.5, 2.5, 3.5]}, "column 'from' holds double, not names"),
    ({"cost": [1, 2, 3]}, "unknown column 'cost'"),
]


@pytest.mark.parametrize(("change", "problem"), BAD_COLUMNS, ids=[problem for _, problem in BAD_COLUMNS])
def test_a_bad_row_is_named(read, tmp_path, change, problem):
    """Rows of a Parquet file are counted from 1."""
    with pytest.raises(InputError) as raised:
        read(columns() | change, "e.parquet")
    assert str(raised.value).startswith(f"{tmp_path}/e.parquet: {problem}")


@pytest.mark.parametrize("sources", [["\ud800"], [7]])
def test_sources_that_are_no_text_are_one_error(read, sources):
    """As from a command line in another encoding."""
    with pytest.raises(InputError, match="are not all text"):
        read(CSV, sources=sources)


def test_a_source_that_does_not_occur_is_answered_with_the_nearest(read):
    """The givers that nothing flows into are what it may have meant."""
    with pytest.raises(InputError, match=r"comes from the source 'wbe'\nknown: web; did you mean 'web'\?"):
        read(CSV, sources=["wbe"])


def test_what_only_gives_must_be_named(read):
    """Nobody guesses that it is real data."""
    with pytest.raises(InputError, match=r"csv:2: 'web' gives samples, .*\n.*--sources 'web'"):
        read(CSV, sources=[])


def test_a_file_cut_short_is_one_error(read, tmp_path):
    """Truncated, not there, a directory."""
    read(columns(), "e.parquet")
    whole = (tmp_path / "e.parquet").read_bytes()
    for length in (1, 4, 100, len(whole) - 1):
        with pytest.raises(InputError, match="not a whole Parquet table"):
            read(whole[:length], "e.parquet")
    for path, problem in ((tmp_path / "missing.csv", "no such file"), (tmp_path, "directory")):
        with pytest.raises(InputError, match=problem):
            read_edges(path, [])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_table_gives_a_graph_or_the_one_error(tmp_path_factory, data):
    """Bytes changed at random, and bytes that never were a table."""
    path = tmp_path_factory.mktemp("edges") / "table"
    pa.parquet.write_table(pa.table(columns(samples=[10, None, 1_000])), path)
    content = bytearray(data.draw(st.sampled_from([CSV, path.read_bytes()]) | st.binary(max_size=60)))
    for _ in range(data.draw(st.integers(0, 4)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        read_edges(path, ["web"])
    except InputError as error:
        assert error.remedy


@pytest.mark.slow
def test_a_million_flows_are_read_in_a_few_seconds(tmp_path):
    """Linear in rows: about 0.5 s and 200 MB on two cores."""
    rng = np.random.default_rng(3)
    models, flows = 200_000, 1_000_000
    learners = np.concatenate([np.arange(models), rng.integers(0, models, flows - models)])
    pairs = np.unique(learners * models + rng.integers(0, models, flows))
    named = pa.array([f"organisation/model-{at}" for at in range(models)])
    table = pa.table({"from": named.take(pairs % models), "to": named.take(pairs // models)})
    pa.parquet.write_table(table, tmp_path / "e.parquet")
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(read_edges(tmp_path / "e.parquet", []).model_names) == models
    assert time.process_time() - begun < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000
