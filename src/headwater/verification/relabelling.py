"""Numbers of the literature on real data: labels drawn anew on the same rows, again and again.

Logistic regression on two public sets [dey2024universality]_: *discard* trains on the newest
labels (replace), *augment* on all labels so far (accumulate). The published numbers depend on where
scikit-learn's default optimiser stops, so they are reproduced with that optimiser and not with
`headwater.families.Logistic`, whose fits are maximum likelihood.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from headwater.errors import FamilyError
from headwater.families.contract import Array
from headwater.families.covariates import Table
from headwater.families.logistic import Logistic
from headwater.verification.datasets import bundled_arrays

SPLIT_SEED = 123456
FITS = 50


@dataclass(frozen=True, slots=True)
class Logged:
    """Published test log-loss: of the first fit, and of the fiftieth when labels are discarded or augmented.

    `histories` is how many are played by default: where labels are separable, as those of
    breast_cancer are from the start, the optimiser takes seconds a fit before it is stopped.
    """

    first: float
    discard: float
    augment: float
    histories: int


LOGGED = {
    "diabetes": Logged(0.4284598, 8.0997, 0.4558, 3),
    "breast_cancer": Logged(0.1019, 1.4755, 0.1213, 0),
}


@dataclass(frozen=True, eq=False)
class Relabelling:
    """Test log-loss, fit by fit.

    Attributes
    ----------
    logged
        The published numbers.
    first
        Of the first fit, on the real labels, where the default optimiser stops.
    maximum_likelihood
        Of the exact fit; None: the real training labels are separable and there is none.
    discard, augment : (histories, fits)
        From the first fit on; no history where they take too long.
    """

    logged: Logged
    first: float
    maximum_likelihood: float | None
    discard: Array
    augment: Array


@dataclass(frozen=True, eq=False)
class _Split:
    train: Array
    test: Array
    labels: Array
    test_labels: Array


def relabel(name: str, seed: int, histories: int | None = None) -> Relabelling:
    """Reproduce the published run on a bundled set.

    Rows are split 70 to 30 as scikit-learn's ``train_test_split(random_state=123456)`` does;
    diabetes is made binary by target > 100; covariates are as bundled.
    """
    split = _split(name)
    logged = LOGGED[name]
    wanted = logged.histories if histories is None else histories
    played = {}
    for at, augments in enumerate((False, True)):
        rows = [_history(split, augments, np.random.default_rng([seed, at, each])) for each in range(wanted)]
        played[augments] = np.array(rows).reshape(wanted, FITS)
    first = _loss(_fit(split.train, split.labels), split)
    return Relabelling(logged, first, _maximum_likelihood(split), played[False], played[True])


def _split(name: str) -> _Split:
    from sklearn.model_selection import train_test_split

    covariates, target = bundled_arrays(name)
    labels = (target > 100).astype(float) if name == "diabetes" else target
    return _Split(*train_test_split(covariates, labels, test_size=0.3, random_state=SPLIT_SEED))


def _history(split: _Split, augments: bool, rng: Generator) -> list[float]:
    """Losses of one run; once all labels are one class, the model and its loss stay."""
    model = _fit(split.train, split.labels)
    losses = [_loss(model, split)]
    labels = [split.labels]
    for _ in range(FITS - 1):
        drawn = (rng.random(len(split.train)) < model.predict_proba(split.train)[:, 1]).astype(float)
        labels = [*labels, drawn] if augments else [drawn]
        together = np.concatenate(labels)
        if np.ptp(together) > 0:
            model = _fit(np.tile(split.train, (len(labels), 1)), together)
        losses.append(_loss(model, split))
    return losses


def _fit(rows: Array, labels: Array) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # where it stops is what was published
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=np.inf, max_iter=10_000).fit(rows, labels)


def _loss(model: Any, split: _Split) -> float:
    from sklearn.metrics import log_loss

    return float(log_loss(split.test_labels, model.predict_proba(split.test)))


def _maximum_likelihood(split: _Split) -> float | None:
    try:
        family = Logistic(
            Table(split.train, "fixed", True, split.labels),
            test_table=split.test,
            test_labels=split.test_labels,
        )
    except FamilyError:
        return None
    return float(family.measure(family.truth(1), "log_loss")[0])
