"""Reader of DVC projects: ``dvc.lock``, ``dvc.yaml`` and ``*.dvc`` files, over the history that git keeps.

DVC refuses loops, so that one commit never shows one: that a round trains on what the round before
wrote is only seen across commits, where the hash of an output comes back as the hash of an input.
"""

from headwater.lineage.formats.dvc.reader import read

__all__ = ["read"]
