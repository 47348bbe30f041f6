"""What a server has done since it started, as JSON and as the text that Prometheus scrapes."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

HELP = {
    "stored": ("counter", "Events written to the ledger."),
    "duplicates": ("counter", "Events that the ledger already had."),
    "refused": ("counter", "Requests answered with an error, by reason."),
    "commits": ("counter", "Transactions that wrote them."),
    "commit_seconds": ("counter", "Seconds spent in these transactions."),
    "waiting": ("gauge", "Events that wait for a transaction now."),
    "held_bytes": ("gauge", "Bytes of bodies in memory now."),
    "seconds": ("gauge", "Seconds since the server started."),
}


@dataclass
class Counters:
    """Numbers since the start. Only the thread that answers requests touches them."""

    stored: int = 0
    duplicates: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    commits: int = 0
    commit_seconds: float = 0.0
    waiting: int = 0
    held_bytes: int = 0
    started: float = field(default_factory=time.monotonic)

    def to_dict(self) -> dict[str, Any]:
        """All of them, for JSON."""
        return {
            "stored": self.stored,
            "duplicates": self.duplicates,
            "refused": dict(sorted(self.refused.items())),
            "commits": self.commits,
            "commit_seconds": round(self.commit_seconds, 6),
            "waiting": self.waiting,
            "held_bytes": self.held_bytes,
            "seconds": round(time.monotonic() - self.started, 3),
        }

    def as_prometheus(self) -> str:
        """All of them, in the exposition format, version 0.0.4."""
        lines = []
        for name, value in self.to_dict().items():
            kind, told = HELP[name]
            full = f"headwater_ledger_{name}" + ("_total" if kind == "counter" else "")
            lines += [f"# HELP {full} {told}", f"# TYPE {full} {kind}"]
            if isinstance(value, dict):
                # reasons are words of this package, so nothing has to be escaped
                lines += [f'{full}{{reason="{reason}"}} {number}' for reason, number in value.items()]
            else:
                lines.append(f"{full} {value}")
        return "\n".join(lines) + "\n"
