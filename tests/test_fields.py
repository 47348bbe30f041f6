"""Fields by name: every spelling, what setting one does, and what is said of a name that is none."""

from __future__ import annotations

import pytest

from headwater.emission import Emission
from headwater.errors import GraphError
from headwater.fields import Field, parse_field
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.pipeline import Pipeline
from headwater.regimes import Window
from tests.pipelines import PARTS

EVERY = {
    "tickets->teacher": (1000, 500),
    "student->teacher.weight": (0.5, 2.0),
    "teacher->student.temperature": (1.0, 0.5),
    "teacher->student.top_p": (1.0, 0.9),
    "teacher->student.variance": (1.0, 0.0),
    "teacher->student.keep_right": (1.0, 0.25),
    "teacher->student.keep_wrong": (1.0, 0.0),
    "archive.size": (50_000, 60_000),
    "student.initial.archive": (10_000, 20_000),
    "generations": (20, 7),
    "regime": ("replace", "window:3"),
}


def graph(*flows, sources=("web",), models=()):
    return Pipeline(InteractionGraph.from_flows(flows, sources, models))


@pytest.mark.parametrize("name", EVERY)
def test_every_field_is_read_and_set_by_its_name(name):
    """The old value, the new one in its place, the original untouched, and nothing else changed."""
    old, new = EVERY[name]
    field = parse_field(name, PARTS)
    assert str(field) == name
    changed = field.set(PARTS, new)
    assert (field.get(PARTS), field.get(changed)) == (old, new)
    assert field.set(changed, old) == PARTS
    for other in EVERY.keys() - {name}:
        assert parse_field(other, PARTS).get(changed) == EVERY[other][0]


def test_a_changed_field_is_what_the_file_would_say():
    """One of each kind, against a graph written with the new values."""
    changed = PARTS
    for name, value in {
        "tickets->teacher": 7,
        "teacher->student.top_p": 0.5,
        "judge.initial.archive": 9,
        "archive.size": 20_000,
        "regime": "window:2",
    }.items():
        changed = parse_field(name, changed).set(changed, value)
    parts = InteractionGraph.from_parts(
        [Source("tickets"), Source("archive", "fixed", 20_000)],
        [
            Model("teacher"),
            Model("student", initial={"archive": 10_000}),
            Model("judge", frozen=True, initial={"archive": 9}),
            Model("vendor", external=True),
        ],
        [
            Flow("tickets", "teacher", 7),
            Flow("student", "teacher", 9_000, 0.5),
            Flow("teacher", "student", 10_000, emission=Emission(top_p=0.5)),
            Flow("vendor", "student"),
        ],
    )
    assert (set(changed.graph.flows), changed.regime) == (set(parts.flows), Window(2))
    assert (list(changed.graph.models), list(changed.graph.sources)) == (
        list(parts.models),
        list(parts.sources),
    )


def test_no_samples_remove_a_flow_and_the_biases_of_others_stay_with_them():
    """Flows are numbered, and numbers behind the removed one move."""
    biased = Flow("a", "b", 20, 0.5, Emission(temperature=0.5))
    pipeline = graph(("web", "a", 10), ("web", "b", 5), biased)
    without = parse_field("web->b", pipeline).set(pipeline, 0)
    assert list(without.graph.flows) == [Flow("web", "a", 10), biased]
    assert parse_field("web->b", without).get(without) == 0


def test_a_flow_that_is_not_there_is_added():
    """Both ends exist; it has weight 1 and no bias. None of it is no flow."""
    pipeline = graph(("web", "a", 10), ("a", "b", 20))
    field = parse_field(" web -> b ", pipeline)
    assert field.get(pipeline) == 0
    assert field.set(pipeline, 0) == pipeline
    assert list(field.set(pipeline, 30).graph.flows)[-1] == Flow("web", "b", 30)


def test_an_unknown_count_is_none_and_can_be_filled():
    """Of a flow from an external model."""
    field = parse_field("vendor->student", PARTS)
    assert field.get(PARTS) is None
    assert field.get(field.set(PARTS, 12)) == 12


def test_initial_samples_may_go_but_not_the_last():
    """Without any, a model would start from as many samples as flow in, which nobody asked for."""
    models = [Model("a", initial={"web": 5, "lab": 6})]
    pipeline = graph(("web", "a", 10), sources=("web", "lab"), models=models)
    less = parse_field("a.initial.web", pipeline).set(pipeline, 0)
    assert dict(next(iter(less.graph.models)).initial) == {"lab": 6}
    with pytest.raises(GraphError, match=r"a\.initial\.lab is 0 and the model has no other"):
        parse_field("a.initial.lab", less).set(less, 0)


def test_the_longest_name_that_exists_is_meant():
    """Names may hold dots, blanks, and the words of fields."""
    pipeline = graph(
        ("web", "b", 1), ("web", "b.weight", 2), ("my v1.5 model", "b", 3), ("b", "my v1.5 model", 4)
    )
    assert parse_field("web->b.weight", pipeline) == Field("flow", ("web", "b.weight"), "samples")
    assert parse_field("web->b.weight.weight", pipeline) == Field("flow", ("web", "b.weight"), "weight")
    assert parse_field("b->my v1.5 model", pipeline).get(pipeline) == 4
    assert parse_field("my v1.5 model->b.top_p", pipeline).get(pipeline) == 1


