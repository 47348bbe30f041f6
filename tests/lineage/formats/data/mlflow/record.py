"""Record what MLflow writes for a loop of self-training: run it with MLflow, pandas and a folder.

    cp record.py FOLDER/train.py; cd FOLDER; LOGNAME=someone python train.py

Recorded with mlflow-skinny 3.17.2 and 2.22.5, each with pandas 3.1.1, SQLAlchemy and alembic, the
JSON export with mlflow-export-import at commit cf626079 (2026-01-02). FOLDER should be in no checkout, or
every run is tagged with its commit. Written to FOLDER, with its path taken out:

- ``sqlite-VERSION.sql``: the SQLite store of the loop, as SQL text, only tables about runs and models;
- ``files-VERSION.json`` (3.x): the file store of the same loop, path to text, artifacts left out;
- ``export-VERSION.json`` (3.x): its experiment as exported by mlflow-export-import, path to text;
- ``sparse-VERSION.json`` (3.x): a file store without any inputs: counts in metrics, rounds in parameters.

The loop: ``train-g0`` learns from 1,000 real rows; for g = 1, 2, 3 ``generate-g`` writes 400 + g rows
into its artifacts with the model before, and ``train-g`` learns from them and 100 of the real rows.
Every training run is registered as a version of ``student``. In 2.x, which has no model inputs,
the training runs say in an input tag who generated their data.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from pathlib import Path

import mlflow
import mlflow.pyfunc
import pandas as pd
from mlflow.entities import DatasetInput, InputTag

MAJOR = int(mlflow.__version__.split(".")[0])
NEW = MAJOR >= 3
ABOUT = (
    "alembic_version",
    "experiments",
    "experiment_tags",
    "runs",
    "tags",
    "params",
    "metrics",
    "latest_metrics",
    "datasets",
    "inputs",
    "input_tags",
    "logged_models",
    "logged_model_params",
    "logged_model_tags",
    "logged_model_metrics",
    "registered_models",
    "registered_model_tags",
    "registered_model_aliases",
    "model_versions",
    "model_version_tags",
)


class Learner(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[str]) -> list[str]:
        return model_input


def log_model() -> str:
    """The id of the new version's logged model, or its number in 2.x."""
    named = {"name": "model"} if NEW else {"artifact_path": "model"}
    info = mlflow.pyfunc.log_model(
        **named, python_model=Learner(), registered_model_name="student", pip_requirements=["mlflow"]
    )
    return info.model_id if NEW else str(info.registered_model_version)


def log_data(frame: pd.DataFrame, source: str, name: str | None, context: str, **tags: str) -> None:
    dataset = mlflow.data.from_pandas(frame, source=source, name=name)
    said = [InputTag("mlflow.data.context", context)]
    said += [InputTag(key.replace("__", "."), value) for key, value in tags.items()]
    run = mlflow.active_run().info.run_id
    mlflow.MlflowClient().log_inputs(run, [DatasetInput(dataset._to_mlflow_entity(), said)])


def frame(rows: int, start: int) -> pd.DataFrame:
    return pd.DataFrame({"x": range(start, start + rows)})


def generate(folder: Path, round_: int, model: str) -> str:
    with mlflow.start_run(run_name=f"generate-g{round_}"):
        mlflow.log_params({"iteration": round_, "teacher": "student"})
        if NEW:
            run = mlflow.active_run().info.run_id
            mlflow.MlflowClient().log_inputs(run, models=[mlflow.entities.LoggedModelInput(model)])
        path = folder / "generated.csv"
        frame(400 + round_, 10_000 * round_).to_csv(path, index=False)
        mlflow.log_artifact(str(path))
        mlflow.log_metric("rows", 400 + round_)
        return mlflow.get_artifact_uri("generated.csv")


