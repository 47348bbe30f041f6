"""What marks say on whether models made a dataset: C2PA, Croissant and Hugging Face cards.

A mark is evidence that somebody else wrote. That there is none is no evidence of anything.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from headwater.errors import InputError
from headwater.files import read_bytes
from headwater.ledger.datasets import Dataset

Evidence = str | os.PathLike[str] | Mapping[str, Any] | Sequence[Any]
Says = str | None
"""Models made ``all`` of it, some (``mixed``) or ``none``; ``None``: it does not say."""

LARGEST = 16 * 2**20
MOST_WORDS = 50

_SOURCES: dict[str, Says] = {
    "trainedalgorithmicmedia": "all",
    "compositewithtrainedalgorithmicmedia": "mixed",
    "compositesynthetic": "mixed",
    "digitalcapture": "none",
    "computationalcapture": "none",
    "negativefilm": "none",
    "positivefilm": "none",
    "print": "none",
    "compositecapture": "none",
}
"""What a digital source type of the IPTC says, in small letters; others leave it open."""


def marked(dataset: Dataset, kind: str, evidence: Evidence) -> dict[str, Any]:
    """Body of the entry that holds what a mark says.

    Raises
    ------
    InputError
        If the kind is unknown, or the evidence cannot be read as such.
    """
    if not isinstance(kind, str) or kind not in _READERS:
        raise InputError(f"no mark is of kind {kind!r:.60}", f"known: {', '.join(_READERS)}")
    content, digest, name = _read(kind, evidence)
    says, words = _READERS[kind](content, name)
    return {
        "dataset": dataset.to_dict(),
        "mark": kind,
        "says": says,
        "words": [word[:200] for word in words[:MOST_WORDS]],
        "evidence": {"name": name, "sha256": digest},
    }


def _read(kind: str, evidence: Evidence) -> tuple[Any, str, str]:
    """What the evidence holds, its hash, and the file it is in."""
    if not isinstance(evidence, (str, os.PathLike)):
        try:
            data = json.dumps(evidence, sort_keys=True).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(
                f"the evidence is no JSON: {str(error)[:100]}", "give a file or mapping"
            ) from None
        return evidence, hashlib.sha256(data).hexdigest(), ""
    from headwater.lineage.reading import marked_json
    from headwater.lineage.reading.folders import shown

    name = shown(Path(evidence))
    if os.path.exists(evidence) and not os.path.isfile(evidence):
        # A pipe would be waited for.
        raise InputError("is no regular file", "name the file of the mark", name)
    data = read_bytes(evidence, LARGEST)
    parse = _head_of_card if kind == "card" else marked_json.plain
    return parse(data, name), hashlib.sha256(data).hexdigest(), name


def _head_of_card(data: bytes, name: str) -> Any:
    from headwater.lineage.formats.hugging_face import front_matter

    head = front_matter.parse(data, name)
    if head.problem:
        raise InputError(
            f"is not a card: it {head.problem}", "begin it with YAML between two lines of ---", name
        )
    return head.fields


def _c2pa(content: Any, name: str) -> tuple[Says, list[str]]:
    """Of a manifest store, or of a list of them: all only where each says so."""
    stores = content if isinstance(content, (list, tuple)) else [content]
    read = [_manifests(store, name) for store in stores]
    said = {says for says, _ in read}
    words = list(dict.fromkeys(word for _, words in read for word in words))
    if len(said) == 1:
        return said.pop(), words
    return ("mixed" if said & {"all", "mixed"} else None), words


def _manifests(store: Any, name: str) -> tuple[Says, list[str]]:
    manifests = store.get("manifests") if isinstance(store, Mapping) else None
    if not isinstance(manifests, Mapping) or not manifests:
        raise InputError("holds no manifests", "give the JSON that c2patool prints for a file", name)
    active = store.get("active_manifest")
    own = manifests.get(active) if isinstance(active, str) else None
    words = [word.rsplit("/", 1)[-1] for word in _values(own, "digitalSourceType")]
    others = [word.rsplit("/", 1)[-1] for word in _values(manifests, "digitalSourceType")]
    says = _together(words)
    if says != "all" and _together(others) in ("all", "mixed"):
        # An ingredient was made by a model, whatever was done to it since.
        says = "mixed"
    if store.get("validation_state") == "Invalid":
        words.append("validation_state: Invalid")
        # A broken seal is no proof of a camera.
        says = None if says == "none" else says
    return says, words or others


def _together(words: Sequence[str]) -> Says:
    said = {_SOURCES.get(word.lower()) for word in words}
    if len(said) == 1:
        return said.pop()
    return "mixed" if said & {"all", "mixed"} else None


def _values(content: Any, key: str) -> Iterator[str]:
    """Every text under this key, however deep."""
    waiting = [content]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Mapping):
            found = here.get(key)
            if isinstance(found, str):
                yield found
            waiting.extend(reversed(list(here.values())))
        elif isinstance(here, (list, tuple)):
            waiting.extend(reversed(here))


def _croissant(content: Any, name: str) -> tuple[Says, list[str]]:
    if not isinstance(content, Mapping):
        raise InputError("holds no dataset", "give the JSON-LD of one dataset", name)
    for key, value in content.items():
        if str(key).replace("#", ":").replace("/", ":").rsplit(":", 1)[-1] != "hasSyntheticData":
            continue
        stated = value.get("@value") if isinstance(value, Mapping) else value
        word = str(stated).strip().lower()
        # Some of it, says the flag, and not how much.
        said = {"true": "mixed", "false": "none"}.get(word)
        return said, [f"{key}: {word}"]
    return None, []


def _card(content: Any, name: str) -> tuple[Says, list[str]]:
    if not isinstance(content, Mapping):
        raise InputError("its head is no mapping", "give the card of a dataset", name)
    tags = [tag for tag in _texts(content.get("tags")) if tag.lower() == "synthetic"]
    writers = _texts(content.get("language_creators"))
    machine = [writer for writer in writers if writer == "machine-generated"]
    words = [*(f"tags: {tag}" for tag in tags), *(f"language_creators: {each}" for each in machine)]
    if machine and len(machine) == len(writers):
        return "all", words
    return ("mixed" if words else None), words


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, (list, tuple)) else [value]
    return [each for each in values if isinstance(each, str)]


_READERS: dict[str, Callable[[Any, str], tuple[Says, list[str]]]] = {
    "c2pa": _c2pa,
    "croissant": _croissant,
    "card": _card,
}
