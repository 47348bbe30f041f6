"""A run on disk: written whole, refused where it is not what it says, read by anything that reads Parquet."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from headwater import InteractionGraph, errors, families, simulate
from headwater.errors import InputError, OutputError
from headwater.simulation import store as disk
from headwater.simulation.opening import open_run

GRAPH = InteractionGraph.from_flows([("web", "a", 3), ("a", "a", 9), ("a", "b", 12)], sources=["web"])
RUN = {"replicates": 23, "chunk": 5, "seed": 3, "generations": 7}


def play(store, family=None, **options):
    return simulate(GRAPH, family or families.Gaussian(ddof=1), store=store, **(RUN | options))


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A finished store that no test changes."""
    store = tmp_path_factory.mktemp("once") / "run"
    play(store)
    return store


@pytest.fixture
def store(once, tmp_path):
    """A finished store of this test's own."""
    return Path(shutil.copytree(once, tmp_path / "run"))


def test_a_store_is_a_manifest_and_one_file_a_chunk(once):
    """Five chunks for 23 replicates of 5, in zstd, with a checksum a page."""
    chunks = [f"chunk-{number:06d}.parquet" for number in range(5)]
    assert sorted(os.listdir(once)) == ["_manifest.json", *chunks]
    file = pq.ParquetFile(once / "chunk-000004.parquet")
    assert file.metadata.num_rows == 3 * 8 * 2
    assert file.metadata.row_group(0).column(3).compression == "ZSTD"


def flat(runs):
    """Rows by replicate, generation and model, as plain arrays."""
    risk = runs["risk"].values
    index = np.indices(risk.shape).reshape(3, -1)
    return index[0], index[1], np.array(["a", "b"])[index[2]], risk.ravel()


def check(table, runs):
    keys = ["replicate", "generation", "model"]
    table = table.astype({"model": str}).sort_values(keys)
    for column, expected in zip([*keys, "risk"], flat(runs), strict=True):
        assert (table[column].to_numpy() == expected).all()


def test_the_files_read_as_they_are(once):
    """In polars, pandas and DuckDB, by their pattern alone."""
    polars = pytest.importorskip("polars", reason="polars is not installed")
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    runs, pattern = open_run(once), str(once / "chunk-*.parquet")
    columns = polars.read_parquet(pattern).with_columns(polars.col("model").cast(polars.String)).to_dict()
    check(pandas.DataFrame({name: values.to_numpy() for name, values in columns.items()}), runs)
    check(pandas.read_parquet(once), runs)
    columns = duckdb.sql(f"select * from '{pattern}'").fetchnumpy()
    check(pandas.DataFrame({name: np.asarray(values) for name, values in columns.items()}), runs)


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"seed": 4}, "seed is 3 there, 4 here"),
        ({"generations": 8}, "generations is 7 there, 8 here"),
        ({"replicates": 24}, "replicates is 23 there, 24 here"),
        ({"chunk": 6}, "chunk is 5 there, 6 here"),
        ({"metrics": ["risk"]}, "measures is "),
        ({"family": families.Gaussian(ddof=0)}, "family ddof is 1 there, 0 here"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_store_of_another_run_is_refused_and_says_what_differs(once, other, named):
    """And nothing in it is touched."""
    before = sorted((each.name, each.stat().st_mtime_ns) for each in once.iterdir())
    with pytest.raises(InputError, match=named):
        play(once, resume=True, **other)
    assert sorted((each.name, each.stat().st_mtime_ns) for each in once.iterdir()) == before


def test_another_graph_is_another_run(once):
    """One sample more."""
    other = InteractionGraph.from_flows([("web", "a", 4), ("a", "a", 9), ("a", "b", 12)], sources=["web"])
    with pytest.raises(InputError, match="graph is "):
        simulate(other, families.Gaussian(ddof=1), store=once, resume=True, **RUN)


def test_a_run_that_lies_there_is_not_overwritten(once, store):
    """Without resume; finished or not."""
    with pytest.raises(InputError, match=r"this very run already \(finished\)"):
        play(store)
    disk.chunk_path(store, 1).unlink()
    with pytest.raises(InputError, match=r"this very run already \(4 of 5 chunks finished\)"):
        play(store)


def edited(text):
    values = json.loads(text)
    values["replicates"] = 22
    return json.dumps(values)


@pytest.mark.parametrize(
    "spoil",
    [
        edited,
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "{}",
        lambda text: "[1]",
        lambda text: "null",
        lambda text: '{"headwater_store": 1}',
        lambda text: text.replace('"headwater_store": 1', '"headwater_store": 2'),
        lambda text: "[" * 100_000,
        lambda text: "\xff\x00" + text,
    ],
    ids=["edited", "cut", "empty", "bare", "list", "null", "short", "version", "deep", "bytes"],
)
def test_a_spoilt_manifest_is_one_error(store, spoil):
    """To open it and to resume it."""
    path = store / disk.MANIFEST
    path.write_bytes(spoil(path.read_text()).encode("latin-1"))
    for attempt in (open_run, lambda store: play(store, resume=True)):
        with pytest.raises(InputError, match="this is no manifest of a simulation") as raised:
            attempt(store)
        assert str(path) in str(raised.value)


def foreign(path):
    play(path.parent.parent / "other", seed=4)
    shutil.copy(path.parent.parent / "other" / path.name, path)


def flip(path):
    content = bytearray(path.read_bytes())
    risk = pq.ParquetFile(path).metadata.row_group(0).column(3)
    content[risk.data_page_offset + risk.total_compressed_size // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-200]), "cannot be read"),
        (lambda path: path.write_bytes(b""), "cannot be read"),
        (lambda path: path.write_bytes(b"PAR1 nothing"), "cannot be read"),
        (foreign, "belongs to another run"),
        (lambda path: shutil.copy(disk.chunk_path(path.parent, 0), path), "it is another chunk"),
        (lambda path: pq.write_table(pq.read_table(path)[:10], path), "another number of rows"),
        (lambda path: pq.write_table(pq.read_table(path).replace_schema_metadata(), path), "another run"),
    ],
    ids=["cut", "empty", "text", "foreign", "misplaced", "rows", "rewritten"],
)
def test_a_spoilt_chunk_is_one_error_and_is_played_again_when_it_is_removed(once, store, spoil, said):
    """The other chunks stay readable."""
    path = disk.chunk_path(store, 2)
    spoil(path)
    runs = open_run(store)
    assert np.isfinite(runs["risk"][:10].values).all()
    with pytest.raises(InputError, match=said) as raised:
        runs["risk"].load()
    assert str(path) in str(raised.value)
    assert "--resume" in str(raised.value)
    path.unlink()
    play(store, resume=True)
    assert path.read_bytes() == disk.chunk_path(once, 2).read_bytes()


