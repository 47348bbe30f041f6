"""Rows of any kind of sample as points of one space, so that one distance serves all kinds.

A space is fitted on real data and maps every sample in the same way. What is done with the points
(distances, modes, tails) is the business of other modules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from headwater.errors import SampleError
from headwater.samples.values import Array, Kind, Sample

ITEMS = 64
"""Most labels with an axis of their own; all others share one."""

HASHED = 256
"""Dimensions that words are hashed into."""

AXES = 16
"""Most leading directions that are kept of them."""


class Space(Protocol):
    """What was fitted on real data and maps samples to points."""

    @property
    def kind(self) -> Kind:
        """Of the samples that it maps."""
        ...

    def points(self, sample: Sample) -> Array:
        """(rows, axes) of a sample of the kind and dimension that the space was fitted on."""
        ...


@dataclass(frozen=True, eq=False)
class Standardised:
    """Numbers less their real mean, over their real standard deviation.

    Attributes
    ----------
    centre, scale
        (features,); the scale of a feature that is constant in the real data is 1.
    """

    centre: Array
    scale: Array
    kind: Kind = "numeric"

    @staticmethod
    def of(reference: Sample) -> Standardised:
        """Fitted on the rows of real data."""
        scale = reference.rows.std(axis=0)
        return Standardised(reference.rows.mean(axis=0), np.where(scale > 0, scale, 1.0))

    def points(self, sample: Sample) -> Array:
        """(rows, features)."""
        _check(sample, self.kind)
        if sample.dimensions != len(self.centre):
            raise SampleError(
                f"{sample.dimensions} features in a sample, {len(self.centre)} in the reference",
                "give both the same features",
            )
        points: Array = (sample.rows - self.centre) / self.scale
        return points


@dataclass(frozen=True, eq=False)
class Items:
    """One axis for each of the most frequent real labels, and one for all the rest.

    Squared energy distance is then, but for a factor, the sum of squared differences of
    frequencies, and the mean distance of two rows is the Gini-Simpson index.

    Attributes
    ----------
    items
        Labels in the order of their axes, most frequent first.
    """

    items: tuple[str, ...]
    kind: Kind = "categorical"

    @staticmethod
    def of(reference: Sample) -> Items:
        """Fitted on the labels of real data; ties in alphabetical order."""
        counts = sorted(Counter(reference.rows.tolist()).items(), key=lambda pair: (-pair[1], pair[0]))
        return Items(tuple(item for item, _ in counts[:ITEMS]))

    def points(self, sample: Sample) -> Array:
        """(rows, items + 1) of 0 and 1; the last axis is the rest."""
        _check(sample, self.kind)
        place = {item: at for at, item in enumerate(self.items)}
        rest = len(self.items)
        points = np.zeros((len(sample), rest + 1))
        points[np.arange(len(sample)), [place.get(each, rest) for each in sample.rows.tolist()]] = 1.0
        return points


@dataclass(frozen=True, eq=False)
class Words:
    """Hashed bags of words of unit length, on the leading directions of the real texts.

    Directions keep their lengths: whitened, the many that are noise would drown the few that differ.

    Attributes
    ----------
    axes
        (directions, hashed) orthonormal.
    """

    axes: Array
    kind: Kind = "text"

    @staticmethod
    def of(reference: Sample, seed: int) -> Words:
        """Fitted on real texts; the seed is that of the randomised decomposition."""
        from sklearn.decomposition import TruncatedSVD

        directions = min(AXES, len(reference))
        fitted = TruncatedSVD(directions, random_state=seed).fit(_bags(reference))
        return Words(fitted.components_)

    def points(self, sample: Sample) -> Array:
        """(rows, directions)."""
        _check(sample, self.kind)
        points: Array = _bags(sample) @ self.axes.T
        return points


def space(reference: Sample, others: Sequence[Sample] = (), seed: int = 0) -> Space:
    """The space for samples of the kind of this real data.

    Numbers are in its units. Axes of labels and words are learned from it and all others together: learned
    from one of two samples they would set it apart from the other, whatever their laws.
    """
    if reference.kind == "numeric":
        return Standardised.of(reference)
    rows = np.concatenate([reference.rows, *(other.rows for other in others)])
    pooled = Sample(reference.kind, rows, reference.names, len(rows))
    return Items.of(pooled) if reference.kind == "categorical" else Words.of(pooled, seed)


def features(reference: Sample, *samples: Sample, seed: int = 0) -> tuple[Array, ...]:
    """Points of the reference and then of each sample, in the space of the reference.

    Returns
    -------
    tuple of (rows, axes)
        Numeric: standardised by the reference. Categorical: an axis for each of the most frequent
        labels and one for the rest. Text: hashed bags of words on the leading directions.

    Raises
    ------
    SampleError
        If a sample is of another kind or dimension than the reference.

    Examples
    --------
    >>> real = Sample.of(["a", "a", "b"], kind="categorical")
    >>> features(real, Sample.of(["b", "c"], kind="categorical"))[1]
    array([[0., 1., 0., 0.],
           [0., 0., 1., 0.]])
    """
    fitted = space(reference, samples, seed)
    return tuple(fitted.points(sample) for sample in (reference, *samples))


def _bags(sample: Sample):  # type: ignore[no-untyped-def]  # a scipy sparse matrix, loaded lazily
    """(documents, hashed) sparse, of unit length; each different word is hashed once."""
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.preprocessing import normalize

    number: dict[str, int] = {}
    columns = [number.setdefault(word, len(number)) for text in sample.documents for word in text]
    starts = np.cumsum([0, *map(len, sample.documents)])
    counts = csr_array((np.ones(len(columns)), columns, starts), shape=(len(sample), max(len(number), 1)))
    words = [[word] for word in number] or [[]]
    hashed = HashingVectorizer(n_features=HASHED, analyzer=list, norm=None).transform(words)
    return normalize(counts @ hashed)


def _check(sample: Sample, kind: Kind) -> None:
    if sample.kind != kind:
        raise SampleError(f"a {sample.kind} sample against a {kind} reference", "give both of one kind")
