"""The callback, in a loop that calls it as the Trainer of transformers does."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from headwater.errors import MissingExtra
from headwater.monitoring.callbacks import trainer_callback
from headwater.monitoring.monitor import Monitor

EVENTS = ("on_train_begin", "on_epoch_begin", "on_step_end", "on_evaluate", "on_epoch_end", "on_train_end")


class TrainerCallback:
    """As in transformers: every event exists and does nothing."""


for _event in EVENTS:
    setattr(TrainerCallback, _event, lambda self, args, state, control, **others: None)


def train(callback, model, epochs: int, first: int = 0, main: bool = True) -> int:
    """Epochs done; events, arguments and names as the Trainer passes them on."""
    state = SimpleNamespace(epoch=float(first), global_step=100 * first, is_world_process_zero=main)
    control = SimpleNamespace(should_training_stop=False)

    def call(event: str) -> None:
        getattr(callback, event)(None, state, control, model=model, optimizer=None, train_dataloader=[])

    call("on_train_begin")
    for epoch in range(first, epochs):
        call("on_epoch_begin")
        model.spread *= 0.8
        state.global_step += 100
        state.epoch = epoch + 0.9999
        call("on_step_end")
        call("on_evaluate")
        call("on_epoch_end")
        if control.should_training_stop:
            break
    call("on_train_end")
    return epoch + 1


@pytest.fixture
def transformers(monkeypatch):
    module = ModuleType("transformers")
    module.TrainerCallback = TrainerCallback
    monkeypatch.setitem(sys.modules, "transformers", module)


def draw(model):
    return np.random.default_rng(1).normal(size=(400, 2)) * model.spread


@pytest.fixture
def monitor():
    return Monitor(np.random.default_rng(2).normal(size=(1000, 2)), metrics=("spread",))


@pytest.mark.parametrize(("on", "generations"), [("epoch", [1, 2, 3]), ("evaluate", [100, 200, 300])])
def test_the_callback_checks_as_training_goes_on(transformers, monitor, on, generations):
    """The same monitor, with epochs or steps as generations."""
    told = []
    with monitor.watching("student") as watch:
        callback = trainer_callback(watch, draw, on=on, told=told.append)
    assert isinstance(callback, TrainerCallback)
    train(callback, SimpleNamespace(spread=1.0), 3)
    assert [check.generation for check in told] == generations
    assert list(monitor.histories["student"].checks) == generations
    assert monitor.alarms


def test_an_alarm_may_stop_the_training(transformers, monitor):
    """If asked."""
    with monitor.watching() as watch:
        assert train(trainer_callback(watch, draw, stop=True), SimpleNamespace(spread=1.0), 10) < 4


def test_a_resumed_training_does_not_check_twice(transformers, monitor):
    """Epochs that were checked before the checkpoint are passed over; other processes check nothing."""
    with monitor.watching() as watch:
        callback = trainer_callback(watch, draw)
    train(callback, SimpleNamespace(spread=1.0), 2)
    train(callback, SimpleNamespace(spread=1.0), 4, first=1)
    train(callback, SimpleNamespace(spread=1.0), 9, first=4, main=False)
    assert list(monitor.histories["model"].checks) == [1, 2, 3, 4]


def test_a_second_launch_goes_on_from_the_file(transformers, tmp_path):
    """What the first found stays, and a training that begins anew from a checkpoint checks what is new."""
    path, real = tmp_path / "state.json", np.random.default_rng(2).normal(size=(1000, 2))
    for epochs, first in ((2, 0), (4, 1)):
        launched = Monitor(real, metrics=("spread",))
        with launched.watching(state=path) as watch:
            train(trainer_callback(watch, draw), SimpleNamespace(spread=1.0), epochs, first)
    assert list(Monitor.load(path, real).histories["model"].checks) == [1, 2, 3, 4]


def test_without_transformers_the_error_says_what_to_install(monkeypatch, monitor):
    """And nothing is imported before."""
    monkeypatch.setitem(sys.modules, "transformers", None)
    with monitor.watching() as watch, pytest.raises(MissingExtra, match=r"headwater\[transformers\]"):
        trainer_callback(watch, draw)
