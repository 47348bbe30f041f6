"""Which metrics there are and where each lives; none is imported before its first use.

Packages may add metrics under the entry point group ``headwater.metrics``: a name, as in the metric's
`About`, and a callable that makes the metric from its hyperparameters.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from headwater.errors import SampleError, nearest
from headwater.measures.contract import Metric
from headwater.samples.values import Kind

GROUP = "headwater.metrics"

_NUMERIC = "headwater.measures.numeric."
_TEXT = "headwater.measures.text."
HOMES = {
    "moments": _NUMERIC + "moments:MeanShift",
    "variance-ratio": _NUMERIC + "variance_ratio:VarianceRatio",
    "effective-dimension": _NUMERIC + "effective_dimension:EffectiveDimension",
    "energy": _NUMERIC + "energy:Energy",
    "mmd": _NUMERIC + "mmd:MaximumMeanDiscrepancy",
    "sliced-wasserstein": _NUMERIC + "sliced_wasserstein:SlicedWasserstein",
    "frechet": _NUMERIC + "frechet:Frechet",
    "two-sample-classifier": _NUMERIC + "two_sample_classifier:TwoSampleClassifier",
    "precision": _NUMERIC + "neighbours:Precision",
    "recall": _NUMERIC + "neighbours:Recall",
    "density": _NUMERIC + "neighbours:Density",
    "coverage": _NUMERIC + "neighbours:Coverage",
    "vendi": _NUMERIC + "vendi:Vendi",
    "modes": _NUMERIC + "modes:Modes",
    "tail-mass": _NUMERIC + "tail_mass:TailMass",
    "tail-coverage": _NUMERIC + "tail_coverage:TailCoverage",
    "distinct": _TEXT + "distinct:Distinct",
    "type-token": _TEXT + "type_token:TypeToken",
    "self-bleu": _TEXT + "self_bleu:SelfBleu",
    "compression": _TEXT + "compression:Compression",
    "gini-simpson": _TEXT + "diversity:GiniSimpson",
    "entropy": _TEXT + "diversity:Entropy",
    "zipf": _TEXT + "zipf:Zipf",
    "repetition": _TEXT + "repetition:Repetition",
    "perplexity": _TEXT + "perplexity:Perplexity",
    "tail-sample": _TEXT + "tail_sample:TailSample",
}
"""Metrics by the name the command line uses, and ``module:class`` of each."""

DEFAULTS: dict[Kind, tuple[str, ...]] = {
    "numeric": (
        "moments",
        "variance-ratio",
        "effective-dimension",
        "energy",
        "precision",
        "recall",
        "density",
        "coverage",
        "vendi",
        "modes",
        "tail-mass",
        "tail-coverage",
    ),
    "categorical": ("distinct", "gini-simpson", "entropy", "zipf", "tail-sample"),
    "text": (
        "distinct",
        "type-token",
        "self-bleu",
        "compression",
        "gini-simpson",
        "entropy",
        "zipf",
        "repetition",
        "perplexity",
        "tail-sample",
    ),
}
"""What is measured where nothing was asked for: each says something that the others do not."""


def _plug_ins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in HOMES}


def maker(name: str) -> Any:
    """The class, or another package's callable, that makes the metric of that name.

    Raises
    ------
    SampleError
        If there is none; names the nearest.
    """
    if name in HOMES:
        module, _, attribute = HOMES[name].partition(":")
        return getattr(import_module(module), attribute)
    added = _plug_ins()
    if name in added:
        return added[name].load()
    known = [*HOMES, *added]
    raise SampleError(f"no metric is called {name!r:.60}", nearest(name, known, shown=len(known)))


def make(name: str, **hyperparameters: Any) -> Metric:
    """The metric of that name.

    Raises
    ------
    SampleError
        If there is no such metric, or one of the hyperparameters is not its own or cannot be right.

    Examples
    --------
    >>> make("variance-ratio", level=0.9).about.healthy
    '1: as much variance as the real data'
    """
    build = maker(name)
    if is_dataclass(build):
        takes = [each.name for each in fields(build) if each.init]
        for key in hyperparameters:
            if key not in takes:
                raise SampleError(
                    f"metric {name} has no hyperparameter {key!r:.60}", nearest(key, takes, shown=len(takes))
                )
    made: Metric = build(**hyperparameters)
    return made


def names(kind: Kind | None = None) -> list[str]:
    """Names of all metrics, those of other packages included; of those for one kind of sample."""
    everything = [*HOMES, *sorted(_plug_ins())]
    if kind is None:
        return everything
    return [name for name in everything if kind in make(name).about.kinds]


def default_names(kind: Kind) -> list[str]:
    """Names of the metrics that are measured where nothing was asked for.

    Raises
    ------
    SampleError
        If there is no such kind of sample.
    """
    if kind not in DEFAULTS:
        raise SampleError(f"no kind of sample is called {kind!r:.60}", nearest(str(kind), DEFAULTS))
    return list(DEFAULTS[kind])
