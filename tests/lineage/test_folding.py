"""An unrolled loop folds to the loop it is, with the counts it has, however its versions are told."""

from __future__ import annotations

import re

import pytest

import headwater as hw
from headwater.diagnosis.extremes import at_extremes
from headwater.lineage import (
    Count,
    Entity,
    Facts,
    FoldRule,
    Key,
    Place,
    Relation,
    RoleRule,
    Rules,
    RunRule,
    to_graph,
)
from headwater.pipeline import Pipeline

AT = Place("runs.jsonl", 1)


class Book:
    """Facts, written like a record of runs."""

    def __init__(self):
        self.entities = []
        self.relations = []
        self.lines = 0

    def place(self):
        self.lines += 1
        return Place("runs.jsonl", self.lines)

    def run(self, name, reads=(), writes=(), minute=None, labels=None):
        """A run; `reads` and `writes` are ``(key, count)``."""
        time = "" if minute is None else f"2026-01-01T{minute // 60:02}:{minute % 60:02}:00Z"
        key = Key("procedure", name)
        self.entities.append(Entity(key, self.place(), time=time, labels=labels or {}))
        for asset, number in reads:
            count = None if number is None else Count.exactly(number)
            self.relations.append(Relation(key, asset, "used", self.place(), count, "input"))
        for asset, number in writes:
            count = None if number is None else Count.exactly(number)
            self.entities.append(Entity(asset, self.place(), count if asset.kind == "dataset" else None))
            self.relations.append(Relation(asset, key, "made", self.place(), count, "output"))

    def facts(self):
        return Facts("runs.jsonl", 1, tuple(self.entities), tuple(self.relations))


def unrolled(model, data, real="web", generations=4, fresh=0, times=True):
    """Real -> model 0 -> data 1 -> model 1 -> ...; `fresh` real samples beside the generated ones."""
    book = Book()
    clock = iter(range(10_000))

    def minute():
        return next(clock) if times else None

    book.run("train 0", [(Key("dataset", real), 1_000)], [(model(0), None)], minute())
    for at in range(1, generations):
        book.run(f"sample {at}", [(model(at - 1), None)], [(data(at), 900)], minute())
        more = [(Key("dataset", f"{real} {at}"), fresh)] if fresh else []
        book.run(f"train {at}", [(data(at), 900), *more], [(model(at), None)], minute())
    return book.facts()


BY_HAND = hw.InteractionGraph.from_parts(
    [hw.Source("web")], [hw.Model("student", initial={"web": 1_000})], [hw.Flow("student", "student", 900)]
)


NAMED = Rules(fold=(FoldRule(re.compile(r"_g(?P<gen>\d+)$")),))


def digests(kind, name):
    """Versions that tell no order by themselves."""
    return lambda at: Key(kind, name, f"{(at * 7919 + 13) % 997:x}f")


FOLDED = {
    "names": (
        unrolled(lambda at: Key("model", f"student_g{at}"), lambda at: Key("dataset", f"data_g{at}")),
        NAMED,
    ),
    "versions": (
        unrolled(lambda at: Key("model", "student", str(at)), lambda at: Key("dataset", "data", f"v{at}")),
        Rules(),
    ),
    "overwritten": (unrolled(lambda at: Key("model", "student"), lambda at: Key("dataset", "data")), Rules()),
    "digests": (unrolled(digests("model", "student"), digests("dataset", "data")), Rules()),
}


@pytest.mark.parametrize(("facts", "rules"), FOLDED.values(), ids=FOLDED)
def test_an_unrolled_loop_is_the_loop_written_by_hand(facts, rules):
    graph, report = to_graph(facts, rules)
    assert graph == BY_HAND
    assert report.folding.self_consuming == ("student",)
    assert report.folding.nodes == {"student": 4}
    assert [told.provider for told in report.folding.initial] == ["web"]
    verdict, by_hand = hw.diagnose(graph, generations=10), hw.diagnose(BY_HAND, generations=10)
    assert verdict.to_dict() == by_hand.to_dict()


def test_without_folding_the_same_records_are_a_chain():
    """The negative control: four models in a row, and none collapses."""
    facts = unrolled(lambda at: Key("model", f"student_g{at}"), lambda at: Key("dataset", f"data_g{at}"))
    graph, report = to_graph(facts)
    assert len(graph.model_names) == 4
    assert report.made.loops == ()
    assert "models called student_g* (0 to 3): fold: [{match: '_g(?P<gen>[0-9]+)$', kind: model}]" in (
        report.folding.hints
    )


