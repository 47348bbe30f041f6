"""Cards from the hub itself: only of the repositories that are named, and of what those name.

Each ``README.md`` (and ``pipeline.yaml`` of a dataset) is fetched into a temporary folder, which is
then read as any folder of cards is. Nothing is fetched that is larger than a card may be.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from headwater import extras
from headwater.errors import InputError
from headwater.lineage.facts import Facts, Issue, Key, Kind, Place
from headwater.lineage.formats.hugging_face.addresses import FOLDERS, is_repository, of_url
from headwater.lineage.formats.hugging_face.reading import read

MOST_CARDS = 200
LARGEST_FILE = 4 * 2**20

FILES = {"model": ("README.md",), "dataset": ("README.md", "pipeline.yaml")}
_PARENTS = frozenset(("base_model", "datasets", "source_datasets"))


class Refused(Exception):
    """The hub gave no file: the reason it gave."""


class Client(Protocol):
    """The little that is asked of the hub."""

    def sizes(self, kind: Kind, name: str, files: Sequence[str]) -> dict[str, int]:
        """Bytes of those of the files that the repository has; raises `Refused`."""

    def fetch(self, kind: Kind, name: str, file: str, folder: Path) -> Path:
        """Fetch a file of a repository into a folder, and say where it is; raises `Refused`."""


def read_hub(
    ids: Iterable[str], *, depth: int = 0, most: int = MOST_CARDS, client: Client | None = None
) -> Facts:
    """Facts of cards fetched from the Hugging Face hub.

    Parameters
    ----------
    ids
        Repositories, such as ``org/name`` for a model and ``datasets/org/name`` for a dataset, or their
        web addresses.
    depth
        How often the models and datasets that the cards name are fetched in turn.
    most
        Cards to fetch in all. What was left out for it is one issue.
    client
        What fetches; by default the package huggingface_hub, with the settings it has.

    Raises
    ------
    InputError
        If no id is given, or one cannot be the name of a repository.
    MissingExtra
        If huggingface_hub is needed and not installed.
    """
    wanted = list(dict.fromkeys(_asked(text) for text in ids))
    if not wanted:
        raise InputError("no repository is named", "name some, such as org/name or datasets/org/name")
    client = client or HubClient()
    issues: list[Issue] = []
    with tempfile.TemporaryDirectory() as folder:
        tried: dict[Key, None] = {}
        facts = Facts("huggingface.co", 0)
        for _ in range(depth + 1):
            left = max(most - len(tried), 0)
            if len(wanted) > left:
                said = f"{len(wanted) - left:,} cards were not fetched: {most:,} are the most"
                issues.append(Issue("error", Place("huggingface.co"), said))
            for key in wanted[:left]:
                tried[key] = None
                issues.extend(_fetch(client, key, Path(folder)))
            if any(Path(folder).iterdir()):
                facts = read(folder)
            wanted = [key for key in _named(facts) if key not in tried]
            if not wanted or len(tried) >= most:
                break
    return replace(facts, origin="huggingface.co", format="hugging-face", issues=(*issues, *facts.issues))


def _asked(text: str) -> Key:
    given = text.strip()
    word, slash, rest = given.partition("/")
    if address := of_url(given):
        given, kind = address.id, address.kind
    elif slash and word in FOLDERS:
        given, kind = rest, FOLDERS[word]
    else:
        kind = "model"
    if kind not in FILES or not is_repository(given):
        raise InputError(
            f"{text[:100]!r} is no model or dataset of the hub",
            "write org/name for a model, datasets/org/name for a dataset",
        )
    return Key(kind, given)


def _fetch(client: Client, key: Key, folder: Path) -> Iterator[Issue]:
    """Put the files of a repository where a folder of cards has them."""
    name = f"{key.kind}s/{key.name}"
    target = folder / name
    try:
        sizes = client.sizes(key.kind, key.name, FILES[key.kind])
        if "README.md" not in sizes:
            yield Issue("warning", Place(f"{name}/README.md"), "the repository has no card")
        for file in FILES[key.kind]:
            if sizes.get(file, 0) > LARGEST_FILE:
                said = f"is larger than {LARGEST_FILE // 2**20} MiB; it was not fetched"
                yield Issue("error", Place(f"{name}/{file}"), said)
            elif file in sizes:
                target.mkdir(parents=True, exist_ok=True)
                data = client.fetch(key.kind, key.name, file, target).read_bytes()
                (target / file).write_bytes(data[: LARGEST_FILE + 1])
    except Refused as error:
        yield Issue("error", Place(f"{name}/README.md"), f"was not fetched: {error}")


def _named(facts: Facts) -> list[Key]:
    """The models and datasets that cards name as what theirs came from, where the hub may have them."""
    return list(
        dict.fromkeys(
            relation.object
            for relation in facts.relations
            if relation.word.partition(":")[0] in _PARENTS
            and is_repository(relation.object.name)
            # A name without an organisation is one that tools write, or very old.
            and "/" in relation.object.name
        )
    )


class HubClient:
    """The hub over the network, through huggingface_hub: its settings, its token, its retries."""

    def __init__(self) -> None:
        self.hub = extras.load("huggingface_hub", "reading cards from the hub")
        self.api = self.hub.HfApi()
        errors = extras.load("huggingface_hub.utils", "reading cards from the hub")
        # Its network errors have the root of whatever HTTP library its version uses.
        bases = [base for base in errors.HfHubHTTPError.__mro__ if base.__module__ != "builtins"]
        self.errors: tuple[type[Exception], ...] = (bases[-1], OSError, ValueError)

    def sizes(self, kind: Kind, name: str, files: Sequence[str]) -> dict[str, int]:
        """Bytes of those of the files that the repository has."""
        try:
            found: list[Any] = self.api.get_paths_info(name, list(files), repo_type=kind)
        except self.errors as error:
            raise Refused(_first_line(error)) from None
        sizes = ((each.path, getattr(each, "size", None)) for each in found)
        return {path: size for path, size in sizes if isinstance(size, int)}

    def fetch(self, kind: Kind, name: str, file: str, folder: Path) -> Path:
        """Fetch a file of a repository into a folder."""
        try:
            return Path(self.api.hf_hub_download(name, file, repo_type=kind, local_dir=folder))
        except self.errors as error:
            raise Refused(_first_line(error)) from None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
