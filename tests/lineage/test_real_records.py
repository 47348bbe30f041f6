"""Two public records together know more than either, and fall into none of their traps."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwater.lineage import Rules, importer, merge, read_rules, to_graph

RULES = Path(__file__).parents[2] / "examples" / "joined-rules.yaml"

JOINS = {
    "Alpaca": 52_002,
    "Open Orca": 4_233_923,
    "Open-Platypus": 24_926,
    "WizardLM Evol-Instruct/evol_instruct": 70_000,
}
"""Totals of several generators, or of a generator and something else, as the summaries write them."""

KNOWN = {
    ("GPT-4", "MAmmoTH"): 262_039,
    ("OpenAI ChatGPT", "UltraLM"): 1_468_352,
    ("Aya Dataset", "Aya"): 202_362,
}
"""Flows whose dataset has one provider: two generated, and one that people wrote."""


@pytest.fixture(scope="module")
def joined(shared_data):
    catalogue = importer("ecosystem-graphs")(shared_data / "ecosystem_graphs")
    audit = importer("data-provenance")(shared_data / "dpi")
    return catalogue, audit, merge([catalogue, audit])


def test_both_are_read_in_full(joined):
    catalogue, audit, _ = joined
    assert (len(catalogue.entities), len(catalogue.relations)) == (639, 816)
    made = [relation for relation in audit.relations if relation.role == "generated"]
    models = {relation.object.name for relation in made if relation.object.kind == "model"}
    assert audit.records["records"] == 2_311
    assert audit.records["model generated"] == 471
    assert len(models) == 52
    assert len({(r.subject, r.object) for r in made if r.object.kind == "model"}) == 413


def test_the_joins_have_the_counts_of_the_summaries(joined):
    graph, report = to_graph(joined[2], read_rules(RULES))
    totals = {total.dataset: total.samples for total in report.totals}
    assert totals.items() >= JOINS.items()
    flows = {(flow.provider, flow.model): flow.samples for flow in graph.flows}
    assert {ends: flows[ends] for ends in KNOWN} == KNOWN
    assert all(use.decided for use in report.rules)


def test_nothing_is_joined_by_a_name_that_is_merely_alike(joined):
    """C4 and Wikipedia of the collection Longform were written by GPT-3; C4 and Wikipedia were not."""
    graph, report = to_graph(joined[2], read_rules(RULES))
    sources = set(graph.source_names)
    assert {"C4", "Wikipedia"} <= sources
    via = {step for flow in report.flows for step in flow.via}
    assert not any(name.startswith("Longform") for name in via | sources)


def test_without_the_aliases_only_equal_spellings_meet(joined):
    """The negative control: Alpaca dataset and Alpaca are two, and no total of it is known."""
    _, report = to_graph(joined[2], Rules())
    assert "Alpaca" not in {total.dataset for total in report.totals}
    assert len(report.made.loops) == 1
    errors = [issue for issue in report.errors if "lists itself" in issue.message]
    assert len(errors) == 1
