"""The reader reports what is there with its line, and never stops at one bad record."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.lineage import Facts, Place
from headwater.lineage.formats.ecosystem_graphs import read
from headwater.lineage.reading import LONGEST_NAME


def said(facts: Facts) -> list[tuple[str, str]]:
    return [(issue.severity, str(issue)) for issue in facts.issues]


# -- the real records -------------------------------------------------------------------------


def test_every_real_record_is_read(shared_data):
    """Counts that an independent reading of the same 173 files gave."""
    facts = read(shared_data / "ecosystem_graphs" / "assets")
    assert facts.files == 173
    assert Counter(entity.kind for entity in facts.entities) == {
        "model": 429,
        "dataset": 112,
        "application": 98,
    }
    assert len(facts.relations) == 816


def test_the_five_repeated_real_records_are_the_only_issues(shared_data):
    """ChatGLM, Imagen 3, InternLM, Dragonfly and GPT-4o are recorded twice."""
    facts = read(shared_data / "ecosystem_graphs")
    assert [issue.severity for issue in facts.issues] == ["warning"] * 5
    for name in ("ChatGLM", "Imagen 3", "InternLM", "Dragonfly", "GPT-4o"):
        assert sum(f"'{name}'" in issue.message for issue in facts.issues) == 1


def test_real_facts_point_at_their_lines(shared_data):
    """The line of each place holds the name, in all 1,455 facts."""
    root = shared_data / "ecosystem_graphs" / "assets"
    facts = read(root)
    lines = {file.name: file.read_text("utf-8").splitlines() for file in root.glob("*.yaml")}
    for place, name in [
        *((entity.place, entity.name) for entity in facts.entities),
        *((relation.place, relation.object.name) for relation in facts.relations),
    ]:
        # Names that the file writes in escapes or over two lines hold at least their first word.
        line = lines[place.path][place.line - 1]
        assert name.split()[0].strip("'") in line.encode().decode("unicode_escape") or name.split()[0] in line


# -- traps, one each --------------------------------------------------------------------------


def test_fields_may_be_wrapped_with_an_explanation(folder):
    """``{value, explanation}`` counts as its value in every field that is read."""
    facts = read(
        folder(
            a="- type: {value: model, explanation: x}\n"
            "  name: {value: A}\n"
            "  dependencies: {explanation: some, value: [B, {value: C}]}\n"
        )
    )
    assert [(entity.kind, entity.name) for entity in facts.entities] == [("model", "A")]
    assert [relation.object.name for relation in facts.relations] == ["B", "C"]
    assert facts.relations[0].place == Place("a.yaml", 3)
    assert facts.relations[0].count is None
    assert not facts.issues


@pytest.mark.parametrize("dependencies", ["{explanation: secret}", "{}", "{value: null}"])
def test_dependencies_without_a_value_stay_unknown(folder, dependencies):
    """An empty wrapper is reported, and is not the same as an empty list of dependencies."""
    facts = read(folder(a=f"- {{type: model, name: A, dependencies: {dependencies}}}"))
    assert len(facts.entities) == 1
    assert not facts.relations
    assert said(facts) == [("warning", "a.yaml:1: dependencies of 'A' have no value: they stay unknown")]


@pytest.mark.parametrize("dependencies", ["[]", "null", "{value: []}"])
def test_no_dependencies_are_no_issue(folder, dependencies):
    assert not read(folder(a=f"- {{type: model, name: A, dependencies: {dependencies}}}")).issues


@pytest.mark.parametrize("dependencies", ["web", "3", "{value: {a: b}}", "'web, books'"])
def test_dependencies_that_are_no_list_are_left_out(folder, dependencies):
    """A text may be one name or several: it is not read as either."""
    facts = read(folder(a=f"- {{type: model, name: A, dependencies: {dependencies}}}"))
    assert len(facts.entities) == 1
    assert not facts.relations
    assert [issue.severity for issue in facts.issues] == ["error"]
    assert "not a list" in facts.issues[0].message


@pytest.mark.parametrize("item", ["null", "''", "[x]", "{a: b}", "!custom x", "x" * (LONGEST_NAME + 1)])
def test_a_dependency_that_is_no_name_is_left_out_alone(folder, item):
    facts = read(folder(a=f"- {{type: model, name: A, dependencies: [B, {item}, C]}}"))
    assert [relation.object.name for relation in facts.relations] == ["B", "C"]
    assert [issue.severity for issue in facts.issues] == ["error"]


@pytest.mark.parametrize("name", ["null", "[A]", "{explanation: x}", "'  '", "{value: [A]}", "y" * 501])
def test_a_record_without_a_name_is_left_out_alone(folder, name):
    facts = read(
        folder(a=f"- {{type: model, name: {name}, dependencies: [B]}}\n- {{type: dataset, name: D}}")
    )
    assert [entity.name for entity in facts.entities] == ["D"]
    assert not facts.relations
    assert [issue.severity for issue in facts.issues] == ["error"]


@pytest.mark.parametrize("record", ["just text", "[a, b]", "null", "42"])
def test_a_record_that_is_no_mapping_is_left_out_alone(folder, record):
    facts = read(folder(a=f"- {{type: model, name: A}}\n- {record}\n- {{type: model, name: B}}"))
    assert [entity.name for entity in facts.entities] == ["A", "B"]
    assert [str(issue.place) for issue in facts.issues] == ["a.yaml:2"]


@pytest.mark.parametrize("name", ["1984", "3.50", "2022-10-06", "NO"])
def test_names_that_yaml_takes_for_numbers_keep_their_spelling(folder, name):
    facts = read(folder(a=f"- {{type: model, name: {name}}}"))
    assert [entity.name for entity in facts.entities] == [name]
    assert [issue.severity for issue in facts.issues] == ["warning"]


def test_a_type_that_is_none_stays_unknown_and_names_the_nearest(folder):
    facts = read(folder(a="- {type: Modell, name: A}\n- {name: B}\n- {type: [model], name: C}"))
    assert [entity.kind for entity in facts.entities] == ["unknown"] * 3
    assert "did you mean 'model'?" in facts.issues[0].message
    assert len(facts.issues) == 3


def test_nothing_similar_is_merged(folder):
    """Identity is kind and exact spelling, blanks and letters of any script included."""
    facts = read(
        folder(
            a="\n".join(
                f"- {{type: model, name: {name}}}"
                for name in ("A", "a", "A+", "\N{GREEK CAPITAL LETTER ALPHA}", "'A '")
            )
        )
    )
    assert [entity.name for entity in facts.entities] == [
        "A",
        "a",
        "A+",
        "\N{GREEK CAPITAL LETTER ALPHA}",
        "A ",
    ]
    assert not facts.issues


def test_the_same_name_in_two_kinds_is_two_assets(folder):
    assert not read(folder(a="- {type: model, name: A}\n- {type: dataset, name: A}")).issues


def test_a_field_written_twice_counts_once(folder):
    facts = read(folder(a="- {type: model, name: A, name: B}"))
    assert [entity.name for entity in facts.entities] == ["B"]
    assert "written twice" in facts.issues[0].message


# -- broken and hostile files -----------------------------------------------------------------

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is empty"),
        (b"# nothing\n", "is empty"),
        (b"{type: model, name: A}", "not a list of assets"),
        (b"text", "not a list of assets"),
        (b"- {type: model, name: A", "is not YAML"),
        (b"- a\n---\n- b\n", "is not YAML"),
        (b"- *nowhere", "is not YAML"),
        (b"- \xff\xfe\xfd", "is not YAML"),
        (b"\x00", "is not YAML"),
        (b"[" * 100_000, "nested more than"),
        (b"- " * 10_000, "nested more than"),
        (b"{a: " * 10_000, "nested more than"),
        (LAUGHS.encode(), "aliases written out"),
        (b"- &a [*a]", "inside what it names"),
        (b"- " + b"x" * (9 * 2**20), "larger than"),
        (b"- x\n" * 600_000, "more than 500,000 values"),
    ],
    ids=lambda value: str(value[:12]) if isinstance(value, bytes) else None,
)
def test_a_broken_or_hostile_file_is_one_issue(folder, content, part):
    """The other file is read, and nothing hangs, recurses or unfolds."""
    facts = read(folder(bad=content, good="- {type: model, name: A}"))
    assert [entity.name for entity in facts.entities] == ["A"]
    assert len(facts.issues) == 1
    assert part in facts.issues[0].message
    assert facts.issues[0].place.path == "bad.yaml"


def test_nothing_in_a_file_is_executed(folder, tmp_path):
    target = tmp_path / "made"
    facts = read(
        folder(
            a=f"- !!python/object/apply:pathlib.Path.touch [!!python/object/new:pathlib.Path ['{target}']]"
        )
    )
    assert not target.exists()
    assert len(facts.issues) == 1


def test_aliases_are_followed_within_the_budget(folder):
    facts = read(
        folder(a="- {type: model, name: A, dependencies: &d [W]}\n- {type: model, name: B, dependencies: *d}")
    )
    assert [relation.subject.name for relation in facts.relations] == ["A", "B"]


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_facts_or_issues(tmp_path_factory, content):
    root = tmp_path_factory.mktemp("bytes")
    (root / "a.yaml").write_bytes(content)
    facts = read(root)
    assert facts.files == 1
    assert all(entity.place.line >= 1 for entity in facts.entities)
    assert all(relation.place.line >= 1 for relation in facts.relations)


leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["A", "B", "model", "dataset", ""])
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["name", "type", "dependencies", "value", "x"]), inner, max_size=5),
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(records=st.lists(values, max_size=4))
def test_any_shape_of_yaml_is_facts_or_issues(tmp_path_factory, records):
    """Wrong types anywhere: a record gives its asset, or an issue says why not."""
    import yaml

    root = tmp_path_factory.mktemp("shapes")
    (root / "a.yaml").write_text(yaml.safe_dump(records), "utf-8")
    facts = read(root)
    errors = sum(issue.severity == "error" for issue in facts.issues)
    assert len(facts.entities) + errors >= len(records)
    assert all(entity.name.strip() for entity in facts.entities)


# -- folders ----------------------------------------------------------------------------------


def test_a_missing_folder_is_one_error(tmp_path):
    with pytest.raises(InputError, match="there is no such folder"):
        read(tmp_path / "nowhere")


def test_a_file_instead_of_a_folder_is_one_error(folder):
    with pytest.raises(InputError, match="is a file, not a folder"):
        read(folder(a="- {type: model, name: A}") / "a.yaml")


def test_a_folder_without_yaml_is_one_error(tmp_path):
    (tmp_path / "readme.md").write_text("hello")
    with pytest.raises(InputError, match=r"holds no \.yaml or \.yml file"):
        read(tmp_path)


def test_the_repository_stands_for_its_assets(folder, tmp_path):
    """Given the whole repository, other YAML in it is not read."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a.yml").write_text("- {type: model, name: A}")
    facts = read(folder(schema="- {type: model, name: NO}"))
    assert [entity.name for entity in facts.entities] == ["A"]
    assert facts.origin.endswith("assets")


