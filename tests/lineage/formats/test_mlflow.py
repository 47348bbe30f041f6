"""What MLflow's records become, in stores that the real tool wrote and in small ones made by hand.

The recordings beside this file are of one loop of self-training, whose numbers stand in the script
that made them: 1,000 real rows for the first model, then 400 + g generated and 100 real ones.
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from headwater.lineage import to_graph
from headwater.lineage.facts import Count, Facts, Key
from headwater.lineage.formats.mlflow import read
from tests.lineage.formats.mlflow_stores import (
    DATA,
    database,
    dataset_row,
    entities,
    exported,
    folder_of,
    input_rows,
    logged_row,
    one,
    relations,
    run_row,
    short,
    sqlite_of,
    store_of,
    told,
)

REAL = "/srv/mlflow/real.csv"
ROUNDS = range(1, 4)
RECORDED = ["sqlite-3.17.sql", "files-3.17.json", "export-3.17.json", "sqlite-2.22.sql"]


@pytest.fixture(params=RECORDED, scope="module")
def loop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """The recorded loop, out of each kind of store."""
    return read(store_of(request.param, tmp_path_factory.mktemp("store")))


class TestLoop:
    def test_every_training_run_used_what_the_script_gave_it(self, loop: Facts):
        assert {row for row in told(loop, "used") if row[3] == "dataset"} == {
            *((f"train-g{g}", "used training", REAL, "dataset") for g in range(4)),
            *((f"train-g{g}", "used eval", "held-out", "dataset") for g in range(4)),
            *((f"train-g{g}", "used training", "generated", "dataset") for g in ROUNDS),
        }

    def test_every_training_run_made_the_next_version(self, loop: Facts):
        made = [relation for relation in relations(loop, "made") if relation.subject.kind == "model"]
        assert {(short(one.subject), short(one.object)) for one in made} == {
            (f"student/{g + 1}", f"train-g{g}") for g in range(4)
        }
        assert len(made) == 4

    def test_what_lies_among_a_runs_artifacts_was_made_by_that_run(self, loop: Facts):
        made = [relation for relation in relations(loop, "made") if relation.subject.kind == "dataset"]
        rows = {entity.key: entity.count for entity in entities(loop, "dataset")}
        assert {(short(one.object), rows[one.subject], one.word) for one in made} == {
            (f"generate-g{g}", Count.exactly(400 + g), "artifact_uri") for g in ROUNDS
        }

    def test_rows_are_counts_and_digests_are_versions(self, loop: Facts):
        counts = {(entity.name, entity.count.exact) for entity in entities(loop, "dataset") if entity.count}
        assert counts == {
            (REAL, 1000),
            (REAL, 100),
            ("held-out", 50),
            *(("generated", 400 + g) for g in ROUNDS),
        }
        assert all(len(entity.key.version) == 8 for entity in entities(loop, "dataset"))

    def test_who_used_which_digest_is_kept(self, loop: Facts):
        rows = {entity.key: entity.count.exact for entity in entities(loop, "dataset") if entity.count}
        used = Counter(
            (short(one.subject), rows[one.object])
            for one in relations(loop, "used")
            if one.object.kind == "dataset" and one.word == "training"
        )
        expected = [("train-g0", 1000), *((f"train-g{g}", n) for g in ROUNDS for n in (100, 400 + g))]
        assert used == Counter(expected)

    def test_rules_find_the_round_on_runs_models_and_made_data(self, loop: Facts):
        for entity in loop.entities:
            if entity.kind in {"procedure", "model"}:
                last = entity.name[-1] if entity.kind == "procedure" else str(int(entity.key.version) - 1)
                assert entity.labels["param.iteration"] == last
            elif entity.name == "generated":
                assert entity.count is not None
                assert entity.labels["param.iteration"] == str(entity.count.low - 400)

    def test_the_loss_is_the_one_of_the_last_step(self, loop: Facts):
        losses = {short(run.key): run.labels.get("metric.loss") for run in entities(loop, "procedure")}
        assert [losses[f"train-g{g}"] for g in range(4)] == ["0.25", "1.25", "2.25", "3.25"]

    def test_every_run_has_its_time_and_status(self, loop: Facts):
        runs = entities(loop, "procedure")
        assert len(runs) == 7
        assert all(run.time.endswith("+00:00") and run.labels["status"] == "FINISHED" for run in runs)
        order = [short(run.key) for run in sorted(runs, key=lambda run: run.time)]
        assert order == ["train-g0", *(f"{what}-g{g}" for g in ROUNDS for what in ("generate", "train"))]

    def test_every_run_began_before_it_ended_and_after_the_one_before_had(self, loop: Facts):
        times = sorted((run.started, run.time) for run in entities(loop, "procedure"))
        assert all(began < ended for began, ended in times)
        assert all(before[1] <= after[0] for before, after in pairwise(times))

    def test_nothing_is_wrong_and_everything_has_a_place(self, loop: Facts):
        assert loop.issues == ()
        assert loop.format == "mlflow"
        for fact in (*loop.entities, *loop.relations):
            assert fact.place.path
            assert fact.place.line or fact.place.pointer

    def test_nothing_is_inferred(self, loop: Facts):
        assert {relation.role for relation in loop.relations} <= {"used", "made", "generated"}
        assert all(entity.generation is None and entity.synthetic is None for entity in loop.entities)


def test_a_run_began_at_the_start_time_of_its_record(tmp_path: Path):
    """1,795,293,384,830 milliseconds after 1970, as the export says."""
    facts = read(store_of("export-3.17.json", tmp_path))
    assert one(facts, "self-training/train-g1").started == "2026-11-21T20:36:24.830+00:00"
    (run,) = read(database(tmp_path, run_row("r"))).entities
    assert (run.started, run.time) == ("1970-01-01T00:00:00.001+00:00", "2023-11-14T22:13:20.000+00:00")


@pytest.mark.parametrize("recorded", RECORDED[:3])
def test_generating_runs_of_mlflow_3_used_the_model_before(recorded: str, tmp_path: Path):
    facts = read(store_of(recorded, tmp_path))
    assert {row for row in told(facts, "used") if row[3] == "model"} == {
        (f"generate-g{g}", "used model_input", f"student/{g}", "model") for g in ROUNDS
    }
    assert not relations(facts, "generated")


def test_a_users_tag_says_who_generated_where_mlflow_2_cannot(tmp_path: Path):
    facts = read(sqlite_of("sqlite-2.22.sql", tmp_path))
    rows = {entity.key: entity.count for entity in entities(facts, "dataset")}
    assert {(rows[one.subject], one.object) for one in relations(facts, "generated")} == {
        (Count.exactly(400 + g), Key("model", "student", str(g))) for g in ROUNDS
    }


@pytest.mark.parametrize("recorded", ["sqlite-3.17.sql", "files-3.17.json", "sqlite-2.22.sql"])
def test_deleted_runs_are_counted_and_left_out(recorded: str, tmp_path: Path):
    facts = read(store_of(recorded, tmp_path))
    assert (facts.records["runs"], facts.records["deleted runs"]) == (7, 2)
    assert not [entity for entity in facts.entities if entity.name in ("wrong", "self-training/a mistake")]


def test_a_prompt_is_no_model(tmp_path: Path):
    for number, recorded in enumerate(["sqlite-3.17.sql", "files-3.17.json"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        facts = read(store_of(recorded, folder))
        assert facts.records["prompts"] == 1
        assert {entity.name for entity in entities(facts, "model")} == {"student"}


def test_the_file_store_tells_the_run_of_an_input_only_by_its_path(tmp_path: Path):
    """MLflow writes the dataset's id as destination_id, as the recording shows."""
    files = json.loads((DATA / "files-3.17.json").read_text(encoding="utf-8"))
    inputs = {path: text for path, text in files.items() if "/inputs/" in path}
    for text in inputs.values():
        said = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line and line[0] != " ")
        assert said["destination_id"] == said["source_id"]
    facts = read(folder_of("files-3.17.json", tmp_path))
    used = relations(facts, "used")
    # One input is of the run that was deleted.
    assert len(used) == len(inputs) - 1
    for relation in used:
        assert relation.subject.version in relation.place.path


