"""Levers on old data: keep all of it, or that of some generations."""

from __future__ import annotations

from dataclasses import replace

from headwater.pipeline import Pipeline
from headwater.planning.changes import Change
from headwater.planning.levers.costing import samples_kept
from headwater.planning.levers.judging import Judge, horizon_in, is_met
from headwater.planning.levers.values import Row
from headwater.planning.outlook import regime_of
from headwater.regimes import Accumulate, AccumulateSubsample, Regime, Window

SHOWN = (2, 5)
"""Windows shown where none meets the targets."""

WINDOWED_UP_TO = 600
"""Models times the window up to which one is looked at: work grows as the cube of that."""


def pooling(judge: Judge) -> tuple[list[Row], list[str]]:
    """Every sample is kept, and trained on or drawn from."""
    if judge.pools:
        return [], [f"keeping old data: the pipeline does so already ({regime_of(judge.pipeline)})"]
    rows = []
    for regime in (Accumulate(), AccumulateSubsample()):
        judge.say(f"{regime}")
        rows.append(_row(judge, str(regime), regime))
    return rows, []


def windows(judge: Judge) -> tuple[list[Row], list[str]]:
    """The least window that meets the targets, or some that do not."""
    if judge.pools:
        return [], []
    now = regime_of(judge.pipeline)
    kept = now.generations if isinstance(now, Window) else 1
    room = WINDOWED_UP_TO // max(judge.known, 1)
    most = min(horizon_in(judge) + 1, room)
    if most <= kept:
        few = f"{judge.known:,} models are many for it" if room <= kept else "none is longer than it is"
        return [], [f"a window of several generations: {few}"]
    # a closed loop stays one, whatever is kept of it for a while
    search = not (judge.is_hopeless or judge.before.met)
    found = _least(judge, kept, most) if search else None
    if found:
        return [_row(judge, "window", Window(found))], []
    shown = [size for size in SHOWN if kept < size <= most] or [most]
    said = [f"no window of up to {most:,} generations meets the targets"] if search else []
    return [_row(judge, "window", Window(size)) for size in shown], said


def _least(judge: Judge, kept: int, most: int) -> int | None:
    """By doubling, then halving the gap: the larger window is taken to do no worse."""

    def meets(size: int) -> bool:
        judge.say(f"window of {size} generations")
        return is_met(judge.distance(_with(judge, Window(size))))

    low, high = kept, min(2 * kept, most)
    while not meets(high):
        if high == most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    return high


def _row(judge: Judge, lever: str, regime: Regime) -> Row:
    changed = _with(judge, regime)
    done = {
        Accumulate(): "every sample ever drawn is kept and trained on",
        AccumulateSubsample(): "every sample is kept, and as many as now are drawn from them",
    }.get(regime, "")
    if isinstance(regime, Window):
        done = f"each generation trains on the samples of the last {regime.generations}"
    before = None if judge.pipeline.regime is None else str(judge.pipeline.regime)
    note = f"{samples_kept(changed):,.0f} old samples are stored at generation {horizon_in(judge):,}"
    return judge.row(lever, done, changed, (Change("regime", before, str(regime)),), note)


def _with(judge: Judge, regime: Regime) -> Pipeline:
    return replace(judge.pipeline, regime=regime)
