"""Rules files: what they say is kept, and what they should not say has its line."""

from __future__ import annotations

import pytest

from headwater.errors import InputError
from headwater.lineage import KindRule, Place, RoleRule, Rules, RunRule, read_rules
from headwater.lineage.rules import MEANINGS, Alias, Record


def write(tmp_path, text):
    path = tmp_path / "rules.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_rules_file_says_four_things(tmp_path):
    path = write(
        tmp_path,
        "roles:\n  - {from: CLIP, to: LAION-*, role: filtered}\n  - {to: X, role: drop}\n"
        "aliases:\n  a: B\n  c: {name: C, kind: dataset}\n"
        "applications: all\nunresolved: external\n",
    )
    assert read_rules(path) == Rules(
        roles=(
            RoleRule("CLIP", "LAION-*", "filtered", Place(str(path), 2)),
            RoleRule("*", "X", "drop", Place(str(path), 3)),
        ),
        aliases={"a": Alias("B", None, Place(str(path), 5)), "c": Alias("C", "dataset", Place(str(path), 6))},
        applications="all",
        unresolved="external",
    )


@pytest.mark.parametrize("text", ["", "# only words\n", "{}"])
def test_an_empty_rules_file_changes_nothing(tmp_path, text):
    assert read_rules(write(tmp_path, text)) == Rules()


def test_patterns_are_of_the_shell_and_case_counts():
    rule = RoleRule("CL?P", "LAION-[24]*", "filtered")
    assert rule.fits(["CLIP"], "LAION-400M")
    assert not rule.fits(["clip"], "LAION-400M")
    assert not rule.fits(["CLIP"], "LAION-5B")
    assert rule.fits(["Clip as written", "CLIP"], "LAION-2B-en")
    assert RoleRule("GPT [[]x]", "*", "drop").fits(["GPT [x]"], "Y")


@pytest.mark.parametrize("role", MEANINGS)
def test_every_role_can_be_written(tmp_path, role):
    assert read_rules(write(tmp_path, f"roles: [{{from: a, role: {role}}}]")).roles[0].role == role


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "rolls: []",
            "did you mean 'roles'?",
        ),
        ("- a", ":1: a rules file is a list, not a mapping"),
        ("roles: {a: b}", ":1: roles are a mapping, not a list"),
        ("roles:\n  - x", ":2: a role rule is 'x', not a mapping"),
        ("roles:\n  - {from: a}", ":2: a role rule has no role"),
        ("roles:\n  - {role: drop}", ":2: a role rule without from, to and word would fit every dependency"),
        ("roles:\n  - {from: a, role: filterd}", "did you mean 'filtered'?"),
        ("roles:\n  - {form: a, role: drop}", ":2: a role rule has no 'form'"),
        ("roles:\n  - {from: [a], role: drop}", ":2: from is a list, not a name"),
        ("roles:\n  - {from: a, from: b, role: drop}", ":2: 'from' is written twice"),
        ("aliases: [a]", ":1: aliases is a list, not a mapping"),
        ("aliases:\n  a: [b]", ":2: the alias 'a' is a list, not a name"),
        ("aliases:\n  a:", ":2: the alias 'a' is nothing, not a name"),
        ("aliases:\n  a: b\n  a: c", ":3: 'a' is written twice"),
        ("aliases:\n  a: {kind: model}", ":2: the alias 'a' has no name"),
        ("aliases:\n  a: {name: b, kind: modle}", "did you mean 'model'?"),
        ("aliases:\n  [a]: b", ":2: a key of aliases is a list, not a name"),
        ("applications: loop", ":1: applications is 'loop'\nknown: all, loops, none; did you mean 'loops'?"),
        ("unresolved:\n  maybe", ":2: unresolved is 'maybe'"),
        ("roles: [", "is not YAML"),
        ("a: &a [*a]", "stands inside what it names"),
    ],
)
def test_what_is_no_rule_is_an_error_with_its_line(tmp_path, text, said):
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_rules(path)
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)


def test_a_missing_rules_file_is_one_error(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_rules(tmp_path / "rules.yaml")


def test_every_part_of_a_rules_file_is_kept(tmp_path):
    path = write(
        tmp_path,
        "records: [{format: dvc, path: repo}]\n"
        "kinds: [{name: '*.pt', kind: model}]\n"
        "roles: [{word: base_model, role: generated}]\n"
        "fold: [{match: '_g(?P<gen>[0-9]+)$', kind: model}, {match: '(?P<gen>[0-9]+)', in: param.round}]\n"
        "runs: [{where: {experiment: e*}, model: m, generation: param.i, generated_by: m, samples: n}]\n"
        "placeholders: [generator]\n"
        "overwrites: one\nsiblings: together\nprompts: data\nvarying: last\nunsplit: even\nsources: fixed\n",
    )
    rules = read_rules(path)
    at = [Place(str(path), line) for line in range(1, 6)]
    assert rules.records == (Record("dvc", "repo", at[0]),)
    assert rules.kinds == (KindRule("*.pt", "model", at[1]),)
    assert rules.roles == (RoleRule("*", "*", "generated", at[2], "base_model"),)
    assert [(fold.match.pattern, fold.text, fold.kind) for fold in rules.fold] == [
        ("_g(?P<gen>[0-9]+)$", "name", "model"),
        ("(?P<gen>[0-9]+)", "param.round", None),
    ]
    assert rules.runs == (RunRule({"experiment": "e*"}, "m", "param.i", "m", "", "n", at[4]),)
    assert (rules.placeholders, rules.overwrites, rules.siblings) == (("generator",), "one", "together")
    assert (rules.prompts, rules.varying, rules.unsplit, rules.sources) == ("data", "last", "even", "fixed")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fold: [{match: '_g[0-9]'}]", "has no group gen"),
        ("fold: [{match: '('}]", "is no regular expression"),
        ("fold: [{match: '(a+)+(?P<gen>1)'}]", "repeats a repetition"),
        ("fold: [{match: '(?P<gen>1)" + "x" * 200 + "'}]", "is too long"),
        ("fold: [{in: name}]", "a fold rule has no match"),
        ("kinds: [{name: x, kind: modle}]", "did you mean 'model'?"),
        ("records: [{format: x}]", "a record has no path"),
        ("runs: [{where: {a: b}, model: m}]", "a run rule has no generation"),
        ("runs: [{where: a, model: m, generation: g}]", "where is 'a', not a mapping"),
        ("placeholders: generator", "placeholders are 'generator', not a list"),
        ("varying: mean", "known: last, least, most, unknown"),
    ],
)
def test_each_part_has_errors_of_its_own(tmp_path, text, said):
    with pytest.raises(InputError) as caught:
        read_rules(write(tmp_path, text))
    assert said in str(caught.value)
