"""Records of shapes that hurt: each is done in seconds, where a square of its size would take hours."""

from __future__ import annotations

import pytest

from headwater.lineage import Count, Entity, Facts, Key, Place, Relation, import_facts

AT = Place("x", 1)


def facts(relations, entities=()):
    return Facts("x", 1, tuple(entities), tuple(relations))


def one_total_of_many_generators(number):
    data, model = Key("dataset", "D"), Key("model", "S")
    made = [Relation(data, Key("model", f"g{at}"), "generated", AT) for at in range(number)]
    return facts(
        [*made, Relation(model, data, "trained-on", AT)], [Entity(data, AT, Count.exactly(1_000_000))]
    )


def one_run_of_many_inputs_and_outputs(number):
    run = Key("procedure", "run")
    return facts(
        [
            *(Relation(run, Key("dataset", f"in {at}"), "used", AT) for at in range(number)),
            *(Relation(Key("dataset", f"out {at}"), run, "made", AT) for at in range(number)),
        ]
    )


def versions_each_on_data_of_its_own(number):
    return facts(
        Relation(Key("model", "M", str(at)), Key("dataset", f"data {at}"), "trained-on", AT)
        for at in range(number)
    )


def many_small_loops(number):
    found = []
    for at in range(number):
        model, data = Key("model", f"m{at}"), Key("dataset", f"d{at}")
        found += [Relation(data, model, "generated", AT), Relation(model, data, "trained-on", AT)]
    return facts(found)


def a_chain_of_datasets(number):
    chain = [
        Relation(Key("dataset", f"d{at + 1}"), Key("dataset", f"d{at}"), "derived", AT)
        for at in range(number)
    ]
    first = Relation(Key("dataset", "d0"), Key("model", "T"), "generated", AT, Count.exactly(10))
    return facts([first, *chain, Relation(Key("model", "S"), Key("dataset", f"d{number}"), "trained-on", AT)])


def a_lattice(number):
    rows = 6_000 // number
    found = [
        Relation(Key("dataset", f"{row + 1}/{at}"), Key("dataset", f"{row}/{to}"), "derived", AT)
        for row in range(rows)
        for at in range(number // 2)
        for to in (at, (at + 1) % (number // 2))
    ]
    first = [
        Relation(Key("dataset", f"0/{at}"), Key("model", "T"), "generated", AT) for at in range(number // 2)
    ]
    return facts([*found, *first, Relation(Key("model", "S"), Key("dataset", f"{rows}/0"), "trained-on", AT)])


SHAPES = {
    one_total_of_many_generators: (4_000, 4_001),
    one_run_of_many_inputs_and_outputs: (10_000, 0),
    versions_each_on_data_of_its_own: (16_000, 1),
    many_small_loops: (20_000, 20_000),
    a_chain_of_datasets: (50_000, 2),
    a_lattice: (60, 2),
}


@pytest.mark.parametrize(("shape", "size", "models"), [(make, *told) for make, told in SHAPES.items()])
def test_a_shape_that_hurts_is_imported(shape, size, models):
    made = import_facts(shape(size))
    assert len(made.graph.model_names) == models
    assert str(made.report)


def test_a_chain_that_may_have_dropped_some_keeps_its_generator_and_no_count():
    """Derived is all of it or part: ten samples at the start are at most ten at the end."""
    (flow,) = import_facts(a_chain_of_datasets(2_000)).graph.flows
    assert (flow.provider, flow.model, flow.samples) == ("T", "S", None)
