"""What a card is of, and whether of a model, a dataset or a space: from its folder and from its fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import NamedTuple

from headwater.lineage.facts import Kind

FOLDERS: dict[str, Kind] = {"models": "model", "datasets": "dataset", "spaces": "application"}
"""What the hub calls its kinds of repository."""

FILES: dict[str, Kind] = {"modelcard.md": "model", "datasetcard.md": "dataset"}
CARDS = frozenset(("readme.md", *FILES))

FIELDS: dict[str, Kind] = {
    **dict.fromkeys(
        ("base_model", "base_model_relation", "datasets", "model-index", "model_name", "modelId"), "model"
    ),
    **dict.fromkeys(("library_name", "pipeline_tag", "new_version", "widget", "inference"), "model"),
    **dict.fromkeys(("dataset_info", "configs", "size_categories", "source_datasets"), "dataset"),
    **dict.fromkeys(("annotations_creators", "language_creators", "multilinguality"), "dataset"),
    **dict.fromkeys(("task_categories", "task_ids", "pretty_name", "train-eval-index", "viewer"), "dataset"),
    **dict.fromkeys(("sdk", "sdk_version", "app_file", "app_port"), "application"),
}
"""Fields that only one kind of card has."""

TAGS: dict[str, Kind] = {
    **dict.fromkeys(("base_model", "dataset"), "model"),
    **dict.fromkeys(("size_categories", "task_categories", "format", "modality"), "dataset"),
}
"""What tags of the hub begin with, before a colon, where only one kind has them."""

_CACHED = re.compile(r"(models|datasets|spaces)--(.+)", re.DOTALL)
_ADDRESS = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(?:(models|datasets|spaces)/)?"
    r"([\w.-]+(?:/[\w.-]+)?)(?:/(?:tree|blob|resolve|raw|viewer)/.*)?/?(?:[?#].*)?",
    re.ASCII | re.IGNORECASE,
)
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9_][\w.-]{0,95})?", re.ASCII)


class Address(NamedTuple):
    """A repository of the hub; `kind` is unknown where nothing tells, `revision` empty as a rule.

    `whole` says whether the path names an organisation or a kind, or only a folder.
    """

    kind: Kind
    id: str
    revision: str = ""
    whole: bool = True


def of_path(path: PurePath, root: str) -> Address:
    """The repository of a card, from its path below the folder that was read, whose name is `root`.

    Layouts are ``org/name``, ``models/org/name``, ``datasets/org/name``, ``datasets/name``,
    ``org__name``, and the hub's own cache, ``models--org--name/snapshots/revision``.
    """
    parts = [root, *path.parent.parts]
    if path.name.lower() not in CARDS:
        parts.append(path.stem)
    revision = parts[-1] if len(parts) > 2 and parts[-2] == "snapshots" else ""
    parts = parts[:-2] if revision else parts
    *above, last = parts
    kind = FILES.get(path.name.lower(), "unknown")
    if cached := _CACHED.fullmatch(last):
        return Address(FOLDERS[cached[1]], cached[2].replace("--", "/", 1), revision)
    parent = above[-1] if above else ""
    # Only at the top: a name may hold two underscores too.
    if "__" in last.strip("_") and (len(above) <= 1 or parent in FOLDERS):
        return Address(FOLDERS.get(parent, kind), last.replace("__", "/", 1), revision)
    if parent in FOLDERS:
        return Address(FOLDERS[parent], last, revision)
    if len(above) <= 1:
        return Address(kind, last, revision, whole=False)
    return Address(FOLDERS.get(above[-2], kind), f"{parent}/{last}", revision)


def of_url(text: str) -> Address | None:
    """The repository that a web address of the hub names; ``None`` for any other text.

    Examples
    --------
    >>> of_url("https://huggingface.co/datasets/tatsu-lab/alpaca/tree/main").id
    'tatsu-lab/alpaca'
    """
    found = _ADDRESS.fullmatch(text.strip())
    if not found or found[2].casefold() in ("models", "datasets", "spaces"):
        return None
    # Without a word before it, an address is of a model; a single name is a person or organisation.
    if not found[1] and "/" not in found[2]:
        return None
    return Address(FOLDERS[(found[1] or "models").lower()], found[2])


def is_repository(name: str) -> bool:
    """Whether the hub could have a repository of that name."""
    return bool(_REPOSITORY.fullmatch(name)) and "--" not in name and ".." not in name


def kind_told(address: Kind, fields: Iterable[str], tags: Iterable[str]) -> tuple[Kind, str]:
    """The kind of a card, and what is doubtful about it, if anything.

    The folder tells it, as it is part of the hub's own address; or the fields that only one kind
    of card has, the greater number of them where they disagree.
    """
    by_kind: dict[Kind, dict[str, None]] = {}
    for field in fields:
        if field in FIELDS:
            by_kind.setdefault(FIELDS[field], {})[field] = None
    for tag in tags:
        word, colon, _ = tag.partition(":")
        if colon and word in TAGS:
            by_kind.setdefault(TAGS[word], {})[f"tag {word}"] = None
    if address != "unknown":
        others = [found for kind, found in by_kind.items() if kind != address]
        if address in by_kind or not others:
            return address, ""
        return address, f"is of a {address} by its folder, but has {', '.join(others[0])}"
    if not by_kind:
        return "unknown", ""
    first, *rest = sorted(by_kind, key=lambda kind: -len(by_kind[kind]))
    if not rest:
        return first, ""
    said = "; ".join(f"{', '.join(found)} of a {kind} card" for kind, found in by_kind.items())
    if len(by_kind[first]) == len(by_kind[rest[0]]):
        return "unknown", f"has {said}: which it is stays unknown"
    return first, f"has {said}: it was read as of a {first}"
