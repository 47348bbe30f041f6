"""The rows that are kept of a stream: uniform, bounded, and the same however the stream was cut."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.samples.kept import ALL, Budget, Reservoir, join, priorities_of, stream_of

PLENTY = 2**40


def naive(priorities, costs, budget):
    """Row numbers kept of all rows at once, and the threshold, as the docstring says it."""
    order = sorted(range(len(priorities)), key=lambda at: priorities[at])
    kept, used = [], 0
    for at in order:
        used += costs[at]
        if kept and (len(kept) == budget.rows or used > budget.size):
            return kept, int(priorities[at])
        kept.append(at)
    return kept, ALL


def streamed(priorities, rows, cuts, budget):
    reservoir = Reservoir()
    numeric = isinstance(rows, np.ndarray)
    for part in np.split(np.arange(len(priorities)), cuts):
        values = rows[part].T if numeric else rows.take(pa.array(part))
        reservoir.offer(priorities[part], values, budget)
    return reservoir.settle(budget)


@given(st.data())
@settings(deadline=None)
def test_numbers_kept_are_those_of_lowest_priority_however_they_stream(data):
    """Against a plain sort of all rows; the two budgets and every cut into batches."""
    count = data.draw(st.integers(1, 60))
    cuts = sorted(data.draw(st.lists(st.integers(0, count), max_size=5)))
    budget = Budget(data.draw(st.integers(1, 40)), data.draw(st.integers(1, 1200)))
    rows = np.arange(2.0 * count).reshape(count, 2)
    priorities = priorities_of(data.draw(st.integers(0, ALL)), np.arange(count))
    kept = streamed(priorities, rows, cuts, budget)
    index, threshold = naive(priorities, [16] * count, budget)
    assert (kept.rows == rows[index]).all()
    assert kept.threshold == threshold


@given(st.data())
@settings(deadline=None)
def test_samples_of_parts_merge_into_the_sample_of_the_whole(data):
    """Strings of unequal length: the budget of bytes cuts each part elsewhere."""
    texts = data.draw(st.lists(st.text(max_size=12), min_size=2, max_size=40))
    at = data.draw(st.integers(1, len(texts) - 1))
    budget = Budget(data.draw(st.integers(1, 30)), data.draw(st.integers(1, 400)))
    wider = Budget(budget.rows + data.draw(st.integers(0, 5)), budget.size + data.draw(st.integers(0, 90)))
    rows = pa.array(texts, pa.large_string())
    priorities = priorities_of(stream_of(1, "a.csv", ("m", 0)), np.arange(len(texts)))
    parts = [
        streamed(priorities[part], rows.take(pa.array(part)), [], wider)
        for part in (np.arange(at), np.arange(at, len(texts)))
    ]
    index, threshold = naive(priorities, [len(text.encode()) + 8 for text in texts], budget)
    for merged in (parts[0].merge(parts[1], budget), parts[1].merge(parts[0], budget)):
        assert merged.rows.to_pylist() == [texts[each] for each in index]
        assert merged.threshold == threshold
        assert (merged.priorities == priorities[index]).all()


def inclusion(choose, streams=4000, rows=40, most=10):
    """How often each row is kept, in standard errors from uniform."""
    counts = np.zeros(rows)
    for seed in range(streams):
        counts[choose(seed, rows, most)] += 1
    share = most / rows
    return (counts - streams * share) / np.sqrt(streams * share * (1 - share))


def kept_of(seed, rows, most):
    priorities = priorities_of(stream_of(seed, "a.parquet", ("m", 3)), np.arange(rows))
    return (
        streamed(priorities, np.arange(rows, dtype=float)[:, None], [7, 20], Budget(most, PLENTY))
        .rows[:, 0]
        .astype(int)
    )


def greedy(seed, rows, most):
    """A twin that restarts its count at a batch: late rows are kept too often."""
    rng = np.random.default_rng(seed)
    kept = rng.choice(rows // 2, most, replace=False)
    swap = rng.random(most) < 0.65
    return np.where(swap, rng.choice(np.arange(rows // 2, rows), most, replace=False), kept)


def test_every_row_is_as_likely_to_be_kept():
    """Over 4,000 streams no row is off by 5.5 standard errors: false alarm 40 x 4e-8; an uneven twin is."""
    assert np.abs(inclusion(kept_of)).max() < 5.5
    assert np.abs(inclusion(greedy)).max() > 5.5


def test_the_order_of_what_is_kept_is_random():
    """So that a first part of it is a sample too: places and row numbers are uncorrelated."""
    ranks = [np.corrcoef(kept_of(seed, 40, 40), np.arange(40))[0, 1] for seed in range(400)]
    # each has variance 1/39
    assert abs(np.mean(ranks)) < 5.5 / np.sqrt(39 * 400)
    assert abs(np.mean([np.corrcoef(np.arange(40), np.arange(40))[0, 1]] * 400)) > 5.5 / np.sqrt(39 * 400)


def test_priorities_of_a_stream_are_all_different():
    """They are a bijection of row numbers; other streams and seeds give others."""
    rows = np.arange(200_000)
    one = priorities_of(stream_of(0, "a", ("m", 1)), rows)
    assert len(np.unique(one)) == len(rows)
    for other in (stream_of(1, "a", ("m", 1)), stream_of(0, "b", ("m", 1)), stream_of(0, "a", ("m", 2))):
        assert not np.isin(priorities_of(other, rows), one).any()


@pytest.mark.parametrize(("count", "most"), [(5, 5), (5, 9)])
def test_a_sample_from_which_nothing_is_missing_says_so(count, most):
    """Its threshold is above every priority."""
    priorities = np.sort(priorities_of(3, np.arange(count)))
    kept = join([(priorities, np.zeros((count, 1)))], ALL, Budget(most, PLENTY))
    assert kept.threshold == ALL and len(kept.priorities) == count
    assert kept.within(Budget(1, 1)).threshold == int(priorities[1])
