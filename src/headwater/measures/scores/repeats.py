"""How often rare items repeat: rises when the rare ones that are left are few, whatever their mass.

Sampling again and again from one's own output keeps the mass of rare items in the mean, while most of
them vanish and the rest grow. So the mass that `rare` measures cannot tell; how many different ones
there are among as many rare items can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.units import check_sample, column
from headwater.measures.scores.words import Vocabulary, number_words
from headwater.samples.values import Array, Kind, Sample

MOST_SEEN = 3
"""Times that an item of the frame is seen, at most, to be rare here; unseen ones are rare too."""

UNITS = 50
"""Blocks that the frame would make: fewer tell less surely, more have too few rare items to repeat."""

FAR = 10.0
LEAST_CAP = 0.05
"""Of shares: so many times that of the frame, and no less than this, is the cap."""

LEAST = 20
"""Labels of a block, at least."""


@dataclass(frozen=True, eq=False)
class Repeats:
    """Share of the rare items of a block of rows that other rows of the block have too.

    With m pairs of a rare item and a row that has it, and k different items among them, 1 - k/m, as a
    share of `cap`, and 1 beyond it. A unit is a block of `block` rows, each row in one.

    Attributes
    ----------
    kind
        ``categorical`` or ``text``.
    common
        Items of the frame that are not rare.
    block
        Rows.
    cap
        A share that is far from that of the frame: all beyond is alike, so that [0, 1] is used.
    """

    name: ClassVar[str] = "repeats"
    kinds: ClassVar[tuple[Kind, ...]] = ("categorical", "text")
    aspect: ClassVar[Aspect] = "repetition"
    worse: ClassVar[Worse] = "higher"
    parts: ClassVar[tuple[str, ...]] = ("rare",)

    kind: Kind
    common: frozenset[str]
    block: int
    cap: float
    seed: int

    def values(self, sample: Sample) -> Array:
        """(rows // block, 1); 0 for a block without rare items."""
        check_sample(self.name, self.kind, 1, sample)
        units = len(sample) // self.block
        order = np.random.default_rng(self.seed).permutation(len(sample))[: units * self.block]
        rows = sample.documents if self.kind == "text" else [(row,) for row in sample.rows.tolist()]
        shares = np.zeros(units)
        for unit, block in enumerate(order.reshape(units, self.block).tolist()):
            found = [item for row in block for item in set(rows[row]) - self.common]
            if found:
                shares[unit] = 1 - len(set(found)) / len(found)
        return column(np.minimum(shares / self.cap, 1.0))


def fit(frame: Learned) -> Repeats | None:
    """To the frame; None where hardly anything is rare in it."""
    kind = frame.sample.kind
    vocabulary = frame.vocabulary
    seen = _rows_with(frame.sample, vocabulary)
    if not (seen <= MOST_SEEN).any():
        return None
    common = frozenset(np.array(list(vocabulary.number), dtype=object)[seen > MOST_SEEN].tolist())
    block = max(2 if kind == "text" else LEAST, len(frame.sample) // UNITS)
    plain = Repeats(kind, common, block, 1.0, frame.seed)
    usual = float(plain.values(frame.sample).mean()) if len(frame.sample) >= block else 0.0
    return replace(plain, cap=min(max(FAR * usual, LEAST_CAP), 1.0))


def _rows_with(sample: Sample, vocabulary: Vocabulary) -> NDArray[np.int64]:
    """(words,) rows that each item of the frame is in."""
    if sample.kind == "categorical":
        return vocabulary.counts
    words = number_words(vocabulary, sample)
    pairs = np.unique(words.numbers * np.int64(words.documents) + words.document)
    return np.bincount(pairs // words.documents, minlength=len(vocabulary.counts))
