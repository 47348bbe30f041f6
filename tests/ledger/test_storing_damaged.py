"""A damaged SQLite file gives one clear error, whatever SQLite makes of it."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from headwater.errors import HeadwaterError, InputError
from headwater.ledger import Ledger


def test_a_damaged_file_is_said_to_be_damaged(tmp_path):
    path = tmp_path / "a.db"
    with Ledger(path) as book:
        book.append_many([("used", {"x": "y" * 500}, None) for _ in range(500)])
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 40_960] = b"\xff" * 40_960
    path.write_bytes(data)
    with Ledger(path, read_only=True) as book, pytest.raises(HeadwaterError):
        book.audit()
        list(book.entries())


def use_all(place):
    """Everything a ledger can be asked for."""
    for read_only in (True, False):
        try:
            with Ledger(place, read_only=read_only) as book:
                for ask in (book.audit, lambda: list(book.entries()), book.head):
                    with suppress(HeadwaterError):
                        ask()
                if not read_only:
                    book.append("used", {})
        except HeadwaterError:
            pass


@pytest.mark.parametrize("part", ["everywhere", "head", "tables"])
def test_whatever_bits_of_a_file_are_flipped_there_is_one_error_or_none(tmp_path, part):
    """The first page holds the head of the file and the statements that made the tables."""
    whole = tmp_path / "whole.db"
    with Ledger(whole) as book:
        book.append_many([("used", {"x": "y" * 100, "at": at}, f"key {at}") for at in range(20)])
    data = whole.read_bytes()
    chance = random.Random(f"flips {part}")
    limits = {"everywhere": (0, len(data)), "head": (0, 100), "tables": (100, 4_096)}[part]
    path = tmp_path / "a.db"
    for _ in range(40):
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 5, 30))):
            at = chance.randrange(*limits)
            damaged[at] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        use_all(path)
        for left in tmp_path.glob("a.db*"):
            left.unlink()


def test_what_sqlite_says_in_no_language_is_one_error(tmp_path):
    """A table whose statement is not UTF-8: the error that quotes it cannot be decoded."""
    path = tmp_path / "a.db"
    Ledger(path).append("used", {})
    data = path.read_bytes()
    assert data.count(b"CREATE TABLE headwater_ledger_layout (") == 1
    path.write_bytes(
        data.replace(b"CREATE TABLE headwater_ledger_layout (", b"CREATE TABLE headwater_ledger_layou\xff (")
    )
    for read_only in (True, False):
        with pytest.raises(InputError, match=r"a\.db: this is no ledger, or a damaged one"):
            Ledger(path, read_only=read_only)
