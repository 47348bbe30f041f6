"""Runs taken out: what each read was what was there when it began, and what it wrote counts."""

from __future__ import annotations

import pytest

import headwater as hw
from headwater.grounding import ground
from headwater.lineage import Key, Rules, import_facts, to_graph
from headwater.lineage.rules import Alias
from tests.lineage.made import Record, data, flows, messages, model, sources, ways

D = data("D")
S, T, A, B = model("S"), model("T"), model("A"), model("B")
WEB = data("web")


# -- the order of writes ----------------------------------------------------------------------


def overwritten(minutes):
    """Real -> model -> data -> model -> ..., each under one name, at these minutes."""
    at = iter(minutes)
    record = Record().run("train 0", [(WEB, 1_000)], [S], next(at))
    for generation in range(1, 4):
        record.run(f"sample {generation}", [S], [(D, 900)], next(at))
        record.run(f"train {generation}", [(D, 900)], [S], next(at))
    return record


LOOP = hw.InteractionGraph.from_parts(
    [hw.Source("web")], [hw.Model("S", initial={"web": 1_000})], [hw.Flow("S", "S", 900)]
)


@pytest.mark.parametrize("minutes", [range(7), [5] * 7, [1, 1, 1, 2, 2, 2, 2]])
def test_runs_of_one_time_are_in_the_order_of_the_record(minutes):
    """A tracker's clock may tell seconds, and a toy loop runs in one of them."""
    graph, report = to_graph(overwritten(minutes).facts())
    assert graph == LOOP
    assert report.folding.self_consuming == ("S",)


def test_a_run_that_began_before_an_overwrite_read_what_was_there_before():
    """It read at minute 10; the other model wrote at 30; it ended at 60."""
    record = Record().run("a", [A], [(D, 5)], 5).run("b", [B], [(D, 5)], 30)
    record.run("train", [(D, 5)], [S], ended=60, began=10)
    assert flows(to_graph(record.facts())[0]) == {("A", "S", 5)}


def test_a_run_that_began_after_an_overwrite_read_what_it_wrote():
    record = Record().run("a", [A], [(D, 5)], 5).run("b", [B], [(D, 5)], 30)
    record.run("train", [(D, 5)], [S], ended=60, began=40)
    assert flows(to_graph(record.facts())[0]) == {("B", "S", 5)}


def test_a_write_is_there_when_its_run_ends_and_not_when_it_begins():
    """The second writer began first and ended last: the reader between saw the first one's data."""
    record = Record().run("b", [B], [(D, 5)], ended=50, began=0).run("a", [A], [(D, 5)], ended=10, began=5)
    record.run("train", [(D, 5)], [S], ended=60, began=20)
    assert flows(to_graph(record.facts())[0]) == {("A", "S", 5)}


# -- tables that grow -------------------------------------------------------------------------


def parts_of(graph):
    """What `S` learned from, whatever the real part is called."""
    real = sources(graph)
    return {("real" if flow.provider in real else flow.provider, flow.samples) for flow in graph.flows}


def grown(first, second, read=1_000):
    """A table that two runs appended to, and a model trained on it; each part by its writer."""
    record = Record()
    for at, (by, rows) in enumerate((first, second)):
        record.run(f"append {at}", [by] if by else [(WEB, rows)], [(D, rows)], 1 + at)
    return to_graph(record.run("train", [(D, read)], [S], 9).facts())


@pytest.mark.parametrize("parts", [((T, 900), (None, 100)), ((None, 100), (T, 900))])
def test_more_rows_read_than_last_written_are_of_the_writes_before_too(parts):
    """Nine hundred generated and a hundred real rows, a thousand read: both are in it."""
    graph, report = grown(*parts)
    assert parts_of(graph) == {("T", 900), ("real", 100)}
    assert "1,000" in messages(report)


def test_a_model_that_reads_its_own_rows_under_real_ones_is_not_grounded_by_silence():
    """Were the last hundred real rows taken for all, nine hundred of its own would be hidden."""
    record = Record().run("train 0", [(WEB, 100)], [S], 0)
    for at in range(1, 4):
        record.run(f"sample {at}", [S], [(D, 900)], 10 * at)
        record.run(f"append {at}", [(data("new"), 100)], [(D, 100)], 10 * at + 1)
        record.run(f"train {at}", [(D, 1_000)], [S], 10 * at + 2)
    assert ("S", "S", 900) in flows(to_graph(record.facts())[0])


def test_no_more_rows_read_than_last_written_are_of_the_last_write_alone():
    graph, _ = grown((T, 900), (None, 100), read=100)
    assert parts_of(graph) == {("real", 100)}


# -- counts of runs ---------------------------------------------------------------------------


