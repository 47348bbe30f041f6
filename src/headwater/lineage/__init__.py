"""From records of who was trained on what to the interaction graph.

A reader turns one format into `facts` and infers nothing; `to_graph` turns facts into a graph
under stated rules and reports every assumption it made.
"""

from headwater.lineage.facts import Entity, Facts, Issue, Place, Relation
from headwater.lineage.registry import importer, importers
from headwater.lineage.report import Report
from headwater.lineage.rules import RoleRule, Rules, read_rules
from headwater.lineage.to_graph import to_graph

__all__ = [
    "Entity",
    "Facts",
    "Issue",
    "Place",
    "Relation",
    "Report",
    "RoleRule",
    "Rules",
    "importer",
    "importers",
    "read_rules",
    "to_graph",
]
