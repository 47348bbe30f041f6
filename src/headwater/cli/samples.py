"""What ``headwater check`` reads: samples and real data from files, and the monitor with its state."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from headwater.errors import InputError
from headwater.samples.problems import check_file
from headwater.samples.reading import Handling, gather, read_reference
from headwater.samples.source import LARGEST_SIDE
from headwater.samples.values import Moments, Sample

if TYPE_CHECKING:
    from headwater.measures.contract import Metric
    from headwater.monitoring.monitor import Monitor
    from headwater.monitoring.values import Settings
    from headwater.samples.placing import Columns
    from headwater.samples.values import Kind

Tell = Callable[[str], None]

FROM_NAME = "is from the file's name"
NOT_READ = ": columns not read: "

ALPHA = 0.01
"""Chance of ever ringing in vain, where neither the command nor the state says another."""
LEAST_ALPHA = 1e-12
"""Less cannot be shared among scores and models in floating point, and is no chance anyone needs."""


@dataclass(frozen=True)
class Real:
    """Real data and what was noted while they were read."""

    sample: Sample
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """Samples by model and generation, and what was noted."""

    samples: Mapping[tuple[str, int], Sample]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Files:
    """How all files of one command are read."""

    columns: Columns
    handling: Handling
    seed: int

    def real(self, paths: Sequence[str], tell: Tell) -> Real:
        """Real data."""
        found = read_reference(
            list(paths), self.columns, self.handling, seed=self.seed, progress=_rows(tell, "real data")
        )
        return Real(found.sample, found.notes + _left_out(found.omitted))

    def telling(self, paths: Sequence[str], tell: Tell) -> Real:
        """Real data that something can be compared with."""
        real = self.real(paths, tell)
        _check_telling(real.sample, os.fspath(paths[0]))
        return real

    def written(self, paths: Sequence[str], real: Real, tell: Tell) -> Written:
        """Samples of models, with the features of the real data in their order."""
        found = gather(
            list(paths), self.columns, self.handling, seed=self.seed, progress=_rows(tell, "samples")
        )
        like = real.sample
        if found.kind != like.kind:
            raise InputError(
                f"these are {found.kind} samples, and the real data are {like.kind}",
                "name the column that both have: --text, --category or --features",
                os.fspath(paths[0]),
            )
        return Written(
            {key: _in_order(found[key].sample, like, paths[0]) for key in found}, _short(found.notes)
        )

    def like(self, paths: Sequence[str] | None, real: Real, tell: Tell) -> Sample | None:
        """Other real data, with the features of the first."""
        if not paths:
            return None
        other = self.real(paths, tell).sample
        if other.kind != real.sample.kind:
            raise InputError(
                f"these are {other.kind} samples, and --reference has {real.sample.kind} ones",
                "give both of one kind",
                os.fspath(paths[0]),
            )
        return _in_order(other, real.sample, paths[0])


def _in_order(sample: Sample, like: Sample, path: str) -> Sample:
    """Features by name, as real data have them."""
    if sample.kind != "numeric" or sample.names == like.names:
        return sample
    place = {name: at for at, name in enumerate(sample.names)}
    missing = [name for name in like.names if name not in place]
    added = [name for name in sample.names if name not in set(like.names)]
    if missing or added:
        apart = "; ".join(filter(None, (_listed("without", missing), _listed("with", added))))
        raise InputError(
            f"other features than the real data: {apart}",
            "name those that both have: --features a,b,c",
            os.fspath(path),
        )
    order = np.array([place[name] for name in like.names])
    moments = sample.moments and Moments(
        sample.moments.count, sample.moments.mean[order], sample.moments.scatter[np.ix_(order, order)]
    )
    return Sample("numeric", np.ascontiguousarray(sample.rows[:, order]), like.names, sample.count, moments)


def _listed(word: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(repr(name[:30]) for name in names[:4])
    return f"{word} {shown}{', ...' if len(names) > 4 else ''} ({len(names)} in all)"


def _rows(tell: Tell, what: str) -> Callable[[int], None]:
    return lambda rows: tell(f"reading {what}: {rows:,} rows")


def _short(notes: Sequence[str]) -> tuple[str, ...]:
    """One line for all that file names tell: there may be thousands."""
    told = [note for note in notes if note.endswith(FROM_NAME)]
    rest = [note for note in notes if not note.endswith(FROM_NAME)]
    if len(told) > 2:
        told = [f"{told[0]}; {len(told) - 1:,} more models and generations are from names of files"]
    ignored = [note for note in rest if NOT_READ in note]
    if len(ignored) > 1:
        rest = [
            *(note for note in rest if NOT_READ not in note),
            f"{ignored[0]}; so in {len(ignored) - 1:,} more files",
        ]
    return (*rest, *told)


def _left_out(omitted: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(f"real data: {rows:,} rows left out: {why}" for why, rows in sorted(omitted.items()))


def shown_metrics(asked: str | None, kind: Kind) -> dict[str, Metric]:
    """Metrics by name: those asked for, the usual ones for ``default``, every one for ``all``."""
    from headwater.measures import registry

    if asked is None:
        return {}
    if asked.strip() == "all":
        names = registry.names(kind)
    elif asked.strip() == "default":
        names = registry.default_names(kind)
    else:
        names = list(_names("--metrics", asked))
    found = {name: registry.make(name) for name in names}
    for name, metric in found.items():
        if kind not in metric.about.kinds:
            fitting = ", ".join(registry.names(kind))
            raise InputError(
                f"--metrics {name}: it takes {' or '.join(metric.about.kinds)} samples, and these are {kind}",
                f"for {kind} samples: {fitting}",
            )
    return found


def settings_of(state: str | None, alpha: float | None, scores: str | None, seed: int | None) -> Settings:
    """What was said, and beside it what the state was begun with, or is usual."""
    from headwater.monitoring.state import read
    from headwater.monitoring.values import Settings

    known = Settings(alpha=ALPHA)
    if state is not None and os.path.exists(state):
        known = read(state).settings
        _check_chance(f"{state}: alpha", known.alpha)
        _check_seed(f"{state}: seed", known.seed)
    if alpha is not None:
        _check_chance("--alpha", alpha)
        known = replace(known, alpha=alpha)
    if seed is not None:
        _check_seed("--seed", seed)
        known = replace(known, seed=seed)
    return known if scores is None else replace(known, metrics=_names("--scores", scores))


def _check_chance(what: str, alpha: float) -> None:
    if not LEAST_ALPHA <= alpha < 1:
        raise InputError(
            f"{what} is {alpha!r}", f"give a chance from {LEAST_ALPHA:g} to below 1, such as 0.01"
        )


def _check_seed(what: str, seed: int) -> None:
    if not 0 <= seed < 2**32:
        raise InputError(f"{what} is {seed}", f"give a whole number from 0 to {2**32 - 1}")


def monitor_of(real: Sample, settings: Settings, state: str | None) -> Monitor:
    """A new monitor, or the one that the state remembers; what is said has to be what it was begun with."""
    from headwater.monitoring.monitor import Monitor

    monitor = Monitor(
        real, settings.metrics, settings.alpha, settings.tolerance, settings.models, settings.seed
    )
    if state is not None and os.path.exists(state):
        monitor.resume(state)
    return monitor


def _check_telling(real: Sample, path: str) -> None:
    """Real data that are all alike, or say nothing, show no loss."""
    if real.kind == "text" and not any(real.documents):
        raise InputError("no text of the real data has a word", "give texts with words", path)
    if len(real) > 1 and (real.rows == real.rows[0]).all():
        raise InputError(
            "all rows of the real data are the same", "give real data with some variety to lose", path
        )


def remembered(state: str | None) -> AbstractContextManager[None]:
    """Nobody else may change the state meanwhile."""
    from headwater.monitoring.state import held

    if state is not None and os.path.exists(state):
        check_file(state)
    return nullcontext() if state is None else held(state)


def _names(option: str, text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise InputError(f"{option} {text!r} names nothing", f"write {option} NAME,NAME or leave it out")
    return names


def columns_of(
    category: str | None, text: str | None, features: Sequence[str], keys: tuple[str, str]
) -> Columns:
    """What the command says of columns; keys are those of the generation and the model."""
    from headwater.samples.placing import Columns

    return Columns(*keys, tuple(features) or None, category, text)


def handling_of(
    bad: str, together: bool, pattern: str | None, images: tuple[str | None, str | None]
) -> Handling:
    """What the command says of reading; images are brought to a size, as WxH, and a mode."""
    size, mode = images
    found = None if size is None else re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", size.strip())
    if size is not None and found is None:
        raise InputError(f"--size {size!r:.40}", "write the width and the height, such as --size 32x32")
    if found is not None and not all(1 <= int(side) <= LARGEST_SIDE for side in found.groups()):
        raise InputError(
            f"--size {size!r:.40}", f"give a width and a height from 1 to {LARGEST_SIDE:,} pixels"
        )
    for option, word, known in (("--bad", bad, ("error", "omit")), ("--mode", mode, ("grey", "rgb", None))):
        if word not in known:
            raise InputError(f"{option} {word!r:.40}", f"write {option} {known[0]} or {option} {known[1]}")
    sides = found and (int(found[1]), int(found[2]))
    return Handling(bad, together, pattern, sides, mode)  # type: ignore[arg-type]
