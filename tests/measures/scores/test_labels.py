"""Scores of labels against the law's own probabilities, and their definitions."""

import numpy as np
import pytest

from headwater.measures.frame import fit_frame
from headwater.measures.scores.words import fit_vocabulary
from headwater.samples.values import Sample
from tests.measures.scores.worlds import CHANCES, labels
from tests.oracles.agreement import assert_means

NAMES = [f"w{each}" for each in range(300)]
LAW = dict(zip(NAMES, CHANCES, strict=True))


@pytest.fixture(scope="module")
def frame():
    return fit_frame(labels(400, np.random.default_rng(3)))


@pytest.fixture(scope="module")
def fresh():
    return labels(20_000, np.random.default_rng(4))


def test_unseen_mass_is_that_of_the_labels_the_frame_has_not(frame, fresh):
    seen = set(frame.fitted_on.rows)
    missing = sum(chance for name, chance in LAW.items() if name not in seen)
    assert_means(frame.score("unseen").values(fresh), np.array([missing]))


def test_rare_mass_is_that_of_the_labels_seen_once(frame, fresh):
    """With 200 rows of 300 labels, those seen once are more than 5 % of all, and are the rare ones."""
    rows = frame.fitted_on.rows.tolist()
    once = [name for name in NAMES if rows.count(name) == 1]
    assert len(once) > 10
    values = frame.score("rare").values(fresh)
    assert_means(values, np.array([sum(LAW[name] for name in once)]))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(values, np.array([len(once) / 200]))  # their share of the frame itself


def test_mode_masses_are_those_of_the_most_frequent_labels(frame, fresh):
    """At most twenty, each of at least 1 % of the frame, the most frequent first."""
    score, rows = frame.score("modes"), frame.fitted_on.rows.tolist()
    counts = [rows.count(part) for part in score.parts]
    assert counts == sorted((rows.count(name) for name in set(rows)), reverse=True)[: len(counts)]
    assert len(counts) == min(20, sum(rows.count(name) >= 2 for name in set(rows)))
    assert_means(score.values(fresh), np.array([LAW[part] for part in score.parts]))


def test_matches_are_the_simpson_index(frame, fresh):
    assert_means(frame.score("matches").values(fresh), np.array([(CHANCES**2).sum()]))


def test_rare_is_the_rarest_twentieth_in_whole_levels():
    """Of 1,000: three of 10, which are 3 %, are rare; two of 15 would make it 6 %, and are not."""
    words = [word for word, count in {"a": 940, "b": 15, "c": 15, "d": 10, "e": 10, "f": 10}.items()
             for _ in range(count)]  # fmt: skip
    vocabulary = fit_vocabulary(words)
    rare = vocabulary.rare()
    assert [word for word, number in vocabulary.number.items() if rare[number]] == ["d", "e", "f"]


def test_nothing_is_rare_among_few_frequent_labels():
    """And then there is no such score."""
    frame = fit_frame(Sample.of(["yes", "no"] * 200, kind="categorical"))
    assert "rare" not in {score.name for score in frame.scores}
