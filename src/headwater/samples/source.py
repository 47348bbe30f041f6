"""One file of samples while it is read: its format, its batches, and what is kept of its rows."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headwater.errors import InputError, SampleError
from headwater.samples.delimited import open_csv
from headwater.samples.formats import (
    BATCH,
    ROWS,
    Table,
    check_name,
    is_parquet,
    open_numpy,
    open_parquet,
    stem_of,
    suffix_of,
)
from headwater.samples.gathering import Gathered
from headwater.samples.images import Mode, Size, open_images
from headwater.samples.json_lines import open_json_lines
from headwater.samples.kept import priorities_of, stream_of
from headwater.samples.placing import Columns, Key, Layout, compile_pattern, from_name, layout_of
from headwater.samples.problems import check_file, one_line
from headwater.samples.rows import NO_GENERATION, REASONS, Block, block_of, explain, keys_of
from headwater.samples.summary import Keep
from headwater.samples.tally import Tally

REFERENCE: Key = ("reference", 0)
"""Real data has no model and no generation; this stands for them."""
MOST_KEYS = 10_000
"""Models times generations."""
LARGEST_SIDE = 4096


@dataclass(frozen=True)
class Handling:
    """How files are read.

    Attributes
    ----------
    bad
        What to do with rows that have no value, NaN, an infinite or enormous number, and with
        lines or images that cannot be read: one error for the first, or leave them out and count.
    together
        Whether a model's generation may be in parts, in several files.
    pattern
        Where model and generation are in the name of a file without such columns, without its
        suffix: ``{model}-{generation}``, or with folders ``{model}/{generation}/*``. None: the last
        whole number is the generation, what is before it the model.
    size, mode
        Width and height, and ``grey`` or ``rgb``, that images are brought to; None: as they are.
    """

    bad: Literal["error", "omit"] = "error"
    together: bool = False
    pattern: str | None = None
    size: Size | None = None
    mode: Mode | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.bad not in ("error", "omit"):
            raise SampleError(f"bad is {self.bad!r:.40}", "say 'error' or 'omit'")
        if self.mode not in (None, "grey", "rgb"):
            raise SampleError(f"the mode of images is {self.mode!r:.40}", "say 'grey' or 'rgb'")
        if self.pattern is not None:
            compile_pattern(self.pattern)
        sides = self.size or (1, 1)
        if len(sides) != 2 or not all(isinstance(side, int) and 1 <= side <= LARGEST_SIDE for side in sides):
            raise SampleError(f"the size of images is {self.size!r:.40}", "say (width, height) in pixels")


def open_table(path: str, handling: Handling) -> Table:
    """A file or folder, by its suffix or, for Parquet, by its first bytes.

    Raises
    ------
    InputError
        If it cannot be read, or is of no known format.
    """
    check_file(path)
    omit = handling.bad == "omit"
    suffix = suffix_of(path)
    if os.path.isdir(path):
        return open_images(path, omit, handling.size, handling.mode)
    parquet = is_parquet(path)
    if suffix in (".parquet", ".pq") or parquet:
        return open_parquet(path)
    check_name(path)
    if suffix in (".csv", ".tsv"):
        return open_csv(path, omit)
    if suffix in (".jsonl", ".ndjson", ".json"):
        return open_json_lines(path, omit)
    if suffix in (".npy", ".npz"):
        return open_numpy(path)
    raise InputError(
        f"a file called *{one_line(suffix, 20)} is of no known format",
        "give .parquet, .csv, .tsv, .jsonl, .npy or .npz, or a folder of images",
        path,
    )


@dataclass
class Source:
    """One file while it is read."""

    path: str
    columns: Columns
    handling: Handling
    keep: Keep
    seed: int
    keyed: bool = True
    tallies: dict[Key, Tally] = field(default_factory=dict)
    omitted: dict[Key, Counter[str]] = field(default_factory=dict)
    streams: dict[Key, int] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)
    features: int | None = None
    shared_at: int = 1

    def read(self, counted: Callable[[int], None], like: Gathered | None) -> Gathered:
        """All of it."""
        table = open_table(self.path, self.handling)
        guessed = table.guessed
        layout = layout_of(self.path, table.schema, self.columns, guessed, self.keyed)
        layout = _in_order(layout, like)
        named, notes = self._named(layout)
        start = 0
        for batch in _pieces(table.batches(layout)):
            self._take(table, batch, layout, start, named)
            start += batch.num_rows
            counted(batch.num_rows)
        if start == 0 and not table.omitted:
            raise InputError("there are no rows", "write one row a sample, or leave the file out", self.path)
        self._place_lines(table, layout, named)
        names = self._names(layout)
        budget = self.keep.budget(layout.kind, len(self.tallies))
        summaries = {}
        for key in self.tallies | self.omitted:
            tally = self.tallies.pop(key, None) or Tally(layout.kind, names)
            summaries[key] = tally.finish(budget, self.path, notes, self.omitted.get(key, {}))
        return Gathered(layout.kind, names, self.seed, self.keep, summaries, dict(self.lost))

    def _named(self, layout: Layout) -> tuple[Key, tuple[str, ...]]:
        """Model and generation that the file's name tells, where columns do not; and what to tell of it."""
        name = PurePath(os.path.abspath(self.path)).name
        notes = []
        if layout.ignored:
            listed = ", ".join(one_line(each, 30) for each in layout.ignored[:8])
            listed += f", ... ({len(layout.ignored)} in all)" if len(layout.ignored) > 8 else ""
            notes.append(f"{name}: columns not read: {listed}")
        if not self.keyed:
            return REFERENCE, tuple(notes)
        if layout.model is not None and layout.generation is not None:
            return ("", 0), tuple(notes)
        model, generation = from_name(self.path, stem_of(self.path), self.handling.pattern)
        if layout.generation is None:
            if generation is None:
                raise InputError(
                    f"there is no column {self.columns.generation!r:.60} and no number in the file's name",
                    "add the column, or name the file after its generation, such as model-3.parquet",
                    self.path,
                )
            notes.append(f"{name}: generation {generation} is from the file's name")
        if layout.model is None:
            notes.append(f"{name}: the model's name {model or 'model'!r} is from the file's name")
        return (model or "model", generation or 0), tuple(notes)

    def _take(self, table: Table, batch: Any, layout: Layout, start: int, named: Key) -> None:
        block = block_of(table, batch, layout, start, self.features)
        codes, keys = keys_of(table, batch, layout, start, named, block.reasons)
        if layout.embedding and len(block.values):
            self.features = len(block.values)
        if self.handling.bad == "error":
            error = explain(table, batch, layout, start, block.reasons)
            if error is not None:
                raise error
        if len(keys) == 1:
            self._group(keys[0], None, block, layout, start)
            return
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(keys)))
        for key, index in zip(keys, np.split(order, ends[:-1]), strict=True):
            self._group(key, index, block, layout, start)

    def _group(
        self, key: Key, index: NDArray[np.intp] | None, block: Block, layout: Layout, start: int
    ) -> None:
        """Add the rows of one model and generation; None: all rows of the block."""
        reasons = block.reasons if index is None else block.reasons[index]
        if reasons.any():
            index = np.arange(len(reasons)) if index is None else index
            self._leave_out(key, reasons)
            index = index[reasons == 0]
            if len(index) == 0:
                return
        if index is None:
            values, rows = block.values, np.arange(start, start + len(reasons))
        else:
            values, rows = _some(block.values, index), index + start
        if key not in self.tallies:
            self._share(key, layout)
        budget = self.keep.budget(layout.kind, len(self.tallies))
        self.tallies[key].see(values, priorities_of(self.streams[key], rows), budget)

    def _share(self, key: Key, layout: Layout) -> None:
        """Begin another model or generation, and share the memory again among more."""
        self.tallies[key] = Tally(layout.kind, self._names(layout))
        name = PurePath(os.path.abspath(self.path)).name
        self.streams[key] = stream_of(self.seed, name, key)
        if len(self.tallies) > MOST_KEYS:
            raise InputError(
                f"more than {MOST_KEYS:,} models and generations",
                f"is {layout.generation or 'the number in the name'!r:.60} the generation, "
                f"and {layout.model or 'what is before it'!r:.60} the model?",
                self.path,
            )
        if len(self.tallies) > 1.25 * self.shared_at:
            self.shared_at = len(self.tallies)
            budget = self.keep.budget(layout.kind, self.shared_at)
            for tally in self.tallies.values():
                if tally.count:
                    tally.reservoir.settle(budget)

    def _leave_out(self, key: Key, reasons: NDArray[np.uint8]) -> None:
        for code in np.unique(reasons[reasons > 0]).tolist():
            rows = int(np.count_nonzero(reasons == code))
            if code >= NO_GENERATION:
                self.lost[REASONS[code]] += rows
            else:
                self.omitted.setdefault(key, Counter())[REASONS[code]] += rows

    def _place_lines(self, table: Table, layout: Layout, named: Key) -> None:
        """Lines that never became rows belong to the file's only generation, if it has but one."""
        whole = layout.generation is None and layout.model is None
        if table.omitted and whole:
            self.omitted.setdefault(named, Counter()).update(table.omitted)
        else:
            self.lost.update(table.omitted)

    def _names(self, layout: Layout) -> tuple[str, ...]:
        if not layout.embedding:
            return layout.values
        return tuple(f"{layout.values[0]}{at}" for at in range(self.features or 0))


def _some(values: Any, index: NDArray[np.intp]) -> Any:
    return values[:, index] if isinstance(values, np.ndarray) else values.take(pa.array(index))


def _pieces(batches: Iterator[Any]) -> Iterator[Any]:
    """Batches that are no larger than they should be."""
    for batch in batches:
        at_once = int(max(1, min(ROWS, BATCH * batch.num_rows // max(batch.nbytes, 1))))
        for start in range(0, batch.num_rows, at_once):
            yield batch.slice(start, at_once)


def _in_order(layout: Layout, like: Gathered | None) -> Layout:
    """Features in the order that the first file has."""
    if like is None or layout.kind != "numeric" or set(like.names) != set(layout.values):
        return layout
    return replace(layout, values=like.names)