def test_folders_above_and_below_the_store_will_do(tmp_path: Path):
    store = folder_of("files-3.17.json", tmp_path / "project" / "mlruns")
    whole = read(store)
    above = read(store.parent)
    assert [entity.key for entity in above.entities] == [entity.key for entity in whole.entities]
    assert above.entities[0].place.path.startswith("mlruns/")
    experiment = next(path.parent for path in store.glob("*/meta.yaml") if path.parent.name != "0")
    assert read(experiment).records["runs"] == 7


def test_a_database_and_a_file_store_side_by_side_are_both_read(tmp_path: Path):
    sqlite_of("sqlite-3.17.sql", tmp_path)
    folder_of("sparse-3.17.json", tmp_path / "mlruns")
    assert read(tmp_path).records["runs"] == 7 + 4


def test_a_store_without_inputs_keeps_what_rules_need(tmp_path: Path):
    facts = read(folder_of("sparse-3.17.json", tmp_path))
    assert facts.relations == ()
    found = {
        entity.labels["param.iteration"]: entity.labels
        for entity in facts.entities
        if "param.iteration" in entity.labels
    }
    assert [found[str(g)]["metric.data/generated"] for g in range(3)] == ["5", "5", "5"]
    assert [found[str(g)]["metric.data/accepted"] for g in range(3)] == ["5", "5", "4"]
    assert {labels["parent_run"] for labels in found.values()} == {"pipeline"}
    assert {labels["parent.param.generator"] for labels in found.values()} == {"gpt-4o-mini"}
    assert {labels["run_name"] for labels in found.values()} == {f"iteration_{g}" for g in range(3)}
    (issue,) = facts.issues
    assert issue.severity == "warning"
    assert "none of the 4 runs says what it read" in issue.message


