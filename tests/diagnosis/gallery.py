"""Small pipelines, one peculiarity each, and the laws and regimes that every one of them must survive."""

from __future__ import annotations

from headwater.graph import InteractionGraph, Model, Source
from headwater.regimes import Accumulate, AccumulateSubsample, Regime, Replace, Window
from headwater.theory import laws
from tests.theory.graphs import everything

REGIMES: tuple[Regime, ...] = (Replace(), Accumulate(), AccumulateSubsample(), Window(3))

LAWS: dict[str, laws.Law] = {
    "asymptotic": laws.Asymptotic(),
    "poisson": laws.poisson(2.0),
    "bernoulli": laws.bernoulli(0.2),
    "exponential": laws.exponential(1.0),
    "gaussian 0": laws.Gaussian(0),
    "gaussian 1": laws.Gaussian(1),
    "least squares": laws.LeastSquares(3),
}

LONG = "a" * 300


def flows(*rows, sources=("web",), models=()) -> InteractionGraph:
    """A graph of flows ``(provider, model, samples, weight)`` out of fresh sources."""
    return InteractionGraph.from_flows(rows, sources, models)


def lone(samples: int = 100) -> InteractionGraph:
    """One model that learns from itself alone."""
    return flows(("a", "a", samples), sources=())


def mixed(real: int, synthetic: int, initial: int | None = None, weight: float = 1.0) -> InteractionGraph:
    """One model on `real` fresh samples of that weight and `synthetic` of its own."""
    start = {} if initial is None else {"web": initial}
    return flows(("web", "a", real, weight), ("a", "a", synthetic), models=[Model("a", initial=start)])


def reused_archive() -> InteractionGraph:
    """One model on all 50 records of an archive, over and over, and 150 samples of its own."""
    return flows(("book", "a", 50), ("a", "a", 150), sources=[Source("book", "fixed", 50)])


def spoiled() -> InteractionGraph:
    """A lone loop `a` of 50, and `b` that hears 10 of it beside 90 real samples."""
    return flows(("a", "a", 50), ("a", "b", 10), ("web", "b", 90))


def many_loops(loops: int, sound: int) -> InteractionGraph:
    """Lone loops of 100, beside models on 100 real samples."""
    rows = [(f"loop-{at}", f"loop-{at}", 100) for at in range(loops)]
    return flows(*rows, *[("web", f"sound-{at}", 100) for at in range(sound)])


GRAPHS: dict[str, InteractionGraph] = {
    "no models": InteractionGraph.from_parts([], [], []),
    "one model": flows(("web", "a", 50)),
    "lone loop": lone(),
    "lone loop of one sample": lone(1),
    "mixed loop": mixed(50, 50),
    "weights": mixed(50, 50, weight=4.0),
    "spoiled": spoiled(),
    "unknown counts": flows(
        ("a", "b"), ("b", "a", 100), ("web", "c"), ("c", "c", 50), ("c", "d", 10), ("web", "e", 30)
    ),
    "external": flows(
        ("vendor", "a", 50), ("web", "a", 50), ("web", "b", 50), models=[Model("vendor", external=True)]
    ),
    "only external": InteractionGraph.from_parts([], [Model("vendor", external=True)], []),
    "only frozen": InteractionGraph.from_parts(
        [Source("web"), Source("book", "fixed", 100)],
        [Model("y", frozen=True, initial={"web": 50}), Model("z", frozen=True, initial={"book": 100})],
        [],
    ),
    "reused archive": reused_archive(),
    "archive of unknown size": flows(
        ("book", "a", 50), ("web", "b", 9), sources=["web", Source("book", "fixed")]
    ),
    "everything": everything(weighted=False),
    "everything, weighted": everything(weighted=True),
    "names": flows(
        ("[bold red]x[/]", "[/]", 50),
        ("[/]", "[bold red]x[/]", 50),
        ("🙂 web", "日本語" * 10, 40),
        ("日本語" * 10, "a'b\"c", 30),
        (LONG, LONG, 30),
        sources=["🙂 web"],
    ),
}
