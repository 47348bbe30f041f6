"""The same numbers, bit for bit, whatever happens to a run on its way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from headwater import InteractionGraph, families, simulate
from headwater.errors import HeadwaterError
from headwater.simulation.execution import Executor

CHUNKS = 24
RUN = {"replicates": 20 * CHUNKS - 7, "chunk": 20, "seed": 11, "generations": 60}
CHILD = """
import sys
from headwater import InteractionGraph, families, simulate
from headwater.simulation.execution import Executor

store, workers = sys.argv[1], int(sys.argv[2])
graph = InteractionGraph.from_flows([("web", "a", 3), ("a", "a", 9), ("a", "b", 12)], sources=["web"])
run = {"replicates": 24 * 20 - 7, "chunk": 20, "seed": 11, "generations": 60}
executor = Executor(workers=workers)
simulate(graph, families.Gaussian(ddof=1), store=store, resume=True, executor=executor, **run)
"""


def here(**options):
    graph = InteractionGraph.from_flows([("web", "a", 3), ("a", "a", 9), ("a", "b", 12)], sources=["web"])
    return simulate(graph, families.Gaussian(ddof=1), **(RUN | options))


def start(store, workers=1, errors=subprocess.DEVNULL):
    """The run in a process of its own, and in a process group."""
    command = [sys.executable, "-c", CHILD, str(store), str(workers)]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=errors, text=True, start_new_session=True
    )


def until(child, reached, limit=60):
    """Wait until the store is as far as that; False if the run was finished first."""
    deadline = time.monotonic() + limit
    while not reached():
        if child.poll() is not None:
            return False
        assert time.monotonic() < deadline, "the run does not come forward"
        time.sleep(0.001)
    return True


def chunks(store):
    return sorted(path.name for path in Path(store).glob("chunk-*.parquet"))


def files(store):
    return {path.name: path.read_bytes() for path in Path(store).glob("chunk-*")}


def same(runs, others):
    assert runs.digest == others.digest
    for name in runs.data_vars:
        assert np.array_equal(runs[name].values, others[name].values, equal_nan=True), name


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """A run that nothing happened to, and its store."""
    store = tmp_path_factory.mktemp("unbroken") / "run"
    return here(store=store).load(), store


def test_a_store_and_memory_hold_the_same_numbers(unbroken):
    """Bit for bit."""
    same(unbroken[0], here())


def test_workers_change_nothing(unbroken, tmp_path):
    """Two processes: the same arrays, and the same files byte for byte."""
    same(unbroken[0], here(store=tmp_path / "a", executor=Executor(workers=2)))
    assert files(tmp_path / "a") == files(unbroken[1])
    same(unbroken[0], here(executor=Executor(workers=2)))


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_run_killed_again_and_again_ends_with_the_same_numbers(unbroken, tmp_path, workers):
    """SIGKILL after 1, 5 and 12 chunks and while a file is being written; workers that survive do no harm."""
    store = tmp_path / "run"
    killed = 0
    for wanted in (1, 5, 12):
        child = start(store, workers)
        if until(child, lambda wanted=wanted: len(chunks(store)) >= wanted):
            child.kill()
            killed += 1
        child.wait(60)
    child = start(store, workers)
    if until(child, lambda: any(store.glob("*.part"))):
        child.kill()
        killed += 1
    child.wait(60)
    assert killed >= 3
    assert 12 <= len(chunks(store)) < CHUNKS  # the last kill was in the middle too
    same(unbroken[0], here(store=store, resume=True))
    assert files(store) == files(unbroken[1])


def test_what_a_killed_run_left_beside_is_removed_and_what_is_finished_stays(unbroken, tmp_path):
    """A resumed run plays the missing chunks and no other."""
    store = tmp_path / "run"
    here(store=store)
    for number in (0, 7, 23):
        (store / f"chunk-{number:06d}.parquet").unlink()
    (store / "chunk-000007.parquet.abc.part").write_bytes(b"half")
    before = {path.name: path.stat().st_mtime_ns for path in store.glob("chunk-*.parquet")}
    same(unbroken[0], here(store=store, resume=True))
    after = {path.name: path.stat().st_mtime_ns for path in store.glob("chunk-*.parquet")}
    assert {name: after[name] for name in before} == before
    assert files(store) == files(unbroken[1])
    assert not list(store.glob("*.part"))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("everyone", [True, False], ids=["terminal", "parent"])
def test_an_interrupt_ends_soon_and_quietly_and_the_run_resumes(unbroken, tmp_path, workers, everyone):
    """Ctrl-C reaches the whole group of a terminal's processes; `kill -INT` one of them."""
    store = tmp_path / "run"
    child = start(store, workers, errors=subprocess.PIPE)
    assert until(child, lambda: len(chunks(store)) >= 3)
    began = time.monotonic()
    (os.killpg if everyone else os.kill)(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=30)
    assert time.monotonic() - began < 15
    assert child.returncode not in (0, None)
    # its own, which the command line turns into none; the pool may add one of the thread it ends
    told = [part.splitlines()[0] for part in errors.split("Exception in thread ")[1:]]
    assert all(each.startswith("ExecutorManagerThread") for each in told), errors
    assert errors.count("Traceback") - len(told) == 1, errors
    assert "\nKeyboardInterrupt" in errors
    assert len(chunks(store)) < CHUNKS
    same(unbroken[0], here(store=store, resume=True))


class Deadly(families.Gaussian):
    """A family whose worker process the system kills."""

    def truth(self, replicates):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_the_system_kills_is_one_clear_error():
    """As where memory runs out; nothing waits for ever."""
    graph = InteractionGraph.from_flows([("a", "a", 9)])
    with pytest.raises(HeadwaterError, match="worker process was killed"):
        simulate(graph, Deadly(ddof=1), **RUN, executor=Executor(workers=2))


FULL = """
import resource, signal, sys
import headwater.errors
from headwater import InteractionGraph, families, simulate
from headwater.simulation.execution import Executor

def limit(size):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write past the limit fails, as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

limit(int(sys.argv[3]))
graph = InteractionGraph.from_flows([("web", "a", 3), ("a", "a", 9), ("a", "b", 12)], sources=["web"])
run = {"replicates": 24 * 20 - 7, "chunk": 20, "seed": 11, "generations": 60}
try:
    executor = Executor(workers=int(sys.argv[2]))
    simulate(graph, families.Gaussian(ddof=1), store=sys.argv[1], executor=executor, **run)
except headwater.errors.OutputError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "size"), [(1, 300), (1, 20_000), (2, 20_000)])
def test_a_full_disk_is_one_error_and_the_run_resumes(unbroken, tmp_path, workers, size):
    """No room for the manifest; room for the manifest and not for a chunk, here and in a worker process."""
    pytest.importorskip("resource", reason="this system has no limits")
    store = tmp_path / "run"
    command = [sys.executable, "-W", "ignore", "-c", FULL, str(store), str(workers), str(size)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.stderr == ""
    assert "cannot be written: File too large" in ended.stdout
    assert len(ended.stdout.splitlines()) == 2
    assert not list(store.glob("*.part"))
    if size > 300:
        assert "0 of 24 chunks are finished and nothing is lost" in ended.stdout
        same(unbroken[0], here(store=store, resume=True))
    else:
        same(unbroken[0], here(store=store))
