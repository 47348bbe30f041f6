"""A callback for the Trainer of transformers: the same monitor, asked while a model is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from numpy.typing import ArrayLike

from headwater import extras
from headwater.monitoring.monitor import Watch
from headwater.monitoring.values import Check
from headwater.samples.values import Sample

Draw = Callable[[Any], Sample | ArrayLike]
"""Samples of the model that is being trained, given the model; rows independent."""


def trainer_callback(
    watch: Watch,
    sample: Draw,
    on: Literal["epoch", "evaluate"] = "epoch",
    told: Callable[[Check], None] | None = None,
    stop: bool = False,
) -> Any:
    """A ``TrainerCallback`` that checks what the model writes, after every epoch or evaluation.

    Parameters
    ----------
    watch
        The model in a monitor: `Monitor.watching`; train inside its block.
    sample
        Called with the model, gives what it writes now.
    on
        ``epoch``: the number of finished epochs is the generation. ``evaluate``: that of training steps is.
    told
        Called with every check: to log it, say.
    stop
        Whether an alarm ends the training.

    Notes
    -----
    What was checked before training went on from a checkpoint is not checked again, in another process
    neither, if the watch has a file. Of several processes the first alone checks: give the file to it alone
    (``state=None`` in the others, as only one can hold it), and `stop` is for training in one process.

    Raises
    ------
    MissingExtra
        If transformers is not installed.
    """
    base = extras.load("transformers", "this callback").TrainerCallback

    def check(state: Any, control: Any, model: Any) -> None:
        # Not all trainers count epochs in whole numbers: the last one may end a step early.
        generation = round(state.epoch) if on == "epoch" else int(state.global_step)
        history = watch.monitor.histories.get(watch.model)
        again = history is not None and generation <= history.last
        if again or not state.is_world_process_zero:
            return
        found = watch.check(generation, sample(model))
        if told is not None:
            told(found)
        if stop and found.alarm:
            control.should_training_stop = True

    def event(self: Any, args: Any, state: Any, control: Any, model: Any = None, **others: Any) -> None:
        check(state, control, model)

    # The Trainer calls every event of a callback, so it has to be one of theirs.
    name = "on_epoch_end" if on == "epoch" else "on_evaluate"
    return type("MonitorCallback", (base,), {name: event})()
