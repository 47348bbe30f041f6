"""Can a classifier tell the sample from real data? Accuracy on rows that it has not seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.numeric.moments import in_units_of
from headwater.measures.numeric.resampling import (
    check_count,
    check_level,
    check_rows,
    half_width,
    thin_pair,
)
from headwater.samples.values import Array, Sample

Learner = Literal["boosting", "logistic"]


@dataclass(frozen=True)
class TwoSampleClassifier:
    """Share of rows of which a classifier can say whether they are real [lopezpaz2017revisiting]_.

    The classifier learns from the first half of the rows, says of the next block where its rows come from,
    learns those too, and so on; every block has as many rows of either. Where both laws are one, right
    guesses then are a half in the mean, whatever went before, and scatter no more than a fair coin
    [hoeffding1956distribution]_: the binomial p-value is one to rely on. That of cross-validation is not,
    since its folds train on each other. The part ``auc`` is the area under the curve on the same rows, its
    interval that of [delong1988comparing]_. Unlike a distance it has no units; it says little on how far
    apart laws are once it can tell them surely.

    Parameters
    ----------
    level
        Confidence.
    learner
        ``boosting`` (trees, sees any difference) or ``logistic`` (sees shifts of means alone, and quickly).
    blocks
        Times that it learns anew.
    most
        Rows of either sample that are used.
    seed
        For thinning, order and trees.
    """

    level: float = 0.95
    learner: Learner = "boosting"
    blocks: int = 5
    most: int = 2000
    seed: int = 0
    about: ClassVar[About] = About(
        "two-sample-classifier",
        ("numeric",),
        "lower",
        0.0,
        1.0,
        "0.5: no better than a coin",
        "share of rows told right",
    )

    def __post_init__(self) -> None:
        check_level(self.level)
        check_count("blocks", self.blocks, 1)
        check_count("most", self.most, 20)
        if self.learner not in ("boosting", "logistic"):
            raise SampleError(f"learner={self.learner!r}", "write 'boosting' or 'logistic'")

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Accuracy, with a test that sample and reference are of one law.

        Raises
        ------
        SampleError
            If the samples do not match or have fewer than 20 rows.
        """
        from scipy.stats import binomtest

        check_pair(self.about, sample, reference)
        check_rows(20, sample, reference)
        ours, real, notes = thin_pair(sample, reference, self.most, self.seed)
        piles = in_units_of(reference, True, ours, real)
        scores, truth = self._told(piles[0], piles[1])
        right = int(((scores >= 0.5) == truth).sum())
        test = binomtest(right, len(truth), 0.5, alternative="greater")
        ends = binomtest(right, len(truth)).proportion_ci(self.level, "exact")
        return Estimate(
            right / len(truth),
            float(ends.low),
            float(ends.high),
            self.level,
            "exact binomial",
            {"auc": area(scores, truth, self.level)},
            float(test.pvalue),
            (*notes, f"told on {len(truth)} rows"),
        )

    def _told(self, ours: Array, real: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Of each test row, how surely it is thought to be of the sample, and whether it is."""
        from threadpoolctl import threadpool_limits

        count = min(len(ours), len(real))
        rng = np.random.default_rng(self.seed)
        # Axis 1 is the sample and the reference: any slice of axis 0 holds as many of either.
        pairs = np.stack([rng.permutation(ours)[:count], rng.permutation(real)[:count]], axis=1)
        mine = np.tile([True, False], (count, 1))
        start = count // 2
        scores = []
        for begin, end in pairwise(np.unique(np.linspace(start, count, self.blocks + 1).astype(int))):
            # Trees this small are fitted faster by one thread than by many that wait for each other.
            with threadpool_limits(1):
                seen = pairs[:begin].reshape(2 * begin, -1)
                learned = self._classifier().fit(seen, mine[:begin].ravel())
                told = pairs[begin:end].reshape(2 * (end - begin), -1)
                scores.append(learned.predict_proba(told)[:, 1])
        return np.concatenate(scores), mine[start:].ravel()

    def _classifier(self) -> Any:
        if self.learner == "logistic":
            from sklearn.linear_model import LogisticRegression
            from sklearn.pipeline import make_pipeline
            from sklearn.preprocessing import StandardScaler

            return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=50, max_leaf_nodes=15, early_stopping=False, random_state=self.seed
        )


def area(scores: Array, truth: NDArray[np.bool_], level: float) -> tuple[float, float, float]:
    """Area under the receiver operating characteristic, and its interval [delong1988comparing]_."""
    from scipy.stats import rankdata

    yes, no = scores[truth], scores[~truth]
    ranks = rankdata(np.concatenate([yes, no]))
    above = (ranks[: len(yes)] - rankdata(yes)) / len(no)
    below = 1 - (ranks[len(yes) :] - rankdata(no)) / len(yes)
    value = float(above.mean())
    error = math.sqrt(above.var(ddof=1) / len(yes) + below.var(ddof=1) / len(no))
    reach = float(half_width(error, level, len(scores) - 2))
    return value, max(value - reach, 0.0), min(value + reach, 1.0)