class TestNames:
    def test_the_default_name_gives_way_to_the_source(self, tmp_path: Path):
        """The fields of a real export by mlflow-tools: name 'dataset', digest 217f4949, 3,428 rows."""
        url = "https://raw.githubusercontent.com/mlflow/mlflow/master/examples/sklearn_elasticnet_wine/wine-quality.csv"
        run = {
            "info": {"run_uuid": "40b8", "experiment_id": "2", "lifecycle_stage": "active"},
            "data": {
                "metrics": [{"key": "rmse", "value": 0.7, "timestamp": 1, "step": 0}],
                "params": [],
                "tags": {},
            },
            "inputs": {
                "dataset_inputs": [
                    {
                        "tags": {"mlflow.data.context": "training"},
                        "dataset": {
                            "name": "dataset",
                            "digest": "217f4949",
                            "source_type": "http",
                            "source": {"url": url},
                            "profile": {"num_rows": 3428, "num_elements": 41136},
                        },
                    }
                ]
            },
        }
        experiment = {"experiment_id": "2", "name": "sklearn_wine", "artifact_location": "/opt/2"}
        facts = read(
            exported(
                tmp_path, {"system": {}, "experiment": experiment, "runs": [{"summary": {}, "run": run}]}
            )
        )
        found = one(facts, url)
        assert (found.key.version, found.count, found.labels["name"]) == (
            "217f4949",
            Count.exactly(3428),
            "dataset",
        )
        (used,) = facts.relations
        assert (used.subject.name, used.word) == ("sklearn_wine/40b8", "training")
        assert used.place.pointer == "/runs/0/run/inputs/dataset_inputs/0"

    def test_the_default_name_stays_where_only_code_is_the_source(self, tmp_path: Path):
        source = json.dumps({"tags": {"mlflow.source.name": "train.py"}})
        path = database(
            tmp_path, run_row("r"), dataset_row("d", "dataset", source, kind="code"), *input_rows("r", "d")
        )
        found = one(read(path), "dataset")
        assert found.key.version == "digest-d"
        assert (found.labels["source"], found.labels["source_type"]) == ("train.py", "code")

    def test_a_model_that_is_not_registered_is_told_apart_by_its_run_and_id(self, tmp_path: Path):
        unnamed = run_row("s").replace("'run-s'", "NULL")
        models = [logged_row("m-1", "r"), logged_row("m-2", "s"), logged_row("m-3", None)]
        facts = read(database(tmp_path, run_row("r"), unnamed, *models))
        assert [entity.key for entity in entities(facts, "model")] == [
            Key("model", "e/run-r/model", "m-1"),
            Key("model", "e/s/model", "m-2"),
            Key("model", "model/m-3", "m-3"),
        ]
        assert {entity.labels["logged_model"] for entity in entities(facts, "model")} == {"model"}

    def test_teacher_and_student_that_are_both_called_model_are_no_loop(self, tmp_path: Path):
        """Unless a rule says that they are one: it finds the name as a label."""
        rows = [
            *(run_row(run) for run in ("teach", "write", "study")),
            dataset_row("real", "real"),
            dataset_row("made", "made", "/store/1/write/artifacts/made.csv"),
            *input_rows("teach", "real", mlflow__data__context="training"),
            *input_rows("study", "made", mlflow__data__context="training"),
            logged_row("m-1", "teach"),
            logged_row("m-2", "study"),
            "INSERT INTO inputs VALUES ('x', 'RUN_INPUT', 'write', 'MODEL_INPUT', 'm-1', 0)",
        ]
        facts = read(database(tmp_path, *rows))
        graph, report = to_graph(facts)
        assert {
            (flow.provider, flow.model) for flow in graph.flows if flow.provider in graph.model_names
        } == {("e/run-teach/model", "e/run-study/model")}
        assert report.folding.self_consuming == ()

    def test_mlflow_2_tells_an_unregistered_model_only_in_a_tag(self, tmp_path: Path):
        registered = "DELETE FROM model_versions WHERE version = 2;"
        facts = read(sqlite_of("sqlite-2.22.sql", tmp_path, registered))
        keys = [one.subject for one in relations(facts, "made") if one.subject.kind == "model"]
        names = Counter(key.name for key in keys)
        assert names == Counter({"student": 3, "self-training/train-g1/model": 1})
        (other,) = [key for key in keys if key.name != "student"]
        assert len(other.version) == 32
        assert not any("log-model.history" in label for entity in facts.entities for label in entity.labels)

    def test_one_model_registered_twice_is_the_same(self, tmp_path: Path):
        rows = [
            f"INSERT INTO model_versions (name, version, source, run_id, current_stage) VALUES ({values})"
            for values in (
                "'a', 1, 'models:/m-1', 'r', 'None'",
                "'b', 1, 'models:/m-1', 'r', 'None'",
                "'prod', 1, 'models:/a/1', 'r', 'None'",
                "'s3', 1, 's3://bucket/model', 'r', 'None'",
                "'s3', 2, 's3://bucket/model', 'q', 'None'",
                "'gone', 1, 's3://bucket/other', 'q', 'Deleted_Internal'",
            )
        ]
        facts = read(database(tmp_path, run_row("r"), run_row("q"), *rows))
        same = {(short(one.subject), short(one.object)) for one in relations(facts, "same-as")}
        assert same == {("b/1", "a/1"), ("prod/1", "a/1")}
        assert facts.records["deleted model versions"] == 1

    def test_content_under_two_names_stays_two(self, tmp_path: Path):
        """The digest says the same content; that is for a rule, not for the reader."""
        rows = [
            row.replace("digest-d1", "x").replace("digest-d2", "x")
            for row in (dataset_row("d1", "a"), dataset_row("d2", "b"))
        ]
        facts = read(database(tmp_path, run_row("r"), *rows, *input_rows("r", "d1"), *input_rows("r", "d2")))
        assert {entity.key for entity in entities(facts, "dataset")} == {
            Key("dataset", "a", "x"),
            Key("dataset", "b", "x"),
        }


