"""Claims about the condition and about how fast risk grows or where it settles, on graphs of many kinds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from headwater import families
from headwater.families.contract import Array
from headwater.graph import InteractionGraph
from headwater.grounding import ground
from verification.claims import Claim, Setting, Test
from verification.graphs import chain, complete, loop, random_digraph, ring, star

CONDITION = "When risk grows: the condition on random digraphs"
GROWTH = "How fast it grows and where it settles: least squares, 10 features, budgets of 120"

DIGRAPHS = 20
GENERATIONS = 400
GROWN = 1.15
"""Risk late over risk early from which it counts as growing; that of a closed loop is 7/3."""

FEATURES, BUDGET = 10, 120
UNIT = FEATURES / (BUDGET - FEATURES - 1)
"""D: the risk of one fit on real data."""


def claims(quick: bool) -> list[Claim]:
    """All of this module."""
    return [_condition(), _risks(quick), _settled(), _flip()]


def _condition() -> Claim:
    graphs = [random_digraph(seed) for seed in range(DIGRAPHS)]
    settings = tuple(Setting(graph, families.GaussianMean(1.0), GENERATIONS) for graph in graphs)
    cut_off = np.concatenate([ground(graph).is_ungrounded for graph in graphs])
    by_radius = np.concatenate([_radius_is_one(graph) for graph in graphs])
    where = f"on {DIGRAPHS} random digraphs of 2 to 8 models, {GENERATIONS} generations"
    tests = (
        Test(
            f"{where}: the risk of each of the {cut_off.sum()} ungrounded models grows",
            partial(_growing, chosen=cut_off),
            lambda: 0.0,
            "above",
        ),
        Test(
            f"{where}: the risk of each of the {(~cut_off).sum()} other models does not",
            partial(_growing, chosen=~cut_off),
            lambda: 0.0,
            "below",
        ),
        Test(
            f"{where}: the spectral radius of the shares among a model's ancestors says the same",
            lambda runs: np.tile(by_radius, (runs[0].sizes["replicate"], 1)),
            lambda: cut_off,
        ),
    )
    return Claim(CONDITION, settings, tests, 1000, chunk=1000)


def _growing(runs: Sequence[xr.Dataset], chosen: NDArray[np.bool_]) -> Array:
    """(replicates, models) mean risk late less `GROWN` times mean risk early: above 0 where it grows."""
    early, late = slice(GENERATIONS // 4, GENERATIONS // 2), slice(3 * GENERATIONS // 4, GENERATIONS)
    each = [
        run["risk"].values[:, late].mean(axis=1) - GROWN * run["risk"].values[:, early].mean(axis=1)
        for run in runs
    ]
    return np.concatenate(each, axis=1)[:, chosen]


def _radius_is_one(graph: InteractionGraph) -> NDArray[np.bool_]:
    models = len(graph.model_names)
    share = np.zeros((models, models + len(graph.source_names)))
    share[graph.learner, graph.provider] = graph.samples
    share = (share / share.sum(axis=1, keepdims=True))[:, :models]
    reach = np.linalg.matrix_power(np.eye(models) + (share > 0), models) > 0
    radius = [abs(np.linalg.eigvals(share[np.ix_(row, row)])).max() for row in reach]
    return np.array(radius) > 1 - 1e-6


def _units(runs: Sequence[xr.Dataset], at: Sequence[int], per: float = UNIT) -> Array:
    """(replicates, cells) risk of all models at these generations, in units of `per`."""
    return (
        np.concatenate([run["risk"].values[:, list(at)].reshape(len(run["risk"]), -1) for run in runs], 1)
        / per
    )


def _regression(graph: InteractionGraph, generations: int) -> Setting:
    return Setting(graph, families.LeastSquares(FEATURES, 1.0), generations)


def _risks(quick: bool) -> Claim:
    """Printed to a digit or two after the point; the differences between graphs are much larger."""
    graphs = {
        "lone loop": (loop(BUDGET), 1, (2, 11, 51)),
        "ring of four": (ring(4, BUDGET), 4, (2, 11, 51)),
        "star": (star(3, BUDGET), 4, (2, 11, 51)),
        "complete": (complete(4, BUDGET), 4, (1.324, 3.759, 14.561)),
        "complete without loops": (complete(4, BUDGET, itself=False), 4, (1.399, 3.858, 14.659)),
    }
    at = (1, 10) if quick else (1, 10, 50)
    settings = tuple(_regression(graph, at[-1]) for graph, _, _ in graphs.values())
    expected = np.concatenate([np.repeat(risks[: len(at)], models) for _, models, risks in graphs.values()])
    ring_like = np.concatenate(
        [np.repeat((2, 11, 51)[: len(at)], models) for _, models, _ in graphs.values()]
    )
    listed = ", ".join(map(str, at))
    tests = [
        Test(
            f"after {listed} generations risk is 2, 11, 51 D in a lone loop, a ring of four and a star, and "
            "1.324, 3.759, 14.561 D (with self-loops) or 1.399, 3.858, 14.659 D among four who all "
            "teach each "
            "other",
            partial(_units, at=at),
            lambda: expected,
            margin=5e-4,
        ),
        Test(
            "… against the same growth everywhere",
            partial(_units, at=at),
            lambda: ring_like,
            margin=5e-4,
            wrong=True,
        ),
    ]
    if not quick:
        tests += _slopes()
    return Claim(GROWTH, settings, tuple(tests), 3000, quick=1000, chunk=1000)


def _slopes() -> list[Test]:
    """Between the 10th and 50th generation; an average of many models, so one number a graph."""

    def slope(runs: Sequence[xr.Dataset]) -> Array:
        risk = [run["risk"].values for run in runs]
        return np.stack([(each[:, 50] - each[:, 10]).mean(axis=1) / 40 / UNIT for each in risk], axis=1)

    printed = (1, 1, 1, 0.270, 0.270)
    return [
        Test(
            "risk grows by 1 D a generation in a lone loop, a ring of four and a star, by 0.270 D "
            "where all four "
            "teach each other",
            slope,
            lambda: printed,
            margin=5e-4,
        ),
        Test(
            "… against 1/4 D, the value for budgets without end, where all four teach each other",
            lambda runs: slope(runs)[:, 3:],
            lambda: 0.25,
            margin=5e-4,
            wrong=True,
        ),
    ]


def _settled() -> Claim:
    last = 150
    settings = (
        _regression(ring(4, BUDGET, BUDGET // 10), last),
        _regression(complete(4, BUDGET, real=BUDGET // 10), last),
    )
    expected = (19.09, 20.09, 21.09, 22.09, 5.60, 6.61, 6.61, 6.61)
    see = partial(_units, at=(last,))

    def late(runs: Sequence[xr.Dataset]) -> Array:
        risk = np.concatenate([run["risk"].values for run in runs], axis=2)
        return np.asarray(risk[:, 126:].mean(axis=1) - 1.1 * risk[:, 101:126].mean(axis=1))

    tests = (
        Test(
            "a tenth of real data for one model bounds all: risks settle at 19.1, 20.1, 21.1, 22.1 D in a "
            "ring of four, at 5.60 and three times 6.61 D where all teach each other",
            see,
            lambda: expected,
            margin=0.02,
        ),
        Test("… and has ceased to grow: by less than a tenth in 25 generations", late, lambda: 0.0, "below"),
        Test(
            "… against 5.26 D, the value of a lone loop with a tenth of real data",
            see,
            lambda: 1 / (1 - 0.9**2),
            wrong=True,
        ),
    )
    return Claim(GROWTH, settings, tests, 1500, chunk=500)


def _flip() -> Claim:
    """One edge of a tenth, from a model that nobody grounds, into a chain that was stable."""
    settings = (_regression(chain(BUDGET), 100), _regression(chain(BUDGET, BUDGET // 10), 400))

    def growth(runs: Sequence[xr.Dataset]) -> Array:
        risk = runs[1]["risk"].values[:, :, 1:]
        return np.asarray((risk[:, 400] - risk[:, 100]) / 300 / UNIT)

    tests = (
        Test(
            "a chain from real data beside a lone loop: risks stay at 1, 2, 3 D (after 10 and 100 "
            "generations)",
            lambda runs: _units(runs[:1], (10, 100)).reshape(-1, 2, 4)[:, :, 1:],
            lambda: (1, 2, 3, 1, 2, 3),
        ),
        Test(
            "one edge, a tenth of the first model's data from that loop: 8.56, 9.54, 10.53 D after "
            "400 generations",
            lambda runs: _units(runs[1:], (400,))[:, 1:],
            lambda: (8.56, 9.54, 10.53),
            margin=0.005,
        ),
        Test("… and each risk grows by 0.0189 D a generation", growth, lambda: 0.0189, margin=5e-5),
        Test("… shown to be within a fifth of that", growth, lambda: 0.0189, "near", margin=0.0189 / 5),
        Test("… against no growth", growth, lambda: 0.0, wrong=True),
    )
    return Claim(GROWTH, settings, tests, 2000, chunk=1000)
