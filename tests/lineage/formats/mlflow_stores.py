"""MLflow stores for tests: recorded ones, put back from text, and small ones made row by row."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from headwater.lineage.facts import Entity, Facts, Key, Relation

DATA = Path(__file__).parent / "data" / "mlflow"


def sqlite_of(recorded: str, folder: Path, more: str = "") -> Path:
    """A SQLite store from its recorded SQL text."""
    path = folder / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection:
        run_script(connection, (DATA / recorded).read_text(encoding="utf-8") + more)
    return path


def run_script(connection: sqlite3.Connection, statements: str) -> None:
    """Without waiting for the disk, which would take most of the time of these tests."""
    connection.executescript(f"PRAGMA synchronous = OFF; BEGIN; {statements} COMMIT;")


def schema() -> str:
    """The tables of MLflow 3.17 without rows."""
    lines = (DATA / "sqlite-3.17.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("INSERT"))


def database(folder: Path, *statements: str) -> Path:
    """A SQLite store of MLflow 3.17 with one experiment and the given rows."""
    path = folder / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection:
        run_script(connection, schema())
        connection.execute(
            "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (1, 'e', 'active')"
        )
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path


def run_row(id_: str, stage: str = "active") -> str:
    return (
        "INSERT INTO runs (run_uuid, name, status, start_time, end_time, lifecycle_stage, artifact_uri, "
        f"experiment_id) VALUES ('{id_}', 'run-{id_}', 'FINISHED', 1, 1700000000000, '{stage}', "
        f"'/store/1/{id_}/artifacts', 1)"
    )


def logged_row(id_: str, run: str | None) -> str:
    """A model that a run logged and that is called 'model', as most are."""
    by = "NULL" if run is None else f"'{run}'"
    return (
        "INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, "
        "creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage, source_run_id) "
        f"VALUES ('{id_}', 1, 'model', '/m/{id_}', 1, 1, 2, 'active', {by})"
    )


def input_rows(run: str, dataset: str, **tags: str) -> list[str]:
    id_ = f"{run}-{dataset}"
    rows = [f"INSERT INTO inputs VALUES ('{id_}', 'DATASET', '{dataset}', 'RUN', '{run}', 0)"]
    for name, value in tags.items():
        rows.append(f"INSERT INTO input_tags VALUES ('{id_}', '{name.replace('__', '.')}', '{value}')")
    return rows


def dataset_row(
    id_: str, name: str, source: str = "{}", profile: str | None = None, kind: str = "local"
) -> str:
    told = "NULL" if profile is None else f"'{profile}'"
    values = f"'{id_}', 1, '{name}', 'digest-{id_}', '{kind}', '{source}', NULL, {told}"
    return f"INSERT INTO datasets VALUES ({values})"


def folder_of(recorded: str, folder: Path) -> Path:
    """A folder from a recorded mapping of paths to texts."""
    for name, text in json.loads((DATA / recorded).read_text(encoding="utf-8")).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def store_of(recorded: str, folder: Path) -> Path:
    return (
        sqlite_of(recorded, folder) if recorded.endswith(".sql") else folder_of(recorded, folder / "mlruns")
    )


def exported(folder: Path, value: Any) -> Path:
    path = folder / "run.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def told(facts: Facts, *roles: str) -> set[tuple[str, str, str, str]]:
    """Relations as (subject, role and its word, object, version of what is no run)."""
    found = set()
    for relation in facts.relations:
        if relation.role in roles:
            asset = relation.object if relation.role == "used" else relation.subject
            found.add(
                (
                    short(relation.subject),
                    f"{relation.role} {relation.word}",
                    short(relation.object),
                    asset.kind,
                )
            )
    return found


def short(key: Key) -> str:
    """A key by name, with the number of a registered version."""
    name = key.name.removeprefix("self-training/")
    return f"{name}/{key.version}" if key.kind == "model" else name


def entities(facts: Facts, kind: str) -> list[Entity]:
    return [entity for entity in facts.entities if entity.kind == kind]


def one(facts: Facts, name: str) -> Entity:
    found = [entity for entity in facts.entities if entity.name == name]
    assert len(found) == 1, found
    return found[0]


def relations(facts: Facts, role: str) -> list[Relation]:
    return [relation for relation in facts.relations if relation.role == role]
