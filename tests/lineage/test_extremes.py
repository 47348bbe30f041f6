"""Totals that nobody split: which is looked at, and what stays whoever is taken to have written all."""

from __future__ import annotations

import pytest

from headwater.diagnosis.extremes import at_extremes
from headwater.grounding import ground
from headwater.lineage import to_graph
from headwater.lineage.extremes import variants
from headwater.pipeline import Pipeline
from tests.lineage.made import Record, data, model

WEB = data("web")
S, VENDOR = model("S"), model("vendor")


def shared(record, learner, name, size, *writers):
    """`learner` trained on data of several writers with one total."""
    record.entity(name, size)
    for writer in writers:
        record.generated(name, writer)
    return record.trained(learner, name)


# -- the total that is looked at --------------------------------------------------------------


@pytest.mark.parametrize("backwards", [False, True])
def test_the_total_of_a_loop_is_that_of_its_latest_generation(backwards):
    """A hundred in the first, two hundred in the second, three hundred in the third."""
    record = Record()
    record.trained(model("S", 0), WEB, 100)
    for at in (3, 2, 1) if backwards else (1, 2, 3):
        shared(record, model("S", at), data("D", at), 100 * at, VENDOR, model("S", at - 1))
    _, report = to_graph(record.facts())
    (total,) = report.totals
    assert (total.model, total.samples, set(total.providers)) == ("S", 300, {"vendor", "S"})


# -- what an extreme leaves -------------------------------------------------------------------


def into_student(record):
    """The flows into `S` at every extreme of the total of `D`, and its status there."""
    graph, report = to_graph(record.facts())
    (total,) = [total for total in report.totals if total.dataset == "D"]
    return {
        name: (
            {(flow.provider, flow.samples) for flow in variant.flows if flow.model == "S"},
            ground(variant).of("S"),
        )
        for name, variant in variants(graph, total)
    }


def two_ways(counted):
    """Data of the vendor alone, thirty if `counted`, beside a hundred of the vendor and the student."""
    record = Record().trained(VENDOR, WEB, 1_000).generated(data("A"), VENDOR, 30 if counted else None)
    record.trained(S, data("A"))
    return shared(record, S, data("D"), 100, VENDOR, S)


def test_who_gives_counted_data_beside_a_total_gives_them_at_every_extreme():
    """Were all of the total the student's, the vendor's thirty would be there still."""
    assert into_student(two_ways(counted=True)) == {
        "vendor": ({("vendor", 130)}, "grounded"),
        "S": ({("vendor", 30), ("S", 100)}, "grounded"),
        "evenly": ({("vendor", 80), ("S", 50)}, "grounded"),
    }


def test_who_gives_data_of_unknown_number_beside_a_total_gives_some_at_every_extreme():
    assert into_student(two_ways(counted=False)) == {
        "vendor": ({("vendor", None)}, "grounded"),
        "S": ({("vendor", None), ("S", 100)}, "grounded"),
        "evenly": ({("vendor", None), ("S", 50)}, "grounded"),
    }


@pytest.mark.parametrize("counted", [True, False])
def test_no_extreme_changes_a_status_that_other_data_hold(counted):
    _, report = to_graph(two_ways(counted).facts())
    (total,) = report.totals
    assert {extreme.provider: extreme.changed for extreme in total.extremes} == {"vendor": (), "S": ()}


def test_another_version_of_who_is_in_a_total_gives_its_data_at_every_extreme():
    """The first version of the vendor wrote some of the total, the second thirty samples beside it."""
    record = Record().trained(model("vendor", 1), WEB, 5).trained(model("vendor", 2), WEB, 5)
    record.generated(data("A"), model("vendor", 2), 30).trained(S, data("A"))
    assert into_student(shared(record, S, data("D"), 100, model("vendor", 1), S)) == {
        "vendor": ({("vendor", 130)}, "grounded"),
        "S": ({("vendor", 30), ("S", 100)}, "grounded"),
        "evenly": ({("vendor", 80), ("S", 50)}, "grounded"),
    }


def test_a_provider_of_two_totals_stays_whatever_one_of_them_holds():
    """Of the other hundred nobody knows how much is the vendor's."""
    record = Record().trained(VENDOR, WEB, 1_000)
    shared(record, S, data("E"), 100, VENDOR, model("other"))
    found = into_student(shared(record, S, data("D"), 100, VENDOR, S))
    assert {name: {provider for provider, _ in seen} for name, (seen, _) in found.items()} == {
        "vendor": {"vendor", "other"},
        "S": {"vendor", "other", "S"},
        "evenly": {"vendor", "other", "S"},
    }


def test_at_the_extremes_of_a_total_all_or_nothing_of_each_is_there():
    """The control: nothing else tells of either, so each may have written all of it."""
    record = shared(Record().trained(VENDOR, WEB, 1_000), S, data("D"), 101, VENDOR, S)
    assert into_student(record) == {
        "vendor": ({("vendor", 101)}, "grounded"),
        "S": ({("S", 101)}, "ungrounded"),
        "evenly": ({("vendor", 51), ("S", 50)}, "grounded"),
    }
    graph, report = to_graph(record.facts())
    assert report.totals[0].extremes[1].changed == (("S", "ungrounded"),)
    verdicts = {end.provider: end.verdict for end in at_extremes(Pipeline(graph), report.totals)}
    assert verdicts["S"] == "collapses"
