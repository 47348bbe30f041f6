"""What the pipeline alone says of the course of risk: how noise and bias build up, by generation.

Theory knows both up to their size: the size is what is measured. Nothing here looks at measurements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from headwater.errors import InputError, NoLaw, UnknownCount
from headwater.graph import InteractionGraph
from headwater.grounding import ancestors
from headwater.pipeline import Pipeline
from headwater.planning.outlook import regime_of
from headwater.theory.laws import Asymptotic
from headwater.theory.pooled import Pooled
from headwater.theory.system import Array, System, has_known_counts
from headwater.theory.windowed import Windowed

MOST_SLOTS = 2000
"""Models, and batches of theirs, that one model's course may rest on: their second moments are dense."""
AT_ONCE = 1600
"""Models times generations whose moments across time are followed together."""


@dataclass(frozen=True)
class Clock:
    r"""How one model's error builds up where each fit adds noise and bias of one size.

    Attributes
    ----------
    start
        Second moment at generation 0 of noise of unit variance: 1/N for N samples.
    noise : (generations + 1,)
        Second moments over that at generation 0: :math:`G(t)/G(0)`.
    depth : (generations + 1,)
        Biases in its error, in units of one fit's, less that of its own fit: a model trained
        t times on its own output alone has depth t.
    correlation : (generations + 1, generations + 1)
        Of the error at one generation with that at another.
    """

    start: float
    noise: Array
    depth: Array
    correlation: Array


