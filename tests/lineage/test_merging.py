"""Several records make one graph, and every fact keeps the record it is from."""

from __future__ import annotations

import pytest

from headwater.lineage import Count, Entity, Facts, Issue, Key, Place, Relation, merge, to_graph

DATA = Key("dataset", "Alpaca")


def reading(origin, *, entities=(), relations=(), issues=(), format_="x"):
    return Facts(origin, 1, tuple(entities), tuple(relations), tuple(issues), format_, {"records": 1})


CATALOGUE = reading(
    "catalogue",
    entities=[Entity(Key("model", "S"), Place("a.yaml", 1)), Entity(DATA, Place("a.yaml", 2))],
    relations=[Relation(Key("model", "S"), Key("unknown", "Alpaca"), "dependency", Place("a.yaml", 3))],
    issues=[Issue("warning", Place("a.yaml", 9), "odd")],
)
AUDIT = reading(
    "audit/summaries.json",
    entities=[Entity(DATA, Place("summaries.json", 4), Count.exactly(52_002), synthetic="all")],
    relations=[Relation(DATA, Key("model", "GPT-3"), "generated", Place("summaries.json", 5))],
)


def test_a_generator_of_one_record_and_a_learner_of_another_meet_with_the_count():
    graph, report = to_graph(merge([CATALOGUE, AUDIT]))
    (flow,) = graph.flows
    assert (flow.provider, flow.model, flow.samples) == ("GPT-3", "S", 52_002)
    assert report.flows[0].place == "catalogue/a.yaml:3"
    assert report.read.files == 2
    assert report.read.records == {"records": 2}


def test_neither_record_alone_knows():
    """The negative control: one does not know who learns, the other not who made the data."""
    (flow,) = to_graph(CATALOGUE)[0].flows
    assert (flow.provider, flow.samples) == ("Alpaca", None)
    assert not list(to_graph(AUDIT)[0].flows)


def test_names_that_are_merely_alike_stay_apart():
    other = reading(
        "audit",
        entities=[Entity(Key("dataset", "alpaca"), Place("b", 1), Count.exactly(9))],
        relations=[Relation(Key("dataset", "alpaca"), Key("model", "GPT-3"), "generated", Place("b", 2))],
    )
    graph, _ = to_graph(merge([CATALOGUE, other]))
    assert [(flow.provider, flow.samples) for flow in graph.flows] == [("Alpaca", None)]


def test_places_of_a_single_file_are_its_path():
    merged = merge([CATALOGUE, AUDIT])
    assert [str(entity.place) for entity in merged.entities] == [
        "catalogue/a.yaml:1",
        "catalogue/a.yaml:2",
        "audit/summaries.json:4",
    ]
    assert str(merged.issues[0].place) == "catalogue/a.yaml:9"


def test_one_reading_is_left_as_it_is_and_none_is_an_error():
    assert merge([AUDIT]) is AUDIT
    with pytest.raises(ValueError, match="nothing to merge"):
        merge([])


def test_two_records_that_count_the_same_data_differently_are_both_told():
    again = reading("other", entities=[Entity(DATA, Place("c", 1), Count.exactly(51_999))])
    graph, report = to_graph(merge([CATALOGUE, AUDIT, again]))
    assert [flow.samples for flow in graph.flows] == [None]
    (issue,) = [issue for issue in report.issues if "different counts" in issue.message]
    assert "52,002 (audit/summaries.json:4), 51,999 (other/c:1)" in issue.message
