"""Names of datasets and jobs: the namespace before the name, as in the address of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headwater.lineage.formats.openlineage.fields import Scope


@dataclass(slots=True)
class Names:
    """Names spelled so far, to tell when two things are spelled alike.

    The namespace is part of every name: a name that left it out where it is not needed would
    change with the events that are read beside it.
    """

    known: dict[tuple[str, str], str | None] = field(default_factory=dict)
    meant: dict[str, tuple[str, str]] = field(default_factory=dict)

    def of(self, holder: Mapping[str, Any], what: str, scope: Scope) -> str | None:
        """The name of a dataset or job; ``None``, with an issue, where it has none."""
        namespace, name = holder.get("namespace"), holder.get("name")
        if not isinstance(name, str) or (namespace is not None and not isinstance(namespace, str)):
            wrong, value = ("name", name) if not isinstance(name, str) else ("namespace", namespace)
            scope.collector.name(value, f"the {wrong} of {what}", scope.place)
            return None
        pair = (namespace or "", name)
        if pair not in self.known:
            self.known[pair] = self._spell(pair, what, scope)
        return self.known[pair]

    def _spell(self, pair: tuple[str, str], what: str, scope: Scope) -> str | None:
        namespace, name = pair[0].strip(), pair[1].strip()
        if not name:
            return scope.collector.name(name, f"the name of {what}", scope.place)
        joined = f"{namespace.rstrip('/')}/{name.lstrip('/')}" if namespace else name
        spelled = scope.collector.name(joined, f"the name of {what}", scope.place)
        if spelled is None:
            return None
        other = self.meant.setdefault(f"{what} {spelled}", (namespace, name))
        if other != (namespace, name):
            scope.warn(
                f"{what} {name!r} in {namespace!r} and {other[1]!r} in {other[0]!r} "
                f"are both spelled {spelled!r}: they are read as one"
            )
        return spelled
