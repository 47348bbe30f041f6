"""Reader of PROV-JSON: files of entities, activities, agents and what relates them.

Every ``.json``, ``.provjson`` and ``.jsonld`` file of a folder is looked at; PROV in JSON-LD is another
format and is named as such. An activity is a procedure; an agent or entity is of unknown kind
unless a type states one (`values.STATED`, or the attribute ``headwater:kind``), since a model may be
written as either. What PROV has no word for is read from ``headwater:generation``,
``headwater:samples`` and ``headwater:synthetic``; all other attributes are labels under their own
names. ``headwater:samples`` of a relation is its count. The label ``agent`` says what sort an agent
is by its type: ``software``, ``person`` or ``organization``. The word of a relation is the PROV
record's, followed by its types and roles, as in ``used ex:training-data``.

A starting or ending trigger, an invalidation and a plan say nothing of what went into what, and give no
relation.
"""

from __future__ import annotations

from pathlib import Path

from headwater.lineage.facts import Facts
from headwater.lineage.formats.prov_json.documents import Statement, statements
from headwater.lineage.formats.prov_json.relations import tell
from headwater.lineage.reading import Collector, named_files, shown

__all__ = ["read"]

FORMAT = "prov-json"

_ENDINGS = (".json", ".provjson", ".jsonld")


def read(path: str | Path) -> Facts:
    """Facts of PROV-JSON documents: a file, or all those below a folder.

    A file or record that cannot be read becomes an issue and the rest is read.

    Raises
    ------
    InputError
        If `path` does not exist, or is a folder without a JSON file.
    """
    root = Path(path)
    collector = Collector(shown(root), FORMAT)
    found: list[Statement] = []
    for file, name in named_files(root, _ENDINGS, collector, "give the folder with the PROV-JSON documents"):
        found += statements(file, name, collector)
    tell(found, collector)
    return collector.facts()
