"""The official OpenLineage client talks to the server, as producers do that are built on it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="Starlette is not installed")
pytest.importorskip("uvicorn", reason="Uvicorn is not installed")
pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
pytest.importorskip("openlineage.client", reason="the official client (openlineage-python) is not installed")

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import dataset_type_dataset, output_statistics_output_dataset
from openlineage.client.transport.http import HttpConfig, HttpTransport

from headwater.ledger import Ledger
from tests.ledger.servers import running

TOKEN = "0123456789abcdef"


def made(state: RunState = RunState.COMPLETE) -> RunEvent:
    return RunEvent(
        eventType=state,
        eventTime=datetime(2026, 5, 1, 12, tzinfo=UTC).isoformat(),
        run=Run(runId=str(uuid.uuid4())),
        job=Job(namespace="trainer", name="fit"),
        producer="https://example.org/trainer",
        inputs=[InputDataset("file", "web")],
        outputs=[
            OutputDataset(
                "models",
                "student",
                facets={"datasetType": dataset_type_dataset.DatasetTypeDatasetFacet("MODEL")},
                outputFacets={
                    "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                        rowCount=100
                    )
                },
            )
        ],
    )


def client(port: int, **config: Any) -> OpenLineageClient:
    given = {"url": f"http://127.0.0.1:{port}", "retry": {"total": 0}, **config}
    return OpenLineageClient(transport=HttpTransport(HttpConfig.from_dict(given)))


def stored(ledger: Path) -> list[Any]:
    return [entry.body["event"] for entry in Ledger(ledger, read_only=True).entries()]


def test_what_the_client_emits_is_in_the_book_as_it_sent_it(tmp_path):
    ledger = tmp_path / "a.db"
    with running(ledger) as server:
        producer = client(server.port)
        started, ended = made(RunState.START), made()
        producer.emit(started)
        producer.emit(ended)
        producer.emit(ended)
        producer.close()
        counted = server.ask(path="/counters", method="GET").json
    assert (counted["stored"], counted["duplicates"], counted["refused"]) == (2, 1, {})
    first, second = stored(ledger)
    assert first["run"]["runId"] == started.run.runId
    assert (second["eventType"], second["eventTime"]) == ("COMPLETE", "2026-05-01T12:00:00+00:00")
    assert second["outputs"][0]["facets"]["datasetType"]["datasetType"] == "MODEL"
    assert second["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 100


def test_the_client_may_pack_its_events_and_send_its_key_as_the_token(tmp_path):
    ledger = tmp_path / "a.db"
    with running(ledger, environment={"HEADWATER_LEDGER_TOKEN": TOKEN}) as server:
        producer = client(server.port, compression="gzip", auth={"type": "api_key", "apiKey": TOKEN})
        producer.emit(made())
        producer.close()
        wrong = client(server.port, auth={"type": "api_key", "apiKey": "another key 0123"})
        with pytest.raises(Exception, match="401"):
            wrong.emit(made())
        wrong.close()
    assert len(stored(ledger)) == 1


def test_the_client_finds_the_server_by_the_environment_alone(tmp_path, monkeypatch):
    """As a producer is pointed at it: no code is changed."""
    ledger = tmp_path / "a.db"
    with running(ledger) as server:
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.port}")
        producer = OpenLineageClient()
        producer.emit(made())
        producer.close()
    assert len(stored(ledger)) == 1


def test_the_client_sends_again_what_a_killed_server_did_not_answer(tmp_path):
    """Its own retries carry an event over a restart on the same port."""
    import threading

    ledger = tmp_path / "a.db"
    with running(ledger) as server:
        port = server.port
        server.process.kill()
        server.process.wait()
    producer = client(port, retry={"total": 10, "connect": 10, "backoff_factor": 0.3})
    emitted = made()
    sender = threading.Thread(target=producer.emit, args=(emitted,))
    sender.start()
    with running(ledger, "--port", str(port)):
        sender.join(timeout=60)
        assert not sender.is_alive()
    producer.close()
    assert [each["run"]["runId"] for each in stored(ledger)] == [emitted.run.runId]