def test_overwritten_names_taken_as_one_asset_are_a_loop_that_forgets_its_start():
    facts = unrolled(lambda at: Key("model", "student"), lambda at: Key("dataset", "data"))
    graph, _ = to_graph(facts, Rules(overwrites="one"))
    assert {(flow.provider, flow.model) for flow in graph.flows} == {
        ("web", "student"),
        ("student", "student"),
    }


def test_runs_without_times_cannot_be_put_in_order_and_that_is_said():
    facts = unrolled(lambda at: Key("model", "student"), lambda at: Key("dataset", "data"), times=False)
    _, report = to_graph(facts)
    assert any("not all have a time" in issue.message for issue in report.issues)


def test_real_data_of_every_generation_are_a_flow():
    facts = unrolled(
        lambda at: Key("model", f"student_g{at}"), lambda at: Key("dataset", f"data_g{at}"), fresh=100
    )
    rules = Rules(fold=(*NAMED.fold, FoldRule(re.compile(r"^(?P<name>web) (?P<gen>\d+)$"), kind="dataset")))
    graph, report = to_graph(facts, rules)
    by_hand = hw.InteractionGraph.from_parts(
        [hw.Source("web")],
        [hw.Model("student", initial={"web": 1_000})],
        [hw.Flow("web", "student", 100), hw.Flow("student", "student", 900)],
    )
    assert graph == by_hand
    assert not report.folding.initial


def test_one_archive_in_every_generation_is_a_fixed_source():
    """The digest is the same each time; 500 real samples of it beside 900 generated ones."""
    book = Book()
    real = Key("dataset", "real", "sha256:1")
    book.run("train 0", [(real, 500)], [(Key("model", "student", "0"), None)], 0)
    for at in range(1, 4):
        data = Key("dataset", "data", str(at))
        book.run(f"sample {at}", [(Key("model", "student", str(at - 1)), None)], [(data, 900)], 2 * at)
        book.run(
            f"train {at}", [(real, 500), (data, 900)], [(Key("model", "student", str(at)), None)], 2 * at + 1
        )
    graph, report = to_graph(book.facts())
    (source,) = graph.sources
    assert source == hw.Source("real", "fixed", None)
    book.entities.append(Entity(real, AT, Count.exactly(50_000)))
    (source,) = to_graph(book.facts())[0].sources
    assert source == hw.Source("real", "fixed", 50_000)
    assert report.folding.archives == ("real",)
    assert {(flow.provider, flow.samples) for flow in graph.flows} == {("real", 500), ("student", 900)}


def test_a_teacher_trained_once_is_frozen_and_the_student_loops():
    book = Book()
    teacher = Key("model", "teacher")
    book.run("teach", [(Key("dataset", "web"), 5_000)], [(teacher, None)], 0)
    for at in range(3):
        data = Key("dataset", "answers", str(at))
        book.run(f"answer {at}", [(teacher, None)], [(data, 700)], 10 + 2 * at)
        book.run(f"train {at}", [(data, 700)], [(Key("model", "student", str(at)), None)], 11 + 2 * at)
    graph, report = to_graph(book.facts())
    assert list(graph.models) == [
        hw.Model("teacher", frozen=True, initial={"web": 5_000}),
        hw.Model("student"),
    ]
    assert [(flow.provider, flow.model, flow.samples) for flow in graph.flows] == [
        ("teacher", "student", 700)
    ]
    assert report.folding.once == ("teacher",)


def counted(numbers, **rules):
    """A loop whose generations brought these counts."""
    book = Book()
    book.run("train 0", [(Key("dataset", "web"), 5)], [(Key("model", "student", "0"), None)], 0)
    for at, number in enumerate(numbers, 1):
        data = Key("dataset", "data", str(at))
        book.run(f"s{at}", [(Key("model", "student", str(at - 1)), None)], [(data, number)], 2 * at)
        book.run(f"t{at}", [(data, number)], [(Key("model", "student", str(at)), None)], 2 * at + 1)
    graph, report = to_graph(book.facts(), Rules(**rules))
    (flow,) = graph.flows
    return flow.samples, report


