"""Importers by the name they have on the command line; each is loaded when it is first used.

Other packages add theirs with an entry point of the group ``headwater.importers``.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module, metadata

from headwater.errors import HeadwaterError, InputError, nearest
from headwater.lineage.facts import Facts

Importer = Callable[[str], Facts]

GROUP = "headwater.importers"

_FORMATS = "headwater.lineage.formats."

IMPORTERS = {
    "croissant": f"{_FORMATS}croissant:read",
    "cyclonedx": f"{_FORMATS}cyclonedx:read",
    "data-provenance": f"{_FORMATS}data_provenance:read",
    "dvc": f"{_FORMATS}dvc:read",
    "ecosystem-graphs": f"{_FORMATS}ecosystem_graphs:read",
    "edges": f"{_FORMATS}edge_lists:read",
    "hugging-face": f"{_FORMATS}hugging_face:read",
    # A ledger is a record too, although it lies above: its reader is loaded by name.
    "ledger": "headwater.ledger.facts:read",
    "mlflow": f"{_FORMATS}mlflow:read",
    "openlineage": f"{_FORMATS}openlineage:read",
    "prov-json": f"{_FORMATS}prov_json:read",
    "spdx": f"{_FORMATS}spdx:read",
    "wandb": f"{_FORMATS}wandb:read",
}


NEVER_SAYS = {
    "croissant": "who was trained on the data",
    "data-provenance": "who was trained on the data: import a catalogue of models with it",
    "dvc": "how many samples: its counts are bytes",
    "ecosystem-graphs": "how many samples, and what a dependency is for",
    "hugging-face": "who wrote a dataset, but for distilabel's pipeline.yaml, and how much of it was used",
    "mlflow": "who wrote a dataset: a tag headwater.generated_by does, or another record",
    "prov-json": "how many samples, but for headwater:samples",
    "spdx": "how many samples: its sizes are bytes",
    "cyclonedx": "how many samples, and which data were for testing",
}
"""What no record of a format holds, whatever its author knew."""


def importers() -> dict[str, str]:
    """Every importer that is installed, as ``name -> "module:attribute"``."""
    return {point.name: point.value for point in metadata.entry_points(group=GROUP)} | IMPORTERS


def importer(name: str) -> Importer:
    """The importer of that name.

    Raises
    ------
    InputError
        If no format has that name; names the nearest.
    HeadwaterError
        If a package promises the importer and does not have it.
    """
    known = importers()
    if name not in known:
        raise InputError(f"no format is called {name!r}", nearest(name, known))
    module, _, attribute = known[name].partition(":")
    try:
        found: Importer = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise HeadwaterError(
            f"the importer {name!r} cannot be loaded: {error}",
            f"repair or remove the package that has {module!r}",
        ) from error
    return found
