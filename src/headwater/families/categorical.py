"""Any distribution over a vocabulary: symbols, words, classes, modes; fitted by shares."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from headwater.emission import Emission
from headwater.errors import FamilyError
from headwater.families import samples
from headwater.families.contract import Array, Ask, Measure
from headwater.theory import laws

Flags = NDArray[np.bool_]

AT_ONCE = 2**20
"""Probabilities worked on at once, so that temporary arrays stay small."""

MOST = 10_000_000
"""Symbols of a vocabulary."""

SMALL = 2048
"""Vocabularies up to which all replicates are drawn in one call: longer ones have zeros to skip."""

SHORT = 256
"""Vocabularies and samples up to which records of many replicates are looked up in one call."""


class Shares(NamedTuple):
    """(replicates, symbols) probabilities, and (replicates,) whether the fit is on unfiltered samples."""

    probabilities: Array
    failed: Flags


class Counts(NamedTuple):
    """(replicates, symbols) weighted counts, and (replicates,) whether a verifier had nothing to keep."""

    counts: Array
    failed: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Categorical:
    r"""Symbols with probabilities, each fitted by its share of the samples.

    A symbol that a training set misses is lost for ever, unless another provider brings it back.
    With :math:`H = 1 - \sum_i p_i^2`, the chance that two draws differ, risk obeys the law of a
    Bernoulli of variance H: the :math:`p_i(1 - p_i)` of the symbols sum to it. A closed loop on n
    samples keeps a share :math:`(1 - 1/n)^k` of H after k fits [seddik2024bad]_.

    Parameters
    ----------
    probabilities
        (symbols,) of the population, 10,000,000 at most, two or more above 0; their sum may be off by 1e-6.
        Functions of this module make some: `zipf`, `zipf_mandelbrot`, `from_counts`, `from_text`.
    symbols
        What they are called, if that matters.
    right
        (symbols,) which a verifier takes for right; those that the population has, if left out.

    Raises
    ------
    FamilyError
        If a parameter cannot be right.

    Notes
    -----
    An emission's temperature is applied first, then top-p, then the verifier. Of equally probable
    symbols top-p takes the earlier ones. A verifier keeps symbol i with a chance :math:`k_i`, so
    that kept samples follow :math:`p_i k_i / \sum_j p_j k_j`. Where it can keep nothing that a
    model emits, unfiltered samples are passed on and "failed" says so.
    """

    probabilities: Array
    symbols: tuple[str, ...] | None = None
    right: Flags | None = None
    name: ClassVar[str] = "categorical"
    emissions: ClassVar[frozenset[str]] = frozenset({"temperature", "top_p", "keep_right", "keep_wrong"})
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        given = _probabilities(self.probabilities)
        if self.symbols is not None and len(self.symbols) != len(given):
            raise FamilyError(
                f"{len(self.symbols)} symbols have {len(given)} probabilities", "name every symbol, or none"
            )
        right = given > 0 if self.right is None else np.array(self.right)
        if right.shape != given.shape or right.dtype != bool or not right.any():
            raise FamilyError(
                f"right is of shape {right.shape} and type {right.dtype}",
                f"write {len(given)} booleans, one a symbol, with one true or more",
            )
        object.__setattr__(self, "probabilities", given)
        object.__setattr__(self, "symbols", None if self.symbols is None else tuple(self.symbols))
        object.__setattr__(self, "right", right)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk, diversity, what is lost, entropy, what a verifier calls wrong, failures."""
        return MEASURES

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Population, names and what is right."""
        return {"probabilities": self.probabilities, "symbols": self.symbols, "right": self.right}

    @property
    def least_samples(self) -> int:
        """One."""
        return 1

    @property
    def unit_risk(self) -> float:
        """The population's Gini-Simpson diversity H."""
        return float((self.probabilities * (1 - self.probabilities)).sum())

    def law(self) -> laws.QuadraticVariance:
        """Exact at every number of samples; its ceiling is H, where one symbol is left."""
        return laws.QuadraticVariance("categorical", {"diversity": self.unit_risk}, self.unit_risk, -1.0)

    def truth(self, replicates: int) -> Shares:
        """The population."""
        law = np.broadcast_to(self.probabilities, (replicates, len(self.probabilities)))
        return Shares(law, np.zeros(replicates, dtype=bool))

    def draw(self, model: Shares, ask: Ask, rng: Generator) -> Counts:
        """Multinomial counts."""
        counts = np.empty(model.probabilities.shape)
        failed = np.zeros(len(counts), dtype=bool)
        for rows in _blocks(counts.shape):
            law, failed[rows] = self._emitted(model.probabilities[rows], ask.emission)
            counts[rows] = multinomial(law, ask.samples, rng)
        return Counts(counts, failed)

    def records(self, model: Shares, ask: Ask, rng: Generator) -> NDArray[Any]:
        """(replicates, samples) numbers of symbols, int32; a verifier's failures are not recorded."""
        made = np.empty((len(model.probabilities), ask.samples), dtype=np.int32)
        cost = max(len(self.probabilities), ask.samples)
        # look-ups in many rows at once lose digits: a few thousand rows leave twelve
        for rows in _blocks((len(made), max(cost, SHORT))):
            law, _ = self._emitted(model.probabilities[rows], ask.emission)
            if cost <= SHORT:
                made[rows] = samples.choose(np.cumsum(law, axis=1), rng.random(made[rows].shape))
                continue
            for target, each in zip(made[rows], law, strict=True):
                held, below = _support(each)
                target[:] = held[np.searchsorted(below[:-1], rng.random(ask.samples) * below[-1], "right")]
        return made

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Counts:
        """Weighted counts of given symbols, numbered from 0."""
        symbols = len(self.probabilities)
        counts = np.empty((len(records), symbols))
        for rows in _blocks((len(records), max(symbols, records.shape[1]))):
            part = records[rows]
            if not 0 <= part.min() <= part.max() < symbols:
                wrong = f"records hold symbols {part.min()} to {part.max()}"
                raise FamilyError(wrong, f"number them from 0 to {symbols - 1}")
            place = (part + symbols * np.arange(len(part))[:, None]).ravel()
            weight = None if weights is None else weights[rows].ravel()
            counts[rows] = np.bincount(place, weight, len(part) * symbols).reshape(-1, symbols)
        return Counts(counts, np.zeros(len(counts), dtype=bool))

    def combine(self, parts: Sequence[Counts], weights: Sequence[float]) -> Counts:
        """Sums of counts."""
        if len(parts) == 1 and weights[0] == 1:
            return parts[0]
        counts = parts[0].counts * weights[0]
        for part, weight in zip(parts[1:], weights[1:], strict=True):
            counts += part.counts if weight == 1 else part.counts * weight
        return Counts(counts, np.logical_or.reduce([part.failed for part in parts]))

    def fit(self, evidence: Counts, rng: Generator) -> Shares:
        """Shares of the counts."""
        return Shares(evidence.counts / evidence.counts.sum(axis=1, keepdims=True), evidence.failed)

    def measure(self, model: Shares, name: str) -> Array:
        """(replicates,) one of `measures`."""
        if name == "failed":
            return model.failed.astype(float)
        values = np.empty(len(model.failed))
        for rows in _blocks(model.probabilities.shape):
            values[rows] = self._measured(model.probabilities[rows], name)
        return values

    def size(self, samples: int) -> float:
        """Counts, shares and a flag."""
        return 2.0 * len(self.probabilities) + 2

    def _measured(self, law: Array, name: str) -> Array:
        if name == "risk":
            return np.asarray(((law - self.probabilities) ** 2).sum(axis=1))
        if name == "diversity":
            return np.asarray((law * (1 - law)).sum(axis=1) / self.unit_risk)
        if name == "distinct":
            return np.asarray(np.count_nonzero(law, axis=1), dtype=float)
        if name == "lost":
            return np.asarray(np.where(law == 0, self.probabilities, 0.0).sum(axis=1))
        if name == "entropy":
            return np.asarray(entr(law).sum(axis=1))
        return np.asarray(law[:, ~self._right].sum(axis=1))

    def _emitted(self, law: Array, emission: Emission) -> tuple[Array, Flags]:
        """(rows, symbols) what an emission leaves, and (rows,) whether a verifier could keep nothing."""
        failed = np.zeros(len(law), dtype=bool)
        if emission.temperature != 1:
            law = tempered(law, emission.temperature)
        if emission.top_p != 1:
            law = truncated(law, emission.top_p)
        if emission.keep_right != emission.keep_wrong:
            # only the ratio matters, and the larger chance as 1 keeps small ones from vanishing
            most = max(emission.keep_right, emission.keep_wrong)
            kept = law * np.where(self._right, emission.keep_right / most, emission.keep_wrong / most)
            total = kept.sum(axis=1, keepdims=True)
            failed = total[:, 0] == 0
            law = np.where(total > 0, kept / np.where(total > 0, total, 1.0), law)
        return law, failed

    @property
    def _right(self) -> Flags:
        assert self.right is not None
        return self.right


