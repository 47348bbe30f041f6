"""What facts become: flows, sources, external models, loops, and a report of all of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.grounding import ground
from headwater.lineage import Entity, Facts, Key, Place, Relation, RoleRule, Rules, read_rules, to_graph
from headwater.lineage.formats.ecosystem_graphs import read
from headwater.lineage.rules import Alias

EXAMPLE = Path(__file__).parents[2] / "examples" / "ecosystem-graphs-rules.yaml"


def flows(graph):
    return {(flow.provider, flow.model) for flow in graph.flows}


def external(graph):
    return {name for name, flag in zip(graph.model_names, graph.external, strict=True) if flag}


# -- the real records -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(shared_data):
    return read(shared_data / "ecosystem_graphs")


def test_real_names_without_a_record(real):
    """240 by exact spelling; four of them differ in case only, which leaves 236 (295 uses)."""
    unknown = to_graph(real)[1].unknowns
    names = [*unknown.unresolved, *unknown.says_nothing]
    assert (len(names), sum(name.uses for name in names)) == (240, 309)
    unknown = to_graph(real, read_rules(EXAMPLE))[1].unknowns
    names = [*unknown.unresolved, *unknown.says_nothing]
    assert (len(names), sum(name.uses for name in names)) == (236, 295)
    assert [name.name for name in unknown.says_nothing] == ["Unknown"]


def test_real_dependencies_by_kind(real):
    """The table of an independent reading, which resolved the four case-only names."""
    table = {
        (item.depended_on, item.dependent): item.dependencies
        for item in to_graph(real, Rules(aliases=read_rules(EXAMPLE).aliases))[1].assumptions
    }
    assert table == {
        ("no record", "model"): 227,
        ("dataset", "model"): 177,
        ("model", "model"): 155,
        ("model", "application"): 65,
        ("no record", "dataset"): 61,
        ("application", "application"): 61,
        ("dataset", "dataset"): 29,
        ("model", "dataset"): 19,
        ("application", "model"): 9,
        ("no record", "application"): 7,
        ("application", "dataset"): 6,
    }


def test_the_one_real_loop_passes_through_an_application(real):
    """Four records make one cycle, and one model learns from its own output."""
    graph, report = to_graph(real)
    (cycle,) = report.cycles
    assert cycle.steps == (
        ("Anthropic RLHF models",),
        ("Anthropic Human Feedback Interface",),
        ("Anthropic Helpfulness dataset", "Anthropic Harmlessness dataset"),
    )
    assert cycle.applications == ("Anthropic Human Feedback Interface",)
    assert cycle.is_loop
    assert report.made.loops == (("Anthropic RLHF models",),)
    assert ("Anthropic RLHF models", "Anthropic RLHF models") in flows(graph)
    assert report.applications.passed == ("Anthropic Human Feedback Interface",)


def test_dropping_applications_loses_the_only_real_loop(real):
    _, report = to_graph(real, Rules(applications="none"))
    assert not report.made.loops
    assert len(report.cycles) == 1
    assert not report.cycles[0].is_loop
    assert "no loop of data" in str(report)


def test_passing_all_applications_adds_five_false_real_flows(real):
    """Three by USM inside YouTube, two by BERT and MUM inside Google Search: 41 become 46.

    Beside them, 12 uses of LLaMA 2 and LLaMa, which differ from a recorded model in case alone.
    """
    narrow, wide = (to_graph(real, Rules(applications=setting))[1] for setting in ("loops", "all"))
    assert narrow.made.flows_from_models == 41 + 12
    assert narrow.applications.flows_all_would_add == 5
    assert wide.made.flows_from_models == 46 + 12
    assert narrow.applications.not_passed == ("Google Search", "YouTube")


def test_the_real_dataset_that_lists_itself_is_an_error_of_its_record(real):
    _, report = to_graph(real)
    (error,) = report.errors
    assert str(error).startswith("nvidia.yaml:62: dataset 'VIMA dataset' lists itself")


def test_the_deepest_real_chain_has_seven_steps(real):
    """Three generations of generated data deep; Tulu 2 DPO is as deep as Tulu 2."""
    _, report = to_graph(real)
    names = "code-davinci-002 dataset, code-davinci-002, text-davinci-002, text-davinci-003, Alpaca dataset"
    assert report.deepest.length == 7
    assert [step for (step,) in report.deepest.steps] == [
        *names.split(", "),
        "WizardLM",
        "Tulu-V2-mix",
        "Tulu 2",
    ]
    assert "Tulu 2 DPO" in report.deepest.others
    assert report.made.deepest.steps == (("text-davinci-003",), ("WizardLM",), ("Tulu 2",))


def test_the_example_rules_remove_the_eleven_false_real_flows(real):
    """CLIP filtered LAION: eleven models lose its flow, none loses its data, every rule fits."""
    before, _ = to_graph(real)
    after, report = to_graph(real, read_rules(EXAMPLE))
    lost = flows(before) - flows(after)
    assert {provider for provider, _ in lost} >= {"CLIP"}
    assert sum(provider == "CLIP" for provider, _ in lost) == 11
    assert not any(flow.provider == "CLIP" for flow in after.flows)
    assert ("LAION-400M", "Parti") in flows(after)
    assert all(use.decided for use in report.rules)


def test_real_models_all_stay_and_undisclosed_ones_are_external(real):
    """429 records name 424 models; 156 records, of 151 models, name no dependency.

    LLaMA 2 and LLaMa, which no record has, are spelled nearly like a recorded model.
    """
    graph, report = to_graph(real)
    assert len(graph.model_names) == 424 + 2
    assert len(report.unknowns.undisclosed) == 151
    assert np.isnan(graph.samples).all()
    alike = {"LLaMA 2", "LLaMa"}
    assert set(report.unknowns.undisclosed) | set(report.unknowns.untaught) | alike == external(graph)
    assert "GPT-4" in external(graph)


def test_the_real_graph_has_one_ungrounded_model(real):
    graph, _ = to_graph(real)
    assert [name for name in graph.model_names if ground(graph).of(name) == "ungrounded"] == [
        "Anthropic RLHF models"
    ]


def test_the_real_report_is_a_json_document_with_every_list_in_full(real):
    _, report = to_graph(real)
    document = json.loads(json.dumps(report.to_dict()))
    assert len(document["unknowns"]["unresolved"]) == 239
    assert len(document["flows"]) == 474
    ends = ("text-davinci-003", "Alpaca")
    (flow,) = (flow for flow in document["flows"] if (flow["provider"], flow["model"]) == ends)
    assert flow["via"] == ["Alpaca dataset"]
    assert flow["place"].startswith("stanford.yaml:")
    assert "... and 233 more" in str(report)


# -- meaning, one claim each ------------------------------------------------------------------


def test_a_generated_dataset_is_a_flow_from_its_model(facts):
    graph, report = to_graph(facts("model T <- web\nmodel S <- D\ndataset D <- T"))
    assert flows(graph) == {("web", "T"), ("T", "S")}
    assert graph.source_names == ("web",)
    assert [flow.samples for flow in graph.flows] == [None, None]
    assert report.flows[1].via == ("D",)
    assert report.flows[1].place == "records.yaml:2"


def test_a_dataset_of_datasets_passes_on_what_is_behind_them(facts):
    """Models through two datasets, and real data beside them; a real dataset stays whole."""
    graph, _ = to_graph(
        facts("model T <- web\ndataset D <- T\ndataset R <- books\ndataset E <- D, R, pages\nmodel S <- E")
    )
    assert flows(graph) == {("web", "T"), ("T", "S"), ("R", "S"), ("pages", "S")}


def test_the_same_data_by_two_ways_is_one_flow(facts):
    graph, report = to_graph(
        facts("model T <- web\ndataset D <- T\ndataset E <- T\nmodel S <- D, E, web, web\n")
    )
    assert flows(graph) == {("web", "T"), ("T", "S"), ("web", "S")}
    assert report.made.merged == 2


def test_weights_are_no_flow_and_undisclosed_is_not_real(facts):
    graph, report = to_graph(facts("model A <-\nmodel B <- A\nmodel C <- B, web"))
    assert external(graph) == {"A", "B"}
    assert flows(graph) == {("web", "C")}
    assert report.unknowns.undisclosed == ("A",)
    assert report.unknowns.untaught == ("B",)


def test_a_model_trained_on_its_own_dataset_is_a_loop(facts):
    graph, report = to_graph(facts("model A <- D, web\ndataset D <- A"))
    assert flows(graph) == {("A", "A"), ("web", "A")}
    assert report.made.loops == (("A",),)
    assert report.cycles[0].steps == (("A",), ("D",))


def test_a_cycle_that_closes_by_weights_alone_is_no_loop_of_data(facts):
    _, report = to_graph(facts("model A <- B, web\nmodel B <- D\ndataset D <- A"))
    assert len(report.cycles) == 1
    assert not report.cycles[0].is_loop
    assert report.made.loops == ()


def test_datasets_that_hold_each_other_end(facts):
    """A cycle of datasets without a model is a cycle of the records, and its data are real."""
    graph, report = to_graph(facts("dataset D <- E\ndataset E <- D\nmodel A <- D"))
    assert flows(graph) == {("D", "A")}
    assert len(report.cycles) == 1
    assert not report.made.loops


def test_a_self_listing_dataset_keeps_its_other_data(facts):
    graph, report = to_graph(facts("dataset D <- D, T\nmodel T <- web\nmodel S <- D"))
    assert flows(graph) == {("web", "T"), ("T", "S")}
    assert len(report.errors) == 1
    assert not report.cycles


def test_an_application_passes_on_only_where_it_closes_a_cycle(facts):
    """The other model inside the application, and the other dataset made with it, stay out."""
    text = """
        application App <- A, Other
        dataset Inside <- App
        dataset Outside <- App, B
        model A <- Inside, web
        model Other <- web
        model B <- web
        model C <- Outside
    """
    graph, report = to_graph(facts(text))
    assert flows(graph) == {
        ("A", "A"),
        ("web", "A"),
        ("web", "Other"),
        ("web", "B"),
        ("B", "C"),
        ("App", "C"),
    }
    assert report.applications.sources == ("App",)
    graph, _ = to_graph(facts(text), Rules(applications="all"))
    assert flows(graph) >= {("Other", "A"), ("A", "C"), ("Other", "C")}
    assert "App" not in graph.source_names


def test_an_application_without_models_behind_it_is_real(facts):
    for setting in ("loops", "all", "none"):
        graph, _ = to_graph(
            facts("application Site <-\ndataset D <- Site\nmodel A <- D"), Rules(applications=setting)
        )
        assert flows(graph) == {("D", "A")}


def test_unresolved_names_can_be_external_models(facts):
    graph, report = to_graph(
        facts("model A <- GPT, D\ndataset D <- GPT, X\nmodel B <- Unknown"), Rules(unresolved="external")
    )
    assert external(graph) == {"GPT", "X", "B"}
    assert flows(graph) == {("GPT", "A"), ("X", "A")}
    assert [(name.name, name.uses) for name in report.unknowns.unresolved] == [("GPT", 2), ("X", 1)]


@pytest.mark.parametrize("word", ["Unknown", "none", "N/A"])
def test_a_word_for_not_knowing_is_no_source(facts, word):
    """Two models with unknown data do not share one, and neither learns from reality."""
    graph, report = to_graph(facts(f"model A <- {word}\nmodel B <- {word}"))
    assert external(graph) == {"A", "B"}
    assert graph.source_names == ()
    assert report.unknowns.says_nothing[0].uses == 2


def test_a_source_gives_way_to_a_model_of_its_name(facts):
    graph, report = to_graph(facts("dataset X <-\nmodel X <- X\nmodel Y <- X"))
    assert flows(graph) == {("X (dataset)", "X"), ("X (dataset)", "Y")}
    assert report.made.renamed == ("X (dataset)",)


def test_a_name_of_two_kinds_is_chosen_by_a_stated_rule_and_reported(facts):
    """Training takes the dataset; a record never takes itself; an alias decides otherwise."""
    records = facts("model X <- web\ndataset X <- X\nmodel Y <- X")
    graph, report = to_graph(records)
    assert flows(graph) == {("web", "X"), ("X", "Y")}
    assert [issue.severity for issue in report.issues] == ["warning"]
    assert "'X', named by 'Y'" in report.issues[0].message
    graph, report = to_graph(records, Rules(aliases={"X": Alias("X", "model")}))
    assert external(graph) == {"Y"}
    assert not report.issues


def test_an_asset_of_unknown_type_is_like_a_name_without_a_record(facts):
    graph, report = to_graph(facts("thing X <- T\nmodel T <- web\nmodel A <- X"))
    assert flows(graph) == {("web", "T"), ("X", "A")}
    assert report.unknowns.unknown_kind == ("X",)


def test_no_records_make_an_empty_graph():
    graph, report = to_graph(Facts("nowhere", 0))
    assert graph.model_names == ()
    assert "nothing" in str(report)


# -- rules ------------------------------------------------------------------------------------


def test_the_first_rule_that_fits_decides(facts):
    rules = (RoleRule("T", "D", "filtered"), RoleRule("T*", "*", "generated"), RoleRule("Z", "*", "drop"))
    graph, report = to_graph(facts("model T <- web\ndataset D <- T, books\nmodel S <- D, T"), Rules(rules))
    assert flows(graph) == {("web", "T"), ("D", "S"), ("T", "S")}
    assert [use.decided for use in report.rules] == [1, 1, 0]
    assert "nothing fits Z -> *: drop" in str(report)


@pytest.mark.parametrize("role", ["generated", "labelled", "translated", "trained-on"])
def test_roles_that_bring_data_make_flows(facts, role):
    graph, _ = to_graph(facts("model T <- web\nmodel S <- T"), Rules((RoleRule("T", "S", role),)))
    assert ("T", "S") in flows(graph)


@pytest.mark.parametrize("role", ["filtered", "judged", "initialised", "drop"])
def test_roles_that_bring_no_data_make_none(facts, role):
    graph, _ = to_graph(
        facts("model T <- web\ndataset D <- T\nmodel S <- D"), Rules((RoleRule("T", "D", role),))
    )
    assert flows(graph) == {("web", "T"), ("D", "S")}


def test_what_generated_data_is_a_model_even_without_a_record(facts):
    graph, _ = to_graph(
        facts("dataset D <- GPT, web\nmodel S <- D"), Rules((RoleRule("GPT", "*", "generated"),))
    )
    assert flows(graph) == {("GPT", "S"), ("web", "S")}
    assert external(graph) == {"GPT"}


def test_an_application_that_a_rule_says_gives_data_is_followed_to_its_models(facts):
    """Through another application; its other dataset still gets nothing."""
    text = """
        model T <- web
        application API <- T
        application Chat <- API
        model S <- Chat
        dataset D <- Chat
        model U <- D
    """
    graph, _ = to_graph(facts(text), Rules((RoleRule("Chat", "S", "generated"),)))
    assert flows(graph) == {("web", "T"), ("T", "S"), ("D", "U")}


def test_a_model_that_lists_itself_is_an_error_unless_a_rule_says_loop(facts):
    records = facts("model A <- A, web")
    graph, report = to_graph(records)
    assert (flows(graph), len(report.errors)) == ({("web", "A")}, 1)
    graph, report = to_graph(records, Rules((RoleRule("A", "A", "generated"),)))
    assert (flows(graph), len(report.errors)) == ({("web", "A"), ("A", "A")}, 0)


def test_an_alias_reaches_an_asset_and_is_never_applied_unasked(facts):
    records = facts("model Llama 2 <- web\ndataset D <- LLaMA 2\nmodel S <- D")
    graph, report = to_graph(records)
    assert ("Llama 2", "S") not in flows(graph)
    # Perhaps a model, it must not pass for real data.
    assert external(graph) == {"LLaMA 2"}
    assert [(found.written, found.candidates) for found in report.suggestions] == [("LLaMA 2", ("Llama 2",))]
    graph, report = to_graph(records, Rules(aliases={"LLaMA 2": Alias("Llama 2")}))
    assert ("Llama 2", "S") in flows(graph)
    assert not report.suggestions


def test_an_alias_may_join_two_spellings_that_no_record_has(facts):
    records = facts("model A <- CommonCrawl\nmodel B <- Common Crawl, Common Crawl")
    graph, report = to_graph(records)
    assert report.suggestions[0].candidates == ("CommonCrawl",)
    graph, _ = to_graph(records, Rules(aliases={"CommonCrawl": Alias("Common Crawl")}))
    assert graph.source_names == ("Common Crawl",)


@pytest.mark.parametrize(
    ("alias", "said"),
    [
        (
            Alias("Lama", place=Place("r.yaml", 3)),
            "r.yaml:3: alias 'x': no record is called 'Lama'\nknown: D, Llama; did",
        ),
        (Alias("Llama", "dataset"), "no dataset is called 'Llama'\nrecorded: model 'Llama'"),
    ],
)
def test_an_alias_to_nothing_is_an_error(facts, alias, said):
    with pytest.raises(InputError) as caught:
        to_graph(facts("model Llama <- web\ndataset D <- x"), Rules(aliases={"x": alias}))
    assert said in str(caught.value)


# -- whatever the facts -----------------------------------------------------------------------

names = st.sampled_from(["A", "B", "C", "D", "E", "unknown"])
kinds = st.sampled_from(["model", "dataset", "application", "unknown"])
keys = st.tuples(kinds, names)


@st.composite
def any_facts(draw):
    entities = draw(st.lists(keys, max_size=8))
    relations = draw(st.lists(st.tuples(st.sampled_from(entities), names), max_size=16)) if entities else []
    return Facts(
        "made up",
        1,
        tuple(Entity(Key(*key), Place("x", 1)) for key in entities),
        tuple(
            Relation(Key(*subject), Key("unknown", name), "dependency", Place("x", 2))
            for subject, name in relations
        ),
    )


any_rules = st.builds(
    Rules,
    roles=st.lists(
        st.builds(
            RoleRule,
            st.sampled_from(["A", "[BC]", "*"]),
            names,
            st.sampled_from(["generated", "drop", "judged"]),
        ),
        max_size=2,
    ).map(tuple),
    applications=st.sampled_from(["loops", "all", "none"]),
    unresolved=st.sampled_from(["source", "external"]),
)


@settings(max_examples=200, deadline=None)
@given(records=any_facts(), rules=any_rules)
def test_any_facts_make_a_graph(records, rules):
    """Every recorded model is in it, every flow has evidence, and the report can be printed."""
    graph, report = to_graph(records, rules)
    models = {entity.name for entity in records.entities if entity.kind == "model"}
    assert models <= set(graph.model_names)
    assert len(report.flows) == len(graph.provider)
    assert str(report)
    assert json.dumps(report.to_dict())


@settings(max_examples=100, deadline=None)
@given(records=any_facts())
def test_letting_more_applications_pass_only_adds_flows_between_models(records):
    between = []
    for setting in ("none", "loops", "all"):
        graph, _ = to_graph(records, Rules(applications=setting))
        between.append({(p, m) for p, m in flows(graph) if p in graph.model_names})
    assert between[0] <= between[1] <= between[2]