def loop(folder: Path) -> None:
    real, held_out = folder / "real.csv", folder / "held_out.csv"
    frame(1000, 0).to_csv(real, index=False)
    frame(50, 5000).to_csv(held_out, index=False)
    mlflow.set_experiment("self-training")
    model = ""
    for round_ in range(4):
        made = generate(folder, round_, model) if round_ else ""
        with mlflow.start_run(run_name=f"train-g{round_}"):
            mlflow.log_param("iteration", round_)
            if made:
                said = {} if NEW else {"headwater__generated_by": f"models:/student/{round_}"}
                log_data(frame(400 + round_, 10_000 * round_), made, "generated", "training", **said)
            log_data(frame(100 if round_ else 1000, 0), str(real), None, "training")
            log_data(frame(50, 5000), str(held_out), "held-out", "eval", split="test")
            for step, loss in enumerate((1.0, 0.5, 0.25 + round_)):
                mlflow.log_metric("loss", loss, step=step)
            model = log_model()
    with mlflow.start_run(run_name="a mistake") as run:
        log_data(frame(5, 7), str(real), "wrong", "training")
    mlflow.delete_run(run.info.run_id)
    thrown_away = mlflow.create_experiment("thrown away")
    mlflow.MlflowClient().create_run(thrown_away, run_name="thrown away too")
    mlflow.delete_experiment(thrown_away)
    if NEW:
        mlflow.genai.register_prompt("a-prompt", "Write {{what}}.")


def sparse(folder: Path) -> None:
    """What most stores hold: no inputs, no models, numbers in metrics and the round in a parameter."""
    mlflow.set_experiment("distil")
    with mlflow.start_run(run_name="pipeline"):
        mlflow.log_param("generator", "gpt-4o-mini")
        for round_, (made, kept) in enumerate([(5, 5), (5, 5), (5, 4)]):
            with mlflow.start_run(run_name=f"iteration_{round_}", nested=True):
                mlflow.log_param("iteration", round_)
                mlflow.log_metrics({"data/generated": made, "data/accepted": kept})


def dump(database: Path, out: Path, clean: list[tuple[str, str]]) -> None:
    connection = sqlite3.connect(database)
    kept = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    lines = []
    for line in connection.iterdump():
        said = re.match(r'(?:CREATE TABLE|INSERT INTO) "?(\w+)"?', line)
        if said and said[1] in ABOUT and said[1] in kept:
            lines.append(line)
    out.write_text(cleaned("\n".join(lines) + "\n", clean))


def folder_as_json(root: Path, out: Path, clean: list[tuple[str, str]]) -> None:
    found = {}
    for file in sorted(root.rglob("*")):
        parts = file.relative_to(root).parts
        if file.is_file() and "artifacts" not in parts[:-1]:
            found["/".join(parts)] = cleaned(file.read_text(), clean)
    out.write_text(json.dumps(found, indent=0, ensure_ascii=False) + "\n")


def cleaned(text: str, clean: list[tuple[str, str]]) -> str:
    for old, new in clean:
        text = text.replace(old, new)
    return text


def export(uri: str, folder: Path) -> None:
    os.environ["MLFLOW_TRACKING_URI"] = uri
    from mlflow_export_import.experiment.export_experiment import export_experiment

    # Registered models are exported only from a server.
    export_experiment("self-training", str(folder))


def main(folder: Path) -> None:
    clean = [(str(folder), "/srv/mlflow")]
    version = ".".join(mlflow.__version__.split(".")[:2])
    uri = f"sqlite:///{folder}/mlflow.db"
    os.chdir(folder)
    mlflow.set_tracking_uri(uri)
    loop(folder)
    dump(folder / "mlflow.db", folder / f"sqlite-{version}.sql", clean)
    if not NEW:
        return
    export(uri, folder / "export")
    folder_as_json(folder / "export", folder / f"export-{version}.json", clean)
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    for name, tell in (("files", loop), ("sparse", sparse)):
        store = folder / name / "mlruns"
        store.mkdir(parents=True)
        mlflow.set_tracking_uri(str(store))
        tell(folder)
        folder_as_json(store, folder / f"{name}-{version}.json", clean)


if __name__ == "__main__":
    main(Path(__file__).resolve().parent)
