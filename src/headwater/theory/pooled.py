"""Second moments when every sample ever drawn is kept.

`Accumulate` trains on the whole pool, `AccumulateSubsample` on as many records of it as the
model's budget, drawn without replacement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from headwater.theory.recursion import State, add_to_diagonal, conjugate
from headwater.theory.spread import Spread
from headwater.theory.system import Array, System


@dataclass(frozen=True)
class Pooled:
    r"""Mean-fitting laws under accumulate and accumulate-subsample.

    With :math:`a_i(t)` the new samples' share of pool i, pool means follow

    .. math:: p_i(t) = (1 - a_i)\,p_i(t-1) + a_i \sum_j w_{ij}\,(e_j(t-1) + \xi_{ij})

    where :math:`e = p` when the whole pool is trained on, and otherwise :math:`e = p + \eta` with
    :math:`\eta_i` the error of drawing :math:`N_i` of :math:`P_i` records, of second moment
    :math:`(1/N_i - 1/P_i)` times the pool's sample variance. Build the system with
    ``archives_once=True``.
    """

    system: System
    spread: Spread
    subsample: bool = False

    def start(self) -> State:
        """Generation 0: the model is fitted on the whole initial pool."""
        system, variance = self.system, self.spread.variance
        second = system.start.second_moments(system.archive_size) * variance
        return State(0, second, np.full(system.nodes, float(variance)), np.zeros(len(system.models)))

    def step(self, state: State) -> State:
        """One generation on."""
        system, variance = self.system, self.spread.variance
        trained, generation = len(system.trained), state.generation + 1
        new = self.new_share(generation)
        within, error = self.emitted(state)
        gain = sparse.diags_array(np.concatenate([new, np.zeros(system.nodes - trained)]))
        moved = sparse.eye_array(system.nodes) - gain + gain @ _padded(system.share, system.nodes)
        second = conjugate(moved.tocsr(), state.second)
        add_to_diagonal(second, new**2 * (system.noise @ within + system.source_noise * variance))
        if self.subsample:
            shared = sparse.diags_array(new) @ system.share[:, : len(system.models)]
            second[:trained, :trained] += ((shared * state.extra) @ shared.T).toarray()
        emitted = np.concatenate([within + error, np.full(len(system.archives), variance)])
        batch = system.share @ emitted + system.fresh_share * variance
        raw = state.raw.copy()
        raw[:trained] += new * (batch - raw[:trained])
        extra = self._subsampling(generation, second, raw) if self.subsample else state.extra
        return State(generation, second, raw, extra)

    def read(self, state: State) -> Array:
        """(models,) second moments of the errors of models."""
        return np.diagonal(state.second)[: len(self.system.models)] + state.extra

    def emitted(self, state: State) -> tuple[Array, Array]:
        """(models,) expected variance within each model, and second moment of its error."""
        error, generation = self.read(state), state.generation
        count = self.pool(generation)
        if self.subsample and generation > 0:
            count = np.minimum(count, self._budget)
        return self.spread.within(error, state.raw[: len(error)], count), error

    def new_share(self, generation: int) -> Array:
        """(trained,) share of the newest batch in the pool, by weight."""
        system = self.system
        return system.mass / (system.start.mass[: len(system.trained)] + generation * system.mass)

    def pool(self, generation: int) -> Array:
        """(models,) records in each pool."""
        count = self.system.start.count.copy()
        count[: len(self.system.trained)] += generation * self.system.count
        return count

    @property
    def _budget(self) -> Array:
        """(models,) records trained on when subsampling; frozen models keep all of theirs."""
        return np.concatenate([self.system.budget, np.full(len(self.system.frozen), np.inf)])

    def _subsampling(self, generation: int, second: Array, raw: Array) -> Array:
        """(models,) second moment of the error of drawing the budget from the pool."""
        system = self.system
        models, trained = len(system.models), len(system.trained)
        pool, budget = self.pool(generation), self._budget
        rate = np.maximum(1 / budget - 1 / pool, 0)
        if self.spread.exact:
            about_mean = raw[:models] - np.diagonal(second)[:models]
            variance = np.divide(pool * about_mean, pool - 1, out=np.zeros(models), where=rate > 0)
        else:
            mass = system.start.mass[:trained] + generation * system.mass
            square = system.start.square_mass[:trained] + generation * system.square_mass
            unevenness = pool[:trained] * square / mass**2
            variance = self.spread.variance * np.concatenate([unevenness, np.ones(models - trained)])
        return rate * variance


def _padded(share: sparse.csr_array, nodes: int) -> sparse.csr_array:
    """`share` with empty rows for the persistent nodes."""
    return sparse.csr_array(
        (share.data, share.indices, np.append(share.indptr, np.full(nodes - share.shape[0], share.nnz))),
        shape=(nodes, nodes),
    )
