"""Versions in order, however the records tell it, and what each generation saw."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

import headwater as hw
from headwater.grounding import ground
from headwater.lineage import Count, FoldRule, Rules, import_facts, to_graph
from tests.lineage.made import Record, data, flows, model, sources, ways

WEB = data("web")


# -- the order of versions --------------------------------------------------------------------

NAMES = {
    "letters": ("a", "b", "c", "d"),
    "letters backwards": ("d", "c", "b", "a"),
    "digests": ("f3e", "0a9", "b71", "9cc"),
}


def step(record, learner, teacher, samples=50):
    """`learner` trained on what `teacher` generated for it."""
    made = data(f"by {teacher.name} {teacher.version}")
    record.generated(made, teacher, samples).trained(learner, made, samples)


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_models_that_teach_each_other_in_turn_are_a_loop(names):
    """P a from the web, Q a from P a, P b from Q a, Q b from P b and so on; no times, no numbers."""
    record = Record().trained(model("P", names[0]), WEB, 1_000)
    for at, name in enumerate(names[:3]):
        if at:
            step(record, model("P", name), model("Q", names[at - 1]))
        step(record, model("Q", name), model("P", name))
    graph, report = to_graph(record.facts())
    assert flows(graph) == {("P", "Q", 50), ("Q", "P", 50)}
    assert {each.name: dict(each.initial) for each in graph.models}["P"] == {"web": 1_000}
    assert [(told.provider, told.model) for told in report.folding.initial] == [("web", "P")]
    assert {ground(graph).of(name) for name in "PQ"} == {"ungrounded"}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_models_that_teach_each_other_at_once_are_a_loop(names):
    """Both began with the web; each version learned from the version before of the other."""
    record = Record()
    for name in "PQ":
        record.trained(model(name, names[0]), WEB, 1_000)
    for before, after in pairwise(names[:3]):
        step(record, model("P", after), model("Q", before))
        step(record, model("Q", after), model("P", before))
    graph, report = to_graph(record.facts())
    assert flows(graph) == {("P", "Q", 50), ("Q", "P", 50)}
    assert {(told.provider, told.model) for told in report.folding.initial} == {("web", "P"), ("web", "Q")}
    assert {ground(graph).of(name) for name in "PQ"} == {"ungrounded"}


@pytest.mark.parametrize("backwards", [False, True])
def test_versions_are_ordered_by_when_runs_made_them(backwards):
    """Digests that tell nothing, recorded first to last or last to first: 0 is the oldest."""
    names = NAMES["digests"]
    record = Record()
    runs = [("train 0", [(WEB, 1_000)], [model("S", names[0])], 0)]
    for at in range(1, 4):
        made = data("D", f"{names[at]}0")
        runs.append((f"sample {at}", [model("S", names[at - 1])], [(made, 900)], 10 * at))
        runs.append((f"train {at}", [(made, 900)], [model("S", names[at])], 10 * at + 1))
    for run in reversed(runs) if backwards else runs:
        record.run(*run)
    graph, report = to_graph(record.facts())
    assert graph == hw.InteractionGraph.from_parts(
        [hw.Source("web")], [hw.Model("S", initial={"web": 1_000})], [hw.Flow("S", "S", 900)]
    )
    assert report.folding.ways["time"] == 7
    assert not report.folding.artefacts


@pytest.mark.parametrize(("teacher", "loop"), [(0, True), (1, False), (2, False)])
def test_only_an_older_generation_can_have_fed_a_newer_one(teacher, loop):
    """Two versions of one generation are two of a kind; neither is the other's past."""
    record = Record()
    for name, generation in (("old", 0), ("new", 1), ("twin", 1), ("newest", 2)):
        record.entity(model("S", name), generation=generation)
    by = {0: "old", 1: "twin", 2: "newest"}[teacher]
    record.trained(model("S", "old"), WEB, 100)
    record.generated(data("D"), model("S", by), 50).trained(model("S", "new"), data("D"), 50)
    graph, report = to_graph(record.facts())
    artefacts = [(told.provider, told.model) for told in report.folding.artefacts]
    assert artefacts == ([] if loop else [("S", "S")])
    assert not any(provider == "S" for provider, *_ in flows(graph)) or loop
    assert report.folding.self_consuming == (("S",) if loop else ())


# -- what each generation saw -----------------------------------------------------------------


def generations(number, seen, start=1_000):
    """`S` trained on what it wrote before, and on what `seen` says of each generation."""
    record = Record().trained(model("S", 0), WEB, start)
    for at in range(1, number):
        record.generated(data("own", at), model("S", at - 1), 900).trained(
            model("S", at), data("own", at), 900
        )
    for at, provider, samples in seen:
        if provider.kind == "model":
            made = data(f"by {provider.name}", at)
            record.generated(made, provider, samples).trained(model("S", at), made, samples)
        else:
            record.trained(model("S", at), provider, samples)
    return to_graph(record.facts())


