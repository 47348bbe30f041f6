"""The tables of a book and the triggers that let nothing be changed in them.

Two of them: entries, and a single row with the version of this layout.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text

VERSION = 1
"""Of the layout of the tables; a higher one is read by a newer Headwater only."""

METADATA = MetaData()

ENTRIES = Table(
    "headwater_ledger",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("previous", String(64), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("key", String(500), unique=True),
    Column("body", Text, nullable=False),
    Column("at", String(40), nullable=False),
)

LAYOUT = Table("headwater_ledger_layout", METADATA, Column("version", Integer, nullable=False))

_FIXED = "a ledger is append-only: its entries are never changed or removed"
_NEXT = "an entry of a ledger follows the last one, and its key is new"

TRIGGERS = {
    "sqlite": (
        *(
            f"CREATE TRIGGER headwater_ledger_no_{what} BEFORE {what.upper()} ON headwater_ledger "
            f"BEGIN SELECT RAISE(ABORT, '{_FIXED}'); END"
            for what in ("update", "delete")
        ),
        # INSERT OR REPLACE would remove a row without asking the trigger above.
        "CREATE TRIGGER headwater_ledger_next BEFORE INSERT ON headwater_ledger "
        "WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM headwater_ledger) "
        "OR EXISTS (SELECT 1 FROM headwater_ledger WHERE key = NEW.key OR hash = NEW.hash "
        "OR previous = NEW.previous) "
        f"BEGIN SELECT RAISE(ABORT, '{_NEXT}'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION headwater_ledger_fixed() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_FIXED}'; END $$",
        "CREATE TRIGGER headwater_ledger_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON headwater_ledger "
        "FOR EACH STATEMENT EXECUTE FUNCTION headwater_ledger_fixed()",
    ),
}
"""By dialect; made with the tables."""
