"""Where risk settles when every sample is kept.

New samples are an ever smaller share of the pool, so errors in a class of models that hears
nothing from outside (a closed class) converge to one random value; everyone else converges to
the mixture of those values that their backward walks end in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.special import polygamma

from headwater.theory.pooled import Pooled
from headwater.theory.solving import factorised
from headwater.theory.spread import Quadratic
from headwater.theory.stationary import stationary
from headwater.theory.system import Array, Index, System

BURN_IN = 256
"""Generations followed exactly before curved variances are held at their limit."""


@dataclass(frozen=True)
class Endings:
    """Where backward walks along one batch's shares end.

    Attributes
    ----------
    label : (nodes,) int
        Closed class of each node, -1 if in none.
    weights : (classes, nodes) sparse
        Stationary law of each class.
    absorbed : (models, classes)
        Probability that a walk from each model ends in each class; the rest ends in fresh data.
    """

    label: Index
    weights: sparse.csr_array
    absorbed: Array


def settled_risk(recursion: Pooled) -> Array | None:
    r"""(models,) risk in the limit of many generations, or None where no closed form is known.

    With :math:`a(t) = 1/(t + c)` alike within each closed class, stationary law :math:`\pi` and
    innovations q, the class's value gains :math:`\sum_j \pi_j^2 q_j\,a(t)^2` a generation, whose sum is a
    trigamma function: a lone loop tends to :math:`\pi^2/6` times generation 0. Models that hear
    fresh real data and no closed class tend to zero error.

    Curved variances (`Quadratic.curvature`) change while they settle; they are followed for
    `BURN_IN` generations and held then, which leaves a relative error below
    ``1 / (BURN_IN * budget)``.
    """
    system, spread = recursion.system, recursion.spread
    if not isinstance(spread, Quadratic) or (recursion.subsample and (spread.exact or _uneven(system))):
        return None
    endings = _endings(system)
    if endings is None:
        return None
    curved = spread.curvature != 0
    state = recursion.start()
    for _ in range(BURN_IN if curved else 0):
        state = recursion.step(state)
    members = endings.label >= 0
    trained = len(system.trained)
    age = _age(system)
    moving = members[:trained] & (system.mass > 0)
    left = np.zeros(system.nodes)
    left[:trained][moving] = polygamma(1, state.generation + 1 + age[moving])
    values = np.asarray((endings.weights @ state.second) @ endings.weights.T)
    risk = _mix(endings, values)
    for _ in range(50 if curved else 1):
        within = spread.within(risk, risk, risk)
        noise = np.zeros(system.nodes)
        noise[:trained] = system.noise @ within + system.source_noise * spread.variance
        gained = noise * left
        if recursion.subsample:
            gained[:trained][moving] += _subsampling(system, age, state.generation)[moving] * spread.variance
        squares = endings.weights.multiply(endings.weights) @ gained
        risk = _mix(endings, values + np.diag(squares))
    if recursion.subsample:
        # the draw from the pool stays as noise, however large the pool
        rate = 1 / system.budget - np.where(system.mass > 0, 0, 1 / system.start.count[:trained])
        risk[:trained] += np.maximum(rate, 0) * spread.variance
    return risk


def _uneven(system: System) -> bool:
    """Whether records of a pool differ in weight, initial and later ones included."""
    start = system.start
    trained = len(system.trained)
    later = system.mass * start.count[:trained] != start.mass[:trained] * system.count
    return system.weighted or bool(later.any())


def _subsampling(system: System, age: Array, generation: int) -> Array:
    """(trained,) sum over later t of a(t)^2 (1/N - 1/P(t-1)), by partial fractions.

    With x = t + c and P(t-1) = n (x - 1), the second part is 1/(x-1) - 1/x - 1/x^2 over n.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        first = generation + 1 + age
        drawn = polygamma(1, first)
        pooled = (1 / (first - 1) - drawn) / system.count
        # at generation 0 the whole pool is trained on, so the first term is nothing
        skipped = (1 / first**2) * (1 / system.budget - 1 / (system.count * age)) if generation == 0 else 0.0
        return np.asarray(drawn / system.budget - pooled - skipped)


def _mix(endings: Endings, values: Array) -> Array:
    """Diagonal of absorbed values absorbed'."""
    return np.asarray(np.einsum("ic,cd,id->i", endings.absorbed, values, endings.absorbed, optimize=True))


def _age(system: System) -> Array:
    """(trained,) c in a(t) = 1/(t + c): initial mass over a batch's."""
    with np.errstate(divide="ignore"):
        return system.start.mass[: len(system.trained)] / system.mass


def _endings(system: System) -> Endings | None:
    trained, nodes = len(system.trained), system.nodes
    inner = sparse.csr_array(system.share[:, :trained])
    count, component = csgraph.connected_components(inner, directed=True, connection="strong")
    open_ = np.zeros(count, dtype=bool)
    leaves = (system.fresh_share > 0) | (np.asarray(system.share[:, trained:].sum(axis=1)).ravel() > 0)
    open_[component[leaves]] = True
    coo = inner.tocoo()
    open_[component[coo.row[component[coo.row] != component[coo.col]]]] = True
    age = _age(system)
    label = np.full(nodes, -1, dtype=np.int32)
    blocks: list[tuple[Index, Array]] = []
    for closed in np.flatnonzero(~open_):
        members = np.flatnonzero(component == closed)
        if not np.allclose(age[members], age[members[0]], rtol=1e-12):
            return None
        label[members] = len(blocks)
        blocks.append((members.astype(np.int32), stationary(inner[members][:, members])))
    for node in range(trained, nodes):
        label[node] = len(blocks)
        blocks.append((np.array([node], dtype=np.int32), np.ones(1)))
    rows = np.repeat(np.arange(len(blocks)), [len(members) for members, _ in blocks])
    columns = np.concatenate([members for members, _ in blocks]) if blocks else np.zeros(0, dtype=np.int32)
    weights = np.concatenate([law for _, law in blocks]) if blocks else np.zeros(0)
    laws = sparse.csr_array((weights, (rows, columns)), shape=(len(blocks), nodes))
    return Endings(label, laws, _absorption(system, label, len(blocks)))


def _absorption(system: System, label: Index, classes: int) -> Array:
    """(models, classes) probability that a backward walk ends in each class."""
    trained, models = len(system.trained), len(system.models)
    absorbed = np.zeros((models, classes))
    ended = np.flatnonzero(label[:models] >= 0)
    absorbed[ended, label[ended]] = 1
    open_ = np.flatnonzero(label[:trained] < 0)
    if len(open_) and classes:
        share = sparse.csr_array(system.share[open_])
        into = sparse.csr_array(
            (np.ones((label >= 0).sum()), (np.flatnonzero(label >= 0), label[label >= 0])),
            shape=(system.nodes, classes),
        )
        matrix = (sparse.eye_array(len(open_)) - share[:, open_]).tocsr()
        absorbed[open_] = factorised(matrix)((share @ into).toarray())
    return absorbed
