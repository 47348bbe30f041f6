"""Who plays the chunks is checked when it is named, and what is drawn of it is for terminals only."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from headwater.errors import InputError, OutputError
from headwater.simulation.execution import Executor


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"backend": "threads"}, "backends: processes, dask, ray"),
        ({"workers": 0}, "workers is 0"),
        ({"workers": 1.5}, "workers is 1.5"),
        ({"workers": True}, "workers is True"),
        ({"address": "tcp://a:1"}, "goes with a cluster"),
    ],
)
def test_what_cannot_be_is_refused(options, said):
    """Before anything is started."""
    with pytest.raises(InputError, match=said):
        Executor(**options)


def square(number):
    return number**2


def fail(number):
    raise OutputError(f"chunk {number}", "make room")


@pytest.mark.parametrize("workers", [1, 2, None])
def test_every_number_is_played_once(workers):
    """In any order; none, one and many."""
    for count in (0, 1, 9):
        found = sorted(Executor(workers=workers).run(square, range(count)))
        assert found == [number**2 for number in range(count)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_comes_back_as_it_is(workers):
    """Also from another process."""
    with pytest.raises(OutputError) as raised:
        list(Executor(workers=workers).run(fail, range(4)))
    assert raised.value.problem.startswith("chunk ")
    assert raised.value.remedy == "make room"


def test_linear_algebra_has_one_thread():
    """Sums that are split over threads differ in the last bit from machine to machine."""
    [threads] = Executor().run(threads_now, [0])
    assert threads == 1


def threads_now(_):
    import numpy as np
    from threadpoolctl import threadpool_info

    np.eye(2) @ np.eye(2)
    return max((pool["num_threads"] for pool in threadpool_info()), default=1)


SHOWN = """
from headwater import InteractionGraph, families, simulate
from headwater.simulation.execution import Executor

graph = InteractionGraph.from_flows([("a", "a", 9)])
run = {"replicates": 95, "chunk": 10, "seed": 1, "generations": 400}
simulate(graph, families.Gaussian(ddof=1), executor=Executor(progress=PROGRESS), **run)
"""


def on_a_terminal(script):
    """What a process writes to the terminal that its error stream is."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=theirs, env=environment
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            some = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not some:
            break
        seen += some
    os.close(ours)
    out, _ = child.communicate(timeout=60)
    assert child.returncode == 0, seen
    return out, seen.decode()


def test_a_terminal_sees_a_bar_with_rate_and_time_left():
    """Replicates of all, replicates a second, hours, minutes and seconds; nothing on the output stream."""
    out, seen = on_a_terminal(SHOWN.replace("PROGRESS", "True"))
    assert out == b""
    assert "simulating" in seen
    assert "95/95" in seen
    assert "/s" in seen
    assert "0:00:00" in seen


def test_a_terminal_sees_nothing_that_was_not_asked_for():
    """The library is quiet on its own."""
    assert on_a_terminal(SHOWN.replace("PROGRESS", "False")) == (b"", "")


@pytest.mark.parametrize("variables", [{}, {"FORCE_COLOR": "1"}])
def test_a_file_or_a_pipe_sees_nothing(variables):
    """Even where colours are forced, as services that run tests do."""
    ended = subprocess.run(
        [sys.executable, "-c", SHOWN.replace("PROGRESS", "True")],
        capture_output=True,
        env=os.environ | variables,
        timeout=60,
        check=True,
    )
    assert (ended.stdout, ended.stderr) == (b"", b"")
