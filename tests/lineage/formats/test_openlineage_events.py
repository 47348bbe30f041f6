"""What the reader of OpenLineage makes of runs, jobs and datasets, event by event."""

from __future__ import annotations

import json

import pytest

from headwater.lineage.facts import Count, Key
from tests.lineage.formats.openlineage_events import (
    OTHER_RUN,
    RUN,
    P,
    dataset,
    event,
    facts_of,
    model,
    related,
    said,
    spelled,
)


class TestRuns:
    """What makes events one run, and which runs count."""

    def test_inputs_at_the_start_and_outputs_at_the_end_are_of_one_run(self):
        start = event(eventType="START", inputs=[dataset("data")])
        end = event(outputs=[dataset("model.pt")])
        wanted = {(P, "used", "s3://lab/data"), ("s3://lab/model.pt", "made", P)}
        assert related(facts_of(start, end)) == related(facts_of(end, start)) == wanted

    def test_an_event_told_twice_is_told_once(self):
        once = event(inputs=[dataset("data")], outputs=[dataset("model.pt")])
        assert len(facts_of(once, once).relations) == 2

    def test_a_run_began_when_it_says_so_and_ended_when_it_completed(self):
        told = [
            event(eventType=state, eventTime=f"2026-03-01T0{hour}:00:00Z")
            for hour, state in ((4, "COMPLETE"), (1, "OTHER"), (2, "START"), (3, "RUNNING"), (5, "RUNNING"))
        ]
        (run,) = facts_of(*told).entities
        assert (run.started, run.time) == ("2026-03-01T02:00:00+00:00", "2026-03-01T04:00:00+00:00")
        (run,) = facts_of(*(one for one in told if one["eventType"] != "START")).entities
        assert run.started == "2026-03-01T01:00:00+00:00"
        (run,) = facts_of(event(eventTime=None)).entities
        assert (run.started, run.time) == ("", "")

    def test_a_count_in_quotes_stays_unknown_and_is_told_of(self):
        statistics = {"outputFacets": {"outputStatistics": {"rowCount": "3"}}}
        facts = facts_of(event(outputs=[dataset("data", **statistics)]))
        assert [each.count for each in facts.relations] == [None]
        assert "rowCount is '3', not a count" in said(facts)

    def test_identifiers_do_not_depend_on_case(self):
        facts = facts_of(event(eventType="START"), event(run={"runId": RUN.upper()}))
        assert facts.records["runs"] == 1

    @pytest.mark.parametrize("end", ["FAIL", "ABORT"])
    def test_a_run_that_only_broke_off_is_left_out(self, end):
        facts = facts_of(
            event(eventType="START", inputs=[dataset("data")]), event(eventType=end, outputs=[model("m")])
        )
        assert (facts.entities, facts.relations) == ((), ())
        assert f"ended with {end}" in said(facts)

    def test_a_run_that_failed_and_then_completed_counts(self):
        facts = facts_of(event(eventType="FAIL"), event(outputs=[dataset("data")]))
        assert related(facts) == {("s3://lab/data", "made", P)}

    def test_a_run_not_seen_to_end_counts_with_a_warning(self):
        facts = facts_of(event(eventType="START", outputs=[dataset("data")]))
        assert len(facts.relations) == 1
        assert "is not seen to end" in said(facts)

    def test_runs_without_an_identifier_are_read_as_what_their_job_does(self):
        facts = facts_of(
            event(run={}, eventType="START", inputs=[dataset("a")]),
            event(run=None, outputs=[dataset("b")]),
            event(run={}, eventType="FAIL", outputs=[dataset("c")]),
        )
        assert related(facts) == {("lab/train", "used", "s3://lab/a"), ("s3://lab/b", "made", "lab/train")}
        assert facts.records == {"events": 3, "runs": 0}
        assert "are read as one" in said(facts)

    def test_a_run_without_a_job_is_known_by_its_identifier(self):
        facts = facts_of(event(job=None, outputs=[dataset("data")]))
        assert related(facts) == {("s3://lab/data", "made", RUN)}

    def test_an_event_with_neither_is_a_run_of_its_own(self):
        part = {"inputs": [dataset("a")], "outputs": [dataset("b")]}
        facts = facts_of(part, part)
        runs = {link.object.name for link in facts.relations if link.role == "made"}
        assert runs == {"event at events:1", "event at events:2"}

    def test_a_job_event_tells_what_a_job_does_at_no_time(self):
        facts = facts_of(event(run=None, eventType=None, inputs=[dataset("a")], outputs=[dataset("b")]))
        assert related(facts) == {("lab/train", "used", "s3://lab/a"), ("s3://lab/b", "made", "lab/train")}
        assert [entity.time for entity in facts.entities if entity.kind == "procedure"] == [""]
        assert facts.issues == ()

    def test_identifiers_that_are_no_uuid_hold_within_their_job(self):
        facts = facts_of(
            event(run={"runId": "1"}, outputs=[dataset("a")]),
            event(run={"runId": "1"}, outputs=[dataset("b")], job={"namespace": "lab", "name": "sample"}),
        )
        assert related(facts) == {
            ("s3://lab/a", "made", "lab/train@1"),
            ("s3://lab/b", "made", "lab/sample@1"),
        }

    def test_one_identifier_of_two_jobs_is_told(self):
        facts = facts_of(event(), event(job={"namespace": "lab", "name": "sample"}))
        assert facts.records["runs"] == 1
        assert "'lab/train' and of 'lab/sample'" in said(facts)

    def test_the_time_is_when_it_ended_with_a_zone(self):
        late = event(eventTime="2026-03-01T09:00:00.123456789+02:00")
        facts = facts_of(late, event(eventType="START", eventTime="2026-03-01T06:00:00"))
        assert [entity.time for entity in facts.entities] == ["2026-03-01T07:00:00.123456+00:00"]

    def test_parameters_tags_and_parents_are_labels(self):
        run = {
            "runId": RUN,
            "facets": {
                "executionParameters": {
                    "parameters": [{"key": "round", "value": "4"}, {"key": "lr", "value": 0.1}]
                },
                "tags": {"tags": [{"key": "generation", "value": "4", "source": "me"}]},
                "parent": {"run": {"runId": OTHER_RUN}, "job": {"namespace": "lab", "name": "loop"}},
            },
        }
        entity = facts_of(event(run=run)).entities[0]
        assert entity.generation == 4
        assert entity.labels == {
            "param.round": "4",
            "param.lr": "0.1",
            "tag.generation": "4",
            "parent.run": OTHER_RUN,
            "parent.job": "lab/loop",
        }


