"""What a claim is, and how it is judged: with a p-value over all that it says at once.

A claim is refused, or shown, by the same rule: a chance that is stated. Claims of equality are
refused by evidence against them; claims that something is near, above or below must be shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy.stats import norm

from headwater.families.contract import Array, Family
from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.regimes import Regime, Replace
from headwater.simulation.run import simulate
from headwater.verification.comparing import Comparison, compare

How = Literal["equal", "at most", "at least", "near", "above", "below"]

REPLACE = Replace()

SHOWN = ("near", "above", "below")
"""Kinds of test that must be shown: a small chance speaks for them."""


LOOSER: dict[str, Any] = {"few_carry_it": 0.3, "fewest": 10}
"""What is judged here and not for users: more skewed cells, and fewer replicates.

Rows are decided at a far smaller p, their p-values are held to a uniform distribution together, and
the few rows of under a hundred replicates average a hundred coordinates in each.
"""


@dataclass(frozen=True, eq=False)
class Setting:
    """What is played."""

    graph: InteractionGraph
    family: Family[Any, Any]
    generations: int
    regime: Regime = REPLACE

    def play(self, replicates: int, seed: int, metrics: Sequence[str], chunk: int | None) -> xr.Dataset:
        """The simulation, with the measures that are asked for."""
        return simulate(
            Pipeline(self.graph, self.regime, self.generations),
            self.family,
            replicates=replicates,
            seed=seed,
            metrics=metrics,
            chunk=chunk,
        )


See = Callable[[Sequence[xr.Dataset]], Array]
"""(replicates, ...) what is seen of the simulations of a claim, one a setting."""


@dataclass(frozen=True, eq=False)
class Test:
    """One sentence about means over replicates.

    Attributes
    ----------
    sentence
        For people.
    see
        Whose means over the first axis the sentence is about.
    expected
        Makes the numbers that they should be.
    how
        "equal" (up to `margin`, for numbers that are given rounded), "at most" or "at least", all
        three unless the draws speak against it; or to be shown: "near" (closer than `margin`),
        "above" or "below".
    margin
        In the units of the means.
    wrong
        Whether the sentence is wrong on purpose, so that the same draws must refuse it.
    """

    sentence: str
    see: See
    expected: Callable[[], ArrayLike]
    how: How = "equal"
    margin: float = 0.0
    wrong: bool = False

    __test__ = False


@dataclass(frozen=True, eq=False)
class Claim:
    """Tests that share their draws.

    Attributes
    ----------
    section
        Of the table.
    quick
        Replicates of the quick part; None: the claim is not in it.
    chunk
        Replicates played together, where the default would be slow or large.
    """

    section: str
    settings: tuple[Setting, ...]
    tests: tuple[Test, ...]
    replicates: int
    quick: int | None = None
    metrics: tuple[str, ...] = ("risk",)
    chunk: int | None = None

    def judge(self, replicates: int, seed: int) -> list[Finding]:
        """Play, and judge every test on the same draws.

        The seed of a claim follows from `seed` and its own words: it does not change when claims are
        added or left out.
        """
        words = f"{seed} {self.section} {self.tests[0].sentence}".encode()
        own = int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "big")
        runs = [
            setting.play(replicates, own + at, self.metrics, self.chunk)
            for at, setting in enumerate(self.settings)
        ]
        return [_judged(self, test, replicates, runs) for test in self.tests]


@dataclass(frozen=True)
class Finding:
    """A row of the table.

    Attributes
    ----------
    p_value
        Of a test that may be refused: chance that what it says, if right, looks at least this wrong
        somewhere (Bonferroni). Of one that must be shown: chance that it looks this right although
        it is wrong somewhere.
    comparisons, not_judged
        Means that were judged, and that were not because a few replicates carry them.
    """

    section: str
    sentence: str
    how: How
    wrong: bool
    replicates: int
    comparisons: int
    not_judged: int
    p_value: float
    place: str

    def outcome(self, threshold: float) -> str:
        """In a word or two, capitals where it is not as it should be."""
        if not self.comparisons:
            return "CANNOT TELL"
        small = self.p_value < threshold
        if self.how in SHOWN:
            return "shown" if small else "NOT SHOWN"
        if self.wrong:
            return "refused, as it must be" if small else "NOT REFUSED"
        return "REFUSED" if small else "agrees"

    def right(self, threshold: float) -> bool:
        """Whether it is as it should be."""
        return not self.outcome(threshold).isupper() and self.outcome(threshold) != "REFUSED"


def _judged(claim: Claim, test: Test, replicates: int, runs: Sequence[xr.Dataset]) -> Finding:
    samples = np.asarray(test.see(runs), dtype=float)
    samples = samples.reshape(len(samples), -1)
    expected = np.broadcast_to(np.asarray(test.expected(), dtype=float).ravel(), samples.shape[1:])
    p_value, found, cell = chance(samples, expected, test.how, test.margin)
    return Finding(
        claim.section,
        test.sentence,
        test.how,
        test.wrong,
        replicates,
        int(found.judged.sum()),
        int((~found.judged).sum()),
        p_value,
        f"expected {expected[cell]:.5g}, mean {found.simulated[cell]:.5g} "
        f"(standard error {found.standard_error[cell]:.2g}), cell {cell} of {len(expected)}",
    )


def chance(samples: Array, expected: Array, how: How, margin: float) -> tuple[float, Comparison, int]:
    """The p-value of a test on (replicates, cells) samples, what it rests on, and its worst cell.

    Several cells that must be shown are shown where each of them is, so that the largest of their
    chances is that of all.
    """
    # compare: nothing times infinity, where a mean is exactly what it should be
    with np.errstate(invalid="ignore"):
        return _chance(samples, expected, how, margin)


def _all_alike(samples: Array, edge: Array, side: int) -> Array:
    """(cells,) most that the chance of all 0, or all 1, can be if the mean is at the edge; else 1.

    Of anything between 0 and 1: a mean of e needs values above 0 with a chance of e or more.
    """
    no, yes = (samples == 0).all(axis=0), (samples == 1).all(axis=0)
    share = np.clip(edge, 0.0, 1.0)
    if side == 1:
        return np.where(no, (1 - share) ** len(samples), 1.0)
    return np.where(yes, share ** len(samples), 1.0)


def _chance(samples: Array, expected: Array, how: How, margin: float) -> tuple[float, Comparison, int]:
    if how in SHOWN:
        found = compare(samples, expected, **LOOSER)
        each = np.zeros(len(expected))
        for side in (-1, 1):
            if how != ("above" if side == 1 else "below"):
                edge = compare(samples, expected + side * margin, **LOOSER)
                alike = _all_alike(samples, expected + side * margin, side)
                each = np.maximum(each, np.where(edge.judged, norm.sf(-side * edge.z), alike))
        found.judged[each < 1] = True
        return float(each.max()), found, int(each.argmax())
    mean = samples.mean(axis=0)
    low = -np.inf if how == "at most" else expected - margin
    high = np.inf if how == "at least" else expected + margin
    found = compare(samples, np.clip(mean, low, high), **LOOSER)
    if margin or how != "equal":
        # inside nothing speaks against it: the correction for skewness must not either
        found.z[found.judged & (mean >= low) & (mean <= high)] = 0.0
    return found.p_value, found, int(found.worst[0])
