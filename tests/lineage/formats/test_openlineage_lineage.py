"""What the reader of OpenLineage makes of the facet `lineage`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headwater.lineage.facts import Count
from tests.lineage.formats.openlineage_events import (
    OTHER_RUN,
    P,
    dataset,
    event,
    facts_of,
    lineage,
    model,
    related,
    said,
    spelled,
)


@pytest.fixture
def example(shared_data: Path) -> Callable[[str], Any]:
    """Reads one of the examples of the standard."""
    folder = shared_data / "openlineage" / "spec" / "tests" / "LineageFacet"
    if not folder.is_dir():
        pytest.skip("no examples of the OpenLineage standard among the real records")
    return lambda name: json.loads((folder / f"{name}.json").read_text())


class TestExplicitLineage:
    """The facet `lineage` narrows down what came from what; its examples are those of the standard."""

    def test_an_output_comes_from_the_inputs_named_and_no_others(self):
        told = lineage(
            {**dataset("y"), "type": "DATASET", "inputs": [{**dataset("a"), "type": "DATASET"}]},
            inputs=[dataset("a"), dataset("b")],
            outputs=[dataset("y"), dataset("z")],
        )
        part = f"{P}#1"
        assert related(facts_of(told)) == {
            (P, "used", "s3://lab/a"),
            (P, "used", "s3://lab/b"),
            ("s3://lab/z", "made", P),
            (part, "used", "s3://lab/a"),
            ("s3://lab/y", "made", part),
        }

    def test_versions_and_counts_of_the_run_hold_for_its_parts(self):
        a = dataset(
            "a", facets={"version": {"datasetVersion": "2"}}, inputFacets={"inputStatistics": {"rowCount": 6}}
        )
        entry = {**dataset("y"), "type": "DATASET", "inputs": [{**dataset("a"), "type": "DATASET"}]}
        facts = facts_of(lineage(entry, inputs=[a], outputs=[dataset("y")]))
        counts = [link.count for link in facts.relations if spelled(link.subject) == f"{P}#1"]
        assert counts == [Count.exactly(6)]
        assert (f"{P}#1", "used", "s3://lab/a@2") in related(facts)

    def test_a_job_as_the_only_source_is_a_generator(self, example):
        told = lineage(*example("generator")["lineage"]["entries"])
        facts = facts_of(told)
        assert related(facts) == {("postgresql://warehouse:5432/public.extracted_data", "made", f"{P}#1")}
        assert not any(link.role == "used" for link in facts.relations)

    def test_a_model_that_the_generator_ran_had_its_part(self):
        entry = {**dataset("y"), "type": "DATASET", "inputs": [{"type": "JOB"}]}
        table = dataset("t", facets={"datasetType": {"datasetType": "TABLE"}})
        facts = facts_of(lineage(entry, inputs=[model("m"), table], outputs=[dataset("y")]))
        part = {row for row in related(facts) if f"{P}#1" in row}
        assert part == {("s3://lab/y", "made", f"{P}#1"), (f"{P}#1", "used", "s3://lab/m")}

    def test_another_job_as_a_source_wrote_the_output(self, example):
        facts = facts_of(lineage(*example("job-to-dataset")["lineage"]["entries"]))
        assert related(facts) == {
            (
                "postgresql://warehouse:5432/public.daily_summary",
                "made",
                f"airflow://production/daily.extract@{OTHER_RUN}",
            )
        }

    def test_a_run_named_by_its_identifier_is_that_run(self):
        extract = event(run={"runId": OTHER_RUN}, job={"namespace": "air", "name": "one"})
        source = {"namespace": "air", "name": "other name", "type": "JOB", "runId": OTHER_RUN}
        facts = facts_of(extract, lineage({**dataset("y"), "type": "DATASET", "inputs": [source]}))
        assert related(facts) == {("s3://lab/y", "made", f"air/one@{OTHER_RUN}")}

    def test_sources_of_both_kinds_are_read(self, example):
        facts = facts_of(lineage(*example("mixed-sources")["lineage"]["entries"]))
        out = "postgresql://warehouse:5432/public.enriched_orders"
        assert related(facts) == {
            (f"{P}#1", "used", "postgresql://warehouse:5432/public.orders"),
            (out, "made", f"{P}#1"),
            (out, "made", "airflow://production/daily.enrichment"),
        }

    def test_a_job_reads_the_datasets_that_feed_it(self, example):
        facts = facts_of(lineage(*example("implicit-job")["lineage"]["entries"]))
        assert related(facts) == {(P, "used", "postgresql://production:5432/public.transactions")}
        facts = facts_of(lineage(*example("dataset-to-job")["lineage"]["entries"]))
        assert related(facts) == {
            ("airflow://production/daily.load", "used", "postgresql://warehouse:5432/public.staging_orders")
        }

    def test_a_job_comes_after_the_job_that_feeds_it(self, example):
        facts = facts_of(lineage(*example("job-to-job")["lineage"]["entries"]))
        assert related(facts) == {
            (
                "airflow://production/daily.load@605f451b-c768-4c77-9ff4-8501f6324513",
                "informed",
                f"airflow://production/daily.transform@{OTHER_RUN}",
            )
        }

    def test_a_dataset_tells_its_own_sources(self, example):
        facets = example("dataset-to-dataset")
        facts = facts_of({"dataset": dataset("y", facets=facets)})
        run = "lineage of s3://lab/y@#1"
        wanted = {(run, "used", "postgresql://warehouse:5432/public.customers"), ("s3://lab/y", "made", run)}
        assert related(facts) == wanted
        written = facts_of(event(outputs=[dataset("y", facets=facets)]))
        assert related(written) == {tuple(part.replace(run, f"{P}#1") for part in row) for row in wanted}

    def test_an_empty_list_says_that_there_is_no_source(self):
        entry = {**dataset("y"), "type": "DATASET", "inputs": []}
        facts = facts_of(lineage(entry, inputs=[dataset("a")], outputs=[dataset("y")]))
        assert {row for row in related(facts) if row[1] == "made"} == {("s3://lab/y", "made", f"{P}#1")}
        nothing = {**dataset("y"), "type": "DATASET"}
        facts = facts_of(lineage(nothing, inputs=[dataset("a")], outputs=[dataset("y")]))
        assert ("s3://lab/y", "made", P) in related(facts)

    def test_outputs_of_the_same_sources_are_of_one_part(self):
        entries = [{**dataset(name), "type": "DATASET", "inputs": [{"type": "JOB"}]} for name in ("y", "z")]
        facts = facts_of(lineage(*entries, inputs=[model("m")]))
        assert {row for row in related(facts) if row[1] == "made"} == {
            ("s3://lab/y", "made", f"{P}#1"),
            ("s3://lab/z", "made", f"{P}#1"),
        }

    def test_flows_without_bound_are_passed_over(self):
        entries = [
            {**dataset(f"y{at}"), "type": "DATASET", "inputs": [{**dataset(f"x{at}"), "type": "DATASET"}]}
            for at in range(2000)
        ]
        facts = facts_of(
            lineage(*entries, inputs=[model(f"m{at}") for at in range(2000)], outputs=[dataset("y1")])
        )
        assert "too many explicit flows" in said(facts)
        assert len(facts.relations) == 2001