@pytest.mark.parametrize(("varying", "samples"), [("unknown", None), ("last", 4), ("least", 4), ("most", 5)])
def test_counts_that_differ_by_generation_are_reported_and_never_averaged(varying, samples):
    """Five, five and four accepted samples, as a real self-training record has them."""
    found, report = counted([5, 5, 4], varying=varying)
    assert found == samples
    (told,) = report.folding.varied
    assert told.said == "5, 5, 4"


def test_one_generation_without_a_count_leaves_the_flow_unknown():
    assert counted([5, None, 5], varying="last")[0] is None


def test_a_chain_of_distillation_is_no_loop_because_two_names_fold():
    """13b teaches 7b: an eager rule makes them one, and the order of versions says it cannot be."""
    book = Book()
    book.run("a", [(Key("dataset", "web"), 10)], [(Key("model", "llm-13b"), None)], 0)
    book.run("b", [(Key("model", "llm-13b"), None)], [(Key("dataset", "out"), 10)], 1)
    book.run("c", [(Key("dataset", "out"), 10)], [(Key("model", "llm-7b"), None)], 2)
    graph, report = to_graph(book.facts(), Rules(fold=(FoldRule(re.compile(r"-(?P<gen>\d+)b$")),)))
    assert graph.model_names == ("llm",)
    assert not any(flow.provider == flow.model for flow in graph.flows)
    assert [(told.provider, told.model) for told in report.folding.artefacts] == [("llm", "llm")]
    assert "a loop only by folding" in str(report)


def test_models_that_keep_all_earlier_data_are_said_to_accumulate():
    book = Book()
    book.run("t0", [(Key("dataset", "web"), 5)], [(Key("model", "m", "0"), None)], 0)
    for at in range(1, 4):
        book.run(
            f"s{at}", [(Key("model", "m", str(at - 1)), None)], [(Key("dataset", "d", str(at)), 7)], 2 * at
        )
        kept = [(Key("dataset", "d", str(back)), 7) for back in range(1, at + 1)]
        book.run(
            f"t{at}", [(Key("dataset", "web"), 5), *kept], [(Key("model", "m", str(at)), None)], 2 * at + 1
        )
    graph, report = to_graph(book.facts())
    assert report.folding.accumulating == ("m",)
    assert {(flow.provider, flow.samples) for flow in graph.flows} == {("m", 7), ("web", 5)}


# -- what runs read and wrote ------------------------------------------------------------------


def flows(graph):
    return {(flow.provider, flow.model, flow.samples) for flow in graph.flows}


def test_prompts_are_no_real_data_of_what_a_model_answers():
    """Taken as data they would ground a student that never sees a real answer."""
    book = Book()
    book.run(
        "ask", [(Key("model", "T"), None), (Key("dataset", "prompts"), 100)], [(Key("dataset", "D"), 100)]
    )
    book.run("train", [(Key("dataset", "D"), 100)], [(Key("model", "S"), None)])
    graph, report = to_graph(book.facts())
    assert flows(graph) == {("T", "S", 100)}
    assert any("only steered it" in item.meaning for item in report.assumptions)
    graph, _ = to_graph(book.facts(), Rules(prompts="data"))
    assert flows(graph) == {("T", "S", None), ("prompts", "S", None)}


def test_data_for_testing_train_nobody():
    book = Book()
    key = Key("procedure", "train")
    book.run("train", [(Key("dataset", "train set"), 80)], [(Key("model", "S"), None)])
    book.relations.append(Relation(key, Key("dataset", "test set"), "used", AT, Count.exactly(20), "testing"))
    assert flows(to_graph(book.facts())[0]) == {("train set", "S", 80)}


def test_two_datasets_that_add_up_to_the_mixture_are_known_parts():
    """1,000 real and 9,000 generated make 10,000; of 5,000 of them nobody knows whose they are."""
    book = Book()
    book.run("sample", [(Key("model", "T"), None)], [(Key("dataset", "made"), 9_000)])
    book.run(
        "mix",
        [(Key("dataset", "made"), 9_000), (Key("dataset", "web"), 1_000)],
        [(Key("dataset", "mix"), 10_000)],
    )
    book.run("train", [(Key("dataset", "mix"), 10_000)], [(Key("model", "S"), None)])
    book.run("train less", [(Key("dataset", "mix"), 5_000)], [(Key("model", "R"), None)])
    graph, report = to_graph(book.facts())
    assert flows(graph) == {("T", "S", 9_000), ("web", "S", 1_000), ("T", "R", None), ("web", "R", None)}
    (total,) = report.totals
    assert (total.model, total.samples) == ("R", 5_000)


