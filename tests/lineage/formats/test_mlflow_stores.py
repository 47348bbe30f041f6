"""MLflow stores of all three kinds, sound and hostile: what is read, and that nothing else happens."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.lineage.facts import Key
from headwater.lineage.formats.mlflow import read
from tests.lineage.formats.mlflow_stores import (
    DATA,
    database,
    entities,
    exported,
    folder_of,
    input_rows,
    one,
    relations,
    run_row,
    run_script,
    sqlite_of,
)


class TestSqlite:
    def test_reading_changes_nothing_even_with_a_write_ahead_log(self, tmp_path: Path):
        path = sqlite_of("sqlite-3.17.sql", tmp_path)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("UPDATE runs SET name = name")
            connection.commit()
        before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        assert read(path).records["runs"] == 7
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before

    def test_what_another_process_has_just_written_is_seen(self, tmp_path: Path):
        path = sqlite_of("sqlite-3.17.sql", tmp_path)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(run_row("new"))
            connection.commit()
            assert read(path).records["runs"] == 8

    @pytest.mark.parametrize(
        "table", ["datasets", "inputs", "input_tags", "params", "tags", "latest_metrics", "experiments"]
    )
    def test_a_missing_table_holds_nothing(self, table: str, tmp_path: Path):
        facts = read(sqlite_of("sqlite-3.17.sql", tmp_path, f"DROP TABLE {table};"))
        assert facts.records["runs"] == 7

    def test_a_missing_dataset_is_reported(self, tmp_path: Path):
        facts = read(database(tmp_path, run_row("r"), *input_rows("r", "nowhere")))
        assert "'nowhere'" in facts.issues[0].message

    def test_views_are_not_asked(self, tmp_path: Path):
        endless = (
            "DROP TABLE params; CREATE VIEW params AS WITH RECURSIVE n(run_uuid, key, value) AS "
            "(SELECT 'r', 'k', 1 UNION ALL SELECT run_uuid, key, value + 1 FROM n) SELECT * FROM n;"
        )
        assert read(sqlite_of("sqlite-3.17.sql", tmp_path, endless)).records["runs"] == 7

    def test_a_schema_that_is_no_text_is_refused(self, tmp_path: Path):
        path = sqlite_of("sqlite-2.22.sql", tmp_path)
        data = path.read_bytes()
        data = data.replace(b"tableparamsparams", b"tablepar\xe6msparams")
        path.write_bytes(data.replace(b'CREATE TABLE "params"', b'CREATE TABLX "params"'))
        with pytest.raises(InputError, match="no sound SQLite file"):
            read(path)

    def test_a_file_cut_in_the_middle_is_reported_not_fatal(self, tmp_path: Path):
        path = sqlite_of("sqlite-3.17.sql", tmp_path)
        data = path.read_bytes()
        seen: set[str] = set()
        for end in range(100, len(data), max(1, len(data) // 40)):
            path.write_bytes(data[:end])
            try:
                seen.add("read" if read(path).records.get("runs") else "empty")
            except InputError:
                seen.add("refused")
        assert "refused" in seen

    @given(st.data())
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_flipped_bytes_never_crash(self, tmp_path: Path, data: st.DataObject):
        path = (
            sqlite_of("sqlite-2.22.sql", tmp_path)
            if not (tmp_path / "mlflow.db").exists()
            else tmp_path / "mlflow.db"
        )
        whole = bytearray(
            (tmp_path / "kept").read_bytes() if (tmp_path / "kept").exists() else path.read_bytes()
        )
        (tmp_path / "kept").write_bytes(whole)
        for _ in range(data.draw(st.integers(1, 30))):
            whole[data.draw(st.integers(16, len(whole) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(whole)
        _reads_or_refuses(path)

    values = st.one_of(
        st.none(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        st.binary(max_size=9),
    )

    @given(st.data())
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_value_in_any_column_never_crashes(self, tmp_path: Path, data: st.DataObject):
        path = tmp_path / "mlflow.db"
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            run_script(connection, (DATA / "sqlite-3.17.sql").read_text(encoding="utf-8"))
            connection.execute("PRAGMA ignore_check_constraints = ON")
            tables = [
                row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            for _ in range(data.draw(st.integers(1, 4))):
                table = data.draw(st.sampled_from(sorted(tables)))
                columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
                column = data.draw(st.sampled_from(columns))
                value = data.draw(self.values)
                row = f'(SELECT min(rowid) FROM "{table}")'
                # A primary key holds only whole numbers, whoever writes it.
                with suppress(sqlite3.IntegrityError):
                    connection.execute(
                        f'UPDATE OR IGNORE "{table}" SET "{column}" = ? WHERE rowid = {row}', [value]
                    )
            connection.commit()
        _reads_or_refuses(path)

    def test_twenty_thousand_runs_take_seconds(self, tmp_path: Path):
        path = database(tmp_path)
        number = 20_000
        with closing(sqlite3.connect(path)) as connection:
            ids = [(f"{i:032x}", f"/store/{i:032x}/artifacts") for i in range(number)]
            connection.executemany(
                "INSERT INTO runs (run_uuid, lifecycle_stage, artifact_uri, experiment_id) "
                "VALUES (?, 'active', ?, 1)",
                ids,
            )
            for key in ("iteration", "lr", "batch"):
                connection.executemany(
                    "INSERT INTO params VALUES (?, '1', ?)", ((key, id_) for id_, _ in ids)
                )
            connection.executemany(
                "INSERT INTO datasets VALUES (?, 1, 'd', ?, 'local', ?, NULL, '{\"num_rows\": 5}')",
                ((f"d{i}", str(i), json.dumps({"uri": f"{uri}/x.csv"})) for i, (_, uri) in enumerate(ids)),
            )
            connection.executemany(
                "INSERT INTO inputs VALUES (?, 'DATASET', ?, 'RUN', ?, 0)",
                ((str(i), f"d{max(0, i - 1)}", id_) for i, (id_, _) in enumerate(ids)),
            )
            connection.commit()
        facts = read(path)
        assert facts.records == {"runs": number, "dataset inputs": number}
        assert len(relations(facts, "made")) == number - 1


class TestFileStore:
    @pytest.fixture
    def store(self, tmp_path: Path) -> Path:
        return folder_of("files-3.17.json", tmp_path / "mlruns")

    def runs(self, store: Path) -> Iterator[Path]:
        return (
            path.parent for path in sorted(store.glob("*/*/meta.yaml")) if (path.parent / "params").is_dir()
        )

    def test_links_are_not_followed(self, store: Path, tmp_path: Path):
        run = next(self.runs(store))
        (tmp_path / "secret").write_text("secret", encoding="utf-8")
        (run / "params" / "secret").symlink_to(tmp_path / "secret")
        (store / "loop").symlink_to(store, target_is_directory=True)
        facts = read(store)
        assert facts.records["runs"] == 7
        assert not any("secret" in entity.labels.values() for entity in facts.entities)
        assert any("links are not followed" in issue.message for issue in facts.issues)

    @pytest.mark.parametrize("id_", ["../../../secret", "/etc", "..", ".", "x\\0", "a: b", ""])
    def test_an_id_that_is_a_path_leads_nowhere(self, id_: str, store: Path, tmp_path: Path):
        secret = tmp_path / "secret"
        secret.mkdir()
        (secret / "meta.yaml").write_text("name: secret\ndigest: x\n", encoding="utf-8")
        meta = next(
            path
            for run in self.runs(store)
            for path in sorted(run.glob("inputs/*/meta.yaml"))
            if "eval" in path.read_text(encoding="utf-8")
        )
        meta.write_text(f"source_id: {json.dumps(id_)}\nsource_type: DATASET\ntags: {{}}\n", encoding="utf-8")
        facts = read(store)
        assert not [entity for entity in facts.entities if entity.name == "secret"]
        assert [issue.severity for issue in facts.issues] == ["error"]

    def test_a_pipe_is_not_opened(self, store: Path):
        run = next(self.runs(store))
        os.mkfifo(run / "params" / "pipe")
        os.mkfifo(run / "metrics" / "pipe")
        assert read(store).records["runs"] == 7

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "- a\n",
            "&a [*a, *a]",
            "run_id: [1, 2]\n",
            "!!python/object/apply:os.system [ls]\n",
            "\0",
            "a: b: c",
            "{" * 500,
        ],
    )
    def test_a_broken_description_loses_one_run(self, text: str, store: Path):
        run = next(run for run in self.runs(store) if "a mistake" not in (run / "meta.yaml").read_text())
        (run / "meta.yaml").write_text(text, encoding="utf-8")
        facts = read(store)
        assert facts.records["runs"] == 6
        assert any(issue.severity == "error" and run.name in issue.place.path for issue in facts.issues)

    @pytest.mark.parametrize(
        "text", ["", "x", "1 nan 0", "a b c", "1 2", f"{'9' * 5000} 1 {'9' * 5000}", "\xff\xfe"]
    )
    def test_odd_metrics_are_text(self, text: str, store: Path):
        for file in store.glob("*/*/metrics/loss"):
            file.write_text(text, encoding="latin-1")
        assert read(store).records["runs"] == 7

    def test_a_long_metric_is_read_from_its_end(self, store: Path):
        file = next(iter(sorted(store.glob("*/*/metrics/loss"))))
        file.write_text("".join(f"{i} {i}.0 {i}\n" for i in range(100_000)), encoding="utf-8")
        losses = {entity.labels.get("metric.loss") for entity in entities(read(store), "procedure")}
        assert "99999" in losses

    def test_an_experiment_without_description_goes_by_its_folder(self, store: Path):
        experiment = next(self.runs(store)).parent
        (experiment / "meta.yaml").unlink()
        names = {entity.name.split("/")[0] for entity in entities(read(store), "procedure")}
        assert names == {experiment.name}

    def test_too_many_labels_are_cut_and_reported(self, store: Path):
        run = next(run for run in self.runs(store) if "a mistake" not in (run / "meta.yaml").read_text())
        for number in range(300):
            (run / "params" / f"p{number}").write_text("x" * 2000, encoding="utf-8")
        facts = read(store)
        assert max(len(entity.labels) for entity in facts.entities) <= 200
        assert max(len(value) for entity in facts.entities for value in entity.labels.values()) <= 500
        assert any("were left out" in issue.message for issue in facts.issues)

    @given(st.data())
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_text_in_any_file_never_crashes(self, store: Path, data: st.DataObject):
        files = json.loads((DATA / "files-3.17.json").read_text(encoding="utf-8"))
        chosen = data.draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=3, unique=True))
        for name in chosen:
            text = files[name].encode()
            at = data.draw(st.integers(0, len(text)))
            put = data.draw(
                st.binary(max_size=20) | st.sampled_from([b"[", b"{", b"&a ", b"*a", b": ", b"\n- "])
            )
            rest = text[at:] if data.draw(st.booleans()) else b""
            (store / name).write_bytes(text[:at] + put + rest)
        _reads_or_refuses(store)
        for name in chosen:
            (store / name).write_text(files[name], encoding="utf-8")


class TestExports:
    def test_metrics_that_are_no_number_do_not_cost_the_run(self, tmp_path: Path):
        """Python writes NaN and Infinity, which JSON does not have."""
        run = {
            "info": {"run_id": "r"},
            "metrics": {"loss": [{"value": float("nan"), "step": 1, "timestamp": 1}], "top": float("-inf")},
            "params": {"note": 'NaN "Infinity" \\'},
        }
        found = one(read(exported(tmp_path, {"mlflow": run})), "r")
        assert (found.labels["metric.loss"], found.labels["metric.top"]) == ("NaN", "-Infinity")
        assert found.labels["param.note"] == 'NaN "Infinity" \\'

    def test_registered_models_are_found_in_every_shape(self, tmp_path: Path):
        version = {"name": "g", "version": "2", "run_id": "r", "source": "/m/2", "current_stage": None}
        for shape in (
            {"mlflow": {"model_version": version}},
            {"mlflow": {"registered_model": {"name": "g", "latest_versions": [version]}}},
            {"registered_model": {"name": "g", "creation_timestamp": 1, "versions": [version]}},
            {"model_versions": [version]},
            {"report_info": {}, "registered_model_version": version},
        ):
            facts = read(exported(tmp_path, shape))
            assert [entity.key for entity in facts.entities] == [Key("model", "g", "2")]

    def test_a_json_file_of_something_else_is_refused(self, tmp_path: Path):
        for value in ({}, [], {"runs": [1, 2]}, 3, None, {"info": {"run_id": 3.5}}):
            with pytest.raises(InputError, match="no record of MLflow"):
                read(exported(tmp_path, value))

    def test_artifacts_beside_exports_are_not_read(self, tmp_path: Path):
        folder = folder_of("export-3.17.json", tmp_path)
        (folder / "runs" / "artifacts").mkdir(parents=True)
        exported(folder / "runs" / "artifacts", {"info": {"run_id": "not one"}})
        assert read(folder).records["runs"] == 7

    @given(st.data())
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_value_anywhere_never_crashes(self, tmp_path: Path, data: st.DataObject):
        files = json.loads((DATA / "export-3.17.json").read_text(encoding="utf-8"))
        name = data.draw(st.sampled_from(sorted(files)))
        record = json.loads(files[name])
        for _ in range(data.draw(st.integers(1, 4))):
            _replace_one(record, data)
        (tmp_path / "run.json").write_text(json.dumps(record), encoding="utf-8")
        _reads_or_refuses(tmp_path)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _replace_one(record: Any, data: st.DataObject) -> None:
    """Put any value in some place of a record."""
    here = record
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if not isinstance(here[key], (dict, list)) or not here[key] or data.draw(st.integers(0, 5)) == 0:
            here[key] = data.draw(anything)
            return
        here = here[key]


def _reads_or_refuses(path: Path) -> None:
    try:
        facts = read(path)
    except InputError:
        return
    for entity in facts.entities:
        assert entity.name
        assert len(entity.labels) <= 200
        json.dumps([entity.name, dict(entity.labels)]).encode()
        f"{entity.key} {dict(entity.labels)}".encode()
    for relation in facts.relations:
        f"{relation} {relation.place}".encode()
    for issue in facts.issues:
        str(issue).encode()


def _nothing(folder: Path) -> Path:
    return folder / "missing"


def _empty(folder: Path) -> Path:
    return folder


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def _other_database(folder: Path) -> Path:
    with closing(sqlite3.connect(folder / "x.db")) as connection:
        connection.execute("CREATE TABLE cats (name)")
    return folder / "x.db"


def _garbage(folder: Path) -> Path:
    (folder / "x.db").write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 20)
    return folder / "x.db"


def _text(folder: Path) -> Path:
    (folder / "x.txt").write_text("hello", encoding="utf-8")
    return folder / "x.txt"


@pytest.mark.parametrize("make", [_nothing, _empty, _pipe, _other_database, _garbage, _text])
def test_where_there_is_nothing_of_mlflow_the_error_says_so(make: Callable[[Path], Path], tmp_path: Path):
    with pytest.raises(InputError) as caught:
        read(make(tmp_path))
    assert caught.value.remedy
