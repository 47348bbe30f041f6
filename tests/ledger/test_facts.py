"""What a ledger says as facts, each with the number of its entry, and the verdict that follows."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.diagnosis import diagnose
from headwater.errors import InputError
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.ledger import Dataset, Ledger
from headwater.ledger.facts import of_ledger, read
from headwater.lineage import to_graph
from headwater.lineage.facts import Count, Key, Place
from tests.ledger.conftest import unlocked


def sha(content):
    return hashlib.sha256(content).hexdigest()


def data(name, content):
    return Key("dataset", name, sha(content))


@pytest.fixture
def book(tmp_path):
    with Ledger(tmp_path / "lab.db") as ledger:
        yield ledger


def relations(facts):
    """What runs say of data and models; which run made a model is a test of its own."""
    told = [one for one in facts.relations if one.object.kind != "procedure"]
    return [(one.subject, one.object, one.role, one.count, one.place.line) for one in told]


def play(book, generations=4, real=0, stated=True):
    """Self-training, unrolled: real data, student 0, its output, student 1, and so on."""
    book.vouch(b"web", by="Ann")
    for generation in range(generations):
        with book.training("student", generation=generation if stated else None) as run:
            if not generation:
                run.used(Dataset.of(b"web", "web"), samples=1_000)
            else:
                run.used(b"output %d" % (generation - 1), samples=500)
                if real:
                    run.used(Dataset.of(b"web", "web"), samples=real)
            run.wrote(Dataset.of(b"output %d" % generation, f"out/{generation}"), samples=500)


def test_an_unrolled_loop_is_found_by_the_hashes_of_what_went_round(book):
    """No run says who generated what it used: the run that wrote the same content does."""
    play(book, 3)
    facts = of_ledger(book)
    web = data("web", b"web")
    out = [data(f"out/{n}", b"output %d" % n) for n in range(3)]
    student = [Key("model", "student", str(n)) for n in range(3)]
    some, many = Count.exactly(500), Count.exactly(1_000)
    assert relations(facts) == [
        (out[0], student[0], "generated", some, 4),
        (student[0], web, "trained-on", many, 3),
        (out[1], student[1], "generated", some, 8),
        (student[1], out[0], "trained-on", some, 7),
        (out[2], student[2], "generated", some, 12),
        (student[2], out[1], "trained-on", some, 11),
    ]
    assert [each.generation for each in facts.entities if each.key in student] == [0, 1, 2]
    assert {each.synthetic for each in facts.entities if each.key == web} == {"none", None}
    assert facts.issues == ()
    assert (facts.format, facts.files, facts.records) == ("ledger", 1, {"entries": 13, "runs": 3})
    assert {one.place.path for one in facts.relations} == {"lab.db"}


@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("real", [0, 50])
def test_the_verdict_is_that_of_the_same_pipeline_written_by_hand(book, real, stated):
    play(book, 5, real, stated)
    graph, _ = to_graph(of_ledger(book))
    flows = [Flow("student", "student", 500)] + ([Flow("web", "student", real)] if real else [])
    sources = [Source("web", "fixed")] if real else []
    by_hand = InteractionGraph.from_parts(sources, [Model("student")], flows)
    assert diagnose(graph).verdict == diagnose(by_hand).verdict
    assert (diagnose(graph).verdict == "collapses") == (not real)
    assert {(flow.provider == flow.model, flow.samples) for flow in graph.flows} == {
        (flow.provider == flow.model, flow.samples) for flow in flows
    }


def test_a_stated_generator_becomes_a_relation_with_its_generation(book):
    with book.training("student", generation=3) as run:
        run.used(Dataset("mix", "a" * 64), samples=40, generated_by="teacher", generation=2)
        run.used(Dataset("labels", "b" * 64), generated_by=["x", "y"], role="labelled")
        run.used(Dataset("test", "c" * 64), samples=9, role="evaluated-on")
    student = Key("model", "student", "3")
    mix, labels = Key("dataset", "mix", "a" * 64), Key("dataset", "labels", "b" * 64)
    assert relations(of_ledger(book)) == [
        (mix, Key("model", "teacher", "2"), "generated", None, 2),
        (student, mix, "trained-on", Count.exactly(40), 2),
        (labels, Key("model", "x"), "labelled", None, 3),
        (labels, Key("model", "y"), "labelled", None, 3),
        (student, labels, "trained-on", None, 3),
        (student, Key("dataset", "test", "c" * 64), "evaluated-on", Count.exactly(9), 4),
    ]
    models = [
        (each.key, each.generation, each.place.line)
        for each in of_ledger(book).entities
        if each.kind == "model"
    ]
    assert models == [
        (student, 3, 1),
        (Key("model", "teacher", "2"), 2, 2),
        (Key("model", "x"), None, 3),
        (Key("model", "y"), None, 3),
    ]


def test_weights_lead_to_the_model_that_they_are_of(book):
    with book.training("base", generation=1) as run:
        run.wrote(b"weights", kind="model")
    with book.training("other") as run:
        run.wrote(b"also weights")
    with book.training("student") as run:
        run.used(b"weights", role="initialised")
        run.used(b"also weights", role="initialised")
        run.used("llama", role="initialised", generation=2)
    started = [(thing, role) for _, thing, role, *_ in relations(of_ledger(book))]
    assert started == [
        (Key("model", "base", "1"), "initialised"),
        (Key("model", "other"), "initialised"),
        (Key("model", "llama", "2"), "initialised"),
    ]


def test_a_dataset_is_its_content_and_has_the_first_name_that_somebody_gave_it(book):
    with book.training("student") as run:
        run.used(Dataset("first", "a" * 64))
        run.used(Dataset("second", "a" * 64))
        run.used(Dataset("first", "b" * 64))
        run.used(Dataset("named only"))
        run.used(b"abc")
        run.used(Dataset.of(b"abc", "letters"))
    used = [thing for _, thing, *_ in relations(of_ledger(book))]
    assert used.pop() == used.pop() == data("letters", b"abc")
    first = Key("dataset", "first", "a" * 64)
    assert used == [first, first, Key("dataset", "first", "b" * 64), Key("dataset", "named only")]


def test_a_run_that_failed_or_goes_on_is_left_out_unless_it_wrote_something(book):
    """What a failed run wrote may have been used: left out, it would pass for real."""
    with pytest.raises(ValueError), book.training("failed") as run:
        run.used(b"x")
        raise ValueError
    with pytest.raises(ValueError), book.training("wrote first") as run:
        run.wrote(Dataset("half", "a" * 64), samples=3)
        raise ValueError
    going = book.training("going on")
    going.__enter__().used(b"y")
    facts = of_ledger(book)
    assert [subject.name for subject, *_ in relations(facts)] == ["half"]
    assert [str(issue) for issue in facts.issues] == [
        "lab.db:1: the run of 'failed' failed; it is left out",
        "lab.db:4: the run of 'wrote first' failed; what it wrote is read",
        "lab.db:7: the run of 'going on' has not finished; it is left out",
    ]
    going.__exit__(None, None, None)
    assert len(relations(of_ledger(book))) == 2


def test_marks_and_vouchers_are_told_and_contradictions_doubted(book):
    book.vouch(b"x", by="Ann", note="mine")
    book.mark(b"y", "card", {"language_creators": "machine-generated"})
    with book.training("student") as run:
        run.used(b"x", generated_by="teacher")
    facts = of_ledger(book)
    x, y = (next(each for each in facts.entities if each.place.line == line) for line in (1, 2))
    assert (x.synthetic, dict(x.labels)) == ("none", {"vouched_by": "Ann", "vouched_note": "mine"})
    assert (y.synthetic, dict(y.labels)) == ("all", {"mark.card": "language_creators: machine-generated"})
    [issue] = facts.issues
    assert issue.place == Place("lab.db", 1)
    assert "is vouched for as real, and teacher is said to have made it" in issue.message


def test_data_that_nobody_says_anything_of_are_doubted_for_they_pass_for_real(book):
    """Vouched for, written by a run, of a stated generator, or marked: then something is said."""
    book.vouch(b"vouched", by="Ann")
    book.mark(b"marked", "card", {"language_creators": "machine-generated"})
    with book.training("writer") as run:
        run.wrote(b"written")
    with book.training("student") as run:
        for content in (b"vouched", b"marked", b"written"):
            run.used(content)
        run.used(b"generated", generated_by="gpt")
        run.used(b"labelled", generated_by="gpt", role="labelled")
        run.used(Dataset("scored", "a" * 64), generated_by="gpt", role="judged")
        run.used(b"test", role="evaluated-on")
        run.used(Dataset("found", "b" * 64))
        run.used(Dataset("found", "b" * 64))
    issues = of_ledger(book).issues
    said = "and no entry says who made it; `ledger.vouch` or `generated_by` would tell"
    assert [(issue.severity, issue.message) for issue in issues] == [
        ("warning", f"nobody vouches that {name!r} is real, {said}") for name in ("scored", "found")
    ]
    assert issues[1].place == Place("lab.db", 14)


def test_of_many_such_data_twenty_are_named_and_the_others_counted(book):
    with book.training("student") as run:
        for number in range(23):
            run.used(Dataset(f"found {number}"))
    *named, rest = of_ledger(book).issues
    assert len(named) == 20
    assert rest.message.startswith("nobody vouches for 3 further datasets, and no entry says who made them")


def test_openlineage_events_in_the_book_are_read_as_from_a_file(book, tmp_path):
    """The same events from a file give the same relations."""
    from headwater.lineage.formats import openlineage

    run = {"runId": "01890000-0000-7000-8000-000000000001"}
    event = {
        "eventType": "COMPLETE",
        "eventTime": "2026-01-01T00:00:00Z",
        "run": run,
        "job": {"namespace": "n", "name": "train"},
        "inputs": [{"namespace": "s3", "name": "data"}],
        "outputs": [
            {"namespace": "s3", "name": "m", "facets": {"datasetType": {"datasetType": "MODEL"}}},
        ],
    }
    book.append("openlineage", {"event": event})
    (tmp_path / "events.ndjson").write_text(json.dumps(event))
    from_book, from_file = of_ledger(book), openlineage.read(tmp_path / "events.ndjson")
    assert from_book.relations
    assert [one[:4] for one in relations(from_book)] == [one[:4] for one in relations(from_file)]
    assert {one.place.path for one in from_book.relations} == {"lab.db"}


def test_a_server_is_named_without_its_password(postgresql):
    with Ledger(postgresql) as book, book.training("student") as run:
        run.used(b"x")
    facts = read(postgresql)
    assert facts.origin.startswith("postgresql://owner@/book")
    assert "host" not in facts.origin
    assert facts.relations[0].place.path == facts.origin


def test_what_is_not_there_or_was_changed_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no such ledger"):
        read(tmp_path / "none.db")
    place = str(tmp_path / "a.db")
    Ledger(place).append("used", {})
    with unlocked(place) as execute:
        execute("UPDATE headwater_ledger SET body = '{'")
    with pytest.raises(InputError, match="entry 1 is not what was written"):
        read(place)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "run",
    "model",
    "generation",
    "labels",
    "dataset",
    "samples",
    "role",
    "generated_by",
    "deed",
    "by",
    "words",
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_an_entry_holds_the_rest_is_read(tmp_path_factory, data):
    """Entries are written by anybody who may write to the book."""
    place = tmp_path_factory.mktemp("book") / "a.db"
    kinds = ("run-started", "used", "wrote", "vouched", "marked", "run-finished", "run-failed", "openlineage")
    with Ledger(place) as book:
        play(book, 2)
        bodies = [(entry.kind, dict(entry.body)) for entry in book.entries()]
        for _ in range(4):
            kind, body = data.draw(st.sampled_from(bodies))
            body = body | data.draw(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3))
            if data.draw(st.booleans()):
                body["dataset"] = {
                    "name": data.draw(JSON),
                    "sha256": data.draw(JSON),
                    "samples": data.draw(JSON),
                }
            book.append(data.draw(st.sampled_from([kind, *kinds])), body | {"event": data.draw(JSON)})
        facts = of_ledger(book)
        assert facts.records["entries"] == book.head()[0]
        json.dumps([str(issue) for issue in facts.issues])


@pytest.mark.slow
def test_a_hundred_thousand_entries_are_read_in_seconds(book):
    items = []
    for at in range(20_000):
        run = {"run": f"r{at}"}
        items += [
            ("run-started", run | {"model": f"m{at % 50}", "generation": at // 50}, None),
            (
                "used",
                run | {"dataset": {"name": f"d{at}", "sha256": sha(b"%d" % (at - 50))}, "role": "trained-on"},
                None,
            ),
            ("used", run | {"dataset": {"name": "web"}, "role": "trained-on", "samples": 5}, None),
            ("wrote", run | {"dataset": {"name": f"d{at}", "sha256": sha(b"%d" % at)}, "samples": 7}, None),
            ("run-finished", run, None),
        ]
    for start in range(0, len(items), 10_000):
        book.append_many(items[start : start + 10_000])
    facts = of_ledger(book)
    assert len(facts.relations) == 80_000
    assert facts.records == {"entries": 100_000, "runs": 20_000}
