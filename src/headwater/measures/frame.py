"""The frame: one half of the real data with the scores that were fitted to it, and the other half.

Because the halves are independent, a healthy model's mean score is the mean on the held-out half,
whatever the frame was. What is concluded from means is the business of the monitor and the definitions.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from headwater.errors import SampleError, nearest
from headwater.measures.scores.contract import Score
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.units import check_sample
from headwater.samples.values import Sample

LEAST = 100
"""Rows of real data below which no frame is fitted."""

SCORES = MappingProxyType(
    {
        "numeric": ("spread", "tails", "modes", "entanglement", "support", "matches", "location"),
        "categorical": ("rare", "repeats", "unseen", "modes", "matches"),
        "text": ("rare", "repeats", "unseen", "novelty", "repetition", "matches", "surprise"),
    }
)
"""Names of the scores of each kind of sample; each is a module of `headwater.measures.scores`."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Real data in two halves and the scores that were fitted to the first.

    Make one with `fit_frame`.

    Attributes
    ----------
    reference
        The real data, thinned if there was more than was asked for.
    fitted_on, heldout
        Its halves at random: the first is what the scores know, the second is what a healthy
        model's sample is like.
    scores
        In the order of `SCORES`, or as asked for.
    seed
        Of the thinning, the halving and the fits.
    """

    reference: Sample
    fitted_on: Sample
    heldout: Sample
    scores: tuple[Score, ...]
    seed: int

    def score(self, name: str) -> Score:
        """The score of that name.

        Raises
        ------
        SampleError
            If there is none.
        """
        for score in self.scores:
            if score.name == name:
                return score
        raise SampleError(
            f"no score is called {name!r} in this frame", nearest(name, (score.name for score in self.scores))
        )

    def check(self, sample: Sample) -> None:
        """Refuse a sample that is not of the reference's kind and dimension.

        Raises
        ------
        SampleError
            If it is not.
        """
        check_sample("the frame", self.reference.kind, self.reference.dimensions, sample)


def fit_frame(
    reference: Sample, *, names: tuple[str, ...] | None = None, seed: int = 0, most: int = 20_000
) -> Frame:
    """Halve real data at random and fit scores to the first half.

    Parameters
    ----------
    names
        Of the scores; all that real data of this kind has, if None. A score that it has not (modes,
        where there is only one) is left out then.
    seed
        Of everything random.
    most
        Rows of real data that are used.

    Raises
    ------
    SampleError
        If there are fewer than 100 rows, a name is unknown, or a score that was asked for cannot be fitted.
    """
    if len(reference) < LEAST:
        raise SampleError(
            f"{len(reference)} rows of real data are too few for a frame",
            f"give at least {LEAST}: half of them fit the scores, the other half say what healthy is, "
            "and tails are a few rows in a hundred",
        )
    if most < LEAST:
        raise SampleError(f"most={most} rows are too few for a frame", f"use at least {LEAST}")
    known = SCORES[reference.kind]
    asked = known if names is None else tuple(dict.fromkeys(names))
    for name in asked:
        if name not in known:
            raise SampleError(
                f"no score of {reference.kind} samples is called {name!r}", nearest(name, known)
            )
    thinned = reference.thinned(most, seed)
    fitted_on, heldout = thinned.split(seed)
    learned = Learned(fitted_on, seed)
    scores = tuple(_fit(name, learned, needed=names is not None) for name in asked)
    return Frame(thinned, fitted_on, heldout, tuple(score for score in scores if score), seed)


def _fit(name: str, frame: Learned, needed: bool) -> Score | None:
    module = importlib.import_module(f"headwater.measures.scores.{name}")
    fit = cast(Callable[[Learned], Score | None], module.fit)
    score = fit(frame)
    if score is None and needed:
        raise SampleError(
            f"the score {name} cannot be fitted to this real data",
            "its rows are all the same, or it has one mode only or nothing rare; leave the score out, "
            "or ask for all that can be fitted (names=None)",
        )
    return score
