"""The reader of OpenLineage on real events, and on a loop that the real client wrote."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from headwater.lineage.facts import Facts, Key
from headwater.lineage.formats.openlineage import read
from tests.lineage.formats.openlineage_events import said, spelled

LOOPS = Path(__file__).parent / "data" / "openlineage"


@pytest.fixture(scope="module")
def corpus(shared_data: Path) -> Path:
    folder = shared_data / "openlineage"
    if not folder.is_dir():
        pytest.skip("no OpenLineage events among the real records")
    return folder


@pytest.fixture(scope="module")
def every(corpus: Path) -> list[dict[str, Any]]:
    """Every event in the real files, and part of one, read with nothing but json."""
    found: list[Any] = []
    for file in sorted(corpus.rglob("*.json*")):
        text = file.read_text()
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = [json.loads(line) for line in text.splitlines() if line.strip()]
        found += value if isinstance(value, list) else [value]
    parts = {"job", "dataset", "inputs", "outputs"}
    return [item for item in found if isinstance(item, dict) and parts & item.keys()]


@pytest.fixture(scope="module")
def raw(every: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those with a job."""
    return [told for told in every if "job" in told]


@pytest.fixture(scope="module")
def facts(corpus: Path) -> Facts:
    return read(corpus)


class TestRealEvents:
    """481 events of the project's own tests, many of them templates or parts of events."""

    def test_the_files_hold_what_is_said_of_them(self, raw):
        # A 482nd has a job and a dataset at once, which the standard forbids; it has no inputs either.
        proper = [told for told in raw if "dataset" not in told]
        assert (len(raw), len(proper)) == (482, 481)
        assert sum(not told.get("inputs") and not told.get("outputs") for told in proper) == 297
        assert sum("runId" not in told.get("run", {}) for told in raw) == 113
        ends = {side: [end for told in raw for end in told.get(side) or ()] for side in ("inputs", "outputs")}
        assert {side: len(found) for side, found in ends.items()} == {"inputs": 166, "outputs": 167}
        rows = [
            end["outputFacets"]["outputStatistics"]["rowCount"]
            for end in ends["outputs"]
            if "rowCount" in end.get("outputFacets", {}).get("outputStatistics", {})
        ]
        assert len(rows) == 6
        assert (
            sum(isinstance(number, int) for number in rows) == 3
        )  # the others are two templates and 'wrong'
        assert not any("inputStatistics" in end.get("inputFacets", {}) for end in ends["inputs"])
        assert not any("datasetType" in json.dumps(told) for told in raw)

    def test_all_of_them_are_read(self, facts, raw, every):
        # Beside those with a job: one of a dataset alone, and four parts of events with datasets alone.
        assert len(every) == len(raw) + 5
        runs = {told["run"]["runId"] for told in raw if "runId" in told.get("run", {})}
        assert facts.records == {"events": len(every), "runs": sum("{" not in run for run in runs)}
        assert facts.format == "openlineage"
        assert facts.files == 266

    def test_nothing_in_them_is_an_error(self, facts):
        assert [issue for issue in facts.issues if issue.severity == "error"] == []

    def test_a_test_template_for_any_identifier_unites_no_runs(self, facts, raw):
        templates = [told for told in raw if "{" in told.get("run", {}).get("runId", "")]
        assert len(templates) == 358
        assert not any("{" in entity.key.version for entity in facts.entities)

    def test_a_model_of_dbt_is_no_model(self, facts, raw):
        types = Counter(
            (told["job"]["facets"]["jobType"]["jobType"], told["job"]["facets"]["jobType"]["integration"])
            for told in raw
            if "jobType" in (told["job"].get("facets") or {})
        )
        assert types["MODEL", "DBT"] == sum(n for (word, _), n in types.items() if word == "MODEL") == 26
        assert not any(entity.kind == "model" for entity in facts.entities)

    def test_counts_are_those_stated(self, facts):
        stated = Counter((link.role, str(link.count)) for link in facts.relations if link.count)
        # Two events of one run say 2,000 of one output; the input of 1,000 is told in the older facet.
        assert stated == {
            ("made", "2,000 samples"): 1,
            ("made", "10 samples"): 1,
            ("used", "1,000 samples"): 1,
            ("used", "10 samples"): 1,
            # Part of an event, without a job, is the only one to count what was read.
            ("used", "4 samples"): 1,
            ("made", "4 samples"): 1,
            # Where the rows are 'wrong' or missing, the bytes are told.
            ("made", "2,097,152 bytes"): 1,
            ("used", "1,048,576 bytes"): 1,
        }

    def test_a_run_told_of_six_times_is_one(self, facts):
        run = Key("procedure", "my-scheduler-namespace/myjob", "41fb5137-f0fd-4ee5-ba5c-56f8571d1bd7")
        name = "my-datasource-namespace/instance.schema"
        found = {
            (link.subject.name, link.role, link.object.name)
            for link in facts.relations
            if run in (link.subject, link.object)
        }
        assert found == {
            (run.name, "used", f"{name}.input-1"),
            (run.name, "used", f"{name}.input-2"),
            (f"{name}.output-1", "made", run.name),
        }
        assert sum(entity.key == run for entity in facts.entities) == 1

    def test_versions_are_read(self, facts, raw):
        stated = {
            end["facets"]["version"]["datasetVersion"]
            for told in raw
            for end in (*(told.get("inputs") or ()), *(told.get("outputs") or ()))
            if "datasetVersion" in end.get("facets", {}).get("version", {})
        }
        read_ = {entity.key.version for entity in facts.entities if entity.kind != "procedure"} - {""}
        assert read_ == stated == {"2", "3"}

    def test_a_dropped_table_was_not_made(self, facts, raw):
        dropped = {
            f"{end['namespace']}/{end['name'].removeprefix('/')}"
            for told in raw
            for end in told.get("outputs") or ()
            if end.get("facets", {}).get("lifecycleStateChange", {}).get("lifecycleStateChange") == "DROP"
        }
        assert len(dropped) == 2
        assert not dropped & {link.subject.name for link in facts.relations if link.role == "made"}
        assert dropped <= {entity.name for entity in facts.entities}

    def test_every_other_name_is_read(self, facts, every):
        def name(end):
            return f"{end['namespace']}/{end['name'].lstrip('/')}" if "namespace" in end else end["name"]

        pairs = {
            (name(end), name(other))
            for told in every
            if told.get("eventType") not in ("FAIL", "ABORT")
            for side in ("inputs", "outputs")
            for end in told.get(side) or ()
            for other in end.get("facets", {}).get("symlinks", {}).get("identifiers", ())
        }
        found = {(link.subject.name, link.object.name) for link in facts.relations if link.word == "symlinks"}
        assert found == pairs

    def test_every_fact_says_file_and_line(self, facts, corpus):
        for fact in (*facts.entities, *facts.relations):
            assert (corpus / fact.place.path).is_file()
            assert fact.place.line >= 1


