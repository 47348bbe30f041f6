"""A process may fork while its threads use ledgers, and the child goes on with them."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from headwater.ledger import Ledger
from headwater.ledger.forking import Gate


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_process_may_go_on_with_the_ledger_of_its_parent(place, method):
    """An open SQLite connection must not be inherited, and a server's cannot be shared."""
    code = """
import multiprocessing, sys, warnings
from headwater.ledger import Ledger
warnings.simplefilter("ignore")
book = None
def work(at):
    book_here = book if book is not None else Ledger(sys.argv[1])
    for _ in range(5):
        book_here.append("used", {"at": at})
if __name__ == "__main__":
    book = Ledger(sys.argv[1])
    book.append("used", {"at": -1})
    processes = [multiprocessing.get_context(sys.argv[2]).Process(target=work, args=(at,)) for at in range(3)]
    for process in processes:
        process.start()
    for _ in range(5):
        book.append("used", {"at": -1})
    for process in processes:
        process.join()
        assert process.exitcode == 0
"""
    import pathlib
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder, "script.py")
        script.write_text(code)
        done = subprocess.run(
            [sys.executable, script, place, method], capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    with Ledger(place, read_only=True) as book:
        assert book.head()[0] == 21
        assert book.audit().valid


FORKS = """
import os, signal, sys, threading
from headwater.ledger import Ledger

place, forks = sys.argv[1], int(sys.argv[2])
book, other = Ledger(place), Ledger(place)
stop = threading.Event()

def busy(mine):
    while not stop.is_set():
        mine.append("used", {"x": "y" * 500})
        mine.head()

threads = [threading.Thread(target=busy, args=(mine,), daemon=True) for mine in (book, book, other)]
for thread in threads:
    thread.start()
for at in range(forks):
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)  # a child that waits for ever is killed by it
        book.append("wrote", {"at": at})
        other.append("wrote", {"at": at})
        os._exit(len(list(book.entries(kind="wrote"))) - 2 * (at + 1))
    status = os.waitpid(pid, 0)[1]
    assert status == 0, f"child {at}: {os.waitstatus_to_exitcode(status)}"
stop.set()
for thread in threads:
    thread.join()
"""


def test_a_process_may_fork_while_its_other_threads_append(place):
    """The child goes on with the same ledgers, whose locks and connections others had in the parent."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS, place, "25"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    with Ledger(place, read_only=True) as book:
        wrote = [entry.body["at"] for entry in book.entries(kind="wrote")]
        assert wrote == [at for at in range(25) for _ in range(2)]
        assert book.head()[0] > 50
        assert book.audit().valid


def test_a_fork_waits_for_a_transaction_and_holds_up_the_next():
    gate, steps, go = Gate(), [], threading.Event()

    def first():
        with gate.passing(), gate.passing():
            steps.append("in")
            go.wait(10)
            steps.append("out")

    def second():
        with gate.passing():
            steps.append("next")

    one, two = threading.Thread(target=first), threading.Thread(target=second)
    one.start()
    while not steps:
        time.sleep(0.001)
    threading.Timer(0.05, go.set).start()
    gate.shut(10)
    steps.append("fork")
    two.start()
    time.sleep(0.05)
    gate.reopen()
    one.join()
    two.join()
    assert steps == ["in", "out", "fork", "next"]


def test_who_forks_inside_a_transaction_does_not_wait_for_itself():
    gate = Gate()
    with gate.passing():
        gate.shut(10)
        with gate.passing():
            gate.renew()
    with gate.passing():
        pass