def test_a_total_of_several_generators_is_looked_at_at_its_extremes():
    """All from the vendor or all from itself: ungrounded only in the second case."""
    stated = [
        Relation(Key("dataset", "D"), Key("model", "vendor"), "generated", AT),
        Relation(Key("dataset", "D"), Key("model", "S"), "generated", AT),
        Relation(Key("model", "S"), Key("dataset", "D"), "trained-on", AT),
        Relation(Key("model", "vendor"), Key("dataset", "web"), "trained-on", AT),
    ]
    whole = Facts("x", 1, (Entity(Key("dataset", "D"), AT, Count.exactly(1_001)),), tuple(stated))
    graph, report = to_graph(whole)
    assert {samples for _, model, samples in flows(graph) if model == "S"} == {None}
    (total,) = report.totals
    changed = {extreme.provider: extreme.changed for extreme in total.extremes}
    assert changed == {"vendor": (), "S": (("S", "ungrounded"),)}
    assert {end.provider: end.verdict for end in at_extremes(Pipeline(graph), report.totals)} == {
        "vendor": "bounded",
        "S": "collapses",
        "evenly": "bounded",
    }
    graph, _ = to_graph(whole, Rules(unsplit="even"))
    assert {flow for flow in flows(graph) if flow[1] == "S"} == {("vendor", "S", 501), ("S", "S", 500)}


def test_counts_in_other_units_are_never_samples():
    stated = (Relation(Key("model", "S"), Key("dataset", "D"), "trained-on", AT, Count.exactly(7, "tokens")),)
    graph, report = to_graph(Facts("x", 1, (), stated))
    assert flows(graph) == {("D", "S", None)}
    assert report.unknowns.other_units == {"tokens": 1}


def test_counts_that_disagree_are_reported_with_their_places():
    stated = (
        Relation(Key("model", "S"), Key("dataset", "D"), "trained-on", Place("a", 1), Count.exactly(14)),
        Relation(Key("model", "S"), Key("dataset", "D"), "trained-on", Place("b", 2), Count.exactly(18)),
    )
    graph, report = to_graph(Facts("x", 1, (), stated))
    assert flows(graph) == {("D", "S", None)}
    assert any("14 (a:1), 18 (b:2)" in issue.message for issue in report.issues)


def test_data_flagged_synthetic_without_a_generator_are_not_real():
    entities = (Entity(Key("dataset", "D"), AT, Count.exactly(50), synthetic="all"),)
    stated = (Relation(Key("model", "S"), Key("dataset", "D"), "trained-on", AT),)
    graph, _ = to_graph(Facts("x", 1, entities, stated))
    assert flows(graph) == {("unnamed generator of D", "S", 50)}
    assert not list(graph.sources)


def test_data_that_are_partly_generated_hold_something_else_too():
    entities = (Entity(Key("dataset", "D"), AT, Count.exactly(50), synthetic="mixed"),)
    stated = (
        Relation(Key("dataset", "D"), Key("model", "T"), "generated", AT),
        Relation(Key("model", "S"), Key("dataset", "D"), "trained-on", AT),
    )
    graph, report = to_graph(Facts("x", 1, entities, stated))
    assert flows(graph) == {("T", "S", None), ("rest of D", "S", None)}
    assert report.totals[0].samples == 50


def test_placeholders_are_one_node_a_use():
    stated = tuple(
        Relation(Key("model", name), Key("unknown", "generator"), "trained-on", AT) for name in "AB"
    )
    graph, report = to_graph(Facts("x", 1, tuple(Entity(Key("model", name), AT) for name in "AB"), stated))
    assert flows(graph) == {("generator (of A)", "A", None), ("generator (of B)", "B", None)}
    assert report.unknowns.placeholders[0].uses == 2


