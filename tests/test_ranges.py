"""Counts of which only bounds are known: in graphs, fields, networkx, diagnoses and simulations."""

from __future__ import annotations

import pickle
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.diagnosis import diagnose
from headwater.diagnosis.isolated import only_real_flows
from headwater.emission import Emission
from headwater.errors import GraphError
from headwater.families import GaussianMean
from headwater.fields import parse_field
from headwater.graph import ENDS, Flow, InteractionGraph, Model, Source
from headwater.networks import from_networkx, to_networkx
from headwater.pipeline import Pipeline
from headwater.report.terminal import as_text
from headwater.simulation import simulate
from headwater.simulation.identity import graph_fingerprint
from headwater.validation import LARGEST_COUNT

WEB, SELF, ON = Flow("web", "a", samples_range=(800, 1500)), Flow("a", "a", 90), Flow("a", "b")


def graph(*flows, sources=("web",)):
    return InteractionGraph.from_flows(flows or (WEB, SELF, ON), sources)


def archive(size, *flows):
    return InteractionGraph.from_flows(flows, [Source("web", "fixed", size)])


# -- graphs ------------------------------------------------------------------------------------------


def test_the_count_is_unknown_and_its_bounds_are_kept():
    """What needs exact counts sees none; the flows are those given."""
    made = graph()
    assert made.ranges == {0: (800, 1500)}
    assert np.isnan(made.samples).tolist() == [True, False, True]
    assert list(made.flows) == [WEB, SELF, ON]
    assert InteractionGraph.from_parts(made.sources, made.models, made.flows) == made
    assert pickle.loads(pickle.dumps(made)) == made


def test_a_pair_in_a_tuple_is_a_range():
    """As in a file."""
    assert graph(("web", "a", (800, 1500)), SELF, ON) == graph()
    assert graph(("web", "a", [800, 1500], 2.0)).flow(0) == replace(WEB, weight=2.0)


def test_a_range_of_one_number_is_that_count():
    """Nothing is uncertain about it."""
    made = graph(replace(WEB, samples_range=(5, 5)))
    assert made == graph(Flow("web", "a", 5))
    assert made.ranges == {}


def test_graphs_of_other_bounds_are_not_equal():
    """Nor is one whose count is plainly unknown."""
    assert graph() != graph(replace(WEB, samples_range=(800, 1501)), SELF, ON)
    assert graph() != graph(replace(WEB, samples_range=None), SELF, ON)


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ((800,), "not a range of two numbers"),
        ((1, 2, 3), "not a range of two numbers"),
        ("ab", "not a range of two numbers"),
        (7, "not a range of two numbers"),
        ({800: 1, 1500: 2}, "not a range of two numbers"),
        ((0, 5), "not a range of counts"),
        ((-5, 5), "not a range of counts"),
        ((1.5, 5), "not a range of counts"),
        ((None, 5), "not a range of counts"),
        (("1", 5), "not a range of counts"),
        ((True, 5), "not a range of counts"),
        (((1, 2), 5), "not a range of counts"),
        ((1, float("nan")), "not a range of counts"),
        ((1, float("inf")), "not a range of counts"),
        ((1, LARGEST_COUNT + 1), "not a range of counts"),
        ((1, 10**400), "not a range of counts"),
        ((1500, 800), r"1,500 is above 800"),
    ],
)
def test_bounds_that_cannot_be_are_refused_with_their_flow(bounds, says):
    """By the parts and by the columns; what would be right is said."""
    with pytest.raises(GraphError, match=says) as parts:
        graph(SELF, replace(WEB, samples_range=bounds))
    with pytest.raises(GraphError, match=says) as columns:
        replace(graph(SELF, Flow("web", "a")), ranges={1: bounds})
    for caught in (parts.value, columns.value):
        assert "'web' -> 'a'" in caught.problem
        assert caught.place == ("flows", 1, "samples")
        assert caught.remedy.startswith("write the low")


def test_the_largest_bounds_are_allowed():
    """From one to the largest count."""
    assert graph(replace(WEB, samples_range=(1, LARGEST_COUNT))).ranges == {0: (1, LARGEST_COUNT)}


def test_a_flow_has_a_count_or_a_range():
    """Both would contradict each other, or say the same twice."""
    with pytest.raises(GraphError, match="are 900 and also 800 to 1500"):
        graph(replace(WEB, samples=900))


def test_columns_name_flows_that_exist_and_ranges_that_are_open():
    """A number of no flow, and a range of one number beside a count that is unknown."""
    with pytest.raises(GraphError, match="flow number 3"):
        replace(graph(), ranges={3: (1, 2)})
    with pytest.raises(GraphError, match="flow number -1"):
        replace(graph(), ranges={-1: (1, 2)})
    with pytest.raises(GraphError, match="from 5 to 5"):
        replace(graph(), ranges={0: (5, 5)})


