"""The interaction graph: how it is made, what it refuses, that it does not change."""

from __future__ import annotations

import tracemalloc
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater import validation
from headwater.errors import GraphError
from headwater.graph import Flow, InteractionGraph, Model, Source
from tests.theory.graphs import everything, random_graph

WEB = Source("web")
A = Model("a")
FEED = Flow("web", "a", 5)


def parts(sources=(WEB,), models=(A,), flows=(FEED,)):
    return InteractionGraph.from_parts(sources, models, flows)


def columns(**changed):
    """One model on one fresh source, column by column."""
    given_ = {
        "model_names": ("a",),
        "source_names": ("web",),
        "frozen": np.zeros(1, bool),
        "external": np.zeros(1, bool),
        "fixed": np.zeros(1, bool),
        "size": np.full(1, np.nan),
        "provider": np.array([1], np.int32),
        "learner": np.array([0], np.int32),
        "samples": np.array([5.0]),
        "weight": np.ones(1),
        "initial_model": np.zeros(0, np.int32),
        "initial_source": np.zeros(0, np.int32),
        "initial_samples": np.zeros(0),
    }
    return InteractionGraph(**(given_ | changed))


# -- what is refused: problem, what would be right, what to do; and the place ----------------------

WRONG = [
    # names
    (lambda: parts(models=[A, Model("a")]), "two models are called 'a'", "rename", ("models", "a")),
    (lambda: parts(sources=[WEB, WEB]), "two sources are called 'web'", "rename", ("sources", "web")),
    (
        lambda: parts(models=[A, Model("web")]),
        "'web' is both a source and a model",
        "rename one of them",
        ("models", "web"),
    ),
    (lambda: parts(models=[A, Model(" ")]), "model name ' '", "text that is not blank", ("models", " ")),
    (lambda: parts(sources=[WEB, Source("")]), "source name ''", "text that is not blank", ("sources", "")),
    (lambda: parts(models=[A, Model(3)]), "model name 3", "text that is not blank", ("models", 3)),
    (
        lambda: parts(flows=[Flow("web", "a", 5), Flow("web", "aa", 5)]),
        "flow 'web' -> 'aa': no model or source is called 'aa'",
        "did you mean 'a'?",
        ("flows", 1, "to"),
    ),
    (
        lambda: parts(flows=[Flow("webb", "a", 5)]),
        "flow 'webb' -> 'a': no model or source is called 'webb'",
        "did you mean 'web'?",
        ("flows", 0, "from"),
    ),
    (
        lambda: parts(flows=[Flow("web", "a", 5), Flow("a", "web", 5)]),
        "'web' is a source, and nothing flows into a source",
        "let the flow end in a model",
        ("flows", 1, "to"),
    ),
    # counts
    (
        lambda: parts(flows=[Flow("web", "a", 0)]),
        "samples of flow 'web' -> 'a' is 0",
        "whole number",
        ("flows", 0, "samples"),
    ),
    (lambda: parts(flows=[Flow("web", "a", -3)]), "is -3", "whole number", ("flows", 0, "samples")),
    (lambda: parts(flows=[Flow("web", "a", 2.5)]), "is 2.5", "whole number", ("flows", 0, "samples")),
    (
        lambda: parts(flows=[Flow("web", "a", True)]),
        "is True, not a number",
        "whole number",
        ("flows", 0, "samples"),
    ),
    (
        lambda: parts(flows=[Flow("web", "a", "5")]),
        "is '5', not a number",
        "whole number",
        ("flows", 0, "samples"),
    ),
    (
        lambda: parts(flows=[Flow("web", "a", float("nan"))]),
        "is nan",
        "leave it out",
        ("flows", 0, "samples"),
    ),
    (
        lambda: parts(flows=[Flow("web", "a", float("inf"))]),
        "is inf",
        "whole number",
        ("flows", 0, "samples"),
    ),
    (
        lambda: parts(flows=[Flow("web", "a", 2**53 + 1)]),
        "is 9007199254740993",
        "9,007,199,254,740,992",
        ("flows", 0, "samples"),
    ),
    (
        lambda: parts(flows=[Flow("web", "a", 10**400)]),
        "a number of over 30 digits",
        "whole number",
        ("flows", 0, "samples"),
    ),
    (
        lambda: columns(samples=np.array([0.0])),
        "flow 'web' -> 'a' has samples 0",
        "whole number",
        ("flows", 0, "samples"),
    ),
    (lambda: columns(samples=np.array([1.5])), "has samples 1.5", "whole number", ("flows", 0, "samples")),
    (lambda: columns(samples=np.array([np.inf])), "has samples inf", "whole number", ("flows", 0, "samples")),
    (
        lambda: columns(samples=np.array([2.0**53 + 2])),
        "has samples 9.0072e+15",
        "whole number",
        ("flows", 0, "samples"),
    ),
    # weights
    (
        lambda: parts(flows=[Flow("web", "a", 5, 0.0)]),
        "weight of flow 'web' -> 'a' is 0.0",
        "above zero",
        ("flows", 0, "weight"),
    ),
    (lambda: parts(flows=[Flow("web", "a", 5, -1)]), "is -1", "above zero", ("flows", 0, "weight")),
    (lambda: parts(flows=[Flow("web", "a", 5, float("inf"))]), "is inf", "finite", ("flows", 0, "weight")),
    (lambda: parts(flows=[Flow("web", "a", 5, float("nan"))]), "is nan", "finite", ("flows", 0, "weight")),
    (
        lambda: parts(flows=[Flow("web", "a", 5, "2")]),
        "is '2', not a number",
        "above zero",
        ("flows", 0, "weight"),
    ),
    (lambda: parts(flows=[Flow("web", "a", 5, 1e-300)]), "is 1e-300", "above zero", ("flows", 0, "weight")),
    (lambda: columns(weight=np.array([0.0])), "has weight 0", "above zero", ("flows", 0, "weight")),
    (lambda: columns(weight=np.array([np.nan])), "has weight nan", "above zero", ("flows", 0, "weight")),
    # flows
    (
        lambda: columns(learner=np.array([1], np.int32)),
        "flow number 0 goes to no model",
        "from 0",
        ("flows", 0, "to"),
    ),
    (lambda: columns(learner=np.array([-1], np.int32)), "goes to no model", "from 0", ("flows", 0, "to")),
    (
        lambda: columns(provider=np.array([2], np.int32)),
        "flow number 0 comes from nowhere",
        "from 0",
        ("flows", 0, "from"),
    ),
    (
        lambda: columns(provider=np.array([-1], np.int32)),
        "comes from nowhere",
        "from 0",
        ("flows", 0, "from"),
    ),
    (
        lambda: parts(flows=[Flow("web", "a", 5), Flow("a", "a", 2), Flow("web", "a", 6)]),
        "flow 'web' -> 'a' appears twice",
        "add the samples up",
        ("flows", 2),
    ),
    (
        lambda: parts(models=[Model("a", frozen=True, initial={"web": 4})]),
        "goes into a frozen model",
        "remove the flow",
        ("flows", 0, "to"),
    ),
    (
        lambda: parts(models=[Model("a", external=True)]),
        "goes into a frozen model",
        "remove the flow",
        ("flows", 0, "to"),
    ),
    (
        lambda: InteractionGraph.from_flows([("web",)], ["web"]),
        "flow ('web',)",
        "(provider, model)",
        ("flows", 0),
    ),
    (lambda: InteractionGraph.from_flows(["ab"], ["web"]), "flow 'ab'", "(provider, model)", ("flows", 0)),
    # models
    (
        lambda: parts(models=[A, Model("b")]),
        "model 'b' is trained every generation, but nothing flows",
        "add a flow",
        ("models", "b"),
    ),
    (
        lambda: parts(models=[A, Model("b", frozen=True)]),
        "model 'b' is frozen, but was never trained",
        "initial",
        ("models", "b"),
    ),
    (
        lambda: parts(models=[A, Model("b", external=True, initial={"web": 3})]),
        "model 'b' is external, so its training data are unknown",
        "remove `initial`",
        ("models", "b"),
    ),
    (
        lambda: parts(models=[Model("a", initial={"a": 3})]),
        "initial samples of 'a' come from 'a', which is a model, not a source",
        "real data",
        ("models", "a", "initial", "a"),
    ),
    (
        lambda: parts(models=[Model("a", initial={"wed": 3})]),
        "come from 'wed', which is no source",
        "did you mean 'web'?",
        ("models", "a", "initial", "wed"),
    ),
    (
        lambda: parts(models=[Model("a", initial={"web": 0})]),
        "initial samples of 'a' from 'web' is 0",
        "whole number",
        ("models", "a", "initial", "web"),
    ),
    # sources
    (
        lambda: parts(sources=[Source("web", "stale")]),
        "source 'web' has sampling 'stale'",
        "'fresh'",
        ("sources", "web", "sampling"),
    ),
    (
        lambda: parts(sources=[Source("web", "fixed", 0)]),
        "size of source 'web' is 0",
        "whole number",
        ("sources", "web", "size"),
    ),
    (
        lambda: parts(sources=[Source("web", "fresh", 9)]),
        "source 'web' is fresh and yet has a size",
        "sampling: fixed",
        ("sources", "web", "size"),
    ),
    (
        lambda: parts(sources=[Source("web", "fixed", 4)]),
        "flow 'web' -> 'a' draws 5 samples from an archive of 4",
        "at most 4",
        ("flows", 0, "samples"),
    ),
    (
        lambda: parts(sources=[WEB, Source("book", "fixed", 4)], models=[Model("a", initial={"book": 5})]),
        "model 'a' starts from 5 samples of 'book', an archive of 4",
        "at most 4",
        ("models", "a", "initial", "book"),
    ),
]


