"""Suggestions: what looks alike is listed once, and nothing else."""

from __future__ import annotations

from headwater.lineage import Entity, Facts, Place, Relation, to_graph
from headwater.lineage.facts import Key
from headwater.lineage.identity import fold


def test_folding_forgets_case_marks_and_blanks():
    assert fold("LLaMA 2") == fold("llama-2") == fold("llama \N{SUPERSCRIPT TWO}")
    assert fold("PaLM 2 dataset") != fold("PaLM 2")
    assert fold("--") == ""


def test_names_of_marks_alone_are_not_alike(facts):
    assert not to_graph(facts("model + <- web\nmodel A <- ++, --"))[1].suggestions


def test_a_suggestion_for_a_fold_of_several_assets_lists_them(facts):
    """Command R and Command R+ are two models: nobody but the user can tell which is meant."""
    _, report = to_graph(facts("model Command R <-\nmodel Command R+ <-\nmodel A <- command r"))
    (found,) = report.suggestions
    assert found.candidates == ("Command R", "Command R+")
    assert found.recorded


def test_many_alike_names_take_no_time_of_their_square():
    """20,000 names that fold the same; comparing each with each would take minutes."""
    place = Place("x", 1)
    subject = Key("model", "M")
    names = ["x" + format(at, "b").replace("0", "-").replace("1", "+") for at in range(20_000)]
    records = Facts(
        "x",
        1,
        (Entity(subject, place),),
        tuple(Relation(subject, Key("unknown", n), "dependency", place) for n in names),
    )
    to_graph(records)