def test_folders_below_are_read_and_hidden_ones_are_not(tmp_path):
    for name in ("a", ".github"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.YAML").write_text("- {type: model, name: A}")
    assert [str(entity.place) for entity in read(tmp_path).entities] == ["a/x.YAML:1"]


def test_a_file_that_cannot_be_opened_is_one_issue(folder, monkeypatch):
    """Said by the system when the file is opened, whoever runs the test."""
    root, opened = folder(bad="- x", good="- {type: model, name: A}"), Path.open

    def refuse(path, *given, **named):
        if path.name == "bad.yaml":
            raise PermissionError(13, "Permission denied")
        return opened(path, *given, **named)

    monkeypatch.setattr(Path, "open", refuse)
    facts = read(root)
    assert [entity.name for entity in facts.entities] == ["A"]
    assert said(facts) == [
        ("error", "bad.yaml: no permission to read this file; nothing was read from the file")
    ]


def test_a_folder_below_that_cannot_be_listed_is_one_issue(folder, tmp_path, monkeypatch):
    root, listed = folder(good="- {type: model, name: A}"), os.scandir
    (tmp_path / "locked").mkdir()

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    facts = read(root)
    assert len(facts.entities) == 1
    assert [str(issue.place) for issue in facts.issues] == ["locked"]
    with pytest.raises(InputError, match="cannot be listed"):
        read(tmp_path / "locked")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of Unix")
def test_a_pipe_or_broken_link_does_not_hang(folder, tmp_path):
    root = folder(good="- {type: model, name: A}")
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere")
    facts = read(root)
    assert len(facts.entities) == 1
    assert {issue.place.path for issue in facts.issues} == {"pipe.yaml", "link.yaml"}