def test_an_archive_holds_what_a_range_may_draw():
    """Up to its size, and no more; where the size is unknown, anything."""
    assert archive(1500, WEB).ranges == archive(None, WEB).ranges == {0: (800, 1500)}
    with pytest.raises(GraphError, match="up to 1500 samples from an archive of 1499") as caught:
        archive(1499, WEB)
    assert caught.value.place == ("flows", 0, "samples")


def test_a_count_that_becomes_known_drops_its_range():
    """However it became known; the others keep theirs, and the first graph is as it was."""
    made = graph(WEB, SELF, replace(ON, samples_range=(3, 4)))
    known = replace(made, samples=np.array([1000.0, 90.0, np.nan]))
    assert known.ranges == {2: (3, 4)}
    assert made.ranges == {0: (800, 1500), 2: (3, 4)}
    assert next(known.flows) == Flow("web", "a", 1000)


# -- stand-ins ---------------------------------------------------------------------------------------


def test_a_stand_in_for_unknown_counts_leaves_ranges():
    """Five is no number from 800 to 1,500."""
    made = graph().with_unknown_samples(5)
    np.testing.assert_array_equal(made.samples, [np.nan, 90, 5])
    assert made.ranges == {0: (800, 1500)}


@pytest.mark.parametrize(("end", "count"), [("low", 800), ("middle", 1095), ("high", 1500)])
def test_a_range_is_taken_at_an_end_or_its_middle(end, count):
    """The geometric mean of 800 and 1,500 is 1,095.4; counts without a range stay unknown."""
    made = graph().with_samples_at(end)
    np.testing.assert_array_equal(made.samples, [count, 90, np.nan])
    assert made.ranges == {}
    assert graph(SELF).with_samples_at(end) == graph(SELF)


@given(st.integers(1, LARGEST_COUNT), st.integers(1, LARGEST_COUNT))
def test_the_middle_is_the_whole_number_next_to_the_geometric_mean(one, other):
    """In whole numbers, without a root: (m - 1/2)^2 <= low * high <= (m + 1/2)^2."""
    low, high = min(one, other), max(one, other)
    made = graph(replace(WEB, samples_range=(low, high))).with_samples_at("middle")
    middle = int(made.samples[0])
    assert low <= middle <= high
    assert (2 * middle - 1) ** 2 <= 4 * low * high <= (2 * middle + 1) ** 2


def test_an_end_is_low_middle_or_high():
    """And nothing else."""
    with pytest.raises(GraphError, match="low, middle, high"):
        graph().with_samples_at("mean")


def test_external_models_that_become_known_leave_ranges():
    """They are about other counts."""
    made = InteractionGraph.from_flows([WEB, Flow("v", "a", 3)], ["web"], [Model("v", external=True)])
    assert made.with_external_samples(100).ranges == made.ranges == {0: (800, 1500)}


# -- where graphs are made of graphs -----------------------------------------------------------------


def test_a_field_with_a_range_is_unknown_and_can_be_set():
    """The count takes the range's place; other fields leave it."""
    pipeline = Pipeline(graph())
    field = parse_field("web->a", pipeline)
    assert field.get(pipeline) is None
    assert field.set(pipeline, 1000).graph == graph(Flow("web", "a", 1000), SELF, ON)
    assert field.set(pipeline, 7).graph.ranges == {}
    heavier = parse_field("web->a.weight", pipeline).set(pipeline, 2.0)
    assert heavier.graph.flow(0) == replace(WEB, weight=2.0)


def test_ranges_follow_their_flows_when_one_goes_or_comes():
    """Flows are numbered anew."""
    made = graph(SELF, WEB, replace(ON, samples_range=(3, 4), emission=Emission(temperature=0.5)))
    pipeline = Pipeline(made)
    fewer = parse_field("a->a", pipeline).set(pipeline, 0).graph
    assert list(fewer.flows) == list(made.flows)[1:]
    without = parse_field("web->a", pipeline).set(pipeline, 0).graph
    assert list(without.flows) == [SELF, list(made.flows)[2]]
    more = parse_field("web->b", pipeline).set(pipeline, 6).graph
    assert list(more.flows) == [*made.flows, Flow("web", "b", 6)]


def test_the_graph_of_models_alone_holds_no_range_of_another_flow():
    """Its flows are those of models whose counts are known."""
    made = graph(WEB, SELF, Flow("web", "c", 7))
    alone = np.array([name == "c" for name in made.model_names])
    assert list(only_real_flows(made, alone).flows) == [Flow("web", "c", 7)]


def test_networkx_carries_ranges():
    """There and back; a plain unknown count stays one."""
    assert from_networkx(to_networkx(graph())) == graph()
    plain = nx.DiGraph([("a", "b", {"samples_range": [2, 3]}), ("b", "a")])
    assert from_networkx(plain).ranges == {0: (2, 3)}


