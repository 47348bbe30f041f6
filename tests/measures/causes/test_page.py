"""The page of confusions counts what it says it counts."""

from collections import Counter

import pytest

from verification.causes import ANSWERS, Confusion, page, world
from verification.worlds import CAUSES, EVIDENCE


@pytest.fixture
def found():
    """Ten worlds a cause; one drift was called collapse and one could not be told."""
    counts = Counter()
    for evidence in EVIDENCE:
        for true in CAUSES:
            counts[evidence, true, true] = 10
        counts[evidence, "drift", "drift"] = 8
        counts[evidence, "drift", "collapse"] = 1
        counts[evidence, "drift", "cannot tell"] = 1
    return Confusion(counts, several=2)


def test_rates_are_shares_of_a_row(found):
    """And what cannot be told is not wrong."""
    assert found.rate("full evidence", "drift", "drift") == pytest.approx(0.8)
    assert found.wrong("full evidence") == pytest.approx(0.1 / 6)


def test_the_page_has_a_table_for_each_evidence(found):
    """With a row for each truth and a column for each answer."""
    text = page(found, {2: Counter(performative=3, drift=7)}, 10, 1.0)
    for evidence in EVIDENCE:
        assert f"### {evidence.capitalize()}" in text
    assert "| drift | · | 1 | · | · | 8 | · | 1 |" in text
    assert f"| true | {' | '.join(ANSWERS)} |" in text
    assert "*drift*, at 80%" in text
    assert "| 2 | 3 | 7 | 0 |" in text
    assert "{" not in text


def test_worlds_repeat():
    """The same seed, cause and run make the same world; another run makes another."""
    first, again, other = world("collapse", 0, 5), world("collapse", 0, 5), world("collapse", 1, 5)
    assert (first.generations[3].rows == again.generations[3].rows).all()
    assert (first.generations[3].rows != other.generations[3].rows).any()
