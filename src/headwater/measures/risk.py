r"""Population risk of what a generation wrote: a strictly proper score of held-out real data.

Numeric rows: the energy score [gneiting2007strictly]_, as the share of what a model would lose that
always writes the real mean. Labels: cross-entropy in bits an item, by the sample's smoothed frequencies.
Text: bits a word, by a smoothed bigram model of the sample. A proper score is lowest, in the mean,
for the law that the real data come from, so that it rises with anything that goes wrong, a little even
with what does not matter. Smoothed frequencies depend on how many items they are counted from: only risks
of equally many are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.samples.values import Array, Kind, Sample

GROUPS = 20
"""Parts of the held-out data that risk is told for, and of the sample that are left out in turn."""

MOST_ROWS = 2000
"""Numeric rows a side that are used if nothing is said: the score is quadratic in them."""

BLOCK = 1000
"""Rows whose distances to all others are held at once."""

MOST_ITEMS = 100_000
"""Labels, or words, that a model is counted from or held to, at most."""

UNITS: Mapping[Kind, str] = {
    "numeric": "of what a constant output loses",
    "categorical": "bits an item",
    "text": "bits a word",
}

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Risk:
    """Risk of one sample, given the held-out real data.

    Attributes
    ----------
    value
        For numeric rows 0 for the real law and 1 for a constant output at the real mean; for the others
        bits, which are the real data's entropy at best.
    error
        Standard error from the rows of the sample alone, by leaving out each, or each of 20 parts, in turn.
    groups
        Risk on each of 20 parts of the held-out data, the same for every sample, so that the noise that
        two samples share cancels from their difference.
    items
        Rows, labels or words that the sample was thinned to.
    """

    value: float
    error: float
    groups: tuple[float, ...]
    items: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "groups": list(self.groups)}

    @staticmethod
    def from_dict(given: Mapping[str, Any]) -> Risk:
        """What `to_dict` gave."""
        return Risk(given["value"], given["error"], tuple(given["groups"]), given["items"])


def items_of(sample: Sample) -> int:
    """What risk is counted from: the rows of numbers and labels, the words of texts."""
    return sum(map(len, sample.documents)) if sample.kind == "text" else len(sample)


def population_risk(sample: Sample, fitted_on: Sample, heldout: Sample, items: int, seed: int) -> Risk | None:
    """Risk of a model that writes like `sample`, on held-out real data.

    Parameters
    ----------
    sample
        Thinned at random to `items` rows or words, if it has more.
    fitted_on
        Other real data: scales of features, vocabulary.
    heldout
        The real data that is predicted: 2,000 rows of numbers, or `items` if that is more, and 100,000
        labels or words, at most.

    Returns
    -------
    Risk | None
        None if either side has fewer than 20 rows, or the sample has no word.

    Notes
    -----
    Text is seen through pairs of neighbouring words alone: two laws with the same pairs have the same risk.
    """
    if min(len(sample), len(heldout), items) < GROUPS:
        return None
    if sample.kind == "numeric":
        most = max(items, MOST_ROWS)
        return _energy(sample.thinned(items, seed), fitted_on, heldout.thinned(most, seed))
    heldout = heldout.thinned(MOST_ITEMS, seed)
    if sample.kind == "categorical":
        return _labels(sample.thinned(items, seed), fitted_on, heldout)
    return _text(sample, fitted_on, heldout, items, seed)


def _energy(sample: Sample, fitted_on: Sample, heldout: Sample) -> Risk:
    r"""Energy score less the real law's, over that of a constant less the real law's.

    With X, X' from the sample and Y, Y' real, :math:`E|X-Y| - E|X-X'|/2 - E|Y-Y'|/2`, half the energy
    distance [szekely2013energy]_, estimated without bias: the pairs of a row with itself are left out.
    """
    scale = fitted_on.rows.std(axis=0)
    scale = np.where(scale > 1e-12 * np.abs(fitted_on.rows).max(axis=0), scale, 1.0)
    centre = fitted_on.rows.mean(axis=0)
    rows, real = (sample.rows - centre) / scale, (heldout.rows - centre) / scale
    n, m = len(rows), len(real)
    by_row, by_real = _summed_distances(rows, real)
    within, _ = _summed_distances(rows, rows)
    floor = _summed_distances(real, real)[0].sum() / (m * (m - 1)) / 2
    constant = np.linalg.norm(real - real.mean(axis=0), axis=1).mean() - floor
    unit = constant if constant > 0 else 1.0
    total = within.sum()
    score = by_row.mean() / m - total / (2 * n * (n - 1))
    without = (by_row.sum() - by_row) / (m * (n - 1)) - (total - 2 * within) / (2 * (n - 1) * (n - 2))
    parts = np.array([part.mean() for part in np.array_split(by_real / n, GROUPS)])
    groups = (parts - total / (2 * n * (n - 1)) - floor) / unit
    return Risk(float((score - floor) / unit), float(jackknife(without) / unit), tuple(groups.tolist()), n)


def _summed_distances(first: Array, second: Array) -> tuple[Array, Array]:
    """(first,) and (second,) sums of Euclidean distances to all rows of the other."""
    from scipy.spatial.distance import cdist

    by_first, by_second = np.empty(len(first)), np.zeros(len(second))
    for start in range(0, len(first), BLOCK):
        apart = cdist(first[start : start + BLOCK], second)
        by_first[start : start + BLOCK] = apart.sum(axis=1)
        by_second += apart.sum(axis=0)
    return by_first, by_second


def jackknife(without: Array) -> float:
    """Standard error from the estimates that leave out one of equal parts each [efron1981jackknife]_.

    Upward biased, if at all: it never makes a difference look surer than it is, in the mean.
    """
    parts = len(without)
    return float(((parts - 1) / parts * ((without - without.mean()) ** 2).sum()) ** 0.5)


def _labels(sample: Sample, fitted_on: Sample, heldout: Sample) -> Risk:
    """Frequencies with half a count added to each real label and to all others together."""
    known = np.unique(heldout.rows.astype(str))
    symbols = len(known) + 1
    seen = _number(known, sample.rows)
    part = np.arange(len(seen)) * GROUPS // len(seen)
    counts = np.bincount(seen + symbols * part, minlength=symbols * GROUPS).reshape(GROUPS, symbols)
    whole = counts.sum(axis=0)
    left = np.concatenate([whole[None], whole - counts])
    bits = -np.log2((left + 0.5) / (left.sum(axis=1, keepdims=True) + 0.5 * symbols))
    real = _number(known, heldout.rows)
    shares = np.bincount(real, minlength=symbols) / len(real)
    risk = bits @ shares
    groups = [float(bits[0, each].mean()) for each in np.array_split(real, GROUPS)]
    return Risk(float(risk[0]), jackknife(risk[1:]), tuple(groups), len(seen))


def _number(known: NDArray[Any], items: NDArray[Any]) -> Numbers:
    """Place of each item among the known, which are sorted; one past the last for any other."""
    items = items.astype(str)
    place = np.minimum(np.searchsorted(known, items), len(known) - 1)
    return np.where(known[place] == items, place, len(known))


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Words by number, each with the one before it, and where it stands.

    The number after the last known word is any other word's, the next one is the start of a document.

    Attributes
    ----------
    word, before
        (words,) numbers.
    document
        (words,) which of the documents, in the order in which they were drawn.
    part
        (words,) which of 20 parts of those documents.
    """

    word: Numbers
    before: Numbers
    document: Numbers
    part: Numbers


