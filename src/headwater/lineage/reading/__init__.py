"""Reading files that nobody vouches for: folders, YAML, JSON, and collecting facts from them."""

from headwater.lineage.reading.collecting import LONGEST_NAME, Collector
from headwater.lineage.reading.folders import find_files, named_files, shown

__all__ = ["LONGEST_NAME", "Collector", "find_files", "named_files", "shown"]
