"""The monitor as it is used."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headwater.errors import InputError, SampleError
from headwater.monitoring.limits import Tolerance
from headwater.monitoring.monitor import MOST, Monitor
from headwater.samples.values import Sample

RNG = np.random.default_rng(1)
REAL = RNG.normal(size=(2000, 2))


def healthy(generation: int, rows: int = 500) -> np.ndarray:
    return np.random.default_rng([2, generation]).normal(size=(rows, 2))


def watch(**settings) -> Monitor:
    return Monitor(REAL, metrics=("spread", "location"), **settings)


def test_a_collapse_rings_and_says_where_and_how_far():
    """Half the variance is lost: spread rings for a loss of about a half, location does not."""
    monitor = watch()
    for generation in range(3):
        assert not monitor.check(generation, healthy(generation)).alarm
    check = monitor.check(3, healthy(3) * 0.5**0.5)
    (alarm,) = check.alarms
    assert (alarm.model, alarm.generation, alarm.metric, alarm.part) == ("model", 3, "spread", "radius")
    assert alarm.effect == check.effects["spread"]
    assert alarm.effect.low < 0.5 < alarm.effect.high
    assert alarm.effect.low > alarm.effect.tolerated == pytest.approx(0.1)
    # Two metrics, the first model: alpha 0.01 x 4/5 / 2 / 2.
    assert math.exp(alarm.log_threshold) == pytest.approx(1 / (0.01 * 0.8 / 2 / 2))
    assert alarm.log_e_value >= alarm.log_threshold
    assert alarm.e_value == pytest.approx(math.exp(alarm.log_e_value))
    assert monitor.alarms == (alarm,)


def test_a_drift_of_the_mean_rings_with_its_direction():
    """Location, and of it the part that moved."""
    moved = healthy(0, 3000) - [0.0, 1.0]
    effects = watch().check(0, moved).effects
    assert effects["location"].part == "x1"
    assert effects["location"].value < -0.05


def test_an_alarm_ends_when_the_sample_is_healthy_again():
    """At once, though the evidence is still there: what rings is also seen in this sample."""
    monitor = watch()
    (alarm, *_) = [monitor.check(generation, healthy(generation) * 0.5) for generation in range(3)][2].alarms
    after = monitor.check(3, healthy(3, 60) * 1.1)
    assert after.log_e_values["spread"] > alarm.log_threshold
    assert not after.alarm


def test_evidence_of_a_long_collapse_goes_away():
    """It is capped: a thousand nats of it would ring at every noisy sample for ever."""
    monitor = watch()
    for generation in range(30):
        check = monitor.check(generation, healthy(generation) * 0.5)
    assert check.log_e_values["spread"] < check.alarms[0].log_threshold + 15
    later = [monitor.check(generation, healthy(generation, 3000)) for generation in range(30, 50)]
    assert later[-1].log_e_values["spread"] < check.alarms[0].log_threshold


def test_models_share_alpha_by_their_order():
    """1/2, 1/6, ... of it; or equal parts of a known number, and then no more models than that."""
    monitor, known = watch(), watch(models=2)
    for each in (monitor, known):
        for model in ("first", "second"):
            assert each.check(0, healthy(0) * 0.3, model).alarm
    for each, weights in ((monitor, (1 / 2, 1 / 6)), (known, (1 / 2, 1 / 2))):
        for model, weight in zip(("first", "second"), weights, strict=True):
            (threshold,) = {alarm.log_threshold for alarm in each.alarms if alarm.model == model}
            assert threshold == pytest.approx(-math.log(0.01 * 0.8 / 2 * weight))
    with pytest.raises(SampleError, match="one model more than the 2"):
        known.check(0, healthy(0), "third")


def test_a_generation_is_checked_once():
    """A second time, or an earlier one, is refused, and changes nothing."""
    monitor = watch()
    monitor.check(3, healthy(3))
    before = monitor.histories["model"]
    for generation, words in ((3, "checked already"), (1, "before 3")):
        with pytest.raises(SampleError, match=words):
            monitor.check(generation, healthy(9))
    assert monitor.histories["model"] is before
    monitor.check(1, healthy(1), "another")  # every model has its own time
    monitor.check(7, healthy(7))  # gaps are allowed


def test_again_tells_effects_anew_and_is_no_evidence():
    """Neither for a generation that counted nor for an earlier one that never did."""
    monitor = watch()
    first = monitor.check(3, healthy(3))
    evidence = monitor.histories["model"].evidence
    second = monitor.check(3, healthy(3) * 0.1, again=True)
    assert second.effects["spread"].value > 0.9
    assert (second.counted, second.alarms, second.log_e_values) == (True, (), first.log_e_values)
    assert not monitor.check(1, healthy(1) * 0.1, again=True).counted
    assert monitor.histories["model"].evidence == evidence
    assert monitor.histories["model"].last == 3
    assert monitor.check(4, healthy(4), again=True).counted  # later ones count as ever


def test_readings_are_kept_beside_a_check():
    """And only beside one."""
    monitor = watch()
    monitor.check(0, healthy(0))
    monitor.note(0, {"vendi": 3.5})
    assert monitor.readings() == {0: {"vendi": 3.5}}
    assert monitor.readings("nobody") == {}
    with pytest.raises(SampleError, match="was not checked"):
        monitor.note(1, {})


def test_the_first_note_of_a_generation_stays():
    """It is what later ones were compared with; a check that is told again does not change it."""
    monitor = watch()
    monitor.check(0, healthy(0))
    monitor.note(0, {"vendi": 3.5})
    monitor.check(0, healthy(0) * 0.5, again=True)
    monitor.note(0, {"vendi": 1.0})
    assert monitor.readings() == {0: {"vendi": 3.5}}
    monitor.note(0, {"vendi": 1.0}, replace=True)
    assert monitor.readings() == {0: {"vendi": 1.0}}


def test_a_block_is_remembered_whole_or_not_at_all():
    """Checks and notes of a block that raises are forgotten; of one that does not they stay."""
    monitor = watch()
    with monitor.all_or_nothing():
        monitor.check(0, healthy(0))
    before = dict(monitor.histories)
    with pytest.raises(SampleError, match="checked already"), monitor.all_or_nothing():
        monitor.note(0, {"vendi": 3.5})
        monitor.check(1, healthy(1))
        monitor.check(0, healthy(0), "another")
        monitor.check(1, healthy(1))
    assert dict(monitor.histories) == before
    assert list(monitor.histories["model"].checks) == [0]


def test_a_block_watches_one_model(tmp_path):
    """And saves after every check."""
    monitor, path = watch(), tmp_path / "state.json"
    with monitor.watching("student", state=path) as watched:
        watched.check(0, healthy(0))
        content = path.read_bytes()
        watched.check(1, healthy(1))
    assert path.read_bytes() != content
    assert list(Monitor.load(path, REAL).histories["student"].checks) == [0, 1]
    with monitor.watching("teacher") as watched:
        assert not watched.check(0, healthy(0)).alarm


def test_a_second_launch_goes_on_from_the_state(tmp_path):
    """Four checks and a fifth are five, as if there had been one launch; notes at the end are saved too."""
    path, whole = tmp_path / "state.json", watch()
    with watch().watching(state=path) as first:
        for generation in range(4):
            first.check(generation, healthy(generation))
        first.monitor.note(3, {"vendi": 3.5})
    with watch().watching(state=path) as second:
        told = second.check(4, healthy(4))
    for generation in range(5):
        expected = whole.check(generation, healthy(generation))
    assert told == expected
    again = Monitor.load(path, REAL)
    assert dict(again.histories["model"].checks) == dict(whole.histories["model"].checks)
    assert again.readings() == {3: {"vendi": 3.5}}
    with pytest.raises(InputError, match="seed 0, now 1"), watch(seed=1).watching(state=path):
        pass
    assert list(tmp_path.iterdir()) == [path]


def test_a_watched_state_is_held(tmp_path):
    """By the monitor, for all its models; after the block a check is refused, as others may go on then."""
    path, monitor = tmp_path / "state.json", watch()
    with monitor.watching("student", path) as student, monitor.watching("teacher", path) as teacher:
        student.check(0, healthy(0))
        teacher.check(0, healthy(1))
        with pytest.raises(InputError, match="in use by another run"), watch().watching(state=path):
            pass
    assert set(Monitor.load(path, REAL).histories) == {"student", "teacher"}
    with pytest.raises(InputError, match="inside the block"):
        student.check(1, healthy(1))
    with monitor.watching("student", path) as student:
        student.check(1, healthy(1))
    assert list(Monitor.load(path, REAL).histories["student"].checks) == [0, 1]


def test_checks_that_a_state_does_not_know_are_not_forgotten_for_it(tmp_path):
    """A monitor that was told something is not overwritten by a file without it."""
    path, monitor = tmp_path / "state.json", watch()
    with watch().watching("student", path) as watched:
        watched.check(0, healthy(0))
    content = path.read_bytes()
    monitor.check(0, healthy(3), "student")
    before = dict(monitor.histories)
    with pytest.raises(InputError, match="'student' what this state does not"), monitor.watching(state=path):
        pass
    assert dict(monitor.histories) == before
    assert path.read_bytes() == content


def test_more_rows_than_are_scored_are_thinned():
    """At random, and the check says how many were used."""
    assert Monitor(REAL, metrics=["spread"]).check(0, healthy(0, MOST + 5)).rows == MOST


def test_labels_and_texts_are_watched_too():
    """A list of strings is of the kind of the reference."""
    letters = np.array(list("aaaabbbccd") * 60)
    rng = np.random.default_rng(3)
    monitor = Monitor(Sample.of(rng.choice(letters, 2000), "categorical"))
    assert not monitor.check(0, rng.choice(letters, 1000).tolist()).alarm
    assert monitor.check(1, ["a"] * 500 + ["z"] * 500).alarm


def test_a_check_repeats():
    """The same reference, seed and samples give the same numbers."""
    checks = [watch(seed=5).check(0, healthy(0) * 0.8) for _ in range(2)]
    assert checks[0] == checks[1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"alpha": 0.0}, "alpha is 0.0"),
        ({"alpha": 1}, "alpha is 1"),
        ({"models": 0}, "models=0"),
        ({"tolerance": Tolerance(0.1), "seed": 0, "alpha": float("nan")}, "alpha is nan"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, words):
    """With the value."""
    with pytest.raises(SampleError, match=words):
        watch(**settings)


@pytest.mark.parametrize("metrics", [(), ("spread", "spread"), ("spraed",)])
def test_metrics_are_named_once_and_known(metrics):
    """Or refused."""
    with pytest.raises(SampleError):
        Monitor(REAL, metrics=metrics)


@pytest.mark.parametrize("generation", [-1, 1.0, True, "1"])
def test_a_generation_is_a_whole_number(generation):
    """From 0."""
    with pytest.raises(SampleError, match="whole number"):
        watch().check(generation, healthy(0))


def test_wrong_samples_are_refused_and_change_nothing():
    """Other dimensions, a model without a name: the model has not even appeared."""
    monitor = watch()
    with pytest.raises(SampleError, match="2 features, the sample has 3"):
        monitor.check(0, np.zeros((10, 3)))
    with pytest.raises(SampleError, match="give it a name"):
        monitor.check(0, healthy(0), " ")
    assert not monitor.histories


def test_sorted_rows_are_paired_as_shuffled_ones_are():
    """Five labels of equal chance, sorted: a fixed pairing of ranks finds other matches than one in five."""
    import numpy as np

    from headwater.monitoring.monitor import Monitor
    from headwater.samples.values import Sample

    rng = np.random.default_rng(4)
    labels = np.array(list("abcde"))
    monitor = Monitor(Sample.of(rng.choice(labels, 4_000).tolist(), "categorical"), metrics=("matches",))
    means = [
        monitor.check(at, Sample.of(sorted(rng.choice(labels, 100).tolist()), "categorical"))
        .effects["matches"]
        .mean
        for at in range(200)
    ]
    # 10,000 pairs of chance 0.2 less 0.008 for pairs without replacement: five standard errors
    assert abs(np.mean(means) - 0.2) < 0.02
    assert len(set(means)) > 5