@pytest.mark.parametrize(
    ("profile", "count"),
    [
        ('{"num_rows": 3, "num_elements": 9}', Count.exactly(3)),
        ('{"num_rows": 0}', Count.exactly(0)),
        ('{"features_shape": [150, 4], "features_size": 600, "targets_shape": [150]}', Count.exactly(150)),
        ('{"features_shape": {"a": [7, 2], "b": [7]}}', Count.exactly(7)),
        ('{"features_shape": {"a": [7, 2], "b": [8]}}', None),
        ('{"features_shape": []}', None),
        ('{"features_cardinality": 600}', None),
        ('{"approx_count": "unknown"}', None),
        ("null", None),
        (None, None),
    ],
)
def test_rows_come_from_the_profile_or_stay_unknown(profile: str | None, count: Count | None, tmp_path: Path):
    path = database(tmp_path, run_row("r"), dataset_row("d", "d", profile=profile), *input_rows("r", "d"))
    facts = read(path)
    assert one(facts, "d").count == count
    assert facts.issues == ()


@pytest.mark.parametrize(
    "profile", ['{"num_rows": "three"}', '{"num_rows": -1}', '{"num_rows": 1e30}', "{", "[" * 5000]
)
def test_a_profile_that_is_wrong_leaves_the_count_unknown_and_says_so(profile: str, tmp_path: Path):
    path = database(tmp_path, run_row("r"), dataset_row("d", "d", profile=profile), *input_rows("r", "d"))
    facts = read(path)
    assert one(facts, "d").count is None
    assert [issue.severity for issue in facts.issues] == ["warning"]
    assert len(facts.relations) == 1