@pytest.mark.parametrize("stated", [None, 1, 7])
def test_a_run_generated_as_much_as_it_wrote(stated):
    """However many models, files or prompts it says it read."""
    record = Record().run("sample", [(T, stated)], [(D, 40)], 1).run("train", [D], [S], 2)
    assert flows(to_graph(record.facts())[0]) == {("T", "S", 40)}


def test_a_run_that_does_not_say_what_it_wrote_generated_an_unknown_number():
    record = Record().run("sample", [(T, 7)], [D], 1).run("train", [D], [S], 2)
    assert flows(to_graph(record.facts())[0]) == {("T", "S", None)}


# -- who made it ------------------------------------------------------------------------------

BOT = Key("unknown", "bot")


@pytest.mark.parametrize("reads", [(), ((data("prompts"), 40),)], ids=["nothing", "prompts"])
def test_data_of_a_run_of_a_software_agent_are_not_real(reads):
    record = Record().entity(BOT, labels={"agent": "software"})
    record.run("answer", reads, [(D, 40)], 1).says(Key("procedure", "answer"), "associated", BOT)
    graph, _ = to_graph(record.run("train", [(D, 40)], [S], 2).facts())
    assert not sources(graph)
    assert flows(graph) == {("bot", "S", 40)}


def test_data_attributed_to_a_software_agent_are_not_real():
    record = Record().entity(BOT, labels={"agent": "software"}).says(D, "associated", BOT)
    graph, _ = to_graph(record.trained(S, D, 40).facts())
    assert not sources(graph)
    assert flows(graph) == {("bot", "S", 40)}


def test_data_attributed_to_a_person_are():
    record = Record().entity(BOT, labels={"agent": "person"}).says(D, "associated", BOT)
    graph, _ = to_graph(record.trained(S, D, 40).facts())
    assert flows(graph) == {("D", "S", 40)}
    assert sources(graph) == {"D"}


# -- names and kinds --------------------------------------------------------------------------


def test_an_alias_of_data_leaves_a_run_of_that_name_alone():
    """Data called like the run that reads them: as one run, the prompts would train the model."""
    record = Record().entity(data("sample"), 40)
    record.run("sample", [T, data("notes")], [(data("sample"), 40)], 1)
    record.run("train", [(Key("unknown", "train"), 40)], [S], 2)
    graph, _ = to_graph(record.facts(), Rules(aliases={"train": Alias("sample", None)}))
    assert ("notes", "S", None) not in flows(graph)
    assert {provider for provider, *_ in flows(graph)} == {"T"}


def test_two_runs_stay_two_whatever_an_alias_calls_them():
    record = Record().run("fetch", [(WEB, 7)], [data("raw")]).run("fit", [(D, 5)], [S])
    graph, _ = to_graph(record.facts(), Rules(aliases={"fit": Alias("fetch")}))
    assert flows(graph) == {("D", "S", 5)}


def test_what_is_trained_is_a_model_whether_its_data_have_a_record_or_not():
    learner = Key("unknown", "S")
    record = Record().entity(learner).trained(learner, Key("unknown", "web"), 5)
    graph, report = to_graph(record.facts())
    assert graph.model_names == ("S",)
    assert flows(graph) == {("web", "S", 5)}
    assert not report.unknowns.unknown_kind


def test_what_was_generated_is_data_whether_its_model_has_a_record_or_not():
    made = Key("unknown", "made")
    record = Record().entity(made).generated(made, Key("unknown", "somebody"), 5).entity(S)
    graph, _ = to_graph(record.trained(S, made).facts())
    assert flows(graph) == {("somebody", "S", 5)}
    assert not sources(graph)


# -- no run -----------------------------------------------------------------------------------


def test_a_long_way_keeps_the_steps_nearest_to_its_provider_and_the_last():
    """Sixty copies of copies: of sixty-one steps the evidence has nineteen, and the model's own."""
    record = Record().generated(data("copy 0"), T, 5)
    for at in range(1, 60):
        record.says(data(f"copy {at}"), "derived", data(f"copy {at - 1}"), 5)
    made = import_facts(record.trained(S, data("copy 59"), 5).facts())
    assert flows(made.graph) == {("T", "S", 5)}
    ((way,), _) = ways(made, "T", "S")
    assert len(way) == 20
    assert [step["to"] for step in way[:19]] == [f"dataset copy {at}" for at in range(19)]
    assert (way[0]["from"], way[-1]["to"]) == ("model T", "model S")


def test_runs_that_close_a_loop_on_one_table_are_ungrounded_when_nothing_real_is_appended():
    """The negative of the table that grows: only its own rows, read in full."""
    record = Record().run("train 0", [(WEB, 100)], [S], 0)
    for at in range(1, 4):
        record.run(f"sample {at}", [S], [(D, 900)], 10 * at)
        record.run(f"train {at}", [(D, 900)], [S], 10 * at + 2)
    graph, _ = to_graph(record.facts())
    assert ground(graph).of("S") == "ungrounded"
