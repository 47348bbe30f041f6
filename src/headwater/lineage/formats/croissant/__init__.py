"""Reader of Croissant, the JSON-LD description of datasets: 0.8, 1.0 and 1.1, with provenance and RAI.

A dataset is one entity. Files, record sets and fields become entities only where they have a
provenance of their own; the dataset then holds them (`derived`). Activities are procedures that
`made` it and `used` others. Agents, people or software, are `associated`: Croissant does not say
what an agent did, and the agents in real files removed records rather than wrote any.
"""

from headwater.lineage.formats.croissant.reading import FORMAT, read

__all__ = ["FORMAT", "read"]