def _text(sample: Sample, fitted_on: Sample, heldout: Sample, items: int, seed: int) -> Risk | None:
    r"""Bits a word under the sample's bigrams, backed by its words, backed by all words alike.

    Both steps are Witten and Bell's [witten1991zero]_: with :math:`T(v)` different words after v,
    :math:`p(w|v) = (c(vw) + T(v) p(w)) / (c(v) + T(v))`.
    """
    # Of the held-out alone: with the words of other real data, these would never have an unknown one
    known = {word for words in heldout.documents for word in words}
    number = {word: place for place, word in enumerate(sorted(known))}
    seen = read_neighbours(sample, number, items, seed)
    real = read_neighbours(heldout, number, MOST_ITEMS, seed)
    if len(np.unique(seen.part)) < 2 or not len(real.word):
        # with one part left out there has to be something to count from
        return None
    symbols = len(number) + 2
    chance = _chances(seen, real, symbols)
    # a mean over real words; each part of the held-out documents has its own
    length = np.bincount(real.part, minlength=GROUPS)
    if not length.all():
        return None
    risk = -np.log2(chance).mean(axis=1)
    groups = np.bincount(real.part, -np.log2(chance[0]), GROUPS) / length
    return Risk(float(risk[0]), jackknife(risk[1:]), tuple(groups.tolist()), len(seen.word))


def read_neighbours(sample: Sample, number: Mapping[str, int], items: int, seed: int) -> Neighbours:
    """Words of documents in random order, until there are enough; the last one may be cut."""
    order = np.random.default_rng(seed).permutation(len(sample)).tolist()
    other, start = len(number), len(number) + 1
    documents = [sample.documents[row] for row in order]
    ends = np.cumsum([len(words) for words in documents])
    used = min(int(np.searchsorted(ends, items)) + 1, len(documents))
    word = np.array([number.get(each, other) for words in documents[:used] for each in words], dtype=np.int64)
    first = np.concatenate([[0], ends[: used - 1]]).astype(np.int64)
    first = first[first < len(word)]
    before = np.concatenate([[start], word[:-1]]).astype(np.int64)[: len(word)]
    before[first] = start
    document = np.repeat(np.arange(used), np.diff(ends[:used], prepend=0))[:items]
    return Neighbours(word[:items], before[:items], document, document * GROUPS // used)


def _chances(seen: Neighbours, real: Neighbours, symbols: int) -> Array:
    """(1 + parts, real words) chance of each real word: by the whole sample, then without each part."""
    pair, place = np.unique(seen.before * symbols + seen.word, return_inverse=True)
    counts = np.bincount(place + len(pair) * seen.part, minlength=len(pair) * GROUPS).reshape(GROUPS, -1)
    whole = counts.sum(axis=0)
    asked = real.before * symbols + real.word
    at = np.minimum(np.searchsorted(pair, asked), len(pair) - 1)
    found = pair[at] == asked
    chances = np.empty((1 + GROUPS, len(asked)))
    for without in range(1 + GROUPS):
        left = whole if without == 0 else whole - counts[without - 1]
        words = np.bincount(pair % symbols, left, symbols)
        different = np.count_nonzero(words)
        # the start of a document is not a word
        by_word = (words + different / (symbols - 1)) / max(words.sum() + different, 1)
        after = np.bincount(pair // symbols, left, symbols)[real.before]
        kinds = np.bincount(pair // symbols, left > 0, symbols)[real.before]
        times = np.where(found, left[at], 0)
        backed = by_word[real.word]
        met = after + kinds
        chances[without] = np.where(met > 0, (times + kinds * backed) / np.maximum(met, 1), backed)
    return chances
