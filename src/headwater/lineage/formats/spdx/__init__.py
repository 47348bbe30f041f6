"""Reader of SPDX 3 documents in JSON-LD, with the AI, dataset and build profiles.

Every ``.json`` and ``.jsonld`` file of a folder is looked at. Elements may be flat in ``@graph``, nested in
each other, or in the expanded form with whole addresses as keys. A name is that of the element; its
version is that of the package; its id is added only where name and version do not tell two elements
of a file apart. Packages of one name and version in two documents are one asset, files are not.

What is plain software (a library, a licence, a source file) is passed over unless it trains, tests,
generates or is generated; so is a file that is said to be of a model or of data, and no more.

A size is in bytes: nothing in SPDX counts samples, and nothing says whether a dataset is synthetic.
``NoneElement`` (there is none) and ``NoAssertionElement`` (not known) become a label of the element,
named like the relationship: ``none`` or ``no assertion``.
"""

from __future__ import annotations

from pathlib import Path

from headwater.lineage.facts import Facts
from headwater.lineage.formats.spdx.elements import Element, elements
from headwater.lineage.formats.spdx.relationships import tell
from headwater.lineage.reading import Collector, named_files, shown

__all__ = ["read"]

FORMAT = "spdx"


def read(path: str | Path) -> Facts:
    """Facts of SPDX 3 documents: a file, or all those below a folder.

    A file or element that cannot be read becomes an issue and the rest is read.

    Raises
    ------
    InputError
        If `path` does not exist, or is a folder without a JSON file.
    """
    root = Path(path)
    collector = Collector(shown(root), FORMAT)
    remedy = "give the folder with the SPDX 3 documents"
    found: list[Element] = []
    for file, name in named_files(root, (".json", ".jsonld"), collector, remedy):
        found += elements(file, name, collector)
    tell(found, collector)
    return collector.facts()
