"""Plain values and lines from YAML text, within a budget."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.pipeline_file import tree
from headwater.pipeline_file.tree import read_tree
from headwater.pipeline_file.writing import to_yaml

TEXT = """\
a:
  b: [1, two,
      {c: 3}]
'no': >
  folded
  text
"""


def test_every_key_and_item_has_its_line():
    """A path that the file lacks has the line of its nearest part."""
    read = read_tree(TEXT, "p")
    assert read.value == {"a": {"b": [1, "two", {"c": 3}]}, "no": "folded text\n"}
    assert read.line(("a", "b", 2, "c")) == 3
    assert read.line(("a", "b", 1)) == 2
    assert read.line(("a", "b", 2, "missing", "more")) == 3
    assert read.line(("no",)) == 4
    assert read.line(("missing",)) is None
    assert read.line(()) is None


def test_sizes_beyond_the_budget_are_refused(monkeypatch):
    """So many values are a table, and the remedy names its reader."""
    monkeypatch.setattr(tree, "MOST_VALUES", 3)
    assert read_tree("[1, 2]", "p").value == [1, 2]
    with pytest.raises(InputError, match=r"p:1: more than 3 values in one file\n.*read_edges"):
        read_tree("[1, 2, 3]", "p")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_depth_beyond_the_budget_is_refused_before_any_stack_is_used(opening):
    """A hundred thousand levels are one error, not a crash."""
    with pytest.raises(InputError, match=r"nest more than 16 levels|a list or mapping stands where a name"):
        read_tree(opening * 100_000, "p")


def test_an_alias_bomb_is_refused_at_its_first_alias():
    """Nothing is unfolded."""
    bomb = "a: &a [x]\n" + "".join(f"{key}: &{key} [*a, *a]\n" for key in "bcdefgh")
    with pytest.raises(InputError, match=r"p:2: \*a is an alias"):
        read_tree(bomb, "p")


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
known = st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.text(max_size=8), values, min_size=1, max_size=4))
def test_what_pyyaml_writes_quoted_is_read_as_it_was_meant(mapping):
    """PyYAML with all text quoted is a second writer: the reader agrees with it."""
    text = yaml.safe_dump(mapping, default_style='"', allow_unicode=True)
    plain = text.replace("!!int", "").replace("!!float", "").replace("!!bool", "").replace("!!null", "")
    if plain == text:
        assert read_tree(text, "p").value == mapping
    else:
        with pytest.raises(InputError, match="tag"):
            read_tree(text, "p")


@given(
    st.dictionaries(
        st.text(max_size=8), known | st.lists(known | st.text(max_size=8)), min_size=1, max_size=4
    )
)
def test_what_is_written_is_read_back_by_this_and_a_plain_yaml_reader(mapping):
    """Names that other readers take for dates, numbers or choices are quoted."""
    text = to_yaml(mapping)
    assert read_tree(text, "p").value == mapping
    assert yaml.safe_load(text) == mapping