MEASURES = {
    "risk": Measure("squared probability", "low", "squared errors of the probabilities, summed"),
    "diversity": Measure("of the population's", "high", "Gini-Simpson diversity"),
    "distinct": Measure("symbols", "high", "symbols with positive probability"),
    "lost": Measure("probability", "low", "mass in the population of symbols that the model cannot emit"),
    "entropy": Measure("nats", "high", "Shannon entropy"),
    "wrong": Measure("probability", "low", "mass of symbols that a verifier takes for wrong"),
    "failed": Measure("share of fits", "low", "fits on samples that no verifier could filter"),
}


def zipf(size: int, exponent: float) -> Categorical:
    r"""So many symbols with :math:`p_i \propto i^{-a}`, i from 1 and a the exponent."""
    return zipf_mandelbrot(size, exponent, 0.0)


def zipf_mandelbrot(size: int, exponent: float, shift: float) -> Categorical:
    r"""So many symbols with :math:`p_i \propto (i + b)^{-a}`, i from 1 and b the shift.

    Raises
    ------
    FamilyError
        If a parameter cannot be right.
    """
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 2 <= size <= MOST:
        raise FamilyError(f"size is {samples.shown(size)}", f"write a whole number of symbols, 2 to {MOST:,}")
    for what, value, least in (("exponent", exponent, 0), ("shift", shift, -1)):
        if not samples.is_number(value) or value < least or value == -1:
            above = "a number of at least 0" if least == 0 else "a number above -1"
            raise FamilyError(f"{what} is {samples.shown(value)}", f"the {what} is {above}: change it")
    places = np.log(np.arange(1, size + 1) + float(shift))
    with np.errstate(over="ignore", under="ignore"):
        weight = np.exp(-float(exponent) * (places - places[0]))
    return Categorical(weight / weight.sum())