@pytest.mark.parametrize("provider", [WEB, model("vendor")], ids=["real data", "a model"])
def test_data_that_some_generations_lack_are_of_no_known_number(provider):
    """A hundred in the first and third: neither a hundred nor sixty-seven a generation."""
    graph, report = generations(4, [(1, provider, 100), (3, provider, 100)])
    assert (provider.name, "S", None) in flows(graph)
    assert ("S", "S", 900) in flows(graph)
    (told,) = report.folding.intermittent
    assert (told.provider, told.said) == (provider.name, "missing in 2")


@pytest.mark.parametrize("provider", [WEB, model("vendor")], ids=["real data", "a model"])
def test_data_that_every_generation_has_are_of_a_known_number(provider):
    """The control: nothing is missing."""
    graph, _ = generations(4, [(at, provider, 100) for at in (1, 2, 3)])
    assert (provider.name, "S", 100) in flows(graph)


def test_real_data_that_only_the_first_two_of_five_generations_saw_have_ended():
    graph, report = generations(5, [(1, WEB, 100)])
    assert flows(graph) == {("S", "S", 900)}
    assert ground(graph).of("S") == "ungrounded"
    assert not [told for told in report.folding.initial if told.provider == "web"]


@pytest.mark.parametrize("own", [False, True], ids=["another model", "itself"])
def test_data_of_two_older_versions_are_one_provider_and_both_count(own):
    """Sixty from the version before and forty new ones from the one before that: a hundred."""
    record = Record().trained(model("S", 0), WEB, 100)
    for at in range(1, 6):
        # The first teacher of one's own has nobody before it.
        parts = ((1, 100),) if own and at == 1 else ((1, 60), (2, 40))
        for back, samples in parts:
            made = data(f"from {back} before", at)
            teacher = model("S", at - back) if own else model("T", at + 2 - back)
            record.generated(made, teacher, samples).trained(model("S", at), made, samples)
    graph, _ = to_graph(record.facts())
    assert flows(graph) == {("S" if own else "T", "S", 100)}


def test_a_model_of_whose_latest_version_nothing_is_said_is_external():
    """What it was last trained on nobody knows: neither its own data nor the web."""
    record = Record().trained(model("S", 0), WEB, 100).generated(data("D", 1), model("S", 0), 50)
    record.trained(model("S", 1), data("D", 1), 50).entity(model("S", 2))
    graph, _ = to_graph(record.facts())
    (found,) = graph.models
    assert found.external
    assert not flows(graph)


def test_a_model_whose_versions_are_all_told_of_is_not():
    record = Record().trained(model("S", 0), WEB, 100).generated(data("D", 1), model("S", 0), 50)
    record.trained(model("S", 1), data("D", 1), 50).entity(model("S", 1))
    graph, _ = to_graph(record.facts())
    assert not next(iter(graph.models)).external


# -- archives ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holds", "size"), [(None, None), (50_000, 50_000), (Count.exactly(9, "bytes"), None)]
)
@pytest.mark.parametrize("used", [500, None])
def test_an_archive_is_as_large_as_what_it_holds(holds, size, used):
    """Of fifty thousand five hundred are drawn a generation; unknown is not five hundred."""
    archive = data("archive", "sha256:1")
    record = Record().entity(archive, holds)
    for at in range(4):
        record.trained(model("S", at), archive, used)
        if at:
            record.generated(data("own", at), model("S", at - 1), 900)
            record.trained(model("S", at), data("own", at), 900)
    graph, _ = to_graph(record.facts())
    assert list(graph.sources) == [hw.Source("archive", "fixed", size)]
    assert ("archive", "S", used or size) in flows(graph)


# -- evidence ---------------------------------------------------------------------------------


def test_of_many_generations_the_evidence_keeps_the_first_and_the_last():
    """Thirty ways into itself: generations 1 to 10 and 21 to 30."""
    record = Record().trained(model("S", 0), WEB, 100)
    for at in range(1, 31):
        record.generated(data("D", at), model("S", at - 1), 50).trained(model("S", at), data("D", at), 50)
    made = import_facts(record.facts())
    kept, told = ways(made, "S", "S")
    assert told == 30
    learners = [way[-1]["to"] for way in kept]
    assert learners == [f"model S {at} (generation {at})" for at in (*range(1, 11), *range(21, 31))]


def test_of_twenty_generations_it_keeps_all():
    record = Record().trained(model("S", 0), WEB, 100)
    for at in range(1, 21):
        record.generated(data("D", at), model("S", at - 1), 50).trained(model("S", at), data("D", at), 50)
    made = import_facts(record.facts())
    kept, _ = ways(made, "S", "S")
    assert [way[0]["from"] for way in kept] == [f"model S {at} (generation {at})" for at in range(20)]


def test_folding_by_a_rule_keeps_the_data_of_real_rounds_apart_from_generated_ones():
    """The rule folds names; what is real stays real, and what is generated does not become it."""
    record = Record().trained(model("S_g0"), data("round_g0"), 100)
    for at in (1, 2, 3):
        record.generated(data(f"round_g{at}"), model(f"S_g{at - 1}"), 50)
        record.trained(model(f"S_g{at}"), data(f"round_g{at}"), 50)
    graph, _ = to_graph(record.facts(), Rules(fold=(FoldRule(re.compile(r"_g(?P<gen>\d+)$")),)))
    assert flows(graph) == {("S", "S", 50)}
    assert sources(graph) == {"round"}
