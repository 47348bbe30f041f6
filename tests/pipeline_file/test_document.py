"""Each mistake in a pipeline file gets one error with its line, by both of PyYAML's parsers."""

from __future__ import annotations

import pytest
import yaml

from headwater.errors import InputError
from headwater.pipeline import parse_pipeline
from headwater.pipeline_file import tree
from tests.pipelines import PARTS, TEXT


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def _loader(request, monkeypatch):
    """Both of PyYAML's parsers, because an installation may lack the one in C."""
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(tree, "_LOADER", getattr(yaml, request.param))


@pytest.mark.usefixtures("_loader")
def test_a_file_holds_what_it_says():
    """Each word of the file is in the value, and each word of the value was in the file."""
    assert parse_pipeline(TEXT) == PARTS


# What is replaced in TEXT, by what, and the first line of the one error.
WRONG = [
    ("headwater: 1\n", "", "p: the format version is missing"),
    ("headwater: 1", "headwater: 2", "p:1: format version 2 is not known"),
    ("headwater: 1", "headwater: true", "p:1: format version True is not known"),
    ("name: support-ticket distillation", "name: 7", "p:2: `name` is 7"),
    ("  teacher: {}", "  teacher: &a {}\n  other: *a", "p:10: *a is an alias"),
    ("regime: replace", "regime: replce", "p:3: no regime is called 'replce'"),
    ("regime: replace", "regime: {window: 0}", "p:3: window of 0 generations"),
    ("regime: replace", "regime: {window: 3, a: 1}", "p:3: the regime is {'window': 3, 'a': 1}"),
    ("generations: 20", "generations: 0", "p:4: generations is 0"),
    ("generations: 20", "generations: 2.5", "p:4: generations is 2.5"),
    ("generations: 20", "generations: .nan", "p:4: generations is nan"),
    ("generations: 20", "generations: 1_000_001", "p:4: generations is 1000001"),
    ("generations: 20", "generatoins: 20", "p:4: the pipeline has the unknown key 'generatoins'"),
    ("generations: 20", "name: again", "p:4: 'name' is here twice, first on line 2"),
    ("sampling: fresh", "sampling: frsh", "p:6: source 'tickets': `sampling` is 'frsh'"),
    ("sampling: fresh", "size: 5", "p:6: source 'tickets' is fresh and yet has a size"),
    ("size: 50000", "size: 0", "p:7: size of source 'archive' is 0"),
    ("  teacher: {}", "  teacher:", "p:9: model 'teacher' is empty (null)"),
    ("  teacher: {}", "  teacher: []", "p:9: model 'teacher' is a list"),
    ("  teacher: {}", "  tickets: {}", "p:9: 'tickets' is both a source and a model"),
    ("  teacher: {}", "  no: {}", "p:9: no without quotes is text to some readers of YAML"),
    ("  teacher: {}", "  1: {}", "p:9: the name 1 without quotes is not text"),
    ("  teacher: {}", "  ~: {}", "p:9: the name ~ without quotes is not text"),
    ("  teacher: {}", "  ' ': {}", "p:9: model name ' '"),
    (
        "  teacher: {}",
        "  teacher: !!python/object:os.system {}",
        "p:9: the YAML tag '!!python/object:os.system'",
    ),
    ("  teacher: {}", "  teacher: !foo {}", "p:9: the YAML tag '!foo' is not allowed"),
    ("  teacher: {}", "  teacher: {}\n  orphan: {}", "p:10: model 'orphan' is trained every generation, but"),
    ("initial: {archive: 10000}", "initial: 5", "p:10: model 'student': `initial` is 5"),
    ("archive: 10000", "archive: ", "p:10: initial samples of 'student' from 'archive' are not given"),
    (
        "archive: 10000",
        "archve: 1",
        "p:10: initial samples of 'student' come from 'archve', which is no source",
    ),
    ("archive: 10000", "archive: 50001", "p:10: model 'student' starts from 50001 samples of 'archive'"),
    ("  judge: ", "  teacher: {}\n  judge: ", "p:11: 'teacher' is here twice, first on line 9"),
    ("frozen: true", "frozen: 1", "p:11: model 'judge': `frozen` is 1"),
    (
        "external: true",
        "external: true, frozen: false",
        "p:12: model 'vendor' is external and yet `frozen: false`",
    ),
    ("models:\n", "models:\nx:\n", "p:8: `models` is empty (null)"),
    ("flows:\n", "flows: {}\nx:\n", "p:13: `flows` is a mapping"),
    ("from: tickets", "from: archive, weight: 2, weight: 3", "p:14: 'weight' is here twice"),
    ("samples: 9000", "samples: -1", "p:15: samples of flow 'student' -> 'teacher' is -1"),
    ("samples: 9000", "samples: 0", "p:15: samples of flow 'student' -> 'teacher' is 0"),
    ("samples: 9000", "samples: .inf", "p:15: samples of flow 'student' -> 'teacher' is inf"),
    ("samples: 9000", "samples: 1.5", "p:15: samples of flow 'student' -> 'teacher' is 1.5"),
    ("samples: 9000", "samples: '9'", "p:15: samples of flow 'student' -> 'teacher' is '9', not a number"),
    ("samples: 9000", "samples: " + "9" * 5000, "p:15: a number of 5,000 characters, 999999999999..."),
    ("samples: 9000", "sampels: 9000", "p:15: flow number 2 has the unknown key 'sampels'"),
    ("weight: 0.5", "weight: 0", "p:15: weight of flow 'student' -> 'teacher' is 0"),
    ("weight: 0.5", "weight: .nan", "p:15: weight of flow 'student' -> 'teacher' is nan"),
    (
        "to: teacher, samples: 9000",
        "to: techer, samples: 9000",
        "p:15: flow 'student' -> 'techer': no model or",
    ),
    ("from: vendor,  to", "from: teacher, to", "p:17: flow 'teacher' -> 'student' appears twice"),
    (
        "to: student}       #",
        "to: tickets}  #",
        "p:17: flow 'vendor' -> 'tickets': 'tickets' is a source, and",
    ),
    ("to: student}       #", "to: judge}  #", "p:17: flow 'vendor' -> 'judge' goes into a frozen model"),
    ("from: vendor,  ", "", "p:17: flow number 4 has no `from`"),
    ("from: vendor, ", "from: 1,", "p:17: flow number 4: `from` is 1"),
    ("{from: vendor,  to: student}", "[vendor, student]", "p:17: flow number 4 is a list"),
    ("  - {from: vendor", "---\n  - {from: vendor", "p:17: a second YAML document begins here"),
    ("  - {from: vendor", "{from: vendor", "p:17: this is not YAML"),
    ("{}", "[" * 100_000, "p:9: lists and mappings nest more than 16 levels deep"),
    ("name: support", "name: \x07", "p:2: the character U+0007 is not allowed in YAML text"),
    ("name: support-ticket distillation", r'name: "\ud800"', "p:2: "),
]


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(("right", "wrong", "first_line"), WRONG, ids=[row[2] for row in WRONG])
def test_each_mistake_gets_one_error_with_its_line(right, wrong, first_line):
    """The problem with file, line and value; then what to do."""
    text = TEXT.replace(right, wrong, 1)
    assert text != TEXT
    with pytest.raises(InputError) as raised:
        parse_pipeline(text, "p")
    problem, remedy = str(raised.value).split("\n")
    assert problem.startswith(first_line)
    assert remedy


def test_a_misspelt_name_is_answered_with_the_nearest():
    """The three parts of an error, word for word."""
    with pytest.raises(InputError) as raised:
        parse_pipeline(TEXT.replace("to: teacher, samples: 9000", "to: techer"), "pipeline.yaml")
    assert str(raised.value) == (
        "pipeline.yaml:15: flow 'student' -> 'techer': no model or source is called 'techer'\n"
        "known: archive, judge, student, teacher, tickets, vendor; did you mean 'teacher'?"
    )


def test_the_first_of_several_mistakes_is_told():
    """First in the file, whatever order the checks run in."""
    text = TEXT.replace("frozen: true", "frozen: 1").replace("name: support", "nam: support")
    with pytest.raises(InputError, match=r"^p:2: .*unknown key 'nam'"):
        parse_pipeline(text, "p")
