"""Dask and Ray: local clusters of each play the same numbers; nobody at an address is told soon.

Skipped where they are not installed.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from headwater import InteractionGraph, families, simulate
from headwater.errors import FamilyError, InputError
from headwater.simulation.execution import Executor
from headwater.simulation.opening import open_run

BACKENDS = ["dask", "ray"]
NEEDED = {"dask": "distributed", "ray": "ray"}
RUN = {"replicates": 77, "chunk": 10, "seed": 5, "generations": 10}


def installed(backend):
    pytest.importorskip(NEEDED[backend], reason=f"{backend} is not installed")


def play(**options):
    graph = InteractionGraph.from_flows([("web", "a", 3), ("a", "a", 9), ("a", "b", 12)], sources=["web"])
    return simulate(graph, families.Gaussian(ddof=1), **RUN, **options)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


JOINING = """
from headwater import InteractionGraph, families, simulate
from headwater.simulation.execution import Executor

graph = InteractionGraph.from_flows([("web", "a", 3), ("a", "a", 9), ("a", "b", 12)], sources=["web"])
executor = Executor({executor[0]!r}, {executor[1]}, {executor[2]!r})
simulate(graph, families.Gaussian(ddof=1), store={store!r}, resume=True, executor=executor, **{run})
"""


@contextmanager
def process(*command):
    """A program of this environment, ended at the end."""
    program = [str(Path(sys.executable).parent / command[0]), *command[1:]]
    started = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        started.terminate()
        started.wait(30)


def wait_for(port):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the cluster does not start")


@contextmanager
def dask_cluster(folder):
    address = f"tcp://127.0.0.1:{(port := free_port())}"
    with process("dask", "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"):
        wait_for(port)
        worker = ("--nworkers", "2", "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder))
        with process("dask", "worker", address, *worker):
            yield address


@contextmanager
def ray_cluster(folder):
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        # as a user of a cluster with tokens does; this one's is made for it and forgotten
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        options = ("--num-cpus", "2", "--include-dashboard", "false", "--disable-usage-stats")
        with process("ray", "start", "--head", "--block", "--port", str(port), *options):
            wait_for(port)
            time.sleep(3)  # the head listens before it can be joined
            yield f"127.0.0.1:{port}"


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_cluster_of_its_own_plays_the_same_numbers(backend, tmp_path, monkeypatch):
    """Started for the run and ended with it: the same arrays, files byte for byte, and errors."""
    installed(backend)
    monkeypatch.setenv("HOME", str(tmp_path))
    executor = Executor(backend, workers=2)
    here, there = play(store=tmp_path / "here"), play(store=tmp_path / "there", executor=executor)
    assert here.identical(there)
    for path in (tmp_path / "here").glob("chunk-*"):
        assert path.read_bytes() == (tmp_path / "there" / path.name).read_bytes()
    with pytest.raises(FamilyError, match="no 3") as raised:
        list(executor.run(picky, range(6)))
    assert raised.value.remedy == "take another"


def picky(number):
    if number == 3:
        raise FamilyError("no 3", "take another")
    return number


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_cluster_that_is_there_plays_the_same_numbers(backend, tmp_path):
    """By its address, from a process that says nothing; a run that was begun here is continued there."""
    installed(backend)
    cluster = {"dask": dask_cluster, "ray": ray_cluster}[backend]
    here = play(store=tmp_path / "run").load()
    with cluster(tmp_path / "cluster") as address:
        for workers in ("None", "1"):
            for number in (2, 5, 7):
                (tmp_path / "run" / f"chunk-{number:06d}.parquet").unlink()
            script = JOINING.format(
                run=RUN, store=str(tmp_path / "run"), executor=(backend, workers, address)
            )
            ended = subprocess.run(
                [sys.executable, "-W", "error", "-c", script],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert (ended.returncode, ended.stderr) == (0, "")
            assert open_run(tmp_path / "run").identical(here)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("address", ["127.0.0.1:{}", "nonsense", "nobody.invalid:1", "127.0.0.1:99999"])
def test_nobody_at_the_address_is_told_soon(backend, address):
    """In seconds, by one error that names the address."""
    installed(backend)
    address = address.format(free_port())
    began = time.monotonic()
    with pytest.raises(InputError, match=r"no (Dask|Ray) cluster with workers answers at") as raised:
        play(executor=Executor(backend, address=address))
    assert address in str(raised.value)
    assert "check that it runs" in raised.value.remedy
    assert time.monotonic() - began < 20


@pytest.mark.slow
def test_somebody_else_at_the_address_of_a_scheduler_is_told_too():
    """As a web server, which waits for us to speak."""
    installed("dask")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(InputError, match="no Dask cluster"):
            play(executor=Executor("dask", address=address))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_cluster_s_package_that_is_missing_is_named(backend):
    """With the command that installs it."""
    script = (
        "import sys\n"
        f"sys.modules[{NEEDED[backend]!r}] = None\n"
        "from headwater.errors import MissingExtra\n"
        "from headwater.simulation.execution import Executor\n"
        "try:\n"
        f"    list(Executor({backend!r}).run(abs, [1, 2]))\n"
        "except MissingExtra as error:\n"
        "    print(error.remedy)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=os.environ, timeout=60, check=True
    )
    assert ended.stdout == f"install it: pip install 'headwater[{backend}]'\n"
