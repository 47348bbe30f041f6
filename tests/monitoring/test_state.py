"""The memory of a monitor, on disk."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import InputError, OutputError
from headwater.monitoring.limits import Tolerance
from headwater.monitoring.monitor import Monitor
from headwater.monitoring.reference import fingerprint, shuffled
from headwater.monitoring.state import LARGEST, held, lock_path, read
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
        (lambda: Monitor(REAL, ("spread",)), r"metrics \('spread', 'location'\), now \('spread',\)"),
        (lambda: Monitor(REAL[::-1], METRICS, seed=1), "seed 0, now 1"),
        (lambda: Monitor(REAL + 1e-12, METRICS), "another reference"),
        (lambda: Monitor(REAL[:-1], METRICS), "another reference"),
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
    loaded.note(at, {"number": number}, "a", replace=True)
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
    """By value, name, shape and kind; not by the order of rows."""
    rows = np.arange(6.0)
    samples = [
        Sample.of(rows),
        Sample.of([*rows, 0.0]),
        Sample.of(rows.reshape(3, 2)),
        Sample.of(rows, names=("y",)),
        Sample.of(rows.reshape(3, 2)[:, ::-1]),
        Sample.of(["a", "b"], "categorical"),
        Sample.of(["a", "b", "b"], "categorical"),
        Sample.of(["a", "b"], "text"),
        Sample.of(["ab", ""], "text"),
    ]
    assert len({fingerprint(sample) for sample in samples}) == len(samples)
    assert fingerprint(Sample.of(rows.astype("f4"))) == fingerprint(samples[0])
    for sample in samples:
        assert fingerprint(sample.take(np.arange(len(sample))[::-1])) == fingerprint(sample)


@pytest.mark.parametrize("kind", ["numeric", "categorical", "text"])
def test_the_order_of_the_reference_changes_nothing(tmp_path, kind):
    """The same rows in another order go on from a state as if nothing were; ties, zeros and signs too."""
    rows = np.random.default_rng(4).integers(-3, 4, size=(300, 2)).astype(float)
    if kind != "numeric":
        rows = np.array([f"w{a:g} w{b:g}" for a, b in rows], object)
    one = Monitor(Sample.of(rows, None if kind == "numeric" else kind))
    turned = np.where(rows == 0, -0.0, rows)[::-1] if kind == "numeric" else rows[::-1]
    two = Monitor(Sample.of(turned, one.frame.reference.kind))
    found = [each.check(0, rows[100:]) for each in (one, two)]
    assert found[0] == found[1]
    one.save(tmp_path / "one.json")
    two.save(tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    two.resume(tmp_path / "one.json")


def test_the_order_that_a_reference_gets_leaves_its_halves_random():
    """Of two labels, each half gets as many as at random: the mean and the spread over 2,000 references.

    Sorted rows are the control: one seed then cuts nearly the same share from every reference.
    """
    rng, counts, control = np.random.default_rng(5), [], []
    size = 100
    for _ in range(2000):
        labels = np.array(["a", "b"], object)[np.sort(rng.permutation(size) >= size // 2).astype(int)]
        labels[0] = f"c{rng.integers(2**60)}"  # otherwise it is always the same reference
        sample = Sample.of(labels, "categorical")
        for found, each in ((counts, shuffled(sample, 0, fingerprint(sample))), (control, sample)):
            found.append(int((each.split(0)[1].rows == "b").sum()))
    variance = 50 * 0.5 * 0.5 * (100 - 50) / (100 - 1)  # hypergeometric
    assert abs(np.mean(counts) - 25) < 5 * (variance / 2000) ** 0.5
    # The variance of 2,000 nearly normal counts is within a fifth: 6 standard errors.
    assert np.var(counts) == pytest.approx(variance, rel=0.2)
    assert np.var(control) < 0.2 * variance


def test_a_state_is_held_by_one_run_at_a_time(tmp_path):
    """Any other is refused, may read, and comes after it; nothing is left behind, whatever ended it."""
    path, link = tmp_path / "state.json", tmp_path / "link.json"
    link.symlink_to(path)
    watched = monitor()
    watched.check(0, healthy(0))
    watched.save(path)
    for _ in range(2):
        with held(path):
            with pytest.raises(InputError, match="in use by another run") as refused, held(link):
                pass
            assert str(link) in str(refused.value)
            assert Monitor.load(path, REAL).histories == watched.histories
    with pytest.raises(KeyboardInterrupt), held(path):
        raise KeyboardInterrupt
    assert set(tmp_path.iterdir()) == {path, link}
    with pytest.raises(OutputError, match="cannot be held"), held(tmp_path / "nowhere" / "state.json"):
        pass


def test_a_killed_run_lets_go_of_its_state(tmp_path):
    """The system does; what its lock left goes with the next run."""
    path = tmp_path / "state.json"
    waiting = (
        f"from headwater.monitoring.state import held\nwith held({str(path)!r}):\n"
        "    print('held', flush=True)\n    input()"
    )
    command = [sys.executable, "-c", waiting]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match="in use"), held(path):
            pass
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert Path(lock_path(path)).exists()
    with held(path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_lock_that_was_removed_meanwhile_is_not_taken(tmp_path, monkeypatch):
    """A run that opened the lock of another just before it ended locks a file that no third one sees."""
    from headwater.monitoring import state

    path, opened = tmp_path / "state.json", state._opened
    times = []

    def late(path, beside):
        lock = opened(path, beside)
        times.append(beside)
        if len(times) == 1:
            Path(beside).unlink()
        return lock

    monkeypatch.setattr(state, "_opened", late)
    with held(path):
        assert Path(lock_path(path)).exists()
    assert len(times) == 2


def test_a_file_far_too_large_is_refused_unread(tmp_path):
    """A thousand models have ten megabytes."""
    path = tmp_path / "large.json"
    with open(path, "wb") as file:
        file.truncate(LARGEST + 1)
    assert LARGEST == 256 * 2**20
    with pytest.raises(InputError, match="no state of a monitor: it has more than 268,435,456 bytes"):
        read(path)
