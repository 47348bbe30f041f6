"""Rules files: what they say is kept, and what they should not say has its line."""

from __future__ import annotations

import pytest

from headwater.errors import InputError
from headwater.lineage import Place, RoleRule, Rules, read_rules
from headwater.lineage.rules import ROLES, Alias


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


@pytest.mark.parametrize("role", ROLES)
def test_every_role_can_be_written(tmp_path, role):
    assert read_rules(write(tmp_path, f"roles: [{{from: a, role: {role}}}]")).roles[0].role == role


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "rolls: []",
            ":1: a rules file has no 'rolls'\nknown: aliases, applications, roles, unresolved; did you mean",
        ),
        ("- a", ":1: a rules file is a list, not a mapping"),
        ("roles: {a: b}", ":1: roles are a mapping, not a list"),
        ("roles:\n  - x", ":2: a role rule is 'x', not a mapping"),
        ("roles:\n  - {from: a}", ":2: a role rule has no role"),
        ("roles:\n  - {role: drop}", ":2: a role rule without from and to would fit every dependency"),
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