@pytest.mark.parametrize(("make", "problem", "remedy", "place"), WRONG, ids=[case[1] for case in WRONG])
def test_what_cannot_be_is_refused_in_three_parts(make, problem, remedy, place):
    """What is wrong, with the value and the place; what would be right; what to do."""
    with pytest.raises(GraphError) as caught:
        make()
    error = caught.value
    assert problem in error.problem and "\n" not in error.problem
    assert remedy in error.remedy
    assert error.place == place
    assert str(error) == f"{error.problem}\n{error.remedy}"
    assert isinstance(error, ValueError)


def test_long_values_are_shortened_in_messages():
    """A page of text is not quoted whole."""
    with pytest.raises(GraphError) as caught:
        parts(flows=[Flow("web", "a", "x" * 1000)])
    assert len(caught.value.problem) < 200


@pytest.mark.parametrize("value", [1, 5.0, np.int64(7), np.float32(3), 2**53])
def test_counts_may_be_any_whole_number(value):
    """Of Python or numpy, up to the largest that doubles hold exactly."""
    assert parts(flows=[Flow("web", "a", value)]).flow(0).samples == int(value)


@given(st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.booleans(), st.lists(st.integers())))
def test_any_value_is_a_count_or_the_one_error(value):
    """And a count that is accepted is whole, positive and exact, or unknown."""
    try:
        found = validation.count(value, "it", ())
    except GraphError as error:
        assert error.remedy
    else:
        assert (value is None and np.isnan(found)) or (found == value and 1 <= found <= 2**53)


