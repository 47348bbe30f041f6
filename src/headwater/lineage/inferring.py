"""What an asset of unknown kind is, where its relations tell: what is trained is a model.

Only roles that the record states count; what two roles tell differently stays unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from headwater.lineage.facts import Key, Kind
from headwater.lineage.identity import Link

_LEARNER: dict[str, Kind] = {
    "trained-on": "model",
    "evaluated-on": "model",
    "initialised": "model",
    "generated": "dataset",
    "labelled": "dataset",
    "translated": "dataset",
    "judged": "dataset",
    "filtered": "dataset",
}
_PROVIDER: dict[str, Kind] = {"trained-on": "dataset", "evaluated-on": "dataset", "initialised": "model"}


def tell_kinds(links: tuple[Link, ...]) -> tuple[tuple[Link, ...], Mapping[Key, Key]]:
    """The links with the kinds that roles tell, and which keys those are of.

    A name without a record that a model is said to be trained on, stays one without a record.
    """
    found: dict[Key, set[Kind]] = defaultdict(set)
    for link in links:
        for key, kinds in ((link.learner, _LEARNER), (link.provider, _PROVIDER)):
            if key.kind == "unknown" and link.role in kinds and link.resolved:
                found[key].add(kinds[link.role])
    told = {key: key._replace(kind=next(iter(kinds))) for key, kinds in found.items() if len(kinds) == 1}
    return (_renamed(links, told), told) if told else (links, {})


def _renamed(links: Iterable[Link], told: Mapping[Key, Key]) -> tuple[Link, ...]:
    return tuple(
        replace(
            link,
            provider=told.get(link.provider, link.provider),
            learner=told.get(link.learner, link.learner),
        )
        if link.provider in told or link.learner in told
        else link
        for link in links
    )
