"""The frame: independent halves, scores by name, refusals."""

import numpy as np
import pytest

from headwater.errors import SampleError
from headwater.measures.frame import SCORES, fit_frame
from headwater.samples.values import Sample


@pytest.fixture(scope="module")
def normal():
    return Sample.of(np.random.default_rng(0).normal(size=(400, 2)))


def test_halves_are_disjoint_and_make_up_the_reference(normal):
    frame = fit_frame(normal, seed=5, names=("spread",))
    both = np.concatenate([frame.fitted_on.rows, frame.heldout.rows])
    assert len(frame.fitted_on) == len(frame.heldout) == 200
    np.testing.assert_array_equal(np.sort(both, axis=0), np.sort(normal.rows, axis=0))
    assert len(np.unique(both, axis=0)) == 400


def test_real_data_beyond_the_limit_is_thinned(normal):
    frame = fit_frame(normal, most=150, names=("spread",))
    assert len(frame.reference) == 150
    assert len(frame.fitted_on) + len(frame.heldout) == 150
    assert {tuple(row) for row in frame.reference.rows} <= {tuple(row) for row in normal.rows}


def test_scores_come_in_the_order_they_were_asked_for(normal):
    frame = fit_frame(normal, names=("support", "spread", "support"))
    assert [score.name for score in frame.scores] == ["support", "spread"]
    assert frame.score("spread") is frame.scores[1]


def test_scores_that_real_data_has_not_are_left_out_unless_asked_for(normal):
    """Normal data has one mode: no modes, nothing between them."""
    assert [score.name for score in fit_frame(normal).scores] == [
        name for name in SCORES["numeric"] if name not in ("modes", "entanglement")
    ]
    with pytest.raises(SampleError, match="modes cannot be fitted"):
        fit_frame(normal, names=("spread", "modes"))


def test_an_unknown_name_is_refused_with_the_nearest_known_one(normal):
    with pytest.raises(SampleError, match=r"'taills'.*\n.*did you mean 'tails'"):
        fit_frame(normal, names=("taills",))
    with pytest.raises(SampleError, match=r"'surprise'"):
        fit_frame(normal, names=("surprise",))
    with pytest.raises(SampleError, match=r"no score is called 'tails' in this frame\nknown: spread"):
        fit_frame(normal, names=("spread",)).score("tails")


def test_too_little_real_data_is_refused(normal):
    with pytest.raises(SampleError, match=r"99 rows .* too few.*\ngive at least 100"):
        fit_frame(normal.take(np.arange(99)))
    with pytest.raises(SampleError, match="most=99"):
        fit_frame(normal, most=99)