def test_kinds_are_told_by_rules_and_by_stated_roles():
    from headwater.lineage import KindRule

    stated = (
        Relation(Key("unknown", "S"), Key("unknown", "D"), "trained-on", AT),
        Relation(Key("dataset", "D"), Key("unknown", "weights.pt"), "generated", AT),
    )
    entities = (Entity(Key("unknown", "S"), AT), Entity(Key("unknown", "weights.pt"), AT))
    graph, _ = to_graph(Facts("x", 1, entities, stated), Rules(kinds=(KindRule("*.pt", "model"),)))
    assert flows(graph) == {("weights.pt", "S", None)}


def test_runs_that_name_no_data_can_be_told_by_their_labels():
    """Three iterations, five, five and four accepted: the loop of a record that has only metrics."""
    book = Book()
    for at, accepted in enumerate([5, 5, 4], 1):
        labels = {"param.iteration": str(at), "metric.accepted": f"{accepted}.0", "experiment": "self-train"}
        book.run(f"iteration_{at}", labels=labels)
    rule = RunRule({"experiment": "self-*"}, "student", "param.iteration", "student", "", "metric.accepted")
    graph, report = to_graph(book.facts(), Rules(runs=(rule,), varying="last"))
    assert flows(graph) == {("student", "student", 4)}
    assert report.folding.varied[0].said == "5, 5, 4"
    assert [use.decided for use in report.rules] == [3]
    _, report = to_graph(book.facts())
    assert any("param.iteration" in hint for hint in report.folding.hints)


def test_a_model_recorded_as_an_agent_generates_what_its_activity_made():
    """Provenance of the web knows agents: the activity is associated with the model, and reads nothing."""
    book = Book()
    book.run("answer", [], [(Key("dataset", "D"), 40)], 1)
    book.relations.append(Relation(Key("procedure", "answer"), Key("model", "T"), "associated", AT))
    book.run("train", [(Key("dataset", "D"), 40)], [(Key("model", "S"), None)], 2)
    assert flows(to_graph(book.facts())[0]) == {("T", "S", 40)}


def test_activities_of_one_run_are_one_only_by_a_rule():
    """A loader that read the data and a fit that wrote the model are linked by the run alone."""
    book = Book()
    book.run("load", [(Key("dataset", "D"), 40)], [])
    book.run("fit", [], [(Key("model", "S"), None)])
    for part in ("load", "fit"):
        book.relations.append(Relation(Key("procedure", part), Key("procedure", "run"), "informed", AT))
    assert flows(to_graph(book.facts())[0]) == set()
    assert flows(to_graph(book.facts(), Rules(siblings="together"))[0]) == {("D", "S", 40)}


def test_a_teacher_trained_once_on_unknown_counts_is_external():
    book = Book()
    book.run("teach", [(Key("dataset", "web"), None)], [(Key("model", "teacher"), None)], 0)
    for at in range(2):
        data = Key("dataset", "answers", str(at))
        book.run(f"answer {at}", [(Key("model", "teacher"), None)], [(data, 700)], 10 + 2 * at)
        book.run(f"train {at}", [(data, 700)], [(Key("model", "student", str(at)), None)], 11 + 2 * at)
    graph, _ = to_graph(book.facts())
    assert list(graph.models) == [hw.Model("teacher", external=True), hw.Model("student")]


def unknown_run():
    book = Book()
    book.run("sample", [], [(Key("dataset", "D"), 40)])
    book.run("train", [(Key("dataset", "D"), 40)], [(Key("model", "S"), None)])
    return book


def test_what_a_run_of_unknown_input_wrote_is_as_real_as_the_rules_say():
    graph, report = to_graph(unknown_run().facts())
    assert flows(graph) == {("D", "S", 40)}
    assert any("a run read nothing" in item.meaning for item in report.assumptions)
    graph, _ = to_graph(unknown_run().facts(), Rules(unresolved="external"))
    assert [model.name for model in graph.models if model.external] == ["sample"]


def test_a_stated_generator_is_better_than_a_run_that_read_nothing():
    book = unknown_run()
    book.relations.append(Relation(Key("dataset", "D"), Key("model", "T"), "generated", AT))
    assert flows(to_graph(book.facts())[0]) == {("T", "S", 40)}


