r"""Second moments under replace and their exact derivatives with respect to every flow.

For laws of the form :math:`G(t) = W G(t-1) W^\top + \mathrm{diag}(q)`, with
:math:`q_i = \sum_j (w_{ij}^2 / n_{ij}) (1 + \kappa G_{jj}(t-1))` and :math:`\kappa` the curvature: 0 for any
regular estimator at large budgets, -1 for identity by descent (one minus diversity retained).
Derivatives go backwards through the same recursion, so that all flows cost what one evaluation does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from headwater.errors import NoSteadyState
from headwater.theory.flows import Flows
from headwater.theory.recursion import add_to_diagonal, times
from headwater.theory.solving import factorised
from headwater.theory.steady import Settling, steps_to_settle
from headwater.theory.system import Array, summed

VECTORS_WORTH = 0.5
"""Vectors, over models, up to which one model's derivatives are followed by vectors."""

UNSOLVED = 1e-11
"""Residual, relative, above which the solution for the feedback of diagonals is refused."""


@dataclass(frozen=True, eq=False)
class Slopes:
    r"""How :math:`f = \sum_i c_i G_{ii}` answers to flows.

    Attributes
    ----------
    carried : (flows,)
        :math:`\sum_t (X(t{+}1)\,M\,G(t))_{ij}` at learner i and provider j, 0 for fresh sources: half the
        derivative with respect to the share, without that of the innovation.
    innovation : (trained,)
        Derivative with respect to the innovation :math:`q_i`.
    emitted : (flows,)
        Derivative with respect to :math:`w_{ij}^2/n_{ij}`: the innovation's, of flows from models times
        :math:`1 + \kappa G_{jj}`.
    start : (models,)
        Derivative with respect to the risk at generation 0.
    """

    flows: Flows
    carried: Array
    innovation: Array
    emitted: Array
    start: Array

    def by_share(self) -> Array:
        """(flows,) with respect to each share, at fixed counts; rows are not held to sum to 1."""
        flows = self.flows
        drawn = self.emitted / flows.samples - self.innovation[flows.row] / flows.archive_size
        return np.asarray(2 * self.carried + 2 * flows.share * drawn)

    def by_samples(self) -> Array:
        r"""(flows,) with respect to each count, at fixed loss weights; counts may be 0.

        Both the shares and the innovations of the learner answer, and generation 0 where it is
        as many fresh real samples as the flows bring.
        """
        flows = self.flows
        trained = len(flows.system.trained)
        part, per = flows.weight / flows.mass[flows.row], flows.share
        drawn = self.innovation[flows.row] * per / flows.archive_size
        once = summed(flows.row, self.carried * per, trained)
        twice = summed(flows.row, (self.emitted * part - drawn) * per, trained)
        default = np.where(flows.starts_by_default[:trained], -self.start[:trained] / flows.budget**2, 0)
        answer = 2 * part * (self.carried - drawn - (once + twice)[flows.row]) + self.emitted * part**2
        return np.asarray(answer + default[flows.row])


class Moments(Protocol):
    """Risks at some time, and how they answer."""

    @property
    def flows(self) -> Flows:
        """What they are of."""
        ...

    @property
    def risk(self) -> Array:
        """(models,) second moment of each model's error, trained ones first."""
        ...

    def slopes(self, coefficient: Array) -> Slopes:
        """Derivatives of the sum of the trained models' risks, each times its coefficient.

        Parameters
        ----------
        coefficient : (trained,)
        """
        ...


def inflation_slopes(moments: Moments, coefficient: Array) -> Array:
    r"""(flows,) derivative of the sum of inflations, each times its coefficient, by samples.

    The risk at generation 0, which inflation is over, answers too where it is by default.

    Parameters
    ----------
    coefficient : (trained,)

    Notes
    -----
    By fresh samples :math:`x_i` of learners whose samples weigh the same, every inflation (and identity
    by descent, where synthetic flows bring at least one sample) falls, and its logarithm is convex jointly
    in all of them, at any horizon and in the limit: in :math:`1/(N_i + x_i)` it is a sum of products with
    nonnegative coefficients, those of an archive's own sampling noise cancelling. Frozen models, archives
    and given starts are included. More of an archive, or fresh samples of another weight, may raise it:
    among trained models and fresh sources, a risk's limit rises with samples of weight :math:`\omega` at
    learner i if and only if :math:`\omega X_{ii} > 2 M_i (X G)_{ii}`, X its adjoint.
    """
    flows = moments.flows
    trained = len(flows.system.trained)
    started = flows.start_risk[:trained]
    over = np.where(flows.starts_by_default[:trained], coefficient * moments.risk[:trained], 0)
    return np.asarray(moments.slopes(coefficient / started).by_samples() + over[flows.row])


