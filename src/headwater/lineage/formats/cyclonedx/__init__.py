"""Reader of CycloneDX bills of materials in JSON, for machine learning (1.5 to 1.7).

Every ``.json`` file of a folder is looked at. A model is ``group/name`` with the version of its component; a
component of type ``data`` is a dataset unless it says that it holds something else. Components of
one group, name and version in two bills are one asset.

The list of datasets in a model card mixes training and evaluation: all are read as training data, with
a warning. A workflow or task of the formulation is a procedure that used its inputs and made its
outputs. Ancestors of a model are read as the weights it started from. Nothing counts samples, and
nothing says whether a dataset is synthetic. Libraries and other plain software are passed over.
"""

from __future__ import annotations

from pathlib import Path

from headwater.lineage.facts import Facts
from headwater.lineage.formats.cyclonedx.bills import Bill, load
from headwater.lineage.formats.cyclonedx.components import Shelf
from headwater.lineage.formats.cyclonedx.telling import tell
from headwater.lineage.reading import Collector, named_files, shown

__all__ = ["read"]

FORMAT = "cyclonedx"


def read(path: str | Path) -> Facts:
    """Facts of CycloneDX bills of materials: a file, or all those below a folder.

    A file or component that cannot be read becomes an issue and the rest is read.

    Raises
    ------
    InputError
        If `path` does not exist, or is a folder without a JSON file.
    """
    root = Path(path)
    collector = Collector(shown(root), FORMAT)
    remedy = "give the folder with the bills in JSON; `cyclonedx convert` turns XML into it"
    files = named_files(root, (".json",), collector, remedy)
    shelf = Shelf(collector)
    bills: list[Bill] = []
    for file, name in files:
        bill = load(file, name, collector)
        if bill:
            bills.append(bill)
            shelf.take(bill)
    for bill in bills:
        tell(bill, shelf, collector)
    return collector.facts()
