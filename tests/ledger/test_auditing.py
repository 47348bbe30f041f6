"""An audit names what was changed, taken out, moved or put in; a kept head finds a cut-off tail."""

from __future__ import annotations

import hashlib
import json
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.ledger import Ledger
from headwater.ledger.auditing import Auditor
from headwater.ledger.chain import GENESIS
from tests.ledger.conftest import unlocked


def hash_by_hand(number, previous, kind, key, body, at):
    entry = [number, previous, kind, key, json.loads(body), at]
    return hashlib.sha256(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def chain(count, text="entry"):
    """Rows as a book has them, made by hand."""
    rows, previous = [], GENESIS
    for number in range(1, count + 1):
        told = (
            "used",
            None,
            json.dumps({"x": f"{text} {number}"}, separators=(",", ":")),
            "2026-01-01T00:00:00",
        )
        hash_ = hash_by_hand(number, previous, *told)
        rows.append((number, previous, hash_, *told))
        previous = hash_
    return rows


def forged(row, previous=None, **changed):
    """A row with something changed and its hash made to fit again."""
    names = ("number", "previous", "hash", "kind", "key", "body", "at")
    told = dict(zip(names, row, strict=True)) | changed
    told["previous"] = previous or told["previous"]
    told["hash"] = hash_by_hand(
        told["number"], told["previous"], told["kind"], told["key"], told["body"], told["at"]
    )
    return tuple(told[name] for name in names)


def found(rows, head=None):
    auditor = Auditor(head)
    for row in sorted(rows, key=lambda row: row[0]):
        auditor.take(row)
    return [(each.wrong, each.first, each.last) for each in auditor.audit().findings]


def renumbered(rows, start=1):
    return [(number, *row[1:]) for number, row in enumerate(rows, start)]


def with_body(row, body):
    return (*row[:5], body, row[6])


def test_a_book_as_it_was_written_is_valid_however_long():
    rows = chain(500)
    assert found(rows) == []
    assert found([]) == []
    for head in (rows[-1][2], rows[0][2], rows[250][2]):
        assert found(rows, head) == []


ROWS = chain(20)
CASES = {
    "a body is changed": ([*ROWS[:4], with_body(ROWS[4], '{"x":"other"}'), *ROWS[5:]], [("changed", 5, 5)]),
    "bodies of neighbours are changed": (
        [*ROWS[:4], *(with_body(row, "{}") for row in ROWS[4:7]), *ROWS[7:]],
        [("changed", 5, 7)],
    ),
    "the first is changed": ([with_body(ROWS[0], "{}"), *ROWS[1:]], [("changed", 1, 1)]),
    "the last is changed": ([*ROWS[:-1], with_body(ROWS[-1], "{}")], [("changed", 20, 20)]),
    "two bodies are exchanged": (
        [*ROWS[:4], with_body(ROWS[4], ROWS[9][5]), *ROWS[5:9], with_body(ROWS[9], ROWS[4][5]), *ROWS[10:]],
        [("changed", 5, 5), ("changed", 10, 10)],
    ),
    "a hash is changed": (
        [*ROWS[:4], (*ROWS[4][:2], "0" * 64, *ROWS[4][3:]), *ROWS[5:]],
        [("changed", 5, 5)],
    ),
    "a body is no text": ([*ROWS[:4], with_body(ROWS[4], None), *ROWS[5:]], [("changed", 5, 5)]),
    "a body holds half a character": (
        [*ROWS[:4], with_body(ROWS[4], "\udcff"), *ROWS[5:]],
        [("changed", 5, 5)],
    ),
    "one is missing": ([*ROWS[:4], *ROWS[5:]], [("missing", 5, 5)]),
    "several are missing": ([*ROWS[:4], *ROWS[9:12], *ROWS[13:]], [("missing", 5, 9), ("missing", 13, 13)]),
    "the first are missing": (ROWS[3:], [("missing", 1, 3)]),
    "one is missing and one beside it changed": (
        [*ROWS[:4], with_body(ROWS[5], "{}"), *ROWS[6:]],
        [("changed", 6, 6), ("missing", 5, 5)],
    ),
    "one is missing and the others moved up": (
        renumbered([*ROWS[:4], *ROWS[5:]]),
        [("missing", 5, 5), ("moved", 6, 20)],
    ),
    "forty are missing and the others moved up": (
        renumbered([*chain(100)[:10], *chain(100)[50:]]),
        [("missing", 11, 50), ("moved", 51, 100)],
    ),
    "the first are missing and the others moved up": (
        renumbered(ROWS[3:]),
        [("missing", 1, 3), ("moved", 4, 20)],
    ),
    "two neighbours are exchanged": (
        renumbered([*ROWS[:4], ROWS[5], ROWS[4], *ROWS[6:]]),
        [("moved", 5, 5), ("moved", 6, 6)],
    ),
    "two far apart are exchanged": (
        renumbered([*ROWS[:4], ROWS[16], *ROWS[5:16], ROWS[4], *ROWS[17:]]),
        [("moved", 5, 5), ("moved", 17, 17)],
    ),
    "all stand the other way round": (renumbered(ROWS[::-1]), [("moved", n, n) for n in range(1, 21)]),
    "one is put in and the others moved down": (
        renumbered([*ROWS[:4], with_body(ROWS[4], '{"x":"new"}'), *ROWS[4:]]),
        [("inserted", 5, 5), ("moved", 5, 20)],
    ),
    "one is put in at the front": (
        renumbered([with_body(ROWS[4], '{"x":"new"}'), *ROWS]),
        [("inserted", 1, 1), ("moved", 1, 20)],
    ),
    "one is put in with a hash that fits": (
        [*ROWS[:4], forged(ROWS[4], body="{}"), *((row[0] + 1, *row[1:]) for row in ROWS[4:])],
        [("inserted", 5, 5), ("moved", 5, 20)],
    ),
    "one is put in under a number below 1": ([(0, *ROWS[3][1:5], "{}", ""), *ROWS], [("inserted", 0, 0)]),
    "a copy is put in front": ([(0, *ROWS[3][1:]), *ROWS], [("inserted", 4, 4), ("moved", 4, 4)]),
    "one is put in at the end without a hash that fits": (
        [*ROWS, (21, ROWS[-1][2], "1" * 64, *ROWS[0][3:])],
        [("changed", 21, 21)],
    ),
    "one is replaced by one with a hash that fits": (
        [*ROWS[:4], forged(ROWS[4], body="{}"), *ROWS[5:]],
        [("replaced", 5, 5)],
    ),
    "one is replaced that follows nothing": (
        [*ROWS[:4], forged(ROWS[4], previous="2" * 64, body="{}"), *ROWS[5:]],
        [("replaced", 5, 5)],
    ),
    "the first is replaced": ([forged(ROWS[0], body="{}"), *ROWS[1:]], [("replaced", 1, 1)]),
}


@pytest.mark.parametrize("case", CASES)
def test_it_names_what_is_wrong_and_where(case):
    rows, expected = CASES[case]
    assert sorted(found(rows)) == sorted(expected)


def test_a_cut_tail_and_a_book_written_anew_are_found_by_the_head_that_was_kept():
    rows = chain(20)
    head = rows[-1][2]
    assert found(rows[:15]) == []
    assert found(rows[:15], head) == [("cut", 16, 16)]
    assert found([], head) == [("cut", 1, 1)]
    assert found(chain(20, "written anew"), head) == [("cut", 21, 21)]
    assert found([*rows[:15], *chain(25, "forged")[15:20]], head)[-1] == ("cut", 21, 21)


def test_a_head_that_was_kept_before_more_was_written_is_found():
    rows = chain(20)
    assert found(rows, rows[7][2]) == []


CHANGES = st.one_of(
    st.tuples(st.just("drop"), st.integers(0, 11), st.just(0)),
    st.tuples(st.just("swap"), st.integers(0, 11), st.integers(0, 11)),
    st.tuples(st.just("copy"), st.integers(0, 11), st.integers(0, 11)),
    st.tuples(st.just("change"), st.integers(0, 11), st.integers(3, 6)),
    st.tuples(st.just("forge"), st.integers(0, 10), st.just(0)),
    st.tuples(st.just("renumber"), st.integers(0, 11), st.integers(-3, 30)),
)


def altered(rows, change):
    what, one, other = change
    rows = list(rows)
    if not rows:
        return rows
    one, last = min(one, len(rows) - 1), len(rows) - 1
    if what == "drop":
        del rows[one]
    elif what == "swap":
        other = min(other, last)
        rows[one], rows[other] = (rows[one][0], *rows[other][1:]), (rows[other][0], *rows[one][1:])
    elif what == "copy":
        rows.insert(min(other, last), rows[one])
        rows = renumbered(rows)
    elif what == "change":
        rows[one] = (*rows[one][:other], f"{rows[one][other]}x", *rows[one][other + 1 :])
    elif what == "forge":
        rows[one] = (*rows[one][:5], '{"f":1}', rows[one][6])
        if isinstance(rows[one][1], str):
            rows[one] = forged(rows[one])
    elif other not in {row[0] for row in rows}:
        rows[one] = (other, *rows[one][1:])
    return sorted(rows, key=lambda row: row[0])


@settings(max_examples=60)
@given(st.lists(CHANGES, max_size=4))
def test_whatever_is_done_to_the_rows_is_found_unless_they_are_the_same_or_cut_short(changes):
    """The claim of a hash chain; with the head also what was cut is found."""
    before = chain(12)
    rows = before
    for change in changes:
        rows = altered(rows, change)
    same_start = rows == before[: len(rows)]
    assert (found(rows) == []) == same_start
    assert (found(rows, before[-1][2]) == []) == (rows == before)


def test_thousands_of_wrong_rows_are_counted_and_a_thousand_named():
    rows = [with_body(row, "{}") if row[0] % 2 else row for row in chain(6_000)]
    auditor = Auditor("a" * 64)
    for row in rows:
        auditor.take(row)
    audit = auditor.audit()
    assert not audit.valid
    assert len(audit.findings) == 1_000
    assert audit.unlisted == 3_000 + 1 - 1_000
    assert audit.findings[-1].wrong == "cut"


def test_a_book_on_disk_is_audited_whatever_was_written_into_it(place):
    """Through the database, by somebody who took the triggers away."""
    with Ledger(place) as book:
        kept = [book.append("used", {"x": at}) for at in range(450)]
        with unlocked(place) as execute:
            execute("UPDATE headwater_ledger SET body = '{}' WHERE number = 7")
            execute("DELETE FROM headwater_ledger WHERE number IN (201, 202)")
            execute("DELETE FROM headwater_ledger WHERE number > 440")
        audit = book.audit(kept[-1].hash)
        assert [(each.wrong, each.first, each.last) for each in audit.findings] == [
            ("changed", 7, 7),
            ("missing", 201, 202),
            ("cut", 441, 441),
        ]
        assert audit.entries == 438
        assert "entry 7: not what was written" in str(audit)
        assert "entries 201 to 202: missing" in str(audit)


def test_what_is_no_text_in_an_sqlite_book_is_found_and_not_tripped_over(tmp_path):
    place = str(tmp_path / "a.db")
    with Ledger(place) as book:
        book.append_many([("used", {"x": at}, None) for at in range(5)])
    with unlocked(place) as execute:
        execute("UPDATE headwater_ledger SET body = CAST(x'ff00' AS TEXT) WHERE number = 2")
        execute("UPDATE headwater_ledger SET body = x'ff00', at = 7 WHERE number = 3")
        execute("UPDATE headwater_ledger SET body = '[1]' WHERE number = 4")
    with Ledger(place) as book:
        assert str(book.audit()).splitlines()[1] == "entries 2 to 4: not what was written"
        with pytest.raises(InputError, match="entry 2 is not what was written"):
            list(book.entries())
        with pytest.raises(InputError, match="entry 4 is not what was written"):
            list(book.entries(after=3))


@pytest.mark.parametrize("column", ["previous", "hash", "kind", "key", "body", "at"])
@pytest.mark.parametrize("value", ["x'00ff'", "7", "1.5", "CAST(x'ff00' AS TEXT)"])
@pytest.mark.parametrize("number", [3, 5])
def test_whatever_a_column_of_an_sqlite_book_holds_the_entry_is_named(tmp_path, column, value, number):
    """Also in the last row, which the next entry would be written after."""
    place = str(tmp_path / "a.db")
    with Ledger(place) as book:
        book.append_many([("used", {"x": at}, f"k{at}") for at in range(5)])
    with unlocked(place) as execute:
        execute(f"UPDATE headwater_ledger SET {column} = {value} WHERE number = {number}")
    with Ledger(place) as book:
        audit = book.audit()
        # a number stays one in a column of text, which is what SQLite makes of it
        assert (audit.findings[0].first, audit.findings[0].last) == (number, number)
        assert [each.wrong for each in audit.findings] == ["changed"]
        str(audit).encode()
        audit.head.encode()
        if value[0] in "xC":
            with pytest.raises(InputError, match=rf"entry {number} is not what was written") as caught:
                list(book.entries())
            assert "headwater ledger audit" in caught.value.remedy
        if number == 5 and column == "hash":
            for ask in (book.head, lambda: book.append("used", {})):
                with pytest.raises(InputError, match="entry 5 is not what was written"):
                    ask()
        else:
            assert book.append("used", {}).number == 6


@pytest.mark.parametrize("number", [-(2**63), -1, 0, 2**62, 2**63 - 1])
def test_a_row_under_any_number_is_found(place, number):
    with Ledger(place) as book:
        book.append_many([("used", {"x": at}, None) for at in range(3)])
        with unlocked(place) as execute:
            execute(f"INSERT INTO headwater_ledger VALUES ({number}, 'a', 'b', 'used', NULL, '{{}}', 'now')")
        audit = book.audit()
        assert audit.entries == 4
        assert number in {each.first for each in audit.findings}
        if number > 3:
            with pytest.raises(InputError, match=f"entry {number} is not what was written"):
                book.append("used", {})
        with unlocked(place, locked=False) as execute:
            execute("DELETE FROM headwater_ledger WHERE number BETWEEN 1 AND 3")
        assert [each.first for each in book.audit().findings if each.wrong != "missing"] == [number]


def test_an_audit_without_a_head_says_once_what_it_cannot_see(place):
    """An emptied book is as good a book as any to who has no head."""
    with Ledger(place) as book:
        head = book.append("used", {}).hash
        assert str(book.audit(head)).splitlines() == ["1 entries, each as it was written", f"head: {head}"]
        with unlocked(place) as execute:
            execute("DELETE FROM headwater_ledger")
        assert not book.audit(head).valid
        _, said, _ = str(book.audit()).splitlines()
        assert "cut off the end" in said and "head" in said
        assert str(book.audit()).count("cut off") == 1


@pytest.mark.parametrize("head", ["", "abc", "g" * 64, 7, "a" * 63, "a" * 65])
def test_a_head_that_is_no_hash_is_refused(tmp_path, head):
    with Ledger(tmp_path / "a.db") as book, pytest.raises(InputError, match="is no hash"):
        book.audit(head)


def test_a_head_in_capitals_is_the_same_head(tmp_path):
    with Ledger(tmp_path / "a.db") as book:
        assert book.audit(f" {book.append('used', {}).hash.upper()}\n").valid


def test_other_tables_in_the_file_do_not_matter(tmp_path):
    place = tmp_path / "a.db"
    Ledger(place).append("used", {})
    connection = sqlite3.connect(place)
    connection.execute("CREATE TABLE notes (a)")
    connection.close()
    with Ledger(place) as book:
        assert book.append("used", {}).number == 2
        assert book.audit().valid