def unrolled(way: str, generations: int) -> set[tuple[str, str]]:
    """Which asset went into which, through a run, as the script that recorded the loop does it."""

    def at(name: str, generation: int) -> str:
        sign = {"versioned": f"@{generation}", "named": f"_g{generation}", "overwritten": ""}[way]
        return f"s3://lab/{name}{sign}"

    flows = {("s3://lab/real", at("student", 0))}
    for g in range(1, generations + 1):
        flows |= {(at("student", g - 1), at("synthetic", g)), (at("synthetic", g), at("student", g))}
        flows.add(("s3://lab/real", at("student", g)))
    return flows


class TestLoopOfTheRealClient:
    """Recorded by `make_loops.py`: three rounds of self-training, one run of which fails."""

    @pytest.fixture(params=["overwritten", "versioned", "named"])
    def loop(self, request):
        return request.param, read(LOOPS / f"{request.param}.ndjson")

    def test_its_runs_are_united(self, loop):
        _, facts = loop
        assert facts.records == {"events": 16, "runs": 8}
        assert sum(entity.kind == "procedure" for entity in facts.entities) == 7

    def test_each_run_joins_what_it_read_to_what_it_wrote(self, loop):
        way, facts = loop
        read_ = {(link.subject, spelled(link.object)) for link in facts.relations if link.role == "used"}
        wrote = {(link.object, spelled(link.subject)) for link in facts.relations if link.role == "made"}
        flows = {(source, target) for run, source in read_ for other, target in wrote if run == other}
        assert flows == unrolled(way, 3)

    def test_models_and_data_are_told_apart(self, loop):
        _, facts = loop
        kinds = {link.object.name.split("/")[-1].split("_")[0]: link.object.kind for link in facts.relations}
        assert {name: kinds[name] for name in ("real", "synthetic", "student")} == {
            "real": "dataset",
            "synthetic": "dataset",
            "student": "model",
        }

    def test_counts_are_on_what_was_read_and_written(self, loop):
        _, facts = loop
        counts = Counter((link.role, link.count.exact if link.count else None) for link in facts.relations)
        assert counts == {
            ("used", 1000): 1,  # the first model, of real rows
            ("used", 400): 3,
            ("used", 500): 3,
            ("used", None): 3,  # the teacher
            ("made", 500): 3,
            ("made", None): 4,  # the students
        }

    def test_the_failed_run_is_left_out_with_a_warning(self, loop):
        _, facts = loop
        assert [issue.severity for issue in facts.issues] == ["warning"]
        assert "ended with FAIL" in said(facts)

    def test_runs_are_in_order_of_time(self, loop):
        _, facts = loop
        times = [entity.time for entity in facts.entities if entity.kind == "procedure"]
        assert times == sorted(times)
        assert times[0] == "2026-03-01T06:20:00+00:00"  # when it completed, not when it started

    def test_the_run_tells_its_parent_and_its_tags(self, loop):
        _, facts = loop
        labels = next(entity.labels for entity in facts.entities if entity.kind == "procedure")
        assert labels["parent.job"] == "lab/self_training"
        assert labels["tag.openlineage_client_version"] == "1.54.0"
        assert labels["nominalStartTime"] == "2026-03-01T06:00:00+00:00"
