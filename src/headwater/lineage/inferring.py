"""What an asset of unknown kind is, where its relations tell: what is trained is a model.

Only roles that the record states count. What is trained and has others, or itself, trained on it is
a model whose output they saw; what two roles tell differently otherwise stays unknown.
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


def tell_kinds(
    links: tuple[Link, ...], agents: Iterable[Key] = ()
) -> tuple[tuple[Link, ...], Mapping[Key, Key]]:
    """The links with the kinds that roles tell, and which keys those are of.

    A name without a record that a model is said to be trained on, stays one without a record.

    Parameters
    ----------
    agents
        Agents that are software: who bears responsibility for data and is software may have written
        them, and is taken as a model, for data of unknown make must not pass for real.
    """
    found: dict[Key, set[Kind]] = defaultdict(set)
    for link in links:
        if link.learner.kind == "unknown" and link.role in _LEARNER:
            found[link.learner].add(_LEARNER[link.role])
        if link.provider.kind == "unknown" and link.role in _PROVIDER and link.resolved:
            found[link.provider].add(_PROVIDER[link.role])
    software = frozenset(agents)
    for link in links:
        if link.role == "associated" and link.provider in software:
            found[link.provider].add("model")
    told = {key: key._replace(kind=_kind(kinds)) for key, kinds in found.items()}
    told = {key: named for key, named in told.items() if named.kind != "unknown"}
    return (_renamed(links, told), told) if told else (links, {})


def _kind(kinds: set[Kind]) -> Kind:
    if len(kinds) == 1:
        return next(iter(kinds))
    return "model" if kinds == {"model", "dataset"} else "unknown"


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
