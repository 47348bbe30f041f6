"""Record a self-training loop with the real client, written in three ways.

Made with openlineage-python 1.54.0 and its file transport, which writes an event a line:
``pip install openlineage-python==1.54.0``, then ``python make_loops.py`` in this folder.

A model is trained on 1,000 real rows; then three times it writes 500 rows, and the next model is
trained on those and on 400 of the real ones. ``overwritten``: the model and the synthetic data keep
their names, without versions; ``versioned``: each has the facet ``version``; ``named``: the
generation is in the name. Each loop has a run that fails and is run again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    dataset_type_dataset,
    dataset_version_dataset,
    input_statistics_input_dataset,
    nominal_time_run,
    output_statistics_output_dataset,
    parent_run,
)
from openlineage.client.transport.file import FileConfig, FileTransport

PRODUCER = "https://example.org/self-training"
GENERATIONS = 3
START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)


class Loop:
    """Emits one loop into one file."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.at = START
        path = Path(f"{way}.ndjson")
        path.unlink(missing_ok=True)
        self.client = OpenLineageClient(transport=FileTransport(FileConfig(str(path), append=True)))

    def dataset(self, name: str, generation: int | None, model: bool = False) -> dict:
        """The name and facets of a dataset."""
        facets = {"datasetType": dataset_type_dataset.DatasetTypeDatasetFacet("MODEL" if model else "TABLE")}
        if generation is not None and self.way == "named":
            name = f"{name}_g{generation}"
        if generation is not None and self.way == "versioned":
            facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(str(generation))
        return {"namespace": "s3://lab", "name": name, "facets": facets}

    def read(self, rows: int | None, **dataset: object) -> InputDataset:
        """An input, of which `rows` were read."""
        statistics = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(rowCount=rows)
        return InputDataset(**dataset, inputFacets={} if rows is None else {"inputStatistics": statistics})

    def wrote(self, rows: int | None, **dataset: object) -> OutputDataset:
        """An output, of which `rows` were written."""
        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)
        return OutputDataset(**dataset, outputFacets={} if rows is None else {"outputStatistics": statistics})

    def run(self, job: str, number: int, inputs: list, outputs: list, end: RunState) -> None:
        """A run: what it reads is known at its start, what it writes at its end."""
        id_ = str(uuid5(NAMESPACE_URL, f"{self.way} {job} {number} {end}"))
        parent = parent_run.ParentRunFacet(
            run=parent_run.Run(str(uuid5(NAMESPACE_URL, self.way))),
            job=parent_run.Job("lab", "self_training"),
        )
        nominal = nominal_time_run.NominalTimeRunFacet(self.at.isoformat())
        run = Run(id_, facets={"parent": parent, "nominalTime": nominal})
        told = ((RunState.START, inputs, []), (end, [], outputs if end == RunState.COMPLETE else []))
        for state, read, written in told:
            self.client.emit(
                RunEvent(
                    eventTime=self.at.isoformat(),
                    producer=PRODUCER,
                    run=run,
                    job=Job("lab", job),
                    eventType=state,
                    inputs=read,
                    outputs=written,
                )
            )
            self.at += timedelta(minutes=20)

    def play(self) -> None:
        """Emit all runs."""
        real = self.dataset("real", None)
        first = self.dataset("student", 0, model=True)
        self.run("train", 0, [self.read(1000, **real)], [self.wrote(None, **first)], RunState.COMPLETE)
        for generation in range(1, GENERATIONS + 1):
            teacher = self.dataset("student", generation - 1, model=True)
            synthetic = self.dataset("synthetic", generation)
            student = self.dataset("student", generation, model=True)
            self.run(
                "sample",
                generation,
                [self.read(None, **teacher)],
                [self.wrote(500, **synthetic)],
                RunState.COMPLETE,
            )
            data = [self.read(500, **synthetic), self.read(400, **real)]
            if generation == 2:
                self.run("train", generation, data, [], RunState.FAIL)
            self.run("train", generation, data, [self.wrote(None, **student)], RunState.COMPLETE)


if __name__ == "__main__":
    for way in ("overwritten", "versioned", "named"):
        Loop(way).play()
