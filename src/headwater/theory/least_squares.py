"""Second moments of pooled least squares with a random Gaussian design, exact at every budget."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from headwater.errors import LawError, NoLaw
from headwater.theory.recursion import State, add_to_diagonal, conjugate
from headwater.theory.system import Array, System


@dataclass(frozen=True)
class PooledLeastSquares:
    r"""Least squares under replace: fresh rows x ~ N(0, Sigma), labels from the providers.

    Risk is :math:`E (x^\top e)^2`, in units of ``noise**2``. With counts n_j of a row, N their sum
    and d features,

    .. math:: G_{ii} = \sum_{jl} c_{jl} G_{jl} + \frac{\sigma^2 d}{N-d-1}, \qquad
              c_{jl} = \kappa\, n_j n_l + \gamma\, n_j \delta_{jl}

    .. math:: \kappa = \frac{N^2 - 2Nd - N + 2}{\Delta}, \quad
              \gamma = \frac{(N^2-N+2)(d+1) - 4N}{\Delta}, \quad
              \Delta = N(N+2)(N-1)(N-d-1)

    and :math:`G_{ik} = \sum_{jl} w_{ij} w_{kl} G_{jl}` between models. The means of the Wishart
    and matrix-variate Dirichlet moments behind c are in [vonrosen1988moments]_.

    Notes
    -----
    For :math:`N \ge 2d + 1` every c is at least zero and they sum to 1 over all providers, so a
    grounded system settles. Below that a grounded system may still explode.
    """

    system: System
    features: int
    noise: float

    def __post_init__(self) -> None:
        self._check_archives()
        least = self.features + 2
        for counts, models, when in (
            (self.system.count, self.system.trained, "a generation"),
            (self.system.start.count, self.system.models, "at generation 0"),
        ):
            if (counts < least).any():
                at = int(np.flatnonzero(counts < least)[0])
                name = self.system.graph.model_names[models[at]]
                raise LawError(
                    f"model {name!r} is fitted on {int(counts[at])} samples {when}, too few for least "
                    f"squares with {self.features} features: its risk is infinite",
                    f"at least features + 2 = {least} samples are needed: add samples or drop features",
                    ("models", name),
                )

    def _check_archives(self) -> None:
        start = self.system.start
        if len(self.system.share.indices) and (self.system.share.indices >= len(self.system.models)).any():
            raise NoLaw(
                "no exact law is known for least squares on rows drawn again and again from one archive",
                "simulate it, use --law asymptotic, or make the source fresh",
            )
        if self.system.weighted or _uneven(self.system):
            raise NoLaw(
                "no exact law is known for least squares with unequal loss weights",
                "simulate it, use --law asymptotic, or give every flow of a model the same weight",
            )
        starts = np.bincount(start.archive_share.indices, minlength=len(self.system.archives))
        partly = (start.noise > 0) | (np.diff(start.archive_share.indptr) > 1)
        rows = np.repeat(np.arange(len(start.noise)), np.diff(start.archive_share.indptr))
        if (starts[start.archive_share.indices[partly[rows]]] > 1).any():
            raise NoLaw(
                "no exact law is known for least squares when several models start from parts of one archive",
                "simulate it, use --law asymptotic, or start each from an archive of its own",
            )

    def start(self) -> State:
        """Generation 0; models that start from all of one archive are the same fit."""
        system, start = self.system, self.system.start
        models = len(system.models)
        risk = self._variance(start.count)
        second = np.diag(risk)
        together = (start.archive_share @ start.archive_share.T).tocoo()
        second[together.row, together.col] = risk[together.row]
        return State(0, second, np.zeros(models), np.zeros(models))

    def step(self, state: State) -> State:
        """One generation on."""
        second = conjugate(self.transition, state.second)
        trained = len(self.system.trained)
        carried = np.diagonal(second)[:trained].copy()
        add_to_diagonal(second, self.settled_innovation(carried, self.read(state)))
        return State(state.generation + 1, second, state.raw, state.extra)

    def read(self, state: State) -> Array:
        """(models,) excess prediction error."""
        return np.diagonal(state.second).copy()

    @property
    def transition(self) -> sparse.csr_array:
        """(models, models) shares; frozen models stay."""
        models = len(self.system.models)
        return sparse.csr_array(self.system.transition[:models, :models])

    @property
    def readout(self) -> sparse.csr_array:
        """(models, models) identity: the slots are the models."""
        return sparse.eye_array(len(self.system.models)).tocsr()

    @property
    def feeds_back(self) -> bool:
        """Always: a fit mixes its providers unevenly, however good they are."""
        return True

    def settled_start(self) -> Array:
        """(models, models) second moments of frozen models alone."""
        moments = self.start().second
        trained = len(self.system.trained)
        moments[:trained] = 0
        moments[:, :trained] = 0
        return moments

    def settled_innovation(self, carried: Array, error: Array) -> Array:
        """(trained,) what the diagonal gains beyond ``W G W'``."""
        own, cross = self.coefficients()
        models = len(self.system.models)
        gained = own * (self.system.samples[:, :models] @ error)
        return np.asarray((cross - 1) * carried + gained + self._variance(self.system.count))

    def coefficients(self) -> tuple[Array, Array]:
        r"""(trained,) :math:`\gamma` and :math:`N^2\kappa`."""
        count, features = self.system.count, self.features
        scale = count * (count + 2) * (count - 1) * (count - features - 1)
        own = ((count**2 - count + 2) * (features + 1) - 4 * count) / scale
        cross = count**2 * (count**2 - 2 * count * features - count + 2) / scale
        return own, cross

    def _variance(self, count: Array) -> Array:
        return self.noise**2 * self.features / (count - self.features - 1)


def _uneven(system: System) -> bool:
    """Whether some model weights its flows differently (a common factor changes nothing)."""
    per_sample = system.share.data / system.samples.data
    rows = np.repeat(np.arange(system.share.shape[0]), np.diff(system.share.indptr))
    return bool((np.abs(per_sample * system.count[rows] - 1) > 1e-9).any())
