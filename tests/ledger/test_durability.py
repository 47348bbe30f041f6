"""A kill between any two statements, and a full disk, lose nothing committed and leave nothing half-written.

A harness process forks one child a kill, so that Python starts once. The child tells the number
and hash of what it wrote only after the call that wrote it has returned.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from headwater.ledger import Ledger

HARNESS = """
import os, random, resource, select, signal, sys, time, json
from headwater.errors import HeadwaterError, OutputError
from headwater.ledger import Ledger
from sqlalchemy import event
from sqlalchemy.engine import Engine

place = sys.argv[1]
BATCH = 7

def tell(end, entries):
    told = "".join(f"{e.number} {e.hash}\\n" for e in entries)
    os.write(end, told.encode())

def work(end, calls):
    book = Ledger(place)
    for call in range(calls):
        tell(end, [book.append("used", {"x": "y" * random.randrange(2000)})])
        tell(end, book.append_many([("wrote", {"batch": f"{os.getpid()}/{call}"}, None)] * BATCH))

def forked(child):
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        child(theirs)
        os._exit(0)
    os.close(theirs)
    return pid, ours

def read(end):
    told = b""
    while part := os.read(end, 65536):
        told += part
    os.close(end)
    return [line.split() for line in told.decode().splitlines()]
"""


def harness(code, place, *arguments):
    """What the code under the harness prints, a JSON document."""
    script = HARNESS + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, place, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(place, told, batch=7):
    """All that was told is there, the chain holds, every batch is whole; how many entries there are."""
    with Ledger(place, read_only=True) as book:
        assert book.audit().valid
        hashes = {each.number: each.hash for each in book.entries()}
        batches = [each.body["batch"] for each in book.entries(kind="wrote")]
    missing = [number for number, hash_ in told if hashes.get(int(number)) != hash_]
    assert not missing
    assert all(batches.count(name) == batch for name in set(batches))
    return len(hashes)


KILLED_ANYWHERE = """
random.seed(int(sys.argv[3]))
Ledger(place).close()
told, cut = [], 0
for at in range(int(sys.argv[2])):
    pid, end = forked(lambda end: work(end, 10_000))
    # wait for a sign of life, so that the kill falls among the calls
    select.select([end], [], [], 20)
    time.sleep(random.expovariate(1 / 0.01))
    os.kill(pid, signal.SIGKILL)
    told += read(end)
    os.waitpid(pid, 0)
print(json.dumps(told))
"""


def test_a_kill_at_any_moment_loses_nothing_committed(place):
    kills = 20
    told = harness(KILLED_ANYWHERE, place, kills, 7)
    assert len(told) >= kills
    there = check(place, told)
    # what a killed child had committed and not yet told is at most one call each
    assert len(told) <= there <= len(told) + 7 * kills


KILLED_AMONG_OTHERS = """
random.seed(3)
Ledger(place).close()
told = []
alive = []
for at in range(int(sys.argv[2])):
    alive.append(forked(lambda end: work(end, 10_000)))
    if len(alive) == 4:
        time.sleep(random.expovariate(1 / 0.03))
        pid, end = alive.pop(random.randrange(4))
        os.kill(pid, signal.SIGKILL)
        told += read(end)
for pid, end in alive:
    os.kill(pid, signal.SIGKILL)
    told += read(end)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
print(json.dumps(told))
"""


def test_a_killed_writer_does_not_harm_the_others(place):
    told = harness(KILLED_AMONG_OTHERS, place, 24)
    assert len(told) >= 24
    check(place, told)
    with Ledger(place) as book:
        assert book.append("used", {}).number == book.head()[0]


KILLED_AT_STATEMENT = """
def child(end, at):
    seen = 0
    def step(*_):
        nonlocal seen
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
    for name in ("before_cursor_execute", "after_cursor_execute", "begin", "commit", "rollback"):
        event.listen(Engine, name, step)
    work(end, 2)

told, points, at = [], 0, 1
fresh = len(sys.argv) > 2 and sys.argv[2] == "fresh"
while True:
    if fresh and os.path.exists(place):
        for name in (place, place + "-wal", place + "-shm"):
            if os.path.exists(name):
                os.unlink(name)
        told = []
    pid, end = forked(lambda end: child(end, at))
    told += read(end)
    _, status = os.waitpid(pid, 0)
    # whatever was left must be a book that can be gone on with
    with Ledger(place) as book:
        assert book.audit().valid, (at, str(book.audit()))
        hashes = {str(e.number): e.hash for e in book.entries()}
        assert all(hashes.get(number) == hash_ for number, hash_ in told), at
    if not os.WIFSIGNALED(status):
        break
    points, at = points + 1, at + 1
