"""Totals that nobody split: which is looked at, and what stays whoever is taken to have written all."""

from __future__ import annotations

import pytest

from headwater.diagnosis.extremes import at_extremes
from headwater.grounding import ground
from headwater.lineage import to_graph
from headwater.lineage.extremes import variants
from headwater.pipeline import Pipeline
from tests.lineage.made import Record, data, flows, model

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


def two_ways(counted=True):
    """Data of the vendor alone, thirty if `counted`, beside a hundred of the vendor and the student."""
    record = Record().trained(VENDOR, WEB, 1_000).generated(data("A"), VENDOR, 30 if counted else None)
    record.trained(S, data("A"))
    return shared(record, S, data("D"), 100, VENDOR, S)


@pytest.mark.parametrize("counted", [True, False])
def test_who_gives_data_of_its_own_beside_a_total_stays_at_every_extreme(counted):
    """Were all of the total the student's, the vendor's own data would be there still."""
    graph, report = to_graph(two_ways(counted).facts())
    assert flows(graph) >= {("vendor", "S", None), ("S", "S", None)}
    (total,) = report.totals
    assert total.providers == ("vendor", "S")
    assert total.loose == ("S",)
    assert {extreme.provider: extreme.changed for extreme in total.extremes} == {"vendor": (), "S": ()}
    for _, variant in variants(graph, total):
        assert any(flow.provider == "vendor" for flow in variant.flows if flow.model == "S")
        assert ground(variant).of("S") == "grounded"


def test_who_has_a_count_of_its_own_in_later_versions_stays_at_every_extreme():
    """Of the first hundred thirty are the vendor's; each later generation has thirty new ones of it."""
    record = Record().trained(model("S", 0), WEB, 100)
    first, second = model("vendor", 1), model("vendor", 2)
    record.trained(first, WEB, 5).trained(second, WEB, 5)
    mix = data("mix")
    record.entity(mix, 100).generated(mix, first, 30).generated(mix, model("S", 0), 70)
    record.trained(model("S", 1), mix)
    record.trained(model("S", 2), mix, 50)
    record.generated(data("new"), second, 30).trained(model("S", 2), data("new"), 30)
    _, report = to_graph(record.facts())
    (total,) = report.totals
    assert (total.model, total.samples) == ("S", 50)
    assert "vendor" not in total.loose


def test_a_provider_of_two_totals_stays_whatever_one_of_them_holds():
    record = Record().trained(VENDOR, WEB, 1_000)
    shared(record, S, data("D"), 100, VENDOR, S)
    shared(record, S, data("E"), 100, VENDOR, model("other"))
    _, report = to_graph(record.facts())
    loose = {total.dataset: total.loose for total in report.totals}
    assert loose == {"D": ("S",), "E": ("other",)}


def test_at_the_extremes_of_a_total_all_or_nothing_of_each_is_there():
    """The control: nothing else tells of either, so each may have written all of it."""
    record = shared(Record().trained(VENDOR, WEB, 1_000), S, data("D"), 101, VENDOR, S)
    graph, report = to_graph(record.facts())
    (total,) = report.totals
    assert set(total.loose) == {"vendor", "S"}
    found = {
        name: {flow[:1] + flow[2:] for flow in flows(variant) if flow[1] == "S"}
        for name, variant in variants(graph, total)
    }
    assert found == {
        "vendor": {("vendor", 101)},
        "S": {("S", 101)},
        "evenly": {("vendor", 51), ("S", 50)},
    }
    verdicts = {end.provider: end.verdict for end in at_extremes(Pipeline(graph), report.totals)}
    assert verdicts["S"] == "collapses"
