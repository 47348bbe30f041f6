"""Sparse linear systems (I - A) x = b; NaN where rounding has made them singular."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from headwater.theory.system import Array


def factorised(matrix: sparse.csr_array) -> Callable[[Array], Array]:
    """A function that solves with a square matrix, one column or several at a time.

    A matrix that is singular in floating point (a real share below about 1e-16, say) has no
    solution that can be told: all of its entries are NaN.
    """
    try:
        factor = linalg.splu(matrix.tocsc())
    except RuntimeError:
        return lambda right: np.full_like(right, np.nan, dtype=float)
    return lambda right: np.asarray(factor.solve(right))