print(json.dumps({"points": points, "told": told}))
"""


def test_a_kill_before_and_after_every_statement_leaves_a_whole_book(place):
    """From the first statement on an empty place to the last of several calls, one kill each."""
    found = harness(KILLED_AT_STATEMENT, place)
    assert found["points"] >= 30
    check(place, found["told"])


def test_a_kill_while_a_book_is_begun_leaves_nothing_half_made(tmp_path):
    """Every statement again, each time on a new file."""
    place = str(tmp_path / "a.db")
    found = harness(KILLED_AT_STATEMENT, place, "fresh")
    assert found["points"] >= 30
    check(place, found["told"])


FULL = """
def child(end):
    book = Ledger(place)
    tell(end, [book.append("used", {})])
    sizes = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), sizes[1]))
    said = ""
    try:
        for at in range(10_000):
            tell(end, book.append_many([("wrote", {"batch": str(at), "x": "y" * 3000}, None)] * BATCH))
    except OutputError as error:
        said = str(error)
    assert "the ledger cannot be written" in said, said
    assert len(said.splitlines()) == 2
    resource.setrlimit(resource.RLIMIT_FSIZE, sizes)
    assert book.audit().valid
    tell(end, [book.append("used", {"after": True})])
    os.write(end, f"said {len(said)}\\n".encode())

pid, end = forked(child)
told = read(end)
_, status = os.waitpid(pid, 0)
print(json.dumps({"status": status, "told": told}))
"""


@pytest.mark.parametrize("size", [100_000, 123_457, 400_000, 2_000_000])
def test_a_full_disk_is_said_once_and_the_book_goes_on_when_there_is_room(tmp_path, size):
    """A limit on the size of files stands in for the disk."""
    place = str(tmp_path / "a.db")
    found = harness(FULL, place, size)
    assert found["status"] == 0
    *told, said = found["told"]
    assert said[0] == "said"
    assert check(place, told) == len(told)


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of one megabyte; skips where none may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip(f"no small file system may be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_really_full_disk_loses_nothing(small_disk):
    from headwater.errors import OutputError

    place = small_disk / "a.db"
    filler = small_disk / "filler"
    filler.write_bytes(b"\0" * 300_000)
    with Ledger(place) as book:
        told = []
        with pytest.raises(OutputError, match="the ledger cannot be written"):
            for _ in range(1_000):
                told += book.append_many([("wrote", {"batch": str(len(told)), "x": "y" * 3000}, None)] * 7)
        assert told
        assert [each.number for each in book.entries()] == [each.number for each in told]
        assert book.audit().valid
        filler.unlink()
        # there is room again, and the same ledger goes on
        told.append(book.append("used", {}))
    assert check(str(place), [(each.number, each.hash) for each in told]) == len(told)


def test_a_disk_with_no_room_at_all_is_said_when_a_book_is_begun(small_disk):
    from headwater.errors import HeadwaterError

    (small_disk / "filler").write_bytes(b"\0" * (os.statvfs(small_disk).f_bavail * 4096))
    with pytest.raises(HeadwaterError, match=r"a\.db: .*(cannot be written|cannot be opened)"):
        Ledger(small_disk / "a.db")
    (small_disk / "filler").unlink()
    with Ledger(small_disk / "a.db") as book:
        assert book.append("used", {}).number == 1


def test_an_exception_inside_a_call_leaves_nothing_of_it(place):
    """Also where it is ours: a signal handler may raise between any two statements."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    class Stop(BaseException):
        pass

    with Ledger(place) as book:
        for at in range(1, 30):
            seen = 0

            def step(*_, at=at):
                nonlocal seen
                seen += 1
                if seen == at:
                    raise Stop

            event.listen(Engine, "before_cursor_execute", step)
            before = None
            try:
                book.append_many([("wrote", {"batch": str(at)}, f"{at}/{each}") for each in range(7)])
            except Stop:
                before = True
            finally:
                event.remove(Engine, "before_cursor_execute", step)
            there = sum(each.body["batch"] == str(at) for each in book.entries(kind="wrote"))
            assert there == (0 if before else 7)
            if not before:
                break
        assert book.audit().valid
        assert at > 3


def test_copying_the_files_of_a_killed_writer_gives_the_same_book(tmp_path):
    """What a backup of the three files sees, while none writes."""
    import shutil

    place = str(tmp_path / "a.db")
    told = harness(KILLED_ANYWHERE, place, 3, 11)
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in tmp_path.glob("a.db*"):
        shutil.copy(path, copy / Path(path).name)
    assert check(str(copy / "a.db"), told) == check(place, told)
