"""N-gram language models of any order, on a real text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from headwater.emission import Emission
from headwater.errors import FamilyError
from headwater.families import ngram_counts, samples
from headwater.families.contract import Array, Ask, Measure
from headwater.families.ngram_counts import Counts
from headwater.families.samples import Samples

FLOOR = 1e-6
"""Share of the uniform law that risk is evaluated with where there is no smoothing."""

LARGEST = 2**31
"""Of tokens times words, so that keys of counts stay whole numbers."""


class RealText(NamedTuple):
    """(length,) tokens of the real text, for so many replicates."""

    tokens: NDArray[np.int32]
    replicates: int


@dataclass(frozen=True, slots=True, eq=False)
class NGram:
    r"""The law of a token given the `order` - 1 tokens before it, from counts.

    A sample is an n-gram: a context and the token after it. With :math:`c_j` the last j tokens
    of the context, counts N (sums of loss weights) and k the smoothing,

    .. math:: P_j(w \mid c_j) = \frac{N(c_j w) + k\,P_{j-1}(w \mid c_{j-1})}{N(c_j) + k},
              \qquad P_{-1} = 1/\text{vocabulary},

    and the model's law is the one of the longest context: the predictive law of a hierarchical
    Dirichlet model [mackay1995hierarchical]_. A context that was never seen backs off to the next
    shorter one. Without smoothing a seen context gives relative frequencies.

    With no smoothing, passages of one n-gram and equal weights a model is the categorical law of
    the n-grams it saw: a lone loop keeps :math:`(1-1/n)^t` of their Gini-Simpson diversity.

    Parameters
    ----------
    tokens
        (length,) the real text in numbers from 0. It is a ring: after its end comes its
        beginning, so that every place in it is a sample and no token has a special mark.
    order
        Length of an n-gram, at least 1: a model of order 1 is a law of single tokens.
    smoothing
        k, at least 0. There is no default.
    test
        (m,) held-out text of at least `order` tokens; it is no ring. Without it risk is evaluated
        on the real text: the expected loss of a real sample.
    vocabulary
        Spelling of each token. The law is on these and no others; without it they are the
        numbers up to the largest in `tokens` and `test`.
    passage
        Samples that are generated one after the other: a passage starts at a random place of the
        real text, or with a context that the model saw, in proportion, and is continued token by
        token. With 1 samples are independent. The last passage of a draw may be shorter.

    Raises
    ------
    FamilyError
        If a parameter cannot be right.

    Notes
    -----
    Risk is the cross-entropy in nats a token. Without smoothing it is that of the model mixed
    with a millionth of the uniform law: it stays below 14 plus the log of the vocabulary.

    Emissions change the law of the next token given its context, in this order: temperature;
    top_p (the fewest most probable tokens, the one of smaller number first among equals); a
    verifier, which keeps tokens whose n-gram occurs in the real text with `keep_right` and others
    with `keep_wrong`, and for each that it drops sees another after the same context. Where it
    could keep nothing it keeps all. Contexts that start passages are not judged. Emissions write
    out the law of every context that is met: their cost grows with the vocabulary.

    Evidence holds every sample.
    """

    tokens: NDArray[np.int32]
    order: int
    smoothing: float
    test: NDArray[np.int32] | None = None
    vocabulary: tuple[str, ...] | None = None
    passage: int = 1
    words: int = field(init=False, repr=False)
    """Size of the vocabulary."""
    real: Counts = field(init=False, repr=False)
    """Counts of the real text, and of what risk is evaluated on."""
    held_out: Counts = field(init=False, repr=False)
    name: ClassVar[str] = "ngram"
    emissions: ClassVar[frozenset[str]] = frozenset({"temperature", "top_p", "keep_right", "keep_wrong"})
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for what in ("order", "passage"):
            _check_count(what, getattr(self, what))
        if not samples.is_number(self.smoothing) or self.smoothing < 0:
            raise FamilyError(f"smoothing is {samples.shown(self.smoothing)}", "write a number, 0 or more")
        tokens = _text("tokens", self.tokens, self.order)
        test = None if self.test is None else _text("test", self.test, self.order)
        most = int(max(tokens.max(), -1 if test is None else test.max())) + 1
        words = most if self.vocabulary is None else len(self.vocabulary)
        if words < most or words > LARGEST:
            raise FamilyError(
                f"token {most - 1} is not in the vocabulary of {words}", "number the words of the text from 0"
            )
        if tokens.min() == tokens.max():
            raise FamilyError("the text repeats one token", "give a text of at least two different tokens")
        object.__setattr__(self, "tokens", tokens)
        object.__setattr__(self, "test", test)
        object.__setattr__(self, "words", words)
        ring = np.concatenate([tokens, np.resize(tokens, self.order - 1)])
        real = ngram_counts.count(_windows(ring, self.order), None, words)
        rest = real if test is None else ngram_counts.count(_windows(test, self.order), None, words)
        object.__setattr__(self, "real", real)
        object.__setattr__(self, "held_out", rest)

    @classmethod
    def from_text(
        cls,
        text: str,
        order: int,
        *,
        smoothing: float,
        level: str = "word",
        test_share: float = 0.1,
    ) -> NGram:
        """The family on a text: words are what lies between blanks, characters are all of it.

        The last `test_share` of the tokens is held out (0: none), rounded up, and `test` has the
        context before them too; all words are in the vocabulary. For other lengths of passages:
        ``dataclasses.replace(family, passage=64)``; where capitals do not matter, give
        ``text.lower()``.

        Raises
        ------
        FamilyError
            If order, level or share cannot be right, or the text is none or too short.
        """
        _check_count("order", order)
        if not isinstance(text, str):
            raise FamilyError(f"text is of type {type(text).__name__}", "give a str: decode bytes first")
        if level not in ("word", "char"):
            raise FamilyError(f"level is {level!r:.60}", "it is 'word' or 'char'")
        if not samples.is_number(test_share) or not 0 <= test_share < 1:
            raise FamilyError(f"test_share is {test_share!r:.60}", "write a share from 0 to below 1")
        parts = text.split() if level == "word" else list(text)
        if not parts:
            raise FamilyError("the text is empty", "give a text of at least two different tokens")
        vocabulary, found = np.unique(np.array(parts, dtype=object), return_inverse=True)
        tokens = found.astype(np.int32)
        kept = len(tokens) - math.ceil(len(tokens) * test_share)
        test = tokens[max(kept - order + 1, 0) :] if kept < len(tokens) else None
        return cls(tokens[:kept], order, smoothing, test, tuple(vocabulary.tolist()))

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk, perplexity, n-grams seen and lost, their diversity."""
        return MEASURES

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Text, order, smoothing, held-out text, vocabulary, length of passages."""
        names = ("tokens", "order", "smoothing", "test", "vocabulary", "passage")
        return {name: getattr(self, name) for name in names}

    @property
    def least_samples(self) -> int:
        """One n-gram is a model."""
        return 1

    @property
    def unit_risk(self) -> None:
        """Not known: what was never seen decides the risk."""
        return None

    def law(self) -> None:
        """None is known of the risk."""
        return None

    def truth(self, replicates: int) -> RealText:
        """The real text."""
        return RealText(self.tokens, replicates)

    def draw(self, model: Counts | RealText, ask: Ask, rng: Generator) -> Samples:
        """The samples."""
        return self.tell(self.records(model, ask, rng))

    def records(self, model: Counts | RealText, ask: Ask, rng: Generator) -> NDArray[np.int32]:
        """(replicates, samples, order) n-grams from passages, each passage in the order of its text."""
        length = min(self.passage, ask.samples)
        passages = -(-ask.samples // length)
        if isinstance(model, RealText):
            start = rng.integers(len(model.tokens), size=(model.replicates, passages, 1))
            places = (start + np.arange(length + self.order - 1)) % len(model.tokens)
            text = model.tokens[places]
        else:
            text = self._passages(model, passages, length, ask.emission, rng)
        windows = np.lib.stride_tricks.sliding_window_view(text, self.order, axis=2)
        return windows.reshape(len(text), passages * length, self.order)[:, : ask.samples]

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Samples:
        """The n-grams, with their weights."""
        return Samples(records, weights)

    def combine(self, parts: Sequence[Samples], weights: Sequence[float]) -> Samples:
        """All n-grams, with their weights."""
        return samples.combine(parts, weights)

    def fit(self, evidence: Samples, rng: Generator) -> Counts:
        """Count."""
        return ngram_counts.count(evidence.records, evidence.weights, self.words)

    def measure(self, model: Counts, name: str) -> Array:
        """One of `MEASURES`."""
        if name == "risk":
            return self._cross_entropy(model)
        if name == "perplexity":
            return np.exp(self._cross_entropy(model))
        if name == "distinct":
            return np.diff(model.bounds).astype(float)
        if name == "diversity":
            return _diversity(model) / _diversity(self.real)
        contexts, token, share = self._content(self.real)
        lost = np.empty(len(model.bounds) - 1)
        for at in range(len(lost)):
            found = self._locate(model, at, contexts)
            seen = model.levels[-1].weight(np.maximum(found[-1], 0), token, self.words) > 0
            lost[at] = share[~seen | (found[-1] < 0)].sum()
        return lost

    def size(self, samples: int) -> float:
        """Samples of the evidence; contexts and pairs of every length of the model."""
        return float(samples * self.order * 5)

    def _cross_entropy(self, model: Counts) -> Array:
        contexts, token, share = self._content(self.held_out)
        loss = np.empty(len(model.bounds) - 1)
        for at in range(len(loss)):
            found = self._locate(model, at, contexts)
            chance = ngram_counts.chances(model, found, token, self.smoothing, self.words)
            if self.smoothing == 0:
                chance = (1 - FLOOR) * chance + FLOOR / self.words
            loss[at] = -(share * np.log(chance)).sum()
        return loss

    def _content(self, text: Counts) -> tuple[NDArray[np.int32], NDArray[np.int64], Array]:
        """Different n-grams of a text: contexts, tokens and shares of its occurrences."""
        level = text.levels[-1]
        mass = np.diff(level.mass)
        return text.contexts[level.pairs // self.words], level.pairs % self.words, mass / mass.sum()

    def _locate(self, model: Counts, at: int, contexts: NDArray[np.int32]) -> NDArray[np.int64]:
        replicate = np.full(len(contexts), at, dtype=np.int64)
        return ngram_counts.locate(model, replicate, contexts, self.words)

    def _passages(
        self, model: Counts, passages: int, length: int, emission: Emission, rng: Generator
    ) -> NDArray[np.int32]:
        """(replicates, passages, order - 1 + length) text: a context, and what the model has follow."""
        replicates, behind = len(model.bounds) - 1, self.order - 1
        text = np.empty((replicates * passages, behind + length), dtype=np.int32)
        begun = ngram_counts.beginnings(model, passages, rng)
        text[:, :behind] = begun.reshape(replicates * passages, behind)
        replicate = np.repeat(np.arange(replicates, dtype=np.int64), passages)
        for at in range(length):
            contexts = text[:, at : at + behind]
            found = ngram_counts.locate(model, replicate, contexts, self.words)
            if emission.changed:
                text[:, at + behind] = self._emit(model, found, contexts, emission, rng)
            else:
                text[:, at + behind] = ngram_counts.follow(model, found, self.smoothing, self.words, rng)
        return text.reshape(replicates, passages, behind + length)

    def _emit(
        self,
        model: Counts,
        found: NDArray[np.int64],
        contexts: NDArray[np.int32],
        emission: Emission,
        rng: Generator,
    ) -> NDArray[np.int64]:
        """A token for each context, from its law as the emission changes it."""
        real = ngram_counts.locate(self.real, np.zeros(len(contexts), np.int64), contexts, self.words)
        # contexts of one law are drawn together
        cases, case = ngram_counts.unique_columns(np.concatenate([found, real]))
        order = case.argsort(kind="stable")
        first = np.searchsorted(case[order], np.arange(cases.shape[1] + 1))
        uniform, token = rng.random(len(case)), np.empty(len(case), dtype=np.int64)
        for part in samples.blocks(cases.shape[1], self.words):
            law = ngram_counts.laws(model, cases[: self.order, part], self.smoothing, self.words)
            right = ngram_counts.seen_after(self.real, cases[self.order :, part], self.words)
            total = np.cumsum(emitted(law, right, emission), axis=1)
            own = order[first[part.start] : first[part.stop]]
            token[own] = samples.choose_in(total, case[own] - part.start, uniform[own])
        return token


from_text = NGram.from_text

MEASURES = {
    "risk": Measure(
        "nats a token", "low", "cross-entropy on the held-out text, else on the real text", "interval"
    ),
    "perplexity": Measure("tokens", "low", "exponential of the risk"),
    "distinct": Measure("n-grams", "high", "different n-grams that the model has seen"),
    "lost": Measure("share of occurrences", "low", "n-grams of the real text that the model has not seen"),
    "diversity": Measure("of the real text's", "high", "Gini-Simpson diversity of the n-grams seen"),
}


def emitted(law: Array, right: NDArray[np.bool_], emission: Emission) -> Array:
    """Laws (q, vocabulary) as an emission changes them; `right` is what the real text has."""
    if emission.temperature != 1:
        law = (law / law.max(axis=1, keepdims=True)) ** (1 / emission.temperature)
        law /= law.sum(axis=1, keepdims=True)
    if emission.top_p < 1:
        order = np.argsort(-law, axis=1, kind="stable")
        ranked = np.take_along_axis(law, order, axis=1)
        before = np.cumsum(ranked, axis=1) - ranked
        # a nucleus that holds top_p but for rounding is complete
        ranked[before >= emission.top_p - 1e-12] = 0.0
        law = np.empty_like(law)
        np.put_along_axis(law, order, ranked, axis=1)
    kept = law * np.where(right, emission.keep_right, emission.keep_wrong)
    return np.where(kept.sum(axis=1, keepdims=True) > 0, kept, law)


def _diversity(counts: Counts) -> Array:
    """(replicates,) chance that two n-grams, drawn with replacement, differ."""
    mass = counts.levels[-1].mass
    weight = np.diff(mass)
    total = mass[counts.bounds[1:]] - mass[counts.bounds[:-1]]
    return np.asarray(1 - np.add.reduceat(weight**2, counts.bounds[:-1]) / total**2)


def _windows(text: NDArray[np.int32], order: int) -> NDArray[np.int32]:
    """(1, length - order + 1, order) all n-grams of a text."""
    return np.lib.stride_tricks.sliding_window_view(text, order)[None]


def _text(what: str, tokens: ArrayLike, order: int) -> NDArray[np.int32]:
    try:
        values = np.asarray(tokens)
    except ValueError:
        raise FamilyError(f"{what} is no row of numbers", "give whole numbers in one row") from None
    if values.ndim != 1 or values.dtype.kind not in "iu" or len(values) < order:
        raise FamilyError(
            f"{what} has shape {values.shape} and type {values.dtype}",
            f"give at least {order} whole numbers in a row: a text of that order's n-grams",
        )
    if values.min() < 0 or values.max() >= LARGEST:
        raise FamilyError(f"{what} holds {values.min()} to {values.max()}", "number the words from 0")
    values = values.astype(np.int32)
    values.flags.writeable = False
    return values


def _check_count(what: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise FamilyError(f"{what} is {value!r:.60}", "write a whole number, at least 1")
