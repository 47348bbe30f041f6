"""Readings: the few numbers of one generation that the eight definitions are told from.

A reading is small and goes into JSON, so that nothing else has to be kept of a generation. What the
numbers say together is the business of `headwater.measures.definitions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np

from headwater.errors import SampleError
from headwater.measures.frame import Frame
from headwater.measures.risk import (
    GROUPS,
    MOST_ITEMS,
    MOST_ROWS,
    Risk,
    items_of,
    jackknife,
    population_risk,
    read_neighbours,
)
from headwater.measures.scores.contract import Aspect, Score, Worse
from headwater.samples.values import Kind, Sample

TAIL_ROOM = 0.8
"""Of half of the reference, in rows: from so many a tail sample is estimated, at most."""

TAIL_LEVEL = 0.95


@dataclass(frozen=True)
class Part:
    """Mean of one part of a score over independent units.

    Attributes
    ----------
    mean, error
        With the standard error.
    units
        Rows, or pairs of rows.
    hits
        Units that score 1, if the others score 0; else None.
    """

    mean: float
    error: float
    units: int
    hits: int | None


@dataclass(frozen=True)
class Scored:
    """One score of the frame on one sample: what it is about, and its parts by name."""

    aspect: Aspect
    worse: Worse
    parts: Mapping[str, Part]


@dataclass(frozen=True)
class Spread:
    """Variance or diversity that a sample has.

    Attributes
    ----------
    value
        Numeric: mean over features of the variance, in units of real data's. Labels and text: how many
        items beyond the first are in effect in use, the number of order 2 [hill1973diversity]_ less 1,
        which is 0 for a constant output as variance is. The Gini-Simpson index tells the same but
        stays near 1 until nearly all is lost. Items of text are pairs of neighbouring words, alike
        in different documents, so that a document written again and again counts.
    error
        Standard error.
    largest
        Share of the variance that one row carries, at most; 0 for labels and text.
    """

    value: float
    error: float
    largest: float = 0.0


@dataclass(frozen=True)
class Tail:
    """Tail sample of labels or words, as a share of the items it was estimated from: 1 for real data.

    Attributes
    ----------
    value, low, high
        With the interval of `TAIL_LEVEL`; `high` is None where there is none.
    items
        Labels or words.
    """

    value: float
    low: float
    high: float | None
    items: int


@dataclass(frozen=True)
class Reading:
    """What is kept of one model at one generation, or of real data.

    Attributes
    ----------
    kind
        Of the sample.
    rows
        Rows seen.
    risk
        On held-out real data; None where there were too few rows.
    spread
        None where it cannot be estimated: no two items are alike.
    scores
        By name.
    tail
        None for numbers, and where nothing is rare in real data.
    """

    kind: Kind
    rows: int
    risk: Risk | None
    spread: Spread | None
    scores: Mapping[str, Scored]
    tail: Tail | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "rows": self.rows,
            "risk": self.risk and self.risk.to_dict(),
            "spread": self.spread and asdict(self.spread),
            "tail": self.tail and asdict(self.tail),
            "scores": {
                name: {
                    "aspect": score.aspect,
                    "worse": score.worse,
                    "parts": {part: asdict(each) for part, each in score.parts.items()},
                }
                for name, score in self.scores.items()
            },
        }

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> Reading:
        """What `to_dict` gave.

        Raises
        ------
        SampleError
            If it is not that.
        """
        try:
            return Reading(
                cast(Kind, str(given["kind"])),
                int(given["rows"]),
                Risk.from_dict(given["risk"]) if given["risk"] else None,
                Spread(**given["spread"]) if given["spread"] else None,
                {name: _scored(score) for name, score in given["scores"].items()},
                Tail(**given["tail"]) if given["tail"] else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SampleError(
                f"this is no reading: {error!r:.80}", "give what Reading.to_dict returned"
            ) from None


def _scored(given: Mapping[str, Any]) -> Scored:
    parts = {name: Part(**part) for name, part in given["parts"].items()}
    return Scored(given["aspect"], given["worse"], parts)


def read(frame: Frame, sample: Sample, items: int | None = None) -> Reading:
    """The reading of what one model wrote at one generation.

    Parameters
    ----------
    items
        Rows, or words of text, that risk is counted from; a sample of more is thinned, one of fewer
        has its own number noted, and its risk can be compared to no other. As many as half of the real
        data has (and 100,000 at most), if None. Risks of numbers can be compared however many rows they
        are from: 2,000 at most, if None, and time is quadratic in them.

    Raises
    ------
    SampleError
        If the sample is of another kind or dimension than the frame.
    """
    frame.check(sample)
    count = budget(frame) if items is None else items
    if count < 1:
        raise SampleError(f"risk counted from {count} items", "ask for at least 1")
    risk = population_risk(sample, frame.fitted_on, frame.heldout, count, frame.seed)
    scores = {score.name: _score(score, sample) for score in frame.scores}
    kept = spread(sample, frame.fitted_on, frame.seed)
    return Reading(sample.kind, sample.count, risk, kept, scores, tail(frame, sample))


def read_all(frame: Frame, samples: Mapping[int, Sample]) -> dict[int, Reading]:
    """Readings of all generations, risk counted from equally many items in each: the fewest of any.

    The reading of the real data to go with them is ``healthy(frame, common_items(frame, samples))``.
    """
    items = common_items(frame, samples)
    return {generation: read(frame, sample, items) for generation, sample in samples.items()}


def common_items(frame: Frame, samples: Mapping[int, Sample]) -> int:
    """Items that every generation, and the real data, has; of numbers, as many as are used at most."""
    if frame.reference.kind == "numeric":
        return budget(frame)
    return min([budget(frame), *map(items_of, samples.values())])


def budget(frame: Frame) -> int:
    """Items that risk is counted from where nothing else is said."""
    if frame.reference.kind == "numeric":
        return MOST_ROWS
    return max(1, min(MOST_ITEMS, items_of(frame.fitted_on)))


def healthy(frame: Frame, items: int | None = None) -> Reading:
    """The reading of real data: what a model would have that is as good as new real data.

    Scores are of the held-out half, which they were not fitted to. Risk is that of the other half, on
    the held-out one.
    """
    count = budget(frame) if items is None else items
    risk = population_risk(frame.fitted_on, frame.fitted_on, frame.heldout, count, frame.seed)
    scores = {score.name: _score(score, frame.heldout) for score in frame.scores}
    kept = spread(frame.heldout, frame.fitted_on, frame.seed)
    return Reading(frame.heldout.kind, len(frame.heldout), risk, kept, scores)


def tail(frame: Frame, sample: Sample) -> Tail | None:
    """The tail sample that a sample of labels or words has, over the items it was estimated from.

    From no more rows than `TAIL_ROOM` of half of the reference, because no real sample of more is there to
    compare with.
    """
    from headwater.measures.text.tail_sample import TailSample

    if sample.kind == "numeric":
        return None
    thin = sample.thinned(max(1, round(TAIL_ROOM * len(frame.reference) / 2)), frame.seed)
    count = items_of(thin)
    try:
        found = TailSample(level=TAIL_LEVEL, seed=frame.seed)(thin, frame.reference)
    except SampleError:
        # nothing is rare in the real data: there is no tail to lose
        return None
    high = found.high / count if np.isfinite(found.high) else None
    return Tail(found.value / count, found.low / count, high, count)


def _score(score: Score, sample: Sample) -> Scored:
    values = score.values(sample)
    units = len(values)
    if units == 0:
        # fewer rows than a unit has
        return Scored(score.aspect, score.worse, {name: Part(0.0, 1.0, 0, None) for name in score.parts})
    mean, error = values.mean(axis=0), np.full(values.shape[1], np.nan)
    if units > 1:
        error = values.std(axis=0, ddof=1) / units**0.5
    counts = ((values == 0) | (values == 1)).all(axis=0)
    hits = values.sum(axis=0)
    return Scored(
        score.aspect,
        score.worse,
        {
            name: Part(
                float(mean[at]),
                float(error[at]) if units > 1 else 1.0,
                units,
                int(hits[at]) if counts[at] else None,
            )
            for at, name in enumerate(score.parts)
        },
    )


def spread(sample: Sample, fitted_on: Sample, seed: int) -> Spread | None:
    """Variance or diversity of a sample; see `Spread`. None where it cannot be estimated."""
    if len(sample) < GROUPS:
        return None
    if sample.kind == "numeric":
        return _variance(sample, fitted_on)
    if sample.kind == "categorical":
        return _labels(sample)
    return _pairs(sample, seed)


def _variance(sample: Sample, fitted_on: Sample) -> Spread | None:
    assert sample.moments is not None
    scale = fitted_on.rows.std(axis=0)
    varies = scale > 1e-12 * np.abs(fitted_on.rows).max(axis=0)
    if not varies.any():
        return None
    # in standard deviations before squaring: no square overflows
    inside = (sample.rows[:, varies] - sample.moments.mean[varies]) / scale[varies]
    value = float((np.diag(sample.moments.covariance)[varies] / scale[varies] / scale[varies]).mean())
    by_row = (inside**2).mean(axis=1)
    total = float(by_row.sum())
    largest = float(by_row.max()) / total if total > 0 else 0.0
    return Spread(value, float(by_row.std(ddof=1)) / sample.count**0.5, largest)


def _labels(sample: Sample) -> Spread | None:
    """From pairs of different rows that are alike, without bias; each row left out in turn."""
    _, place, counts = np.unique(sample.rows.astype(str), return_inverse=True, return_counts=True)
    n = len(sample)
    alike = float((counts * (counts - 1.0)).sum())
    without = (alike - 2 * (counts[place] - 1.0)) / ((n - 1) * (n - 2))
    return _effective(alike / (n * (n - 1)), jackknife(without))


def _pairs(sample: Sample, seed: int) -> Spread | None:
    """From pairs of words in different documents that are alike; 20 parts of them left out in turn."""
    number = {word: 0 for words in sample.documents for word in words}
    number = {word: place for place, word in enumerate(number)}
    read_ = read_neighbours(sample, number, MOST_ITEMS, seed)
    if not len(read_.word) or read_.document[-1] + 1 < GROUPS:
        return None
    pair, place = np.unique(read_.before * (len(number) + 2) + read_.word, return_inverse=True)
    own, times = np.unique(read_.document * len(pair) + place, return_counts=True)
    part = read_.document[-1] + 1
    part_of = (own // len(pair)) * GROUPS // part
    by_part = np.bincount(own % len(pair) + len(pair) * part_of, times, len(pair) * GROUPS)
    by_part = by_part.reshape(GROUPS, -1)
    within = np.bincount(part_of, times**2.0, GROUPS)
    length = np.bincount(read_.document)
    lengths = np.bincount(np.arange(part) * GROUPS // part, length**2.0, GROUPS)
    whole = by_part.sum(axis=0)
    left = np.concatenate([whole[None], whole - by_part])
    gone = np.concatenate([[0.0], within]), np.concatenate([[0.0], lengths])
    alike = (left**2).sum(axis=1) - (within.sum() - gone[0])
    all_pairs = left.sum(axis=1) ** 2 - (lengths.sum() - gone[1])
    share = alike / all_pairs
    return _effective(float(share[0]), jackknife(share[1:]))


def _effective(alike: float, error: float) -> Spread | None:
    """Items in effect beyond the first, from the chance that two are alike."""
    return Spread(1 / alike - 1, error / alike**2) if alike > 0 else None