def test_one_flipped_bit_in_a_page_is_noticed(store):
    """A page has a checksum: no number is silently another."""
    flip(disk.chunk_path(store, 2))
    with pytest.raises(InputError, match="cannot be read"):
        open_run(store)["risk"].load()


def test_no_store_and_an_unfinished_one_are_told(store, tmp_path):
    """Opened unfinished, a run has the replicates that are finished."""
    with pytest.raises(InputError, match="no such store"):
        open_run(tmp_path / "nothing")
    with pytest.raises(InputError, match="no such store"):
        open_run(store / disk.MANIFEST)
    with pytest.raises(InputError, match="no such file"):
        open_run(tmp_path)
    whole = open_run(store).load()
    disk.chunk_path(store, 1).unlink()
    with pytest.raises(InputError, match="unfinished: 4 of 5"):
        open_run(store)
    part = open_run(store, unfinished=True)
    assert part["replicate"].values.tolist() == [*range(5), *range(10, 23)]
    assert part.equals(whole.sel(replicate=part["replicate"]))
    for path in store.glob("chunk-*"):
        path.unlink()
    assert open_run(store, unfinished=True)["risk"].values.shape == (0, 8, 2)


def test_a_place_that_can_hold_no_store_is_one_error(tmp_path):
    """A file, a directory of other things, a name that cannot be, one where nobody may write."""
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("")
    (tmp_path / "closed").mkdir(mode=0o500)
    for name in ("file", "file/inside", "a\0b", "n" * 300):
        with pytest.raises(OutputError, match="cannot be a store"):
            play(tmp_path / name)
    with pytest.raises(InputError, match=r"other things, such as 'letter.txt'"):
        play(tmp_path / "full")
    assert os.listdir(tmp_path / "full") == ["letter.txt"]
    if os.geteuid():  # who may do everything is not refused
        with pytest.raises(OutputError, match="cannot be written"):
            play(tmp_path / "closed")


def test_a_second_process_is_refused_while_one_writes(store):
    """Whether it resumes or not; and what the first is writing is left alone."""
    disk.chunk_path(store, 1).unlink()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\nfrom headwater.simulation.store import held\n"
            "with held(sys.argv[1]):\n    print('held', flush=True)\n    sys.stdin.read()",
            str(store),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    part = store / "chunk-000001.parquet.abc.part"
    part.write_bytes(b"half")
    for resume in (False, True):
        with pytest.raises(InputError, match="another process is writing this store"):
            play(store, resume=resume)
    assert part.exists()
    holder.kill()
    holder.communicate()
    play(store, resume=True)
    assert not part.exists()


@pytest.mark.parametrize(
    "error",
    [
        errors.HeadwaterError("a", "b"),
        errors.GraphError("a", "b", ("flows", 2)),
        errors.InputError("a", "b", "file.yaml", 3),
        errors.OutputError("a", "b"),
        errors.MissingExtra("a", "b"),
        errors.LawError("a", "b", ("law",)),
        errors.FamilyError("a", "b", ("family",)),
        errors.NoLaw("a", "b"),
        errors.NoSteadyState("a", "b"),
        errors.UnknownCount("a"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_back_from_a_worker_as_it_was(error):
    """Pickled and back: class, text and everything it says."""
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


def held_snapshots(manifest):
    """The most snapshots that live at once while a chunk is written."""
    alive, most = 0, 0

    class Snapshot(dict):
        def __del__(self):
            nonlocal alive
            alive -= 1

    def played():
        nonlocal alive, most
        for _ in range(manifest.generations + 1):
            alive += 1
            most = max(most, alive)
            shape = (manifest.replicates_of(0), len(manifest.models))
            yield Snapshot({name: np.zeros(shape) for name in manifest.measures})

    disk.chunk_bytes(manifest, 0, played())
    return most


@pytest.mark.parametrize(("chunk", "models"), [(1, 1), (1000, 1), (50, 2000)])
def test_memory_is_flat_in_the_number_of_generations(chunk, models):
    """No more generations are held than a block has, on a small graph and on a large one."""
    names = [f"model {number}" for number in range(models)]

    def most(generations):
        manifest = disk.Manifest({}, "digest", chunk, chunk, generations, names, {"risk": {}}, provenance={})
        assert manifest.block * chunk * models <= max(disk.ROWS_AT_ONCE, chunk * models)
        return held_snapshots(manifest), manifest.block

    few = 2 * most(0)[1]
    held, block = most(few)
    assert held <= block + 1
    assert most(3 * few)[0] == held