class TestArtifacts:
    def read_with(self, folder: Path, source: str, *more: str) -> Facts:
        rows = [dataset_row("d", "d", json.dumps({"uri": source})), *input_rows("reader", "d")]
        return read(database(folder, run_row("reader"), run_row("maker"), *rows, *more))

    @pytest.mark.parametrize(
        "source",
        [
            "/store/1/maker/artifacts/x.csv",
            "/store/1/maker/artifacts/deep/down/x.csv",
            "file:///store/1/maker/artifacts/x.csv",
            "/store/1/maker/artifacts/",
            "runs:/maker/x.csv",
        ],
    )
    def test_data_below_a_runs_artifacts_are_that_runs(self, source: str, tmp_path: Path):
        (made,) = relations(self.read_with(tmp_path, source), "made")
        assert (made.subject.name, made.object.version, made.word) == ("d", "maker", "artifact_uri")

    @pytest.mark.parametrize(
        "source",
        [
            "/store/1/maker/artifacts-of-others/x.csv",
            "/store/1/maker/x.csv",
            "/store/1/maker/artifacts/../../reader/artifacts/x.csv",
            "/store/1/reader/artifacts/x.csv",
            "runs:/nobody/x.csv",
            "/",
            "",
        ],
    )
    def test_other_data_are_nobodys(self, source: str, tmp_path: Path):
        assert not relations(self.read_with(tmp_path, source), "made")

    def test_a_folder_that_two_runs_share_tells_of_neither(self, tmp_path: Path):
        shared = run_row("other").replace("/store/1/other/", "/store/1/maker/")
        assert not relations(self.read_with(tmp_path, "/store/1/maker/artifacts/x.csv", shared), "made")

    def test_an_artifact_of_a_deleted_run_is_reported(self, tmp_path: Path):
        gone = "UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid = 'maker'"
        facts = self.read_with(tmp_path, "/store/1/maker/artifacts/x.csv", gone)
        assert not relations(facts, "made")
        assert "deleted run" in facts.issues[0].message


class TestStated:
    """The tag headwater.generated_by."""

    @pytest.mark.parametrize(
        ("value", "objects"),
        [
            ("models:/g/3", [Key("model", "g", "3")]),
            ("models:/g/3, models:/h/1", [Key("model", "g", "3"), Key("model", "h", "1")]),
            ("teacher", [Key("procedure", "e/run-teacher", "teacher")]),
            ("runs:/teacher", [Key("procedure", "e/run-teacher", "teacher")]),
        ],
    )
    def test_on_an_input_it_names_models_or_a_run(self, value: str, objects: list[Key], tmp_path: Path):
        rows = [dataset_row("d", "d"), *input_rows("r", "d", headwater__generated_by=value)]
        facts = read(database(tmp_path, run_row("r"), run_row("teacher"), *rows))
        found = relations(facts, "generated")
        assert [one.object for one in found] == objects
        assert {one.subject for one in found} == {Key("dataset", "d", "digest-d")}
        assert {one.object for one in found} <= {entity.key for entity in facts.entities}

    @pytest.mark.parametrize(
        "value", ["GPT-4", "models:/g", "models:/g/latest", "models:/g@best", "models:/", ""]
    )
    def test_what_names_no_version_and_no_run_is_reported(self, value: str, tmp_path: Path):
        rows = [dataset_row("d", "d"), *input_rows("r", "d", headwater__generated_by=value)]
        facts = read(database(tmp_path, run_row("r"), *rows))
        assert not relations(facts, "generated")
        assert "headwater.generated_by" in facts.issues[0].message

    def tagged(self, folder: Path, *tags: tuple[str, str], inputs: list[str]) -> Facts:
        rows = [f"INSERT INTO tags VALUES ('{key}', '{value}', 'r')" for key, value in tags]
        return read(
            database(folder, run_row("r"), dataset_row("d", "d"), dataset_row("x", "x"), *inputs, *rows)
        )

    def test_on_a_run_it_speaks_of_the_one_training_input(self, tmp_path: Path):
        inputs = [
            *input_rows("r", "d", mlflow__data__context="training"),
            *input_rows("r", "x", mlflow__data__context="eval"),
        ]
        facts = self.tagged(tmp_path, ("headwater.generated_by", "models:/g/1"), inputs=inputs)
        (found,) = relations(facts, "generated")
        assert (found.subject.name, found.object) == ("d", Key("model", "g", "1"))

    def test_on_a_run_with_several_inputs_it_must_name_one(self, tmp_path: Path):
        inputs = [*input_rows("r", "d"), *input_rows("r", "x")]
        facts = self.tagged(
            tmp_path,
            ("headwater.generated_by", "models:/g/1"),
            ("headwater.generated_by.x", "models:/h/2"),
            inputs=inputs,
        )
        (found,) = relations(facts, "generated")
        assert (found.subject.name, found.object.name) == ("x", "h")
        assert "which of the run's 2 inputs" in facts.issues[0].message

    def test_any_other_tag_of_an_input_is_only_a_label(self, tmp_path: Path):
        rows = [dataset_row("d", "d"), *input_rows("r", "d", generator="models:/g/3")]
        facts = read(database(tmp_path, run_row("r"), *rows))
        assert one(facts, "d").labels["tag.generator"] == "models:/g/3"
        assert [relation.role for relation in facts.relations] == ["used"]