@given(st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.booleans()))
def test_any_value_is_a_weight_or_the_one_error(value):
    """And a weight that is accepted is finite and above zero."""
    try:
        found = validation.weight(value, "it", ())
    except GraphError as error:
        assert error.remedy
    else:
        assert found == value and 0 < found < np.inf


# -- how it is made ------------------------------------------------------------------------------


def test_three_ways_make_one_graph():
    """Flows alone, declared parts, and columns."""
    by_flows = InteractionGraph.from_flows([("web", "a", 10), ("a", "b", 4, 2.0), ("b", "a")], ["web"])
    by_parts = InteractionGraph.from_parts(
        [WEB], [A, Model("b")], [Flow("web", "a", 10), Flow("a", "b", 4, 2.0), Flow("b", "a")]
    )
    by_arrays = InteractionGraph.from_arrays(
        ["a", "b"],
        ["web"],
        np.array([2, 0, 1], np.int32),
        np.array([0, 1, 0], np.int32),
        np.array([10, 4, np.nan]),
        np.array([1, 2, 1.0]),
    )
    assert by_flows == by_parts == by_arrays
    plain = InteractionGraph.from_arrays(
        ["a"], ["web"], *(np.array([at], np.int32) for at in (1, 0)), np.array([3.0])
    )
    assert plain == InteractionGraph.from_flows([("web", "a", 3)], ["web"])


@pytest.mark.parametrize("seed", range(30))
def test_values_make_the_graph_they_came_from(seed):
    """Sources, models and flows read out and put together again."""
    graph = random_graph(np.random.default_rng([31, seed]), weighted=True)
    assert InteractionGraph.from_parts(graph.sources, graph.models, graph.flows) == graph
    assert InteractionGraph.from_flows(graph.flows, graph.sources, graph.models) == graph


def test_unknown_stays_unknown():
    """NaN inside, None outside, and a number only where one is assumed."""
    graph = InteractionGraph.from_parts(
        [WEB, Source("book", "fixed")],
        [A, Model("v", external=True)],
        [Flow("web", "a"), Flow("book", "a", 3), Flow("v", "a")],
    )
    assert [flow.samples for flow in graph.flows] == [None, 3, None]
    assert [source.size for source in graph.sources] == [None, None]
    assert np.isnan(graph.samples).tolist() == [True, False, True]
    assumed = graph.with_unknown_samples(8)
    assert [flow.samples for flow in assumed.flows] == [8, 3, 8]
    assert [flow.samples for flow in graph.flows] == [None, 3, None]
    with pytest.raises(GraphError, match="assumed samples is 0"):
        graph.with_unknown_samples(0)


