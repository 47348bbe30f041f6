"""Thresholds on samples of real data, against a root finder around the whole diagnosis or a dense solver."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from benchmarks.measure import Row, timed
from headwater import diagnose
from headwater.fields import parse_field
from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.planning.targets import Targets
from headwater.planning.thresholds import threshold

FIELD = "web->m7"
GENERATIONS = 20
LARGEST = 1e6
Array = NDArray[np.float64]


def run(quick: bool) -> Iterator[Row]:
    """Sizes that the alternatives can do, and 2,000 models."""
    diagnosed, dense, alone = (30, 60, 120) if quick else (300, 1000, 2000)
    name = "least samples of one flow, both ways, at every model, horizon and limit"
    for models, what, evaluate in (
        (diagnosed, "brentq around headwater.diagnose", _diagnosed),
        (dense, "brentq around scipy.linalg.solve_discrete_lyapunov", _dense),
        (alone, "", _dense),
    ):
        pipeline = _pipeline(models)
        bound = evaluate(pipeline, 300.5)
        size = f"{models:,} models, {len(pipeline.graph.provider):,} flows"
        ours, value = timed(partial(_ours, pipeline, bound), 1 if quick else 3)
        if not what:
            yield Row(name, size, ours)
            continue
        theirs, root = timed(partial(_root, partial(evaluate, pipeline), bound), 1)
        if math.ceil(root - 0.01) != value:
            raise AssertionError(f"{what}: {root}, and not {value}")
        yield Row(name, size, ours, theirs, what, target=2)


def _ours(pipeline: Pipeline, bound: float) -> float | None:
    return threshold(pipeline, parse_field(FIELD, pipeline), Targets(bound)).value


def _root(evaluate: Callable[[float], float], bound: float) -> float:
    def slack(real: float) -> float:
        return evaluate(real) - bound

    return float(optimize.brentq(slack, 1.0, LARGEST, xtol=0.01))


def _diagnosed(pipeline: Pipeline, real: float) -> float:
    """Linear between whole numbers, since a pipeline holds no others."""
    low, high = (
        _worst(parse_field(FIELD, pipeline).set(pipeline, count)) if count else 0.0
        for count in (math.floor(real), math.ceil(real))
    )
    return low + (high - low) * (real - math.floor(real))


def _worst(pipeline: Pipeline) -> float:
    quantities = diagnose(pipeline).quantities
    assert quantities.risk is not None
    return float(np.maximum(quantities.risk[-1], quantities.risk_limit).__truediv__(quantities.risk[0]).max())


def _dense(pipeline: Pipeline, real: float) -> float:
    graph = pipeline.graph
    models = len(graph.model_names)
    samples = np.zeros((models, models + 1))
    samples[graph.learner, graph.provider] = graph.samples
    samples[graph.model_index["m7"], models] = real
    budget = samples.sum(axis=1)
    shares = samples[:, :models] / budget[:, None]
    noise = np.diag(1 / budget)
    limit = linalg.solve_discrete_lyapunov(shares, noise, method="bilinear")
    risk = noise
    for _ in range(GENERATIONS):
        risk = shares @ risk @ shares.T + noise
    return float((np.maximum(np.diagonal(limit), np.diagonal(risk)) * budget).max())


def _pipeline(models: int) -> Pipeline:
    """Five providers at random for each model, and real data at every tenth."""
    rng = np.random.default_rng(20_260_521)
    flows = []
    for model in range(models):
        flows += [
            (f"m{giver}", f"m{model}", int(rng.integers(50, 150))) for giver in rng.choice(models, 5, False)
        ]
        if model % 10 == 0:
            flows.append(("web", f"m{model}", int(rng.integers(50, 150))))
    return Pipeline(InteractionGraph.from_flows(flows, ["web"]), generations=GENERATIONS)
