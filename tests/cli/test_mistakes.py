"""What goes wrong outside the program is bad input, and a pipe that closes is no answer."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")

from headwater import cli
from headwater.ledger import Dataset, Ledger

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


def typed(*words: str, into: int = subprocess.PIPE) -> tuple[int, str, str]:
    """Exit code and what was written on both streams."""
    done = subprocess.run(
        [sys.executable, "-m", "headwater.cli", *words],
        stdout=into,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        env=ENVIRONMENT,
    )
    return done.returncode, done.stdout or "", done.stderr


def book(place: Path) -> str:
    with Ledger(place) as ledger:
        for generation in range(2):
            with ledger.training("student", generation=generation) as run:
                run.used(Dataset("web", samples=9) if not generation else b"g0", samples=9)
                run.wrote(f"g{generation}".encode(), samples=9)
    return str(place)


LONG = "x" * 300


@pytest.mark.parametrize(
    "words",
    [
        *(["import", form, LONG] for form in ("data-provenance", "dvc", "ecosystem-graphs", "ledger")),
        ["ledger", "audit", LONG],
        ["ledger", "serve", LONG],
        ["ledger", "export", LONG, "-f", "prov", "-o", "x"],
        ["ledger", "list", f"sqlite:///{LONG}/l.db"],
    ],
)  # fmt: skip
def test_a_name_that_is_too_long_is_bad_input(words):
    code, _, said = typed(*words)
    assert (code, "Traceback" in said) == (2, False)
    assert "too long" in said


@pytest.mark.parametrize(
    "words", [["import", "dvc"], ["import", "ledger"], ["ledger", "audit"], ["ledger", "serve"]]
)
def test_a_folder_that_may_not_be_looked_into_is_bad_input(tmp_path, monkeypatch, capsys, words):
    """Not even root is let in here, who would be let into any folder of the disk."""
    real = os.stat
    place = str(tmp_path / "closed" / "l.db")

    def closed(path, *more, **options):
        if isinstance(path, (str, os.PathLike)) and "closed" in os.fspath(path):
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        return real(path, *more, **options)

    monkeypatch.setattr(os, "stat", closed)
    monkeypatch.setattr(sys, "argv", ["headwater", *words, place])
    with pytest.raises(SystemExit) as ended:
        cli._run()
    assert ended.value.code == 2
    assert place in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT])
def test_a_disk_that_takes_no_more_is_bad_input(number):
    script = (
        "import os, sys; from headwater import cli\n"
        f"def full(): raise OSError({number}, os.strerror({number}))\n"
        "cli.make_app = full; sys.argv = ['headwater']; cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert done.returncode == 2
    assert "the output cannot be written" in done.stderr


def test_an_error_of_the_program_is_still_none_of_the_caller(monkeypatch):
    def broken():
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(cli, "make_app", broken)
    with pytest.raises(OSError, match="Bad file"):
        cli._run()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["ledger", "audit", "{}"], 0),
        (["ledger", "diagnose", "{}"], 0),
        (["ledger", "diagnose", "{}", "--json", "-o", "{}.yaml"], 0),
        (["ledger", "diagnose", "{}", "--fail-on", "collapses"], 1),
        (["ledger", "audit", "{}", "--head", "0" * 64], 1),
        (["ledger", "export", "{}", "-f", "prov", "-o", "{}.json"], 0),
        (["ledger", "export", "{}", "-f", "croissant", "-o", "{}.out"], 0),
        (["import", "ledger", "{}", "-o", "{}.yaml"], 0),
    ],
)
def test_who_leaves_early_gets_the_answer_and_the_files_all_the_same(tmp_path, words, code):
    """1 is a negative answer, and never a closed pipe."""
    place = book(tmp_path / "l.db")
    read, write = os.pipe()
    os.close(read)
    given = [word.format(place) for word in words]
    assert typed(*given, into=write)[::2] == (code, "")
    os.close(write)
    if "-o" in given:
        assert Path(given[-1]).exists()


@pytest.mark.parametrize(
    "command", ["ledger audit", "ledger diagnose", "ledger list", "import ledger", "import dvc"]
)
def test_no_message_shows_the_password_of_an_address(command):
    """There is no server here; what is said of that names it without the password."""
    place = "postgresql://me:open-sesame@127.0.0.1:9/book?application_name=open-sesame"
    code, out, said = typed(*command.split(), place)
    assert code == 2
    assert "sesame" not in out + said


def test_a_fault_shows_no_password_either():
    script = (
        "import sys; from headwater import cli\n"
        "def broken(): raise KeyError(sys.argv[1])\n"
        "cli.make_app = broken; cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "postgresql://me:open-sesame@h/d"],
        capture_output=True, text=True, check=False, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 70
    assert "Traceback" in done.stderr and "me@h/d" in done.stderr
    assert "sesame" not in done.stderr
