"""OpenLineage from a ledger: by the published schemas, by other people's reader, and back again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")

from headwater.ledger import Dataset, Ledger
from headwater.ledger import facts as ledger_facts
from headwater.ledger.exporting import exporter
from headwater.lineage import to_graph
from headwater.lineage.facts import Facts
from headwater.lineage.formats import openlineage
from tests.ledger.books import WEB, everything, loop, samples
from tests.ledger.servers import event


def exported(path: Path) -> list[dict[str, Any]]:
    with Ledger(path, read_only=True) as book:
        made = exporter("openlineage")(book)
    assert made.left_out == ()
    return [json.loads(line) for line in made.files["events.ndjson"].splitlines()]


def read_back(path: Path, folder: Path) -> Facts:
    file = folder / "events.ndjson"
    file.write_text("".join(json.dumps(each) + "\n" for each in exported(path)))
    return openlineage.read(file)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return everything(tmp_path / "a.db")


def all_facets(event: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    holders = [event.get("run", {}), event.get("job", {}), event.get("dataset", {})]
    holders += [*event.get("inputs", []), *event.get("outputs", [])]
    kinds = ("facets", "inputFacets", "outputFacets")
    return [pair for holder in holders for kind in kinds for pair in holder.get(kind, {}).items()]


def test_every_event_and_every_facet_is_valid_by_the_published_schemas(book, shared_data):
    jsonschema = pytest.importorskip("jsonschema")
    referencing = pytest.importorskip("referencing")
    spec = shared_data / "openlineage/spec"
    if not spec.is_dir():
        pytest.skip("the specification of OpenLineage is not among the shared data")
    schemas = {}
    for file in [spec / "OpenLineage.json", *(spec / "facets").glob("*.json")]:
        schema = json.loads(file.read_bytes())
        schemas[schema["$id"]] = referencing.Resource.from_contents(schema)
    registry = referencing.Registry().with_resources(schemas.items())

    def check(value: object, url: str) -> None:
        assert url.partition("#")[0] in schemas, f"{url} is no published schema"
        jsonschema.Draft202012Validator({"$ref": url}, registry=registry).validate(value)

    seen = set()
    for each in exported(book):
        ours = each["producer"] == "urn:headwater:ledger"
        check(each, each["schemaURL"] if ours else "https://openlineage.io/spec/2-0-2/OpenLineage.json")
        for name, facet in all_facets(each) if ours else []:
            check(facet, facet["_schemaURL"])
            seen.add(name)
    assert seen == {
        "dataQualityMetrics", "datasetType", "errorMessage", "inputStatistics", "jobType", "outputStatistics",
        "parent", "tags", "version",
    }  # fmt: skip


def test_the_official_client_takes_our_datasets_for_what_they_are(book):
    """Each dataset can be built with the classes of the client, which check their arguments."""
    pytest.importorskip("openlineage.client", reason="openlineage-python is not installed")
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState

    built = 0
    for each in exported(book):
        if "run" not in each:
            continue
        RunEvent(
            eventType=RunState(each["eventType"]),
            eventTime=each["eventTime"],
            run=Run(each["run"]["runId"], each["run"].get("facets")),
            job=Job(each["job"]["namespace"], each["job"]["name"], each["job"].get("facets")),
            inputs=[InputDataset(**dataset) for dataset in each["inputs"]],
            outputs=[OutputDataset(**dataset) for dataset in each["outputs"]],
            producer=each["producer"],
        )
        built += 1
    assert built > 20


def by_name(events: list[dict[str, Any]], job: str, type_: str = "COMPLETE") -> list[dict[str, Any]]:
    return [each for each in events if each.get("eventType") == type_ and each["job"]["name"] == job]


def tags(dataset: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in dataset["facets"]["tags"]["tags"]}


def test_a_run_says_what_it_read_and_which_model_came_of_it(tmp_path):
    events = exported(loop(tmp_path / "a.db"))
    first, second, _third = by_name(events, "training of student")
    assert [
        (each["name"], each["inputFacets"]["inputStatistics"]["rowCount"]) for each in second["inputs"]
    ] == [
        ("web page.txt", 100),
        ("samples", 400),
    ]
    assert [each["facets"]["version"]["datasetVersion"] for each in second["inputs"]] == [
        WEB.sha256,
        samples(0).sha256,
    ]
    [model] = second["outputs"]
    assert model["facets"]["datasetType"]["datasetType"] == "MODEL"
    assert model["facets"]["version"]["datasetVersion"] == "1"
    assert tags(model)["generation"] == "1"
    assert {tag["key"]: tag["value"] for tag in first["run"]["facets"]["tags"]["tags"]} == {
        "step": "trained", "seed": "7", "generation": "0",
    }  # fmt: skip


def test_what_a_model_wrote_is_a_run_of_its_own_that_read_the_model(tmp_path):
    """In one run with the training it would look derived from the training data."""
    events = exported(loop(tmp_path / "a.db"))
    trained = by_name(events, "training of student")[1]
    wrote = by_name(events, "generation by student")[1]
    assert [each["facets"]["version"]["datasetVersion"] for each in wrote["inputs"]] == ["1"]
    [made] = wrote["outputs"]
    assert made["outputFacets"]["outputStatistics"]["rowCount"] == 500
    assert tags(made) == {"role": "generated", "synthetic": "true"}
    assert wrote["run"]["facets"]["parent"]["run"]["runId"] == trained["run"]["runId"]


def test_the_work_of_other_models_is_said_once_with_all_of_them(book):
    [made] = by_name(exported(book), "generation by gpt + llama")
    versions = [(each["name"], each["facets"]["version"]["datasetVersion"]) for each in made["inputs"]]
    assert versions == [("gpt", "2"), ("llama", "2")]
    assert [each["name"] for each in made["outputs"]] == ["feedback"]
    assert made["outputs"][0]["facets"]["dataQualityMetrics"]["rowCount"] == 70
    [labelled] = by_name(exported(book), "labelling by tagger")
    assert tags(labelled["inputs"][0])["role"] == "labelled"
    assert "synthetic" not in tags(labelled["outputs"][0])


def test_weights_that_a_run_starts_from_are_the_model_whatever_they_are_called(book):
    [tuned] = by_name(exported(book), "training of fine judge")
    start = tuned["inputs"][0]
    assert (start["name"], start["facets"]["datasetType"]["datasetType"]) == ("judge", "MODEL")
    assert tags(start)["weights"] == "judge.bin"
    [judge] = by_name(exported(book), "training of judge")
    assert start["facets"]["version"] == judge["outputs"][0]["facets"]["version"]


def test_a_failed_run_made_no_model_unless_it_wrote_something(book):
    events = exported(book)
    [early] = by_name(events, "training of stillborn", "FAIL")
    assert early["outputs"] == []
    assert early["run"]["facets"]["errorMessage"]["message"].endswith("out of memory")
    assert not by_name(events, "training of stillborn")
    [late] = by_name(events, "training of late")
    assert [each["name"] for each in late["outputs"]] == ["late"]
    [failed] = by_name(events, "training of late", "FAIL")
    assert late["run"]["facets"]["parent"]["run"]["runId"] == failed["run"]["runId"]


def test_a_run_that_has_not_ended_is_running(tmp_path):
    with Ledger(tmp_path / "a.db") as book, book.training("slow", generation=0) as run:
        run.used(WEB, samples=10)
        events = exported(tmp_path / "a.db")
    assert [each["eventType"] for each in events] == ["START", "RUNNING"]
    assert [len(each["inputs"]) for each in events] == [0, 1]


def test_who_vouches_and_what_marks_say_are_tags_of_a_dataset(book):
    told = {each["dataset"]["name"]: tags(each["dataset"]) for each in exported(book) if "dataset" in each}
    assert told == {
        "web page.txt": {"vouched by the archive": "scanned in 1998", "synthetic": "none"},
        "exam": {"mark croissant": "rai:hasSyntheticData: false", "synthetic": "none"},
    }


def test_events_of_others_come_out_as_they_went_in(book):
    [other] = [each for each in exported(book) if each["producer"] != "urn:headwater:ledger"]
    with Ledger(book, read_only=True) as ledger:
        [entry] = ledger.entries(kind="openlineage")
    assert other == entry.body["event"]


def test_the_same_ledger_is_exported_the_same(book):
    assert exported(book) == exported(book)


def plain(name: str) -> str:
    return name.removeprefix("headwater/")


@pytest.mark.parametrize("made", [loop, everything])
def test_read_back_it_makes_the_graph_that_the_ledger_makes(tmp_path, made):
    """Two ways to one graph: entries to facts, and entries to OpenLineage events to facts."""
    path = made(tmp_path / "a.db")
    ours, _ = to_graph(ledger_facts.read(path))
    theirs, _ = to_graph(read_back(path, tmp_path))
    assert set(map(plain, theirs.model_names)) == set(ours.model_names)
    assert set(map(plain, theirs.source_names)) == set(ours.source_names)
    assert shape(theirs) == shape(ours)


def shape(graph: Any) -> set[Any]:
    """Who learns from whom and how much: each generation, or once.

    That a model was trained once and is frozen is told by runs, which the facts of a ledger have not.
    """
    flows = {(plain(flow.provider), plain(flow.model), flow.samples) for flow in graph.flows}
    initial = {
        (plain(source), plain(model.name), samples)
        for model in graph.models
        for source, samples in model.initial.items()
        if plain(model.name) != "student"
    }
    return flows | initial


@pytest.mark.parametrize(
    "body",
    [
        {}, {"run": 3}, {"run": "x", "model": None}, {"run": "x", "model": "m", "generation": "three"},
        {"run": "\ud800", "model": "m", "labels": [1]}, {"run": "x", "model": "m" * 1_000},
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["openlineage", "prov", "croissant"])
def test_entries_that_say_nonsense_are_left_out_and_named(tmp_path, body, form):
    """Whoever writes into the book by hand cannot break an export."""
    with Ledger(tmp_path / "a.db") as book:
        book.append("run-started", body)
        for kind in ("used", "wrote"):
            book.append(kind, {"run": body.get("run"), "dataset": {"name": 3}, "role": [], "samples": "many"})
            book.append(kind, {"run": body.get("run"), "dataset": {"name": "d", "sha256": 4, "samples": -1}})
        book.append("vouched", {"dataset": [], "by": None})
        book.append("marked", {"dataset": {"name": "d"}, "says": 4, "words": 3, "mark": None})
        book.append("run-finished", {"run": 3})
        book.append("openlineage", {"event": 3})
        book.append("openlineage", {"event": event(1, inputs=3)})
        made = exporter(form)(book)
    assert made.left_out
    for content in made.files.values():
        for line in content.splitlines() if form == "openlineage" else [content]:
            json.loads(line)


def test_a_name_that_no_file_system_takes_is_no_trouble(tmp_path):
    with Ledger(tmp_path / "a.db") as book:
        with book.training("m" * 400) as run:
            for name in ("../../etc/passwd", "a b", "A B", "..", "ü" * 400, "CON"):
                run.used(Dataset(name))
        made = exporter("croissant")(book)
    assert len({name.casefold() for name in made.files}) == 6
    assert all("/" not in name and name.isascii() and len(name) < 120 for name in made.files)
