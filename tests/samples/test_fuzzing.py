"""On arbitrary bytes, readers return or raise their one error, nothing else."""

from __future__ import annotations

import io
import json
import os
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.samples.reading import Columns, Handling, gather, read_reference
from headwater.samples.shards import read_shard, write_shard


def parquet_of(columns):
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def npy_of(save, *arrays):
    file = io.BytesIO()
    save(file, *arrays)
    return file.getvalue()


def shard():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m0.csv")
        with open(path, "w") as file:
            file.write("generation,text\n0,u v\n1,w\n")
        write_shard(path, gather(path))
        with open(path, "rb") as file:
            return file.read()


TABLE = {"generation": [0, 1], "model": ["a", "b"], "x": [1.0, 2.0], "e": [3, 4]}
SEEDS = {
    "csv": b'generation,model,x,text\n0,a,1.5,u\n1,b,nan,"v\nw"\n',
    "jsonl": b'{"generation": 0, "x": [1, 2.5]}\n{"generation": 1, "x": [3, null]}\n',
    "jsonl.gz": b"\x1f\x8b\x08\x00",
    "parquet": parquet_of(TABLE),
    "npy": npy_of(np.save, np.arange(6.0).reshape(3, 2)),
    "npz": npy_of(np.savez_compressed, np.arange(6.0)),
    "shard": shard(),
}


def mutated(seed):
    """Bytes of a good file, some of them changed, cut or doubled; or any bytes at all."""
    change = st.tuples(st.integers(0, len(seed) - 1), st.binary(max_size=3), st.integers(0, 4))

    def apply(changes):
        content = seed
        for at, new, drop in changes:
            content = content[:at] + new + content[at + drop :]
        return content

    text = st.text(alphabet='{}[]",:\n\\ 01-.eExy\u00e9', max_size=80).map(str.encode)
    return st.one_of(st.lists(change, max_size=4).map(apply), st.binary(max_size=200), text)


@pytest.mark.parametrize("suffix", SEEDS)
@given(data=st.data())
@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
def test_any_bytes_are_read_or_refused(suffix, data):
    """Whatever the options; and an error names the file, in printable lines."""
    content = data.draw(mutated(SEEDS[suffix]))
    options = data.draw(st.sampled_from([Columns(), Columns(category="x"), Columns(text="text")]))
    bad = data.draw(st.sampled_from(["error", "omit"]))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, f"m1.{suffix}")
        with open(path, "wb") as file:
            file.write(content)
        try:
            if suffix == "shard":
                gathered = read_shard(path)
            else:
                gathered = gather(path, options, Handling(bad=bad))
                read_reference(path, options, Handling(bad=bad))
            for summary in gathered.values():
                assert len(summary.sample) <= summary.count
        except InputError as error:
            assert error.path.startswith(path)
            assert error.problem.isprintable() and error.remedy.isprintable()


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(allow_nan=False, min_value=-1e99, max_value=1e99)), min_size=1
    )
)
@settings(deadline=None, max_examples=40)
def test_what_is_written_is_read_as_it_was(rows):
    """JSON Lines and CSV carry every finite double."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for suffix in ("csv", "jsonl"):
            path = os.path.join(folder, f"m.{suffix}")
            with open(path, "w") as file:
                if suffix == "csv":
                    file.write("generation,x\n" + "".join(f"{at},{value!r}\n" for at, value in rows))
                else:
                    file.writelines(json.dumps({"generation": at, "x": value}) + "\n" for at, value in rows)
            gathered = gather(path)
            found.append({key[1]: sorted(each.sample.rows[:, 0].tolist()) for key, each in gathered.items()})
    expected = {at: sorted(value for each, value in rows if each == at) for at, _ in rows}
    assert found == [expected, expected]