class TestDatasets:
    """What facets say of a dataset."""

    def test_the_namespace_is_part_of_the_name(self):
        facts = facts_of(event(inputs=[dataset("x", "a"), dataset("x", "b"), dataset("/tmp/x", "file")]))
        assert {link.object.name for link in facts.relations} == {"a/x", "b/x", "file/tmp/x"}

    def test_two_datasets_spelled_alike_are_told(self):
        facts = facts_of(event(inputs=[dataset("b/c", "a"), dataset("c", "a/b")]))
        assert "are both spelled 'a/b/c'" in said(facts)

    def test_one_event_that_says_it_is_a_model_is_enough(self):
        facts = facts_of(event(inputs=[dataset("m")]), event(run={"runId": OTHER_RUN}, outputs=[model("m")]))
        assert {entity.kind for entity in facts.entities if entity.name == "s3://lab/m"} == {"model"}

    @pytest.mark.parametrize(
        ("type_", "kind"),
        [("MODEL", "model"), ("TABLE", "dataset"), ("FILE", "unknown"), ("JOB_OUTPUT", "unknown")],
    )
    def test_the_type_tells_the_kind_where_it_can(self, type_, kind):
        told = dataset("x", facets={"datasetType": {"datasetType": type_}})
        assert facts_of(event(inputs=[told])).relations[0].object.kind == kind

    def test_two_types_of_one_dataset_are_told(self):
        table = dataset("m", facets={"datasetType": {"datasetType": "TABLE"}})
        assert "is a model in one event and a dataset here" in said(
            facts_of(event(inputs=[model("m"), table]))
        )

    @pytest.mark.parametrize(
        ("facets", "count"),
        [
            ({"inputStatistics": {"rowCount": 7, "size": 9}}, Count.exactly(7)),
            ({"inputStatistics": {"rowCount": 0}}, Count.exactly(0)),
            ({"inputStatistics": {"size": 9, "fileCount": 1}}, Count.exactly(9, "bytes")),
            ({"inputStatistics": {"fileCount": 3}}, Count.exactly(3, "files")),
            ({"dataQualityMetrics": {"rowCount": 5, "bytes": 9}}, Count.exactly(5)),
            ({"inputStatistics": {"rowCount": 7}, "dataQualityMetrics": {"rowCount": 5}}, Count.exactly(7)),
            ({"inputStatistics": {}}, None),
            ({}, None),
        ],
    )
    def test_rows_come_before_bytes_and_bytes_before_files(self, facets, count):
        assert facts_of(event(inputs=[dataset("x", inputFacets=facets)])).relations[0].count == count

    @pytest.mark.parametrize("number", ["wrong", -1, 1.5, True, 10**40, [], {}, "${json-unit.any-number}"])
    def test_what_is_no_count_stays_unknown(self, number):
        told = dataset("x", outputFacets={"outputStatistics": {"rowCount": number}})
        facts = facts_of(event(outputs=[told]))
        assert facts.relations[0].count is None
        assert "not a count" in said(facts)

    def test_of_two_counts_of_a_run_the_later_counts(self):
        def wrote(rows, minute, state):
            told = dataset("x", outputFacets={"outputStatistics": {"rowCount": rows}})
            return event(eventType=state, eventTime=f"2026-03-01T06:{minute}:00Z", outputs=[told])

        growing = [wrote(5, "10", "RUNNING"), wrote(9, "20", "COMPLETE")]
        for order in (growing, growing[::-1]):
            facts = facts_of(*order)
            assert [link.count for link in facts.relations] == [Count.exactly(9)]
            assert facts.issues == ()
        shrinking = [wrote(9, "10", "RUNNING"), wrote(5, "20", "COMPLETE")]
        for order in (shrinking, shrinking[::-1]):
            facts = facts_of(*order)
            assert [link.count for link in facts.relations] == [Count.exactly(5)]
            assert "9 samples in one event of the run and 5 samples in a later one" in said(facts)

    def test_an_event_without_the_version_is_of_the_version_the_run_names(self):
        versioned = dataset("x", facets={"version": {"datasetVersion": "7"}})
        counted = dataset("x", inputFacets={"inputStatistics": {"rowCount": 3}})
        facts = facts_of(event(eventType="START", inputs=[counted]), event(inputs=[versioned]))
        assert [(spelled(link.object), link.count) for link in facts.relations] == [
            ("s3://lab/x@7", Count.exactly(3))
        ]

    def test_two_versions_are_two(self):
        told = [dataset("x", facets={"version": {"datasetVersion": version}}) for version in ("1", "2")]
        assert {spelled(link.object) for link in facts_of(event(inputs=told)).relations} == {
            "s3://lab/x@1",
            "s3://lab/x@2",
        }

    def test_other_names_are_the_same_thing(self):
        links = {"symlinks": {"identifiers": [{"namespace": "hive://h", "name": "db.x", "type": "TABLE"}]}}
        renamed = {
            "lifecycleStateChange": {
                "lifecycleStateChange": "RENAME",
                "previousIdentifier": {"namespace": "s3://lab", "name": "old"},
            }
        }
        facts = facts_of(event(outputs=[dataset("x", facets=links | renamed)]))
        assert {row for row in related(facts) if row[1] == "same-as"} == {
            ("s3://lab/x", "same-as", "hive://h/db.x"),
            ("s3://lab/x", "same-as", "s3://lab/old"),
        }

    @pytest.mark.parametrize("change", ["DROP", "TRUNCATE"])
    def test_what_was_emptied_was_not_made(self, change):
        facets = {"lifecycleStateChange": {"lifecycleStateChange": change}}
        facts = facts_of(event(outputs=[dataset("x", facets=facets)]))
        assert facts.relations == ()
        refilled = dataset("x", facets=facets, outputFacets={"outputStatistics": {"rowCount": 4}})
        assert len(facts_of(event(outputs=[refilled])).relations) == 1

    def test_tags_say_synthetic_generation_and_role(self):
        tags = [
            {"key": "synthetic", "value": "true", "source": "me"},
            {"key": "generation", "value": "3"},
            {"key": "role", "value": "evaluation"},
            {"key": "synthetic", "value": "false", "field": "label"},
        ]
        facts = facts_of(event(inputs=[dataset("x", facets={"tags": {"tags": tags}})]))
        entity = next(entity for entity in facts.entities if entity.name == "s3://lab/x")
        assert (entity.synthetic, entity.generation) == ("all", 3)
        assert entity.labels["tag.synthetic[label]"] == "false"
        assert facts.relations[0].word == "evaluation"

    def test_the_part_that_was_read_is_a_label(self):
        condition = {"type": "location", "locations": ["s3://lab/x/part-1"]}
        told = dataset("x", inputFacets={"subset": {"inputCondition": condition}})
        entity = next(
            entity for entity in facts_of(event(inputs=[told])).entities if entity.kind == "unknown"
        )
        assert json.loads(entity.labels["subset"]) == condition

    def test_a_deleted_facet_says_nothing(self):
        told = dataset("x", facets={"version": {"_deleted": True, "datasetVersion": "1"}})
        assert facts_of(event(inputs=[told])).relations[0].object.version == ""

    def test_an_event_of_a_dataset_describes_it(self):
        facets = {"datasetType": {"datasetType": "MODEL"}, "dataQualityMetrics": {"rowCount": 8}}
        facts = facts_of({"eventTime": "2026-03-01T06:00:00Z", "dataset": dataset("x", facets=facets)})
        assert [(entity.key, entity.count) for entity in facts.entities] == [
            (Key("model", "s3://lab/x"), Count.exactly(8))
        ]

    def test_a_job_that_is_a_model_was_used_by_its_run(self):
        job = {
            "namespace": "lab",
            "name": "llm",
            "facets": {"jobType": {"jobType": "MODEL", "integration": "VLLM"}},
        }
        facts = facts_of(event(job=job, outputs=[dataset("x")]))
        assert (Key("model", "lab/llm"), "jobType") in {(link.object, link.word) for link in facts.relations}

    def test_labels_are_limited(self):
        tags = [{"key": f"k{number}", "value": "v" * 9000} for number in range(1000)]
        facts = facts_of(event(inputs=[dataset("x", facets={"tags": {"tags": tags}})]))
        labels = next(entity.labels for entity in facts.entities if entity.kind == "unknown")
        assert len(labels) == 200
        assert max(map(len, labels.values())) == 500
        assert "more than 200 labels" in said(facts)
