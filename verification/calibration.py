"""How often the intervals of ``headwater calibrate`` hold, on families that no law describes.

``python -m verification.calibration --text wikitext.txt`` plays histories, shows the first generations to
`headwater.planning.calibration.calibrate`, compares its forecasts with the rest, and writes
docs/calibration.md. ``--develop`` plays the worlds that priors were chosen on, and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from headwater import Accumulate, InteractionGraph, families
from headwater.files import write_bytes
from headwater.pipeline import Pipeline
from headwater.planning.calibration import Observation, Observations, calibrate
from headwater.simulation import simulate
from verification.calibration_page import page, summary

Array = NDArray[np.float64]

PAGE = Path(__file__).parents[1] / "docs" / "calibration.md"
SEED = 40_521
LAST = 20
LEVEL = 0.9
LENGTHS = (5, 6)
"""Generations shown, the first being 0."""
HISTORIES = 30
"""Of each family, setting and graph; each is shown at every length."""


@dataclass(frozen=True)
class World:
    """A family at one setting: what it is called, on what, with how many samples a generation."""

    family: str
    about: str
    make: Callable[[], object]
    samples: int


@dataclass(frozen=True)
class Scored:
    """One history at one length: what was forecast and what came, (generations ahead,) each.

    `low`, `high` by method: "headwater", "linear" (regression on the generation), "last" (value, give
    or take the spread of those seen).
    """

    world: World
    graph: str
    shown: int
    truth: Array
    low: Mapping[str, Array]
    high: Mapping[str, Array]
    doubts: tuple[str, ...]


def main() -> int:
    """Play, score, and write the page; status 1 if a family's pooled intervals hold too seldom."""
    parser = argparse.ArgumentParser(prog="python -m verification.calibration", description=__doc__)
    parser.add_argument("--text", type=Path, nargs="*", default=[], help="real text; without, no n-grams")
    parser.add_argument("--histories", type=int, default=HISTORIES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--develop", action="store_true", help="the worlds that priors were chosen on")
    parser.add_argument("--output", type=Path, default=PAGE)
    given = parser.parse_args()
    text = "\n".join(path.read_text("utf-8") for path in given.text)
    worlds = list(development(text) if given.develop else evaluation(text))
    scored = list(study(worlds, given.histories, given.seed))
    if given.develop:
        print("\n".join(summary(scored)))
        return 0
    write_bytes(given.output, page(scored, given.histories, given.seed).encode())
    return int(any("too seldom" in line for line in summary(scored)))


def graphs(samples: int) -> dict[str, tuple[Pipeline, str]]:
    """Pipelines of one budget, and whose risk is measured."""
    fifth, half = samples // 5, samples // 2
    rest = samples - fifth
    grounded = [("web", "a", fifth), ("a", "a", rest)]
    taught = [("web", "t", fifth), ("t", "t", rest), ("t", "s", half), ("s", "s", samples - half)]
    alone = InteractionGraph.from_flows([("a", "a", samples)])
    return {
        "lone loop": (Pipeline(alone), "a"),
        "20 % real": (Pipeline(InteractionGraph.from_flows(grounded, sources=["web"])), "a"),
        "teacher-student": (Pipeline(InteractionGraph.from_flows(taught, sources=["web"])), "s"),
        "accumulate": (Pipeline(alone, Accumulate()), "a"),
    }


def evaluation(text: str) -> Iterator[World]:
    """What the page is about; none of these settings, tables or texts was looked at before."""
    from sklearn import datasets

    iris, cancer, sugar = (
        _standard(load().data)
        for load in (datasets.load_iris, datasets.load_breast_cancer, datasets.load_diabetes)
    )
    mixture, kernels = families.GaussianMixture, families.KernelDensity
    yield World("gaussian-mixture", "iris, 4 columns, 3 components", lambda: mixture(iris, 3), 200)
    yield World(
        "gaussian-mixture", "diabetes, 2 columns, 4 components", lambda: mixture(sugar[:, 2:4], 4), 300
    )
    yield World(
        "kernel-density",
        "breast cancer, 2 columns, Scott's rule",
        lambda: kernels(cancer[:, :2], "scott"),
        150,
    )
    yield World("kernel-density", "iris, 1 column, bandwidth 0.2", lambda: kernels(iris[:, 2:3], 0.2), 60)
    if text:
        ngram = families.NGram.from_text
        words, letters = " ".join(text.split()[:60_000]), text[:300_000]
        yield World("n-gram", "pairs of words", lambda: ngram(words, 2, smoothing=1.0), 4000)
        yield World("n-gram", "four letters", lambda: ngram(letters, 4, smoothing=0.5, level="char"), 5000)


def development(text: str) -> Iterator[World]:
    """What priors were chosen on; some follow laws, the rest are other tables, texts and budgets."""
    from sklearn import datasets

    wine = _standard(datasets.load_wine().data)
    mixture, kernels = families.GaussianMixture, families.KernelDensity
    yield World("gaussian", "1 coordinate", lambda: families.Gaussian(ddof=1), 50)
    yield World("gaussian", "8 coordinates", lambda: families.Gaussian(ddof=0, dimensions=8), 60)
    yield World("categorical", "Zipf's law, 1,000 symbols", lambda: families.zipf(1000, 1.0), 500)
    yield World("categorical", "Zipf's law, 100 symbols", lambda: families.zipf(100, 0.8), 300)
    yield World("gaussian-mixture", "wine, 2 columns, 3 components", lambda: mixture(wine[:, :2], 3), 150)
    yield World(
        "kernel-density", "wine, 2 columns, Silverman's rule", lambda: kernels(wine[:, :2], "silverman"), 100
    )
    yield World("kernel-density", "wine, 1 column, bandwidth 0.25", lambda: kernels(wine[:, 2:3], 0.25), 80)
    if text:
        ngram = families.NGram.from_text
        yield World(
            "n-gram", "three letters", lambda: ngram(text[:200_000], 3, smoothing=1.0, level="char"), 2000
        )
        yield World("n-gram", "single words", lambda: ngram(text[:300_000], 1, smoothing=1.0), 3000)


def study(worlds: Sequence[World], histories: int, seed: int) -> Iterator[Scored]:
    """Every history of every world on every graph, at every length."""
    for world in worlds:
        family = world.make()
        for name, (pipeline, model) in graphs(world.samples).items():
            print(f"{world.family}, {world.about}, {name} ...", file=sys.stderr, flush=True)
            played = simulate(pipeline, family, generations=LAST, replicates=histories, seed=seed)  # type: ignore[arg-type]
            for risk in played.risk.sel(model=model).values:
                for shown in LENGTHS:
                    yield score(world, name, (pipeline, model), risk, shown)


def score(world: World, graph: str, measured: tuple[Pipeline, str], risk: Array, shown: int) -> Scored:
    """Forecast one history from its first generations, by calibration and by its naive twins."""
    pipeline, model = measured
    seen = Observations(tuple(Observation(model, at, float(risk[at])) for at in range(shown)))
    found = calibrate(pipeline, seen, generations=LAST, level=LEVEL).models[model]
    forecast = found.forecasts[0].risk
    ends = {"headwater": np.array([[forecast[at].low, forecast[at].high] for at in range(shown, LAST + 1)]).T}
    ends |= {"linear": linear(risk[:shown]), "last": last_value(risk[:shown])}
    low, high = ({name: each[side].astype(float) for name, each in ends.items()} for side in (0, 1))
    return Scored(world, graph, shown, risk[shown:], low, high, found.doubts)


def linear(risk: Array) -> Array:
    """(2, generations ahead) the interval of an ordinary regression on the generation."""
    shown = len(risk)
    design = np.column_stack([np.ones(shown), np.arange(shown)])
    ahead = np.column_stack([np.ones(LAST + 1 - shown), np.arange(shown, LAST + 1)])
    line, *_ = np.linalg.lstsq(design, risk, rcond=None)
    residual = ((risk - design @ line) ** 2).sum() / (shown - 2)
    error = np.sqrt(residual * (1 + np.einsum("ti,ij,tj->t", ahead, np.linalg.inv(design.T @ design), ahead)))
    reach = stats.t.ppf((1 + LEVEL) / 2, shown - 2) * error
    return np.array([ahead @ line - reach, ahead @ line + reach])


def last_value(risk: Array) -> Array:
    """(2, generations ahead) the last value, give or take the spread of those seen."""
    reach = stats.t.ppf((1 + LEVEL) / 2, len(risk) - 1) * risk.std(ddof=1)
    return np.repeat([[risk[-1] - reach], [risk[-1] + reach]], LAST + 1 - len(risk), axis=1)


def _standard(rows: Array) -> Array:
    """Columns of mean 0 and variance 1."""
    return np.asarray((rows - rows.mean(axis=0)) / rows.std(axis=0))


if __name__ == "__main__":
    sys.exit(main())
