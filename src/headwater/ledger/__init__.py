"""An append-only book of who trained on what, kept while it happens.

`book` writes and reads entries, `chain` says what an entry is and how entries hold each other
in place, `facts` turns entries into what importers find in other records.
"""

from headwater.ledger.auditing import Audit
from headwater.ledger.book import Ledger
from headwater.ledger.chain import Entry
from headwater.ledger.datasets import Dataset
from headwater.ledger.runs import Run

__all__ = ["Audit", "Dataset", "Entry", "Ledger", "Run"]