def clocks(pipeline: Pipeline, models: Sequence[int], generations: int) -> dict[int, Clock]:
    """The clock of each of some models, by number.

    How flows are biased by what their providers do to samples is left out: bias is measured.

    Raises
    ------
    UnknownCount
        If a model rests on a count that is unknown.
    InputError
        If a model rests on too many others.
    """
    graph = replace(pipeline.graph, emissions={})
    found: dict[int, Clock] = {}
    size = max(1, AT_ONCE // (generations + 1))
    for first in range(0, len(models), size):
        some = np.array(models[first : first + size], dtype=np.int32)
        keep = ancestors(graph, some)
        _check_known(graph, keep)
        recursion = Asymptotic().recursion(graph, regime_of(pipeline), keep)
        if not isinstance(recursion, Windowed | Pooled):
            raise NoLaw(f"no moments across time are known under {pipeline.regime}", "use another regime")
        motion = _Motion(recursion)
        if motion.slots > MOST_SLOTS:
            raise InputError(
                f"model {graph.model_names[some[0]]!r:.60} rests on {int(keep.sum()):,} models: more than "
                f"can be followed together ({MOST_SLOTS:,}, times the window if there is one)",
                "describe its surroundings alone: the loops it lies in and what feeds them",
            )
        found |= _followed(motion, some, generations)
    return found


def _check_known(graph: InteractionGraph, keep: np.ndarray) -> None:
    missing = np.flatnonzero(keep & ~has_known_counts(graph))
    if len(missing):
        name = graph.model_names[int(missing[0])]
        raise UnknownCount(
            f"how noise builds up needs every count, and one that model {name!r:.60} rests on is unknown",
            "write the count into the file, or use --assume samples=1000 (--assume external=1000 for an "
            "external model)",
        )


@dataclass(frozen=True)
class _Motion:
    """Errors of a recursion's slots as linear maps of those a generation before."""

    recursion: Windowed | Pooled

    @property
    def system(self) -> System:
        """Shares and noise."""
        return self.recursion.system

    @property
    def batches(self) -> int:
        """That a model is fitted on at once."""
        return self.recursion.window if isinstance(self.recursion, Windowed) else 1

    @property
    def slots(self) -> int:
        """Batches or pools, then frozen models, then archives."""
        return self.system.nodes + (self.batches - 1) * len(self.system.trained)

    def readout(self, generation: int) -> sparse.csr_array:
        """(models, slots) errors of models, but for what is drawn or added anew by each fit."""
        system, trained = self.system, len(self.system.trained)
        masses = np.zeros((self.batches, trained))
        masses[: min(generation, self.batches)] = system.mass
        if generation < self.batches:
            masses[generation] = system.start.mass[:trained]
        shares = [sparse.diags_array(share) for share in masses / masses.sum(axis=0)]
        stay = sparse.eye_array(len(system.frozen), len(system.frozen) + len(system.archives))
        return sparse.csr_array(sparse.block_diag([sparse.hstack(shares), stay]))

    def inflow(self, generation: int) -> sparse.csr_array:
        """(slots, models) what errors of models a generation before leave in the slots."""
        system, trained = self.system, len(self.system.trained)
        share = sparse.csr_array(system.share[:, : len(system.models)])
        if isinstance(self.recursion, Pooled):
            share = sparse.csr_array(sparse.diags_array(self.recursion.new_share(generation)) @ share)
        rest = sparse.csr_array((self.slots - trained, len(system.models)))
        return sparse.csr_array(sparse.vstack([share, rest]))

    def transition(self, generation: int) -> sparse.csr_array:
        """(slots, slots) from the slots a generation before, of which there is at least one."""
        system, trained = self.system, len(self.system.trained)
        models, archives = len(system.models), len(system.archives)
        through = self.inflow(generation) @ self.readout(generation - 1)
        archived = sparse.csr_array(system.share[:, models:])
        if isinstance(self.recursion, Pooled):
            new = self.recursion.new_share(generation)
            archived = sparse.csr_array(sparse.diags_array(new) @ archived)
            kept = sparse.diags_array(np.concatenate([1 - new, np.ones(self.slots - trained)]))
            stay = sparse.csr_array(kept)
        else:
            batched = self.batches * trained
            shift = sparse.eye_array(batched, self.slots, k=-trained)
            persistent = sparse.eye_array(self.slots - batched, self.slots, k=batched)
            stay = sparse.csr_array(sparse.vstack([shift, persistent]))
        first = sparse.csr_array(
            sparse.hstack([sparse.csr_array((trained, self.slots - archives)), archived])
        )
        rest = sparse.csr_array((self.slots - trained, self.slots))
        return sparse.csr_array(through + stay + sparse.vstack([first, rest]))


def _followed(motion: _Motion, models: np.ndarray, generations: int) -> dict[int, Clock]:
    """Clocks by the recursion's second moments, carried from each generation on to all later ones."""
    place = {int(model): at for at, model in enumerate(motion.system.models)}
    rows = np.array([place[int(model)] for model in models])
    length = generations + 1
    across = np.zeros((len(rows), length, length))
    depth = np.zeros((len(rows), length))
    state = motion.recursion.start()
    carried = np.zeros((motion.slots, 0))
    bias = np.zeros(motion.slots)
    fits = np.ones(len(motion.system.models))
    for generation in range(length):
        if generation:
            state, before = motion.recursion.step(state), state
            transition, inflow = motion.transition(generation), motion.inflow(generation)
            carried = transition @ carried
            # what each fit adds of its own is in no slot, and flows on through its samples
            carried[:, -len(rows) :] += inflow[:, rows].toarray() * before.extra[rows]
            bias = transition @ bias + inflow @ fits
        readout = motion.readout(generation)
        carried = np.hstack([carried, state.second @ readout[rows].T.toarray()])
        read = (readout[rows] @ carried).reshape(len(rows), generation + 1, len(rows))
        across[:, generation, : generation + 1] = np.einsum("mgm->mg", read)
        across[:, generation, generation] = motion.recursion.read(state)[rows]
        depth[:, generation] = readout[rows] @ bias
    return {int(model): _clock(across[at], depth[at]) for at, model in enumerate(models)}


def _clock(across: Array, depth: Array) -> Clock:
    variance = np.diagonal(across)
    whole = np.tril(across) + np.tril(across, -1).T
    return Clock(
        start=float(variance[0]),
        noise=variance / variance[0],
        depth=depth,
        correlation=np.clip(whole / np.sqrt(np.outer(variance, variance)), -1.0, 1.0),
    )
