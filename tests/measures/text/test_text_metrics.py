"""What every metric of words keeps: the contract, repeatable results, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import SampleError
from headwater.measures.contract import Metric
from headwater.measures.text.compression import Compression
from headwater.measures.text.distinct import Distinct
from headwater.measures.text.diversity import Entropy, GiniSimpson
from headwater.measures.text.perplexity import Perplexity
from headwater.measures.text.repetition import Repetition
from headwater.measures.text.self_bleu import SelfBleu
from headwater.measures.text.tail_sample import TailSample
from headwater.measures.text.type_token import TypeToken
from headwater.measures.text.zipf import Zipf
from headwater.samples.values import Sample
from tests.measures.text.worlds import labels, texts

METRICS = [
    Compression,
    Distinct,
    Entropy,
    GiniSimpson,
    Perplexity,
    Repetition,
    SelfBleu,
    TailSample,
    TypeToken,
    Zipf,
]
MAKERS = {"categorical": labels, "text": texts}
each_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.about.name)


@each_metric
def test_estimates_keep_the_contract(metric):
    """Value in its interval and range, for each kind; the same again on a second call."""
    measure = metric()
    assert isinstance(measure, Metric)
    for kind in measure.about.kinds:
        rng = np.random.default_rng(1)
        sample, reference = MAKERS[kind](rng, 100), MAKERS[kind](rng, 300)
        found = measure(sample, reference)
        assert found.low <= found.value <= found.high and found.level == 0.95
        assert measure.about.lowest <= found.value <= measure.about.highest
        assert found == metric()(sample, reference)
        assert all(type(each) is float for part in found.parts.values() for each in part)
        narrow = metric(level=0.5)(sample, reference)
        assert found.low <= narrow.low and narrow.high <= found.high


@each_metric
def test_other_kinds_are_refused(metric):
    numbers = Sample.of(np.zeros(9))
    with pytest.raises(SampleError, match="of a numeric sample"):
        metric()(numbers, numbers)
    with pytest.raises(SampleError, match=r"sample against a|of a categorical sample"):
        metric()(Sample.of(["a"], "categorical"), Sample.of(["a"], "text"))


@each_metric
def test_texts_without_a_word_are_refused(metric):
    empty = Sample.of(["", "..."], "text")
    with pytest.raises(SampleError):
        metric()(empty, texts(np.random.default_rng(2), 30))


@each_metric
def test_one_document_is_measured_without_an_interval_or_refused(metric):
    """Never with an interval that is too narrow."""
    one, many = Sample.of(["one two three one two three four"], "text"), texts(np.random.default_rng(3), 30)
    try:
        found = metric()(one, many)
    except SampleError:
        return
    assert np.isnan(found.low) or metric is TailSample


@pytest.mark.parametrize(
    ("metric", "wrong"),
    [
        (Compression, {"block": 10}),
        (Distinct, {"longest": 0}),
        (Entropy, {"level": 1}),
        (GiniSimpson, {"level": 0}),
        (Perplexity, {"order": 0}),
        (Perplexity, {"smoothing": 0}),
        (Perplexity, {"least": 0}),
        (Repetition, {"longest": 0}),
        (Repetition, {"first": 4}),
        (SelfBleu, {"longest": 0}),
        (SelfBleu, {"epsilon": 0}),
        (SelfBleu, {"most": 2}),
        (TailSample, {"rare": 0}),
        (TailSample, {"share": 1}),
        (TypeToken, {"length": 1}),
        (Zipf, {"least": 0}),
    ],
)
def test_hyperparameters_that_cannot_be_right_are_refused(metric, wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(SampleError, match=f"^{name} is {value}"):
        metric(**wrong)
