"""What every law offers: a linear recursion on second moments; and the products it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from headwater.theory.system import Array, System, summed

BLOCK = 64
"""Columns multiplied at a time: so many of a few thousand rows stay in a processor's cache."""


@dataclass(frozen=True, slots=True)
class State:
    """Second moments at one generation.

    Attributes
    ----------
    generation
        Counted from 0.
    second : (slots, slots)
        Second moments of what the recursion carries: errors of models, of older batches still in
        the window, of archives.
    raw : (slots,)
        Expected mean square about the truth of the records behind each slot.
    extra : (models,)
        Second moment of error that is drawn anew each generation (subsampling); else zeros.
    """

    generation: int
    second: Array
    raw: Array
    extra: Array


class Recursion(Protocol):
    """A law on a graph under a regime."""

    @property
    def system(self) -> System:
        """The shares and noise it was built from."""
        ...

    def start(self) -> State:
        """Generation 0."""
        ...

    def step(self, state: State) -> State:
        """One generation on."""
        ...

    def read(self, state: State) -> Array:
        """(models,) risk of each model of ``system.models``, in the law's units."""
        ...


class Invariant(Recursion, Protocol):
    r"""A recursion whose step does not change with time, from some generation on.

    :math:`G(t) = M\,G(t-1)\,M^\top + \mathrm{diag}(q)` with q affine in G.
    """

    @property
    def transition(self) -> sparse.csr_array:
        """(slots, slots) M."""
        ...

    @property
    def readout(self) -> sparse.csr_array:
        """(models, slots) errors of models from slots."""
        ...

    def settled_innovation(self, carried: Array, error: Array) -> Array:
        r"""(trained,) q at a fixed point.

        Parameters
        ----------
        carried : (trained,)
            Diagonal of :math:`M G M^\top` for the newest batch.
        error : (models,)
            Risk of each model.
        """
        ...

    @property
    def feeds_back(self) -> bool:
        """Whether q depends on G at all."""
        ...

    def settled_start(self) -> Array:
        """(slots, slots) second moments with the persistent block filled in, the rest zero."""
        ...


def times(matrix: sparse.csr_array, dense: Array) -> Array:
    """Sparse times dense, a block of columns at a time so that it runs from cache."""
    product = np.empty((matrix.shape[0], dense.shape[1]))
    for columns in column_blocks(dense.shape[1]):
        product[:, columns] = matrix @ np.ascontiguousarray(dense[:, columns])
    return product


def column_blocks(columns: int) -> Iterator[slice]:
    """Slices of at most `BLOCK` columns."""
    for first in range(0, columns, BLOCK):
        yield slice(first, min(first + BLOCK, columns))


def identity_columns(size: int, columns: slice) -> Array:
    """(size, columns) so many columns of the identity."""
    block = np.zeros((size, columns.stop - columns.start))
    block[np.arange(columns.start, columns.stop), np.arange(columns.stop - columns.start)] = 1
    return block


def conjugate(matrix: sparse.csr_array, moments: Array) -> Array:
    r""":math:`M G M^\top` for symmetric G."""
    return times(matrix, times(matrix, moments).T)


def diagonal_of_conjugate(matrix: sparse.csr_array, moments: Array) -> Array:
    r"""Diagonal of :math:`M G M^\top`, without the rest."""
    image = times(matrix, moments)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return summed(rows, matrix.data * image[rows, matrix.indices], matrix.shape[0])


def add_to_diagonal(moments: Array, values: Array) -> None:
    """Add `values` to the first entries of the diagonal, in place."""
    first = np.arange(len(values))
    moments[first, first] += values
