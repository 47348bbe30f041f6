"""Writing a ledger in standards that others read: OpenLineage, PROV-JSON and Croissant."""

from __future__ import annotations

from collections.abc import Callable

from headwater.errors import InputError, nearest
from headwater.ledger.book import Ledger
from headwater.ledger.exporting.exported import Exported

FORMATS = ("openlineage", "prov", "croissant")

__all__ = ["FORMATS", "Exported", "exporter"]


def exporter(name: str) -> Callable[[Ledger], Exported]:
    """The function that writes a ledger in a format.

    Raises
    ------
    InputError
        If there is no such format.
    """
    from headwater.ledger.exporting import croissant, openlineage, prov

    known = {"openlineage": openlineage.export, "prov": prov.export, "croissant": croissant.export}
    if name not in known:
        raise InputError(f"no ledger is written as {name!r:.60}", nearest(name, known))
    return known[name]
