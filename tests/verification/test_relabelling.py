"""The published run on real data, reproduced; its first value is where an optimiser stops."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.verification.relabelling import FITS, relabel


@pytest.fixture(scope="module")
def diabetes():
    return relabel("diabetes", seed=1, histories=1)


def test_the_first_published_loss_is_reproduced_to_a_millionth(diabetes):
    assert diabetes.first == pytest.approx(0.4284598, abs=1e-6)


def test_the_exact_fit_has_another_loss_which_scikit_learn_confirms(diabetes):
    """Newton's method with a tight tolerance, another implementation."""
    from sklearn import datasets
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.model_selection import train_test_split

    x, y = datasets.load_diabetes(return_X_y=True)
    split = train_test_split(x, y > 100, test_size=0.3, random_state=123456)
    exact = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=500).fit(
        split[0], split[2]
    )
    assert diabetes.maximum_likelihood == pytest.approx(
        log_loss(split[3], exact.predict_proba(split[1])), abs=1e-9
    )
    assert abs(diabetes.maximum_likelihood - diabetes.first) > 1e-3


def test_discarding_labels_degrades_and_augmenting_does_not(diabetes):
    """Published: 8.0997 and 0.4558 after fifty fits, one run each."""
    assert diabetes.discard.shape == diabetes.augment.shape == (1, FITS)
    assert diabetes.discard[0, -1] > 3
    assert diabetes.augment[0, -1] < 0.5
    assert diabetes.discard[0, 0] == diabetes.augment[0, 0] == diabetes.first