def test_an_arrow_in_a_name_is_read_where_it_can_only_mean_one_thing():
    """Else both readings are told."""
    pipeline = graph(("web", "x->y", 5), ("x->y", "z", 6))
    assert parse_field("x->y->z", pipeline).get(pipeline) == 6
    assert parse_field("web->x->y", pipeline).get(pipeline) == 5
    two = graph(("web", "b->c", 1), ("a->b", "c", 2), ("a", "b->c", 3), ("b->c", "a", 1), ("c", "a->b", 1))
    with pytest.raises(GraphError, match="may mean two fields") as raised:
        parse_field("a->b->c", two)
    assert all(name in raised.value.problem for name in ("'a'", "'b->c'", "'a->b'", "'c'"))


@pytest.mark.parametrize(
    ("name", "problem", "remedy"),
    [
        ("techer->student", "no model or source is called 'techer'", "did you mean 'teacher'"),
        ("teacher->studnt", "no model is called 'studnt'", "did you mean 'student'"),
        ("teacher->archive", "'archive' is a source", "name a model"),
        ("teacher->student.temprature", "a flow has no 'temprature'", "did you mean 'temperature'"),
        ("generation", "no field is called 'generation'", "did you mean 'generations'"),
        ("archve.size", "no field is called 'archve.size'", "did you mean 'archive.size'"),
        ("teacher.size", "no field", "SOURCE.size"),
        ("archive.initial.student", "no field", "MODEL.initial.SOURCE"),
        ("teacher", "no field", "A->B"),
        ("", "no field", "A->B"),
    ],
)
def test_a_name_that_is_no_field_is_told_what_there_is(name, problem, remedy):
    """With the nearest, where one is near."""
    with pytest.raises(GraphError) as raised:
        parse_field(name, PARTS)
    assert problem in raised.value.problem
    assert remedy in raised.value.remedy


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("tickets->teacher", 1.5, "tickets->teacher is 1.5"),
        ("tickets->teacher", -1, "tickets->teacher is -1"),
        ("tickets->teacher", "5", "not a number"),
        ("student->teacher.weight", 0, "student->teacher.weight is 0"),
        ("teacher->student.top_p", 1.5, "teacher->student.top_p: top_p is 1.5"),
        ("tickets->teacher.top_p", 0.5, "is a source"),
        ("tickets->student.weight", 2, "there is no flow tickets->student"),
        ("archive.size", 100, "archive of 100"),
        ("tickets.size", 100, "is fresh and yet has a size"),
        ("student.initial.archive", 60_000, "an archive of 50000"),
        ("judge->vendor", 5, "frozen model"),
        ("generations", 0, "generations is 0"),
        ("generations", "20", "generations is '20'"),
        ("generations", float("inf"), "generations is inf"),
        ("regime", "replce", "no regime is called 'replce'"),
    ],
)
def test_a_value_that_cannot_be_is_one_error(name, value, problem):
    """Of the graph or the pipeline that it would make, with what would be right."""
    field = parse_field(name, PARTS)
    with pytest.raises(GraphError) as raised:
        field.set(PARTS, value)
    assert problem in raised.value.problem
    assert raised.value.remedy


def test_the_last_flow_into_a_model_cannot_go():
    """Nothing would be left to train it on."""
    pipeline = graph(("web", "a", 10))
    with pytest.raises(GraphError, match="nothing flows into it"):
        parse_field("web->a", pipeline).set(pipeline, 0)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("tickets->teacher", " 1e4 ", 10_000),
        ("tickets->teacher", "0", 0),
        ("student->teacher.weight", "0.25", 0.25),
        ("generations", "5", 5),
        ("regime", "window:3", "window:3"),
    ],
)
def test_a_value_is_read_from_text(name, text, value):
    """As a whole number where only these can be."""
    read = parse_field(name, PARTS).parse(text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tickets->teacher", "many"),
        ("tickets->teacher", "1.5"),
        ("tickets->teacher", "1_000"),
        ("tickets->teacher", "inf"),
        ("student->teacher.weight", "nan"),
        ("student->teacher.weight", ""),
        ("regime", "window"),
    ],
)
def test_text_that_spells_no_value_is_one_error(name, text):
    """With what to write instead."""
    with pytest.raises(GraphError) as raised:
        parse_field(name, PARTS).parse(text)
    assert raised.value.remedy


@pytest.mark.parametrize(
    "text", ["9007199254740993", "9007199254740992.5", "9007199254740993e0", "1" * 5000, "inf"]
)
def test_a_count_that_a_float_would_round_is_refused(text):
    """As in pipeline files; the largest that is exact is taken, however it is written."""
    field = parse_field("tickets->teacher", PARTS)
    with pytest.raises(GraphError, match=r"tickets->teacher is") as raised:
        field.parse(text)
    assert "9,007,199,254,740,992" in raised.value.remedy
    assert field.parse("9007199254740992") == field.parse(" 9.007199254740992e15 ") == 2**53
