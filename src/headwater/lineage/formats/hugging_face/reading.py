"""Cards of a folder or of a dump, one after another, into facts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from headwater.errors import InputError
from headwater.lineage.facts import Count, Facts, Key
from headwater.lineage.formats.hugging_face import distilabel, dumps, front_matter
from headwater.lineage.formats.hugging_face.addresses import CARDS, Address, kind_told, of_path
from headwater.lineage.formats.hugging_face.cards import Card, trimmed
from headwater.lineage.formats.hugging_face.datasets import read_count, read_synthetic
from headwater.lineage.formats.hugging_face.relations import read_relations
from headwater.lineage.reading import Collector, find_files, shown

FORMAT = "hugging-face"


def read(path: str | Path) -> Facts:
    """Facts of the cards in a folder, of one card, or of a JSON dump of the hub.

    Every ``README.md``, ``modelcard.md``, ``datasetcard.md`` and ``org__name.md`` below a folder is
    a card; one inside a repository that has a card of its own is not. JSON files below a folder
    are read where they start as a dump does; a file given by its name always is.

    Raises
    ------
    InputError
        If `path` does not exist or cannot be listed, or holds neither card nor dump.
    """
    root = Path(path)
    collector = Collector(shown(root), FORMAT)
    found = find_files(root, _wanted, collector)
    if found == [root] and root.is_file():
        if root.suffix.lower() == ".md":
            _read_file(root, root.absolute().parent, collector)
        else:
            _read_dump(root, root.name, collector)
        return collector.facts()
    cards = _outermost([file for file in found if _is_card(file.name)], root, collector)
    pipelines = {file.parent: file for file in reversed(found) if file.name.lower() in distilabel.NAMES}
    for file in cards:
        subject = _read_file(file, root, collector)
        beside = pipelines.get(file.parent)
        if beside and subject and subject.kind in ("dataset", "unknown"):
            collector.files += 1
            distilabel.read_pipeline(beside, shown(beside.relative_to(root)), subject, collector)
    for file in found:
        if file.suffix.lower() in dumps.SUFFIXES and dumps.looks_like_one(file):
            _read_dump(file, shown(file.relative_to(root)), collector)
    if not collector.files and not collector.issues:
        raise InputError(
            "holds no card",
            "give a folder with README.md files of the Hugging Face hub, such as org/name/README.md, "
            "or a JSON dump of its models or datasets",
            shown(root),
        )
    return collector.facts()


def _wanted(name: str) -> bool:
    lower = name.lower()
    return _is_card(name) or lower in distilabel.NAMES or lower.endswith(dumps.SUFFIXES)


def _is_card(name: str) -> bool:
    lower = name.lower()
    return lower in CARDS or (lower.endswith(".md") and "__" in lower)


def _outermost(files: list[Path], root: Path, collector: Collector) -> list[Path]:
    """The cards of repositories, without those inside one, such as of a checkpoint."""
    whole = {file.parent for file in files if _address(file, root).whole and file.name.lower() in CARDS}
    kept = []
    for file in files:
        inside = next((above for above in file.parent.parents if above in whole), None)
        if inside is None or inside == root:
            kept.append(file)
        else:
            collector.count_record("cards inside repositories, left out")
    return kept


def _address(file: Path, root: Path) -> Address:
    relative = file.relative_to(root) if root in file.parents else Path(file.name)
    return of_path(PurePosixPath(shown(relative)), shown(Path(root.resolve().name)))


def _read_file(file: Path, root: Path, collector: Collector) -> Key | None:
    name = shown(file.relative_to(root)) if root in file.parents else file.name
    collector.files += 1
    collector.count_record("cards")
    try:
        found = front_matter.load(file, name)
    except InputError as error:
        collector.broken(name, error)
        return None
    card = Card(name, found.fields, found.line, found.lines)
    if found.problem:
        collector.count_record("cards without front matter")
        collector.warning(card.place(), f"{found.problem}: what it came from stays unknown")
    for key, line in found.twice:
        place = card.place()._replace(line=line)
        collector.warning(place, f"{key[:50]!r} is written twice; the last one counts")
    return _read_card(_address(file, root), card, collector)


def _read_dump(file: Path, name: str, collector: Collector) -> None:
    collector.files += 1
    for address, card in dumps.read_dump(file, name, collector):
        collector.count_record("cards")
        _read_card(address, card, collector)


def _read_card(address: Address, card: Card, collector: Collector) -> Key | None:
    """Record the asset of a card and all that the card says of it."""
    name = collector.name(address.id, "the name of the card", card.place())
    if name is None:
        return None
    kind, doubt = kind_told(address.kind, card.data, card.words("tags"))
    if doubt:
        collector.warning(card.place(), f"the card of {name!r} {doubt}")
    subject = Key(kind, name)
    count: Count | None = None
    splits: dict[str, str] = {}
    if kind in ("dataset", "unknown"):
        count, splits = read_count(card, collector)
    revision = {"sha": address.revision} if address.revision else {}
    collector.entity(
        subject,
        card.place(),
        count=count,
        synthetic=read_synthetic(card) if kind == "dataset" else None,
        time=_time(card),
        labels=trimmed(card.labels() | revision | splits),
    )
    collector.count_record(f"{kind} cards" if kind != "unknown" else "cards of unknown kind")
    read_relations(card, subject, collector)
    return subject


def _time(card: Card) -> str:
    """When the repository was made, else when it last changed."""
    for key in ("createdAt", "lastModified"):
        told = card.data.get(key)
        if isinstance(told, str):
            try:
                time = datetime.fromisoformat(told.strip())
            except ValueError:
                continue
            return (time if time.tzinfo else time.replace(tzinfo=UTC)).isoformat()
    return ""