def test_a_run_that_says_what_its_model_did_is_believed():
    """A judge that read the data and wrote the scored copy made none of it."""
    for word, wanted in (("judged", {("D", "S", 10)}), ("labelled", {("J", "S", 10)})):
        book = Book()
        book.run("judge", [(Key("dataset", "web"), 10)], [(Key("dataset", "D"), 10)])
        judge = Relation(Key("procedure", "judge"), Key("model", "J"), "used", AT, None, word)
        book.relations.append(judge)
        book.run("train", [(Key("dataset", "D"), 10)], [(Key("model", "S"), None)])
        assert flows(to_graph(book.facts())[0]) == wanted


def test_what_a_judge_chose_among_generated_data_stays_generated():
    """Told by the record's word or by a rule; taken as prompts the data would pass for real."""
    book = Book()
    book.run("sample", [(Key("model", "T"), None)], [(Key("dataset", "X"), 10)])
    book.run("choose", [(Key("dataset", "X"), 10), (Key("model", "J"), None)], [(Key("dataset", "D"), 7)])
    book.run("train", [(Key("dataset", "D"), 7)], [(Key("model", "S"), None)])
    assert flows(to_graph(book.facts())[0]) == {("J", "S", 7)}
    rules = Rules((RoleRule("J", "D", "filtered"),))
    assert flows(to_graph(book.facts(), rules)[0]) == {("T", "S", 7)}


def test_what_models_made_in_all_holds_nothing_of_what_it_was_made_from():
    """Instructions written by a model about real texts are no real texts; those of a synthetic parent are."""
    entities = (
        Entity(Key("dataset", "D"), AT, Count.exactly(60), synthetic="all"),
        Entity(Key("dataset", "E"), AT, Count.exactly(90), synthetic="all"),
    )
    stated = (
        Relation(Key("dataset", "D"), Key("model", "T"), "generated", AT),
        Relation(Key("dataset", "D"), Key("unknown", "wikipedia"), "derived", AT),
        Relation(Key("dataset", "E"), Key("dataset", "D"), "derived", AT),
        Relation(Key("dataset", "E"), Key("dataset", "seeds"), "derived", AT),
        Relation(Key("model", "S"), Key("dataset", "E"), "trained-on", AT),
    )
    assert flows(to_graph(Facts("x", 1, entities, stated))[0]) == {("T", "S", 90)}
    mixed = (Entity(Key("dataset", "D"), AT, Count.exactly(60), synthetic="mixed"),)
    assert ("wikipedia", "S", None) in flows(to_graph(Facts("x", 1, mixed, stated))[0])


def test_a_run_of_very_many_assets_is_joined_through_what_it_read():
    """600 datasets and a model in, 600 datasets and a model out: no 360,000 pairs, and the same flows."""

    def flows_of(number):
        book = Book()
        many = [(Key("dataset", f"in {at}"), None) for at in range(number)]
        outs = [(Key("dataset", f"out {at}"), None) for at in range(number)]
        book.run("big", [*many, (Key("model", "T"), None)], [*outs, (Key("model", "M"), None)])
        book.run("train", [(Key("dataset", "out 0"), None)], [(Key("model", "S"), None)])
        found = flows(to_graph(book.facts())[0])
        return {(provider if provider == "T" else "data", model) for provider, model, _ in found}

    assert flows_of(600) == flows_of(3) == {("T", "S"), ("data", "M")}


def test_a_run_that_is_said_to_have_generated_data_did_so_with_its_model():
    """As the tag of a tracker names a run: the model that it made, or else the one that it read."""
    for reads, writes in (([], [(Key("model", "T"), None)]), ([(Key("model", "T"), None)], [])):
        book = Book()
        book.run("teach", [(Key("dataset", "web"), 5), *reads], writes, 0)
        book.run("train", [(Key("dataset", "D"), 40)], [(Key("model", "S"), None)], 1)
        said = Relation(Key("dataset", "D"), Key("procedure", "teach"), "generated", AT)
        book.relations.append(said)
        assert ("T", "S", 40) in flows(to_graph(book.facts())[0])


def test_what_is_trained_on_itself_is_a_model_that_loops():
    """A row ``s,s,trained-on`` without kinds: taken for unknown it would be a stable outsider."""
    loop = (Relation(Key("unknown", "s"), Key("unknown", "s"), "trained-on", AT, Count.exactly(90)),)
    assert flows(to_graph(Facts("x", 1, (Entity(Key("unknown", "s"), AT),), loop))[0]) == {("s", "s", 90)}
