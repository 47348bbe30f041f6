"""The memory of a monitor, on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import InputError, OutputError
from headwater.monitoring.limits import Tolerance
from headwater.monitoring.monitor import Monitor
from headwater.monitoring.state import fingerprint, read
from headwater.samples.values import Sample

REAL = np.random.default_rng(1).normal(size=(400, 2))
METRICS = ("spread", "location")


def healthy(generation: int) -> np.ndarray:
    return np.random.default_rng([2, generation]).normal(size=(300, 2))


def monitor() -> Monitor:
    return Monitor(REAL, METRICS)


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    watched, path = monitor(), tmp_path_factory.mktemp("state") / "monitor.json"
    for generation in range(3):
        watched.check(generation, healthy(generation) * 0.5**generation, "a")
    watched.check(1, healthy(5), "a", again=True)
    watched.check(7, healthy(7), "ß")
    watched.note(7, {"vendi": [0.1 + 0.2, None, "é"]}, "ß")
    watched.save(path)
    return path


def test_a_state_is_read_as_it_was_written(saved, tmp_path):
    """Every number to the last bit; and written again it is the same file."""
    watched = Monitor.load(saved, REAL)
    assert watched.alarms
    assert watched.readings("ß") == {7: {"vendi": [0.1 + 0.2, None, "é"]}}
    watched.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == saved.read_bytes()


def test_a_monitor_that_stops_goes_on_as_if_it_had_not(tmp_path):
    """Saved and loaded after every check, in other processes as it were: the same to the last bit."""
    whole, path = monitor(), tmp_path / "monitor.json"
    for generation in range(6):
        sample = healthy(generation) * 0.9**generation
        expected = whole.check(generation, sample)
        part = Monitor.load(path, REAL) if path.exists() else monitor()
        assert part.check(generation, sample) == expected
        part.save(path)
    assert whole.histories == Monitor.load(path, REAL).histories


def test_a_kill_before_saving_loses_that_check_alone(saved, tmp_path, monkeypatch):
    """The file is what it was, and the check can be repeated."""
    path = tmp_path / "monitor.json"
    path.write_bytes(saved.read_bytes())
    watched = Monitor.load(path, REAL)
    lost = watched.check(3, healthy(3), "a")

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("headwater.files.os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        watched.save(path)
    monkeypatch.undo()
    assert path.read_bytes() == saved.read_bytes()
    assert list(tmp_path.iterdir()) == [path]
    assert Monitor.load(path, REAL).check(3, healthy(3), "a") == lost


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: Monitor(REAL, METRICS, alpha=0.02), "alpha 0.01, now 0.02"),
        (lambda: Monitor(REAL, METRICS, tolerance=Tolerance(0.2)), "tolerance"),
        (lambda: Monitor(REAL, METRICS, models=3), "models None, now 3"),
        (lambda: Monitor(REAL, METRICS, seed=1), "seed 0, now 1"),
        (lambda: Monitor(REAL, ("spread",)), "metrics"),
        (lambda: Monitor(REAL + 1e-12, METRICS), "another reference"),
        (lambda: Monitor(REAL[::-1], METRICS), "another reference"),
        (lambda: Monitor(Sample.of(REAL, names=("u", "v")), METRICS), "another reference"),
    ],
)
def test_a_state_of_something_else_is_refused(saved, other, words):
    """Another reference or setting is another test: its evidence does not carry over."""
    watched = other()
    with pytest.raises(InputError, match=words) as refused:
        watched.resume(saved)
    assert str(saved) in str(refused.value)
    assert not watched.histories


def changed(saved: Path, change) -> bytes:
    document = json.loads(saved.read_bytes())
    change(document)
    return json.dumps(document).encode()


CHANGES = {
    "a bet is missing": lambda state: state["models"]["a"]["evidence"]["spread"].pop(),
    "a side is missing": lambda state: state["models"]["a"]["evidence"]["location"][0].pop(),
    "a metric is missing": lambda state: state["models"]["a"]["evidence"].pop("spread"),
    "evidence is infinite": lambda state: state["models"]["a"]["evidence"]["spread"][0].__setitem__(0, 1e999),
    "a check is missing": lambda state: state["models"]["a"]["checks"].pop("0"),
    "a check is of another model": lambda state: state["models"]["a"]["checks"]["0"].update(model="b"),
    "a rank is missing": lambda state: state["models"].pop("a"),
    "a limit is another": lambda state: state["scores"]["spread"]["limit"].__setitem__(0, 0.5),
    "a number is text": lambda state: state["models"]["a"].update(counted="3"),
    "something is unknown": lambda state: state.update(more=1),
    "the version is unknown": lambda state: state.update(headwater=2),
    "a setting cannot be": lambda state: state["settings"].update(alpha=2.0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_state_that_does_not_fit_together_is_refused(saved, tmp_path, change):
    """With one clear error, and nothing is taken from it."""
    path, watched = tmp_path / "state.json", monitor()
    path.write_bytes(changed(saved, change))
    with pytest.raises(InputError, match="state"):
        watched.resume(path)
    assert not watched.histories


def test_a_cut_state_is_refused_wherever_it_was_cut(saved, tmp_path):
    """A full disk elsewhere, a broken copy."""
    content, path = saved.read_bytes(), tmp_path / "state.json"
    for length in range(0, len(content) - 2, 97):
        path.write_bytes(content[:length])
        with pytest.raises(InputError):
            read(path)
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "missing.json")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode) | st.just(b"[" * 100_000))
def test_arbitrary_bytes_are_refused(tmp_path_factory, content):
    """With that error and no other."""
    path = tmp_path_factory.getbasetemp() / "arbitrary.json"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read(path)


@pytest.fixture(scope="module")
def loaded(saved) -> Monitor:
    return Monitor.load(saved, REAL)


@settings(max_examples=100, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 2))
def test_every_double_survives(saved, loaded, number, at):
    """Through a file and back, bit by bit: what was noted and what is evidence."""
    path = saved.with_name("double.json")
    loaded.note(at, {"number": number}, "a")
    loaded.histories["a"].evidence["spread"][0][0] = number
    loaded.save(path)
    history = read(path).models["a"]
    assert history.readings[at]["number"].hex() == number.hex()
    assert history.evidence["spread"][0][0].hex() == number.hex()


@pytest.mark.parametrize("reading", [float("nan"), object(), {1, 2}])
def test_readings_that_json_cannot_hold_are_refused(tmp_path, reading):
    """When saved; the older file stays."""
    watched = monitor()
    watched.check(0, healthy(0))
    watched.save(tmp_path / "state.json")
    content = (tmp_path / "state.json").read_bytes()
    watched.note(0, {"reading": reading})
    with pytest.raises(OutputError, match="cannot be written"):
        watched.save(tmp_path / "state.json")
    assert (tmp_path / "state.json").read_bytes() == content


def test_a_thousand_models_stay_small(tmp_path):
    """Ten generations of each: less than ten kilobytes a model, read in seconds."""
    watched = monitor()
    watched.check(0, healthy(0), "0")
    for generation in range(1, 10):
        watched.check(generation, healthy(generation), "0")
    watched.save(tmp_path / "one.json")
    document = json.loads((tmp_path / "one.json").read_bytes())
    one = json.dumps(document["models"].pop("0"))
    for number in range(1000):
        text = one.replace('"model": "0"', f'"model": "{number}"')
        document["models"][str(number)] = json.loads(text) | {"rank": number + 1}
    path = tmp_path / "thousand.json"
    path.write_text(json.dumps(document, separators=(",", ":")))
    assert path.stat().st_size < 10_000_000
    watched.resume(path)
    assert len(watched.histories) == 1000


def test_fingerprints_tell_references_apart():
    """By value, order, name, shape and kind."""
    rows = np.arange(6.0)
    samples = [
        Sample.of(rows),
        Sample.of(rows[::-1]),
        Sample.of(rows.reshape(3, 2)),
        Sample.of(rows, names=("y",)),
        Sample.of(["a", "b"], "categorical"),
        Sample.of(["a", "b"], "text"),
        Sample.of(["ab", ""], "text"),
    ]
    assert len({fingerprint(sample) for sample in samples}) == len(samples)
    assert fingerprint(Sample.of(rows.astype("f4"))) == fingerprint(samples[0])