def settled(flows: Flows, curvature: float = 0.0) -> Settled:
    """The limit of many generations.

    Raises
    ------
    NoSteadyState
        If there is none: an ungrounded component, or feedback through the curvature that grows.
    """
    trained = len(flows.system.trained)
    inner = sparse.csr_array(flows.matrix[:, :trained])
    if not trained:
        return Settled(flows, curvature, Settling(inner, 0))
    return Settled(flows, curvature, Settling(inner, steps_to_settle(inner)))


def followed(flows: Flows, generations: int, curvature: float = 0.0) -> Followed:
    """So many generations after the first."""
    return Followed(flows, generations, curvature)


def _rates(flows: Flows) -> tuple[sparse.csr_array, Array]:
    """(trained, models) innovation per unit of each provider's variance, and (trained,) that of sources."""
    system = flows.system
    rate = flows.share * flows.weight / flows.mass[flows.row]
    rate -= flows.share**2 / flows.archive_size
    of_model = flows.from_model
    ends = (flows.row[of_model], flows.node[of_model])
    noise = sparse.csr_array((rate[of_model], ends), shape=(len(system.trained), len(system.models)))
    return noise, summed(flows.row[~of_model], rate[~of_model], len(system.trained))


@dataclass(frozen=True, eq=False)
class Settled:
    r"""Moments in the limit: :math:`G = M G M^\top + \mathrm{diag}(q)`, persistent nodes held.

    The adjoint solves :math:`X = M^\top X M + C` [smith1968matrix]_; derivatives with respect to the
    entries of M are :math:`2 X M G`.
    """

    flows: Flows
    curvature: float
    settling: Settling

    @cached_property
    def second(self) -> Array:
        """(nodes, nodes) G."""
        trained = len(self.flows.system.trained)
        whole = self.flows.start.copy()
        held = whole[trained:, trained:]
        crossed, constant = self._held(held)
        added = constant.copy()
        add_to_diagonal(added, self._innovation(constant))
        whole[:trained, :trained] = self.settling.sum(added)
        whole[:trained, trained:] = crossed
        whole[trained:, :trained] = crossed.T
        return whole

    @property
    def risk(self) -> Array:
        """(models,) diagonal of G."""
        return np.diagonal(self.second)[: len(self.flows.system.models)].copy()

    def slopes(self, coefficient: Array) -> Slopes:
        """See `Moments.slopes`."""
        wanted = np.asarray(coefficient, dtype=float)
        if self.curvature:
            wanted = self._fed_back(wanted, adjoint=True)
        chosen = np.flatnonzero(wanted)
        few = 0 < len(chosen) * self._vector_steps <= VECTORS_WORTH * len(wanted) * self.settling.levels
        carried, innovation = (self._by_vectors if few else self._by_matrices)(wanted, chosen)
        emitted = innovation[self.flows.row].copy()
        of_model = self.flows.from_model
        emitted[of_model] *= 1 + self.curvature * self.risk[self.flows.node[of_model]]
        return Slopes(self.flows, carried, innovation, emitted, np.zeros(len(self.flows.system.models)))

    def _by_matrices(self, wanted: Array, chosen: np.ndarray) -> tuple[Array, Array]:
        """`Slopes.carried` and `Slopes.innovation`, by the whole adjoint matrix."""
        flows, trained = self.flows, len(self.flows.system.trained)
        adjoint = self.settling.adjoint_sum(np.diag(wanted))
        image = adjoint @ self._image
        if self.flows.system.nodes > trained:
            image += self._crossed_adjoint(adjoint) @ self.second[trained:]
        carried = np.zeros(len(flows.row))
        known = flows.node >= 0
        carried[known] = image[flows.row[known], flows.node[known]]
        return carried, np.diagonal(adjoint).copy()

    def _by_vectors(self, wanted: Array, chosen: np.ndarray) -> tuple[Array, Array]:
        """The same by the vectors that the adjoint of a few models is the sum of squares of."""
        flows, trained = self.flows, len(self.flows.system.trained)
        backward = sparse.csr_array(self.settling.matrix.T)
        vectors, signs = [], []
        for model in chosen:
            vector = np.zeros(trained)
            vector[model] = math.sqrt(abs(wanted[model]))
            for _ in range(self._vector_steps + 1):
                vectors.append(vector)
                signs.append(np.sign(wanted[model]))
                vector = backward @ vector
        stack = np.array(vectors).reshape(-1, trained)
        signed = stack * np.array(signs)[:, None]
        image = stack @ self._image
        if flows.system.nodes > trained:
            outward = times(sparse.csr_array(flows.matrix[:, trained:].T), np.ascontiguousarray(stack.T)).T
            image = image + _cumulated(outward, len(chosen)) @ self.second[trained:]
        carried = np.zeros(len(flows.row))
        known = np.flatnonzero(flows.node >= 0)
        for first in range(0, len(known), 4096):
            some = known[first : first + 4096]
            carried[some] = np.einsum("sf,sf->f", signed[:, flows.row[some]], image[:, flows.node[some]])
        return carried, np.einsum("st,st->t", signed, stack)

    @property
    def _vector_steps(self) -> int:
        """Steps that vectors are followed; persistent nodes feel powers themselves, not their squares."""
        return self.settling.steps * (2 if self.flows.system.nodes > len(self.flows.system.trained) else 1)

    @cached_property
    def _image(self) -> Array:
        """(trained, nodes) W G."""
        return times(self.flows.matrix, self.second)

    def _crossed_adjoint(self, adjoint: Array) -> Array:
        """(trained, persistent) block of the adjoint between moving and persistent nodes."""
        trained = len(self.flows.system.trained)
        inner, outward = self.settling.matrix, sparse.csr_array(self.flows.matrix[:, trained:])
        backward = sparse.csr_array(sparse.eye_array(trained) - inner.T)
        return factorised(backward)(inner.T @ (adjoint @ outward.toarray()))

    @cached_property
    def _noise(self) -> tuple[sparse.csr_array, Array]:
        return _rates(self.flows)

    def _fed_back(self, alone: Array, adjoint: bool = False) -> Array:
        r"""(trained,) :math:`x = x_0 + K R x`, or by adjoints :math:`x = x_0 + K^\top R^\top x`.

        K is what risks add to innovations; R, often not worth knowing, gives risks from innovations.
        """
        size, response = len(alone), self.settling.response
        summed_up = self.settling.adjoint_sum if adjoint else self.settling.sum
        fed = self.curvature * self._noise[0][:, :size]
        fed = sparse.csr_array(fed.T) if adjoint else fed
        if response is not None:
            known = response.T if adjoint else response
            return np.asarray(np.linalg.solve(np.eye(size) - fed @ known, alone))
        # innovations of large and of small budgets are all found to as many digits
        scale = np.ones(size) if adjoint else np.where(alone > 0, alone, 1.0)

        def rest(tried: Array) -> Array:
            return np.asarray(tried - fed @ np.diagonal(summed_up(np.diag(tried * scale))) / scale)

        affine, wanted = linalg.LinearOperator((size, size), matvec=rest, dtype=float), alone / scale
        answer, _ = linalg.gmres(affine, wanted, x0=wanted, rtol=1e-12, atol=0.0, restart=60, maxiter=20)
        if not float(np.linalg.norm(rest(answer) - wanted)) <= UNSOLVED * float(np.linalg.norm(wanted)):
            raise NoSteadyState("the feedback through the curvature did not converge", "give a horizon")
        return np.asarray(answer * scale)

    def _innovation(self, constant: Array) -> Array:
        """(trained,) q at the fixed point."""
        noise, alone = self._noise
        trained = len(self.flows.system.trained)
        base = np.asarray(noise.sum(axis=1)).ravel() + alone
        if not self.curvature:
            return base
        frozen = np.diagonal(self.flows.start)[trained : len(self.flows.system.models)]
        base = base + self.curvature * np.asarray(noise[:, trained:] @ frozen)
        if constant.any():
            base = base + self.curvature * (noise[:, :trained] @ np.diagonal(self.settling.sum(constant)))
        answer = self._fed_back(base)
        if np.isfinite(answer).all() and (answer >= -1e-12).all():
            return answer
        raise NoSteadyState("second moments settle nowhere", "read the growth of the components")

    def _held(self, held: Array) -> tuple[Array, Array]:
        """Moments of moving with persistent nodes, and what those put into moving ones."""
        trained = len(self.flows.system.trained)
        outward = sparse.csr_array(self.flows.matrix[:, trained:])
        if not outward.nnz:
            return np.zeros((trained, held.shape[0])), np.zeros((trained, trained))
        inner = self.settling.matrix
        crossed = factorised(sparse.csr_array(sparse.eye_array(trained) - inner))(outward @ held)
        mixed = times(inner, crossed) @ outward.T
        return crossed, mixed + mixed.T + outward @ (outward @ held).T