def from_counts(counts: ArrayLike, symbols: Sequence[str] | None = None) -> Categorical:
    """The shares of given counts.

    Raises
    ------
    FamilyError
        If a count is negative or no number, or fewer than two are above 0.
    """
    given = samples.floats("counts", counts, MOST)
    if given.ndim != 1 or not np.isfinite(given).all() or (given < 0).any() or (given > 0).sum() < 2:
        raise FamilyError(
            f"counts of shape {given.shape} are no population",
            "write one finite count of at least 0 a symbol, two of them or more above 0",
        )
    given /= given.max()
    return Categorical(given / given.sum(), None if symbols is None else tuple(symbols))


def from_text(text: str, *, lower: bool = True, pattern: str = r"\w+") -> Categorical:
    """The words of a text, most frequent first; `symbols` are the words.

    Parameters
    ----------
    text
        A corpus.
    lower
        Whether upper and lower case are one.
    pattern
        Regular expression that matches a word.

    Raises
    ------
    FamilyError
        If the text or the pattern is none, or the text has fewer than two different words.
    """
    for what, value in (("text", text), ("pattern", pattern)):
        if not isinstance(value, str):
            raise FamilyError(f"{what} is of type {type(value).__name__}", "give a str: decode bytes first")
    try:
        words = re.compile(pattern)
    except re.error as error:
        raise FamilyError(
            f"pattern {pattern!r:.60} is no regular expression: {error}", r"write one, such as \w+"
        ) from None
    found = (each.group() for each in words.finditer(text.lower() if lower else text))
    counted = Counter(word for word in found if word)
    if len(counted) < 2:
        raise FamilyError(
            f"the text has {len(counted)} different words that match {pattern!r:.60}",
            "give a text with at least two, or change the pattern",
        )
    listed = counted.most_common()
    return from_counts([count for _, count in listed], [word for word, _ in listed])


