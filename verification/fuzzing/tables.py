"""Spoiling cells of tables: CSV, Parquet and SQLite files that stay such files."""

from __future__ import annotations

import csv
import io
import sqlite3
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from verification.fuzzing.trees import spoil_json

_CELLS = (
    "",
    " ",
    "-1",
    "1e999",
    "nan",
    "9" * 5000,
    "x" * 600,
    'a "quoted" one',
    "two\nlines",
    "\x00",
    "trained-on",
    "model",
    "⅒",
    "²",
    "1_000",
    "../../etc/passwd",
)
_VALUES: tuple[Any, ...] = (
    None,
    0,
    -1,
    2**62,
    1e308,
    float("inf"),
    "",
    "x",
    "\x00",
    "{",
    "[" * 3000,
    '{"num_rows": "many"}',
    '{"num_rows": 1e999}',
    "x" * 5000,
    b"\xff\xfe",
    "../../../etc/passwd",
    "file:///etc/passwd",
)
_ENDLESS = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT"


def spoil_csv(data: bytes, rng: Random) -> bytes | None:
    """CSV with one cell, column or row changed."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    except (UnicodeDecodeError, csv.Error):
        return None
    rows = [row for row in rows if row]
    if not rows:
        return None
    row = rng.choice(rows)
    what = rng.randrange(6)
    if what <= 2:
        row[rng.randrange(len(row))] = rng.choice(_CELLS)
    elif what == 3:
        del row[rng.randrange(len(row))]
    elif what == 4:
        rows.insert(rng.randrange(len(rows)), list(row))
    else:
        rng.shuffle(rows[0])
    made = io.StringIO()
    csv.writer(made, lineterminator=rng.choice(("\n", "\r\n"))).writerows(rows)
    return made.getvalue().encode()


def spoil_parquet(data: bytes, rng: Random) -> bytes | None:
    """Parquet with a column of another type, name or place."""
    made = io.BytesIO()
    try:
        pq.write_table(_changed(pq.read_table(io.BytesIO(data)), rng), made)
    # Not every column can be written as Parquet, nor every spoilt file read.
    except (pa.ArrowException, OSError, ValueError):
        return None
    return made.getvalue()


def _changed(table: Any, rng: Random) -> Any:
    at, rows = rng.randrange(table.num_columns), table.num_rows
    name = table.column_names[at]
    columns: tuple[Any, ...] = (
        pa.array([rng.randrange(-5, 5) for _ in range(rows)]),
        pa.array([float("nan")] * rows),
        pa.array([None] * rows, pa.null()),
        pa.array([[1, 2]] * rows),
        pa.array([{"a": 1}] * rows),
        pa.array([b"\xff\x00"] * rows),
        pa.array([True] * rows),
        pa.array([rng.choice(_CELLS) for _ in range(rows)]).dictionary_encode(),
        pa.array(["x" * 600] * rows, pa.large_string()),
        pa.array([-(2**62)] * rows, pa.timestamp("ns")),
        pa.array([2**53] * rows, pa.timestamp("ms")),
        pa.array([2**45] * rows, pa.timestamp("s", "Nowhere/City")),
    )
    what = rng.randrange(4)
    if what <= 1:
        return table.set_column(at, name, rng.choice(columns))
    if what == 2:
        return table.append_column(rng.choice(("samples", "role", "generation", name, "extra")), columns[0])
    return table.remove_column(at)


def spoil_sqlite(data: bytes, rng: Random, scratch: Path) -> bytes | None:
    """A SQLite file with a cell, row, column or table changed; `scratch` is a file to work in."""
    scratch.write_bytes(data)
    book = sqlite3.connect(scratch)
    try:
        listed = book.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        # Most tables are empty, and of no interest.
        names = [f'"{name}"' for (name,) in listed]
        filled = [name for name in names if book.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()]
        if not filled:
            return None
        table = rng.choice(filled)
        columns = [f'"{row[1]}"' for row in book.execute(f"PRAGMA table_info({table})")]
        _change(book, table, columns, rng)
        book.commit()
    except (sqlite3.Error, UnicodeError, OverflowError):
        return None
    finally:
        book.close()
    return scratch.read_bytes()


def _change(book: sqlite3.Connection, table: str, columns: list[str], rng: Random) -> None:
    column, what = rng.choice(columns), rng.randrange(10)
    # Constraints would keep out just what is to be tried.
    book.execute("PRAGMA foreign_keys = OFF")
    book.execute("PRAGMA ignore_check_constraints = ON")
    book.execute("PRAGMA writable_schema = ON")
    triggers = book.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        book.execute(f'DROP TRIGGER "{name}"')
    one = f"rowid = (SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET {rng.randrange(5)})"
    if what <= 2:
        (value,) = book.execute(f"SELECT {column} FROM {table} WHERE {one}").fetchone() or ("",)
        # Many cells hold JSON, which has much more to spoil than the cell.
        made = spoil_json(value.encode(), rng) if isinstance(value, str) else None
        text = rng.choice(_VALUES) if made is None else made.decode(errors="replace")
        book.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {one}", (text,))
    elif what <= 5:
        where = one if rng.random() < 0.7 else "1"
        book.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {where}", (rng.choice(_VALUES),))
    elif what == 6:
        book.execute(f"DELETE FROM {table} WHERE {one}")
    elif what == 7:
        book.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO gone")
    elif what == 8:
        book.execute(f"DROP TABLE {table}")
    else:
        listed = ", ".join(f"x AS {each}" for each in columns)
        book.execute(f"DROP TABLE {table}")
        book.execute(f"CREATE VIEW {table} AS {_ENDLESS} {listed} FROM t")