def _cumulated(outward: Array, targets: int) -> Array:
    """Sums of what left at later steps, by target: a walk that has left stays."""
    steps = len(outward) // max(targets, 1)
    blocks = outward.reshape(targets, steps, -1)
    gone = np.zeros_like(blocks)
    gone[:, 1:] = np.cumsum(blocks, axis=1)[:, :-1]
    return gone.reshape(outward.shape)


@dataclass(frozen=True, eq=False)
class Followed:
    """Moments after some generations, by steps; derivatives keep every so many of them."""

    flows: Flows
    generations: int
    curvature: float

    @cached_property
    def second(self) -> Array:
        """(nodes, nodes) second moments at the last generation."""
        state = self.flows.start
        for _ in range(self.generations):
            state = self._step(state)
        return state

    @property
    def risk(self) -> Array:
        """(models,) diagonal of the second moments."""
        return np.diagonal(self.second)[: len(self.flows.system.models)].copy()

    def slopes(self, coefficient: Array) -> Slopes:
        """See `Moments.slopes`."""
        flows, system = self.flows, self.flows.system
        trained, models = len(system.trained), len(system.models)
        adjoint = np.zeros((system.nodes, system.nodes))
        add_to_diagonal(adjoint, np.asarray(coefficient, dtype=float))
        transition, noise = self._transition, self._noise[0]
        backward = sparse.csr_array(transition.T)
        known, of_model = flows.node >= 0, flows.from_model
        carried, emitted = np.zeros(len(flows.row)), np.zeros(len(flows.row))
        innovation = np.zeros(trained)
        for state in self._backwards():
            image = times(transition, state)
            ends = (flows.row[known], flows.node[known])
            carried[known] += (adjoint[:trained] @ image)[ends]
            own = np.diagonal(adjoint)[:trained].copy()
            innovation += own
            within = np.ones(len(flows.row))
            within[of_model] += self.curvature * np.diagonal(state)[flows.node[of_model]]
            emitted += own[flows.row] * within
            adjoint = times(backward, times(backward, adjoint).T)
            if self.curvature:
                add_to_diagonal(adjoint, self.curvature * np.asarray(noise.T @ own))
        return Slopes(flows, carried, innovation, emitted, np.diagonal(adjoint)[:models].copy())

    @cached_property
    def _noise(self) -> tuple[sparse.csr_array, Array]:
        return _rates(self.flows)

    @cached_property
    def _transition(self) -> sparse.csr_array:
        nodes, trained = self.flows.system.nodes, len(self.flows.system.trained)
        stay = sparse.eye_array(nodes - trained, nodes, k=trained)
        return sparse.csr_array(sparse.vstack([self.flows.matrix, stay]))

    def _step(self, state: Array) -> Array:
        noise, alone = self._noise
        error = np.diagonal(state)[: len(self.flows.system.models)]
        after = times(self._transition, times(self._transition, state).T)
        add_to_diagonal(after, np.asarray(noise @ (1 + self.curvature * error)) + alone)
        return after

    def _backwards(self) -> Iterator[Array]:
        """States from the last but one to the first; a square root of them is kept."""
        every = max(1, math.isqrt(self.generations))
        kept, state = {}, self.flows.start
        for generation in range(self.generations):
            if generation % every == 0:
                kept[generation] = state
            state = self._step(state)
        for first in sorted(kept, reverse=True):
            block = [kept.pop(first)]
            while first + len(block) < min(first + every, self.generations):
                block.append(self._step(block[-1]))
            yield from reversed(block)