def tempered(law: Array, temperature: float) -> Array:
    """(rows, symbols) probabilities to the power 1/temperature, normalised."""
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        logs = np.log(law)
        powers = np.exp((logs - logs.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def truncated(law: Array, top_p: float) -> Array:
    """(rows, symbols) the fewest most probable symbols that hold mass `top_p`, normalised."""
    order = np.argsort(-law, axis=1, kind="stable")
    ranked = np.take_along_axis(law, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    # sums are rounded: without slack .7 + .2 would not be .9
    ranked[before >= top_p * (1 - 1e-12)] = 0.0
    kept = np.empty_like(law)
    np.put_along_axis(kept, order, ranked, axis=1)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))


def multinomial(law: Array, number: int, rng: Generator) -> Array:
    """(rows, symbols) exact counts of so many samples of each row's law.

    Symbols of probability 0 are skipped. With few samples for the symbols that remain, samples
    are drawn instead: sorted uniforms are sums of exponential spacings, and sorted look-ups are quick.
    """
    if law.shape[1] <= SMALL:
        counts = rng.multinomial(number, law)
        # what rounding of the probabilities leaves falls to the last symbol: never let it revive
        revived = np.flatnonzero((law[:, -1] == 0) & (counts[:, -1] > 0))
        counts[revived, law[revived].argmax(axis=1)] += counts[revived, -1]
        counts[revived, -1] = 0
        return counts.astype(float)
    made = np.zeros(law.shape)
    for target, each in zip(made, law, strict=True):
        if 2 * number < np.count_nonzero(each):
            held, below = _support(each)
            sums = np.cumsum(rng.standard_exponential(number + 1))
            sums *= below[-1] / sums[-1]
            found = np.searchsorted(below[:-1], sums[:-1], "right")
            target[held] = np.bincount(found, minlength=len(held))
        else:
            held = np.flatnonzero(each)
            target[held] = rng.multinomial(number, each[held])
    return made


def _support(law: Array) -> tuple[NDArray[np.intp], Array]:
    """Symbols of positive probability, and their cumulative probabilities."""
    held = np.flatnonzero(law)
    return held, np.cumsum(law[held])


def _blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Rows a few at a time."""
    step = max(1, AT_ONCE // shape[1])
    for first in range(0, shape[0], step):
        yield slice(first, first + step)


def _probabilities(given: ArrayLike) -> Array:
    """A normalised copy that nobody can write to."""
    copied = samples.floats("probabilities", given, MOST)
    if copied.ndim != 1 or not np.isfinite(copied).all() or (copied < 0).any() or (copied > 0).sum() < 2:
        raise FamilyError(
            f"probabilities of shape {copied.shape} are no population",
            "write one finite number of at least 0 a symbol, two of them or more above 0",
        )
    if abs(copied.sum() - 1) > 1e-6:
        raise FamilyError(
            f"the probabilities sum to {copied.sum():.9g}",
            "they sum to 1: normalise them, or use from_counts",
        )
    copied /= copied.sum()
    copied.setflags(write=False)
    return copied