def test_an_assumed_count_may_not_exceed_an_archive():
    """Checked again, as for any graph."""
    graph = InteractionGraph.from_flows([("book", "a")], [Source("book", "fixed", 5)])
    with pytest.raises(GraphError, match="archive of 5"):
        graph.with_unknown_samples(6)


def test_frozen_and_external_models_are_told_apart():
    """External models are frozen too, and come back as they were written."""
    models = [A, Model("z", frozen=True, initial={"web": 3}), Model("v", external=True)]
    graph = parts(models=models)
    assert list(graph.models) == models
    assert graph.frozen.tolist() == [False, True, True]
    assert graph.external.tolist() == [False, False, True]
    assert graph.trained.tolist() == [True, False, False]


def test_providers_are_numbered_models_first():
    """Names, numbers and the sparse table agree."""
    graph = everything(True)
    assert [graph.provider_name(at) for at in range(6)] == ["a", "b", "c", "z", "web", "book"]
    assert graph.index_of("c") == graph.model_index["c"] == 2
    table = graph.samples_by_provider.toarray()
    for flow in graph.flows:
        provider = [*graph.model_names, *graph.source_names].index(flow.provider)
        assert table[graph.index_of(flow.model), provider] == flow.samples
    assert table.sum() == sum(flow.samples for flow in graph.flows)
    with pytest.raises(GraphError, match="no model is called 'q'") as caught:
        graph.index_of("q")
    assert "known: a, b, c, z" in caught.value.remedy


def test_the_empty_graph_is_a_graph():
    """Nothing to decide, nothing wrong."""
    graph = InteractionGraph.from_flows([])
    assert repr(graph) == "InteractionGraph(0 models, 0 sources, 0 flows)"
    assert list(graph.flows) == list(graph.models) == list(graph.sources) == []


def test_flows_say_who_gives_to_whom():
    """As errors quote them."""
    assert str(Flow("web", "a", 5)) == "'web' -> 'a'"


# -- equality and immutability -------------------------------------------------------------------


def test_graphs_are_equal_if_every_column_is():
    """Unknown counts are equal to each other; any other difference counts."""
    graph = everything(True)
    assert graph == everything(True)
    assert graph != everything(False)
    assert graph != "graph"
    unknown = InteractionGraph.from_flows([("web", "a")], ["web"])
    assert unknown == InteractionGraph.from_flows([("web", "a")], ["web"])
    assert unknown != InteractionGraph.from_flows([("web", "a", 3)], ["web"])
    renamed = InteractionGraph.from_flows([("net", "a")], ["net"])
    assert unknown != renamed
    with pytest.raises(TypeError):
        hash(graph)


def test_a_graph_does_not_change():
    """Neither its columns nor what they hold."""
    graph = everything(True)
    with pytest.raises(AttributeError):
        graph.samples = np.ones(3)  # type: ignore[misc]
    for item in fields(graph):
        value = getattr(graph, item.name)
        if isinstance(value, np.ndarray) and len(value):
            with pytest.raises(ValueError, match="read-only"):
                value[0] = value[0]


def test_the_callers_arrays_stay_writable():
    """Only the graph's view of them is not."""
    samples = np.array([3.0])
    graph = InteractionGraph.from_arrays(
        ["a"], ["web"], np.array([1], np.int32), np.array([0], np.int32), samples
    )
    samples[0] = 4.0
    assert samples.flags.writeable and not graph.samples.flags.writeable
    assert np.shares_memory(samples, graph.samples)


def test_millions_of_flows_are_not_copied():
    """Two million: the columns are the caller's, and what checking needs is given back."""
    size = 2_000_000
    names = [f"m{at}" for at in range(1000)]
    pair = np.arange(size)
    provider = (pair // 1000 % 2000 % 1000).astype(np.int32)
    learner = (pair % 1000).astype(np.int32)
    provider[pair >= 1_000_000] = 1000 + (pair[pair >= 1_000_000] // 1000 - 1000).astype(np.int32)
    sources = [f"s{at}" for at in range(1000)]
    samples = np.full(size, 7.0)
    weight = np.ones(size)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    graph = InteractionGraph.from_arrays(names, sources, provider, learner, samples, weight)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 1_000_000
    for mine, theirs in (
        (graph.provider, provider),
        (graph.learner, learner),
        (graph.samples, samples),
        (graph.weight, weight),
    ):
        assert np.shares_memory(mine, theirs)
