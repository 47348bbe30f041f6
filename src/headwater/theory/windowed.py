"""Second moments when a generation is trained on the batches of the last few generations.

`Replace` is a window of one. One generation's batch has the mean error
sum_j w_ij (e_j + noise); a model's error is the mean of the batches in its window.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from headwater.errors import NoSteadyState
from headwater.theory.recursion import State, add_to_diagonal, conjugate, diagonal_of_conjugate
from headwater.theory.solving import factorised
from headwater.theory.spread import Fitted, Quadratic, Spread
from headwater.theory.system import Array, Index, System


@dataclass(frozen=True)
class Windowed:
    r"""Mean-fitting laws under replace (``window=1``) and window.

    Slots are the batches in the window, newest first (each the trained models), then frozen
    models, then archives. The initial training set is the first batch. For the newest batch b

    .. math:: G_{bb'} = W G_{ee'} W^\top + \mathrm{diag}\Big(\sum_j \tfrac{w_{ij}^2}{n_{ij}} S_j\Big)

    with :math:`S_j` the expected variance that provider j emits (`Spread`).
    """

    system: System
    spread: Spread
    window: int = 1

    def start(self) -> State:
        """Generation 0; batches that do not exist yet are zero and are read with weight zero."""
        nodes = self.system.start.second_moments(self.system.archive_size) * self.spread.variance
        slots = self._embedding
        second = np.zeros((self._slots, self._slots))
        second[np.ix_(slots, slots)] = nodes
        raw = np.zeros(self._slots)
        raw[slots] = self.spread.variance
        return State(0, second, raw, np.zeros(len(self.system.models)))

    def step(self, state: State) -> State:
        """One generation on."""
        system = self.system
        generation = state.generation + 1
        within, error = self.emitted(state)
        if self.window == 1:
            second = conjugate(system.transition, state.second)
        else:
            second = conjugate(self._transition_at(generation), state.second)
        add_to_diagonal(second, system.noise @ within + system.source_noise * self.spread.variance)
        emitted = np.concatenate([within + error, np.full(len(system.archives), self.spread.variance)])
        batch = system.share @ emitted + system.fresh_share * self.spread.variance
        raw = np.concatenate([batch, state.raw])
        del_from, models = self.window * len(system.trained), len(system.trained)
        raw = np.concatenate([raw[:del_from], raw[del_from + models :]])
        return State(generation, second, raw, state.extra)

    def read(self, state: State) -> Array:
        """(models,) second moments of the errors of models."""
        if self.window == 1:
            return np.diagonal(state.second)[: len(self.system.models)].copy()
        return diagonal_of_conjugate(self._readout_at(state.generation), state.second)

    def emitted(self, state: State) -> tuple[Array, Array]:
        """(models,) expected variance within each model, and second moment of its error."""
        error = self.read(state)
        raw = self._readout_at(state.generation) @ state.raw
        return self.spread.within(error, raw, self._count_at(state.generation)), error

    # -- once the window is full ---------------------------------------------------------------

    @property
    def transition(self) -> sparse.csr_array:
        """(slots, slots), once the window holds no initial batch."""
        return self._transition_at(self.window + 1)

    @property
    def readout(self) -> sparse.csr_array:
        """(models, slots), likewise."""
        return self._readout_at(self.window)

    @property
    def feeds_back(self) -> bool:
        """Whether the variance that a model emits depends on its error."""
        return not isinstance(self.spread, Quadratic) or self.spread.curvature != 0

    def settled_start(self) -> Array:
        """(slots, slots) second moments of frozen models and archives alone."""
        moments = self.start().second
        batches = self.window * len(self.system.trained)
        moments[:batches] = 0
        moments[:, :batches] = 0
        return moments

    def settled_innovation(self, carried: Array, error: Array) -> Array:
        """(trained,) innovation at a fixed point with these risks."""
        system, spread = self.system, self.spread
        within = spread.within(error, np.zeros_like(error), self._count_at(self.window))
        if isinstance(spread, Fitted):
            within = self._settled_variance(spread, error)
        return system.noise @ within + system.source_noise * spread.variance

    def _settled_variance(self, spread: Fitted, error: Array) -> Array:
        """Solve S = f (Q - error), Q = W (S + error) + sources, for the fitted variances S."""
        system = self.system
        trained, models = len(system.trained), len(system.models)
        count = self._count_at(self.window)
        divisor = count[:trained] / (count[:trained] - spread.ddof)
        frozen = spread.within(error[trained:], np.full(models - trained, spread.variance), count[trained:])
        between = sparse.csr_array(system.share[:, :trained])
        archived = np.asarray(system.share[:, models:].sum(axis=1)).ravel()
        known = (
            between @ error[:trained]
            + system.share[:, trained:models] @ (frozen + error[trained:])
            + (archived + system.fresh_share) * spread.variance
            - error[:trained]
        )
        matrix = sparse.eye_array(trained) - sparse.diags_array(divisor) @ between
        settled = factorised(sparse.csr_array(matrix))(divisor * known)
        if np.isnan(settled).any():
            raise NoSteadyState("fitted variances settle nowhere", "read the trajectory instead")
        return np.concatenate([settled, frozen])

    # -- slots ---------------------------------------------------------------------------------

    @property
    def _slots(self) -> int:
        return self.system.nodes + (self.window - 1) * len(self.system.trained)

    @cached_property
    def _embedding(self) -> Index:
        """(nodes,) the slot of each node: newest batch, then the persistent ones at the end."""
        trained, nodes = len(self.system.trained), self.system.nodes
        return np.concatenate(
            [np.arange(trained), np.arange(trained, nodes) + (self.window - 1) * trained]
        ).astype(np.int32)

    def _masses(self, generation: int) -> Array:
        """(window, trained) weighted samples of each batch in the window, newest first."""
        return self._batches(generation, self.system.mass, self.system.start.mass)

    def _count_at(self, generation: int) -> Array:
        """(models,) records behind each model."""
        counts = self._batches(generation, self.system.count, self.system.start.count).sum(axis=0)
        return np.concatenate([counts, self.system.start.count[len(self.system.trained) :]])

    def _batches(self, generation: int, later: Array, first: Array) -> Array:
        values = np.zeros((self.window, len(later)))
        values[: min(generation, self.window)] = later
        if generation < self.window:
            values[generation] = first[: len(later)]
        return values

    def _readout_at(self, generation: int) -> sparse.csr_array:
        system = self.system
        masses = self._masses(generation)
        batches = sparse.hstack([sparse.diags_array(share) for share in masses / masses.sum(axis=0)])
        frozen = sparse.eye_array(len(system.frozen), len(system.frozen) + len(system.archives))
        return sparse.csr_array(sparse.block_diag([batches, frozen]))

    def _transition_at(self, generation: int) -> sparse.csr_array:
        system = self.system
        trained, models, slots = len(system.trained), len(system.models), self._slots
        newest = sparse.csr_array(system.share[:, :models]) @ self._readout_at(generation - 1)
        archives = sparse.eye_array(len(system.archives), slots, k=slots - len(system.archives))
        newest = newest + sparse.csr_array(system.share[:, models:]) @ archives
        shift = sparse.eye_array((self.window - 1) * trained, slots)
        persistent = slots - self.window * trained
        stay = sparse.eye_array(persistent, slots, k=slots - persistent)
        return sparse.csr_array(sparse.vstack([newest, shift, stay]))
