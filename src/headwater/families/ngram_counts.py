"""Counts of contexts and of the tokens that follow them, for many replicates in flat arrays.

Contexts of every length below the order are kept, the last token of a context first, so that a
shorter context is the parent of the longer ones that end in it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from headwater.families.contract import Array

Whole = NDArray[np.int64]


class Level(NamedTuple):
    """Contexts of one length.

    Attributes
    ----------
    keys
        (contexts,) ascending: number of the parent context times the vocabulary, plus the token
        before it; for the empty context the replicate.
    pairs
        (pairs,) ascending: number of the context times the vocabulary, plus the token that follows.
    mass
        (pairs + 1,) sums of weights of all pairs before each.
    start
        (contexts + 1,) first pair of each context.
    """

    keys: Whole
    pairs: Whole
    mass: Array
    start: Whole

    def total(self, context: Whole) -> Array:
        """Sums of weights of contexts."""
        return np.asarray(self.mass[self.start[context + 1]] - self.mass[self.start[context]])

    def weight(self, context: Whole, token: Whole, vocabulary: int) -> Array:
        """Sums of weights of contexts followed by tokens, 0 where that was not seen."""
        at, seen = _find(self.pairs, context * vocabulary + token)
        return np.where(seen, self.mass[at + 1] - self.mass[at], 0.0)


class Counts(NamedTuple):
    """A fitted model: one `Level` for each context length, shortest first.

    Attributes
    ----------
    levels
        As many as the order.
    contexts
        (contexts of the last level, order - 1) their tokens, in the order of the text.
    bounds
        (replicates + 1,) first pair of each replicate in the last level.
    """

    levels: tuple[Level, ...]
    contexts: NDArray[np.int32]
    bounds: Whole


def count(windows: NDArray[np.int32], weights: Array | None, vocabulary: int) -> Counts:
    """Counts of windows (replicates, n, order), each a context and the token after it.

    Windows of weight 0 are not there; each replicate has others.
    """
    replicates, length, order = windows.shape
    flat = windows.reshape(-1, order).astype(np.int64)
    each = np.arange(replicates, dtype=np.int64)
    context = np.repeat(each, length)
    mass = np.ones(len(flat)) if weights is None else weights.ravel()
    flat, context, mass = flat[mass > 0], context[mass > 0], mass[mass > 0]
    owner, keys, first = context, each, np.zeros(0, dtype=np.int64)
    levels = []
    for behind in range(order):
        if behind:
            key = context * vocabulary + flat[:, order - 1 - behind]
            keys, first, context = np.unique(key, return_index=True, return_inverse=True)
        pairs, pair = np.unique(context * vocabulary + flat[:, -1], return_inverse=True)
        sums = np.concatenate([[0.0], np.cumsum(np.bincount(pair, mass, len(pairs)))])
        start = np.searchsorted(pairs, np.arange(len(keys) + 1, dtype=np.int64) * vocabulary)
        levels.append(Level(keys, pairs, sums, start))
    contexts = flat[first, : order - 1] if order > 1 else np.zeros((replicates, 0))
    owners = owner[first] if order > 1 else keys
    bounds = levels[-1].start[np.searchsorted(owners, np.arange(replicates + 1))]
    return Counts(tuple(levels), contexts.astype(np.int32), bounds)


def locate(counts: Counts, replicate: Whole, contexts: NDArray[np.int32], vocabulary: int) -> Whole:
    """(order, q) number in each level of contexts (q, order - 1); -1 where one was not seen."""
    order = len(counts.levels)
    found = np.full((order, len(replicate)), -1, dtype=np.int64)
    found[0] = replicate
    for behind in range(1, order):
        key = found[behind - 1] * vocabulary + contexts[:, order - 1 - behind]
        at, seen = _find(counts.levels[behind].keys, key)
        found[behind] = np.where(seen & (found[behind - 1] >= 0), at, -1)
    return found


def chances(counts: Counts, found: Whole, token: Whole, smoothing: float, vocabulary: int) -> Array:
    """(q,) probability of each token in the contexts that `locate` found."""
    chance = np.full(len(token), 1.0 / vocabulary)
    for level, context in zip(counts.levels, found, strict=True):
        seen = np.maximum(context, 0)
        mass = level.weight(seen, token, vocabulary)
        mixed = (mass + smoothing * chance) / (level.total(seen) + smoothing)
        chance = np.where(context >= 0, mixed, chance)
    return chance


def laws(counts: Counts, found: Whole, smoothing: float, vocabulary: int) -> Array:
    """(q, vocabulary) the whole law of the token after each context that `locate` found."""
    law = np.full((found.shape[1], vocabulary), 1.0 / vocabulary)
    for level, context in zip(counts.levels, found, strict=True):
        rows = np.flatnonzero(context >= 0)
        row, pair = _expand(level.start[context[rows]], level.start[context[rows] + 1])
        mixed = law[rows] * smoothing
        mixed[row, level.pairs[pair] % vocabulary] += level.mass[pair + 1] - level.mass[pair]
        law[rows] = mixed / (level.total(context[rows]) + smoothing)[:, None]
    return law


def seen_after(counts: Counts, found: Whole, vocabulary: int) -> NDArray[np.bool_]:
    """(q, vocabulary) whether each token was seen after the whole context."""
    level, context = counts.levels[-1], found[-1]
    seen = np.zeros((len(context), vocabulary), bool)
    rows = np.flatnonzero(context >= 0)
    row, pair = _expand(level.start[context[rows]], level.start[context[rows] + 1])
    seen[rows[row], level.pairs[pair] % vocabulary] = True
    return seen


def follow(counts: Counts, found: Whole, smoothing: float, vocabulary: int, rng: Generator) -> Whole:
    """(q,) a token after each context that `locate` found, without ever writing out a whole law.

    From the longest context seen, its counts are drawn from with their share of the mass, else
    the context that is one shorter decides; at last all tokens alike.
    """
    size = int(found.shape[1])
    token: Whole = rng.integers(vocabulary, size=size)
    open_ = np.ones(size, bool)
    for level, context in zip(counts.levels[::-1], found[::-1], strict=True):
        uniform: Array = rng.random(size)
        here = np.flatnonzero(open_ & (context >= 0))
        at = context[here]
        height = uniform[here] * (level.total(at) + smoothing)
        drawn = height < level.total(at)
        here, at, height = here[drawn], at[drawn], height[drawn]
        pair = _climb(level, level.start[at], level.start[at + 1], height)
        token[here] = level.pairs[pair] % vocabulary
        open_[here] = False
    return token


def beginnings(counts: Counts, each: int, rng: Generator) -> NDArray[np.int32]:
    """(replicates, each, order - 1) contexts in proportion to how often they were seen."""
    level, bounds = counts.levels[-1], counts.bounds
    low, high = bounds[:-1, None], bounds[1:, None]
    height = rng.random((len(low), each)) * (level.mass[high] - level.mass[low])
    pair = _climb(level, low, high, height)
    context = np.searchsorted(level.start, pair, side="right") - 1
    return counts.contexts[context]


def _climb(level: Level, low: Whole, high: Whole, height: Array) -> Whole:
    """Pair from `low` to below `high` in which the mass from `low` on passes `height`."""
    pair = np.searchsorted(level.mass, level.mass[low] + height, side="right") - 1
    # rounding of a sum may step over the end
    return np.asarray(np.clip(pair, low, high - 1))


def _find(sorted_keys: Whole, keys: Whole) -> tuple[Whole, NDArray[np.bool_]]:
    at = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return at, sorted_keys[at] == keys


def _expand(start: Whole, stop: Whole) -> tuple[Whole, Whole]:
    """For ranges: the number of the range and the member, for every member."""
    length = stop - start
    row = np.repeat(np.arange(len(start)), length)
    return row, np.arange(len(row)) + np.repeat(start - np.cumsum(length) + length, length)


def unique_columns(found: Whole) -> tuple[Whole, Whole]:
    """Columns of `found` that differ, and which of them each column is."""
    columns, inverse = np.unique(found, axis=1, return_inverse=True)
    return columns, inverse.reshape(-1)
