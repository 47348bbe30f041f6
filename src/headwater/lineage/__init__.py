"""From records of who was trained on what to the interaction graph.

A reader turns one format into `facts` and infers nothing; `to_graph` turns facts into a graph
under stated rules and reports every assumption it made.
"""

from headwater.lineage.evidence import Evidence, read_evidence
from headwater.lineage.facts import Count, Entity, Facts, Issue, Key, Place, Relation
from headwater.lineage.merging import merge
from headwater.lineage.registry import importer, importers
from headwater.lineage.report import Report
from headwater.lineage.rules import FoldRule, KindRule, RoleRule, Rules, RunRule
from headwater.lineage.rules_file import read_rules
from headwater.lineage.to_graph import Imported, import_facts, to_graph

__all__ = [
    "Count",
    "Entity",
    "Evidence",
    "Facts",
    "FoldRule",
    "Imported",
    "Issue",
    "Key",
    "KindRule",
    "Place",
    "Relation",
    "Report",
    "RoleRule",
    "Rules",
    "RunRule",
    "import_facts",
    "importer",
    "importers",
    "merge",
    "read_evidence",
    "read_rules",
    "to_graph",
]