def test_the_digest_of_known_counts_does_not_depend_on_how_they_became_known():
    """A run with a stand-in is the run of the count; another count is another run."""
    taken = graph(WEB, SELF).with_samples_at("low")
    assert graph_fingerprint(taken) == graph_fingerprint(graph(Flow("web", "a", 800), SELF))
    assert graph_fingerprint(taken) != graph_fingerprint(graph(WEB, SELF).with_samples_at("high"))


# -- diagnoses and simulations -----------------------------------------------------------------------


def test_a_diagnosis_knows_that_risk_is_bounded_and_not_how_large():
    """As for unknown counts, since the condition needs none."""
    assert diagnose(graph()).verdict == diagnose(graph(("web", "a"), SELF, ON)).verdict == "bounded"
    assert (
        diagnose(graph(replace(SELF, samples=None, samples_range=(5, 9)), sources=())).verdict == "collapses"
    )


def test_a_diagnosis_tells_bounds_and_the_way_out():
    """Bounds apart from what is plainly unknown; the document says what and where, as ever."""
    text = " ".join(as_text(diagnose(graph())).split())
    assert "flow 'web' -> 'a': between 800 and 1,500 samples. Only bounds are known for 1 of 3 flows." in text
    assert "samples of flow 'a' -> 'b': unknown for 1 of 3 flows." in text
    assert "try --assume samples=1000 --assume range=middle." in text
    assert "`headwater sensitivity FILE`" in text
    assert diagnose(graph()).to_dict()["missing"] == [
        {"what": "samples", "place": "flow 'a' -> 'b'"},
        {"what": "samples", "place": "flow 'web' -> 'a'"},
    ]


def test_nothing_is_said_of_bounds_where_there_are_none():
    """And nothing of counts plainly unknown where all have bounds."""
    assert "sensitivity" not in as_text(diagnose(graph(("web", "a"), SELF)))
    text = as_text(diagnose(graph(WEB, SELF)))
    assert "samples=1000" not in text
    assert "unknown for" not in text


@pytest.mark.parametrize("end", ENDS)
def test_a_diagnosis_at_an_end_is_that_of_the_exact_count(end):
    """With the assumption listed, once, and nothing missing."""
    made = diagnose(graph(WEB, SELF), assume_range=end)
    count = {"low": 800, "middle": 1095, "high": 1500}[end]
    exact = diagnose(graph(Flow("web", "a", count), SELF))
    assert made.of("a") == exact.of("a")
    assert made.missing == ()
    extra = set(made.assumptions) - set(exact.assumptions)
    assert extra == {f"samples: {ENDS[end]} of its range for each of 1 flows that have one"}


def test_a_stand_in_for_unknown_counts_counts_no_ranges():
    """One flow is unknown, the other has a range and stays unknown."""
    made = diagnose(graph(), assume_samples=50)
    assert "samples: 50 for each of 1 flows whose count is unknown" in made.assumptions
    assert [item.place for item in made.missing] == ["flow 'web' -> 'a'"]
    assert diagnose(graph(), assume_samples=50, assume_range="low").missing == ()
    assert diagnose(graph(ON, SELF), assume_range="low").assumptions == diagnose(graph(ON, SELF)).assumptions


def test_thousands_of_ranges_are_told_in_few_words():
    """Unknown counts come first in what is missing, so that neither hides the other."""
    flows = [Flow("web", f"m{at}", samples_range=(1, 9)) for at in range(1_200)]
    made = diagnose(graph(*flows, Flow("web", "last")))
    assert len(made.missing) == 1_000
    assert made.left_out["missing"] == 201
    text = " ".join(as_text(made).split())
    assert "and so on. Only bounds are known for 1,200 of 1,201 flows." in text
    assert "samples of flow 'web' -> 'last': unknown for 1 of 1,201 flows." in text


def test_a_simulation_refuses_ranges_and_says_how_to_take_one_number():
    """With both ways where both are needed; a stand-in runs."""
    refused = {
        (WEB, SELF): ("only a range", ["range=middle", "with_samples_at"], ["samples=1000"]),
        (WEB, SELF, ON): ("only a range", ["range=middle", "samples=1000"], []),
        (SELF, ON): ("no known count", ["samples=1000"], ["range="]),
    }
    for flows, (problem, told, untold) in refused.items():
        with pytest.raises(GraphError, match=problem) as caught:
            simulate(Pipeline(graph(*flows, sources=["web"] if WEB in flows else [])), **BRIEF)
        assert all(word in caught.value.remedy for word in told)
        assert not any(word in caught.value.remedy for word in untold)
    made = Pipeline(graph(WEB, SELF).with_samples_at("middle"))
    exact = Pipeline(graph(Flow("web", "a", 1095), SELF))
    assert simulate(made, **BRIEF).risk.equals(simulate(exact, **BRIEF).risk)


BRIEF = {"family": GaussianMean(), "replicates": 3, "seed": 1, "generations": 2}
