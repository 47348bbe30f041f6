"""A number with its interval against a threshold, and the stage that follows from eight of them."""

from __future__ import annotations

from itertools import product

import pytest

from headwater.errors import SampleError
from headwater.measures.definitions.comparing import Change, Unknown, above, below, unknown
from headwater.measures.definitions.modes import modes
from headwater.measures.definitions.profile import assemble
from headwater.measures.definitions.stage import stage
from headwater.measures.definitions.values import DEFINITIONS, Finding, Thresholds


def change(value: float, low: float, high: float, count: int = 100) -> Change:
    return Change("the number", value, low, high, "units", "an assumption", count)


@pytest.mark.parametrize(
    ("interval", "is_above", "is_below"),
    [
        ((0.8, 0.7, 0.9), True, False),
        ((0.2, 0.1, 0.3), False, True),
        ((0.5, 0.4, 0.6), None, None),
        # an interval that ends at the threshold says nothing yet
        ((0.6, 0.5, 0.7), None, None),
    ],
)
def test_an_interval_decides_only_where_all_of_it_lies_on_one_side(interval, is_above, is_below):
    assert above("tails", change(*interval), 0.5).holds is is_above
    assert below("tails", change(*interval), 0.5).holds is is_below


def test_one_part_is_enough_and_the_worst_that_decides_is_named():
    parts = {
        "fine": change(1.0, 0.8, 1.2),
        "noisy": change(0.1, 0.0, 0.9),
        "lost": change(0.3, 0.2, 0.4),
        "also lost": change(0.35, 0.3, 0.4),
    }
    found = below("tails", parts, 0.5)
    assert (found.holds, found.part, found.value) == (True, "lost", 0.3)
    assert found.parts["noisy"] == (0.1, 0.0, 0.9)
    assert "lost" in found.why
    del parts["lost"], parts["also lost"]
    assert (below("tails", parts, 0.5).holds, below("tails", parts, 0.5).part) == (None, "noisy")
    del parts["noisy"]
    assert below("tails", parts, 0.5).holds is False


def test_what_is_needed_brings_the_end_of_the_interval_to_the_threshold():
    """Twice as close takes four times as many rows."""
    found = above("tails", change(0.3, 0.2, 0.4), 0.25)
    assert found.needed == 400
    assert found.needed_of == "rows a generation"
    # the end that has to move is the one towards the threshold
    assert above("tails", change(0.2, 0.19, 0.35), 0.25).needed == 900
    assert above("tails", change(0.25, 0.2, 0.3), 0.25).needed is None
    assert above("tails", change(0.25 + 1e-9, 0.2, 0.3), 0.25).needed is None
    assert above("tails", change(0.8, 0.7, 0.9), 0.25).needed is None


def test_what_is_unknown_cannot_be_told():
    found = above("tails", Unknown("too few rows", 20, "rows a generation"), 0.5)
    assert (found.holds, found.value, found.why, found.needed) == (None, None, "too few rows", 20)


def test_modes_are_lost_or_entangled():
    bars = Thresholds()
    kept, apart = {"mode 1": change(0.9, 0.8, 1.0)}, {"between": change(0.01, 0.0, 0.02)}
    mixed, noisy = {"between": change(0.3, 0.2, 0.4)}, {"between": change(0.1, 0.0, 0.2)}
    assert modes(kept, apart, bars).holds is False
    assert modes(kept, mixed, bars).holds is True
    assert modes(kept, mixed, bars).part == "between"
    assert modes(kept, noisy, bars).holds is None
    assert modes({"mode 1": change(0.1, 0.0, 0.2)}, noisy, bars).holds is True
    assert set(modes(kept, apart, bars).parts) == {"mode 1", "between"}
    assert modes({}, {}, bars).holds is None


def findings(**holds: bool | None) -> dict[str, Finding]:
    plain = {name: unknown(name, Unknown("not measured"), 0.5) for name in DEFINITIONS}
    made = {
        name: Finding(name, said, 0.5, 0.4, 0.6, 0.5, "", "", f"{name} was measured")
        for name, said in holds.items()
    }
    return plain | made


@pytest.mark.parametrize("tails", [True, False, None])
@pytest.mark.parametrize("bulk", ["catastrophic_risk", "collapsing_variance", "modes"])
def test_what_takes_the_bulk_is_late_whatever_tails_do(bulk, tails):
    assert stage(findings(**{bulk: True, "tails": tails}))[0] == "late"


def test_tails_alone_are_early_and_nothing_is_none():
    rest = ("catastrophic_risk", "collapsing_variance", "modes")
    for each in product((False, None), repeat=3):
        bulk = dict(zip(rest, each, strict=True))
        assert stage(findings(tails=True, **bulk))[0] == "early"
        assert stage(findings(tails=False, **bulk))[0] == "none"
        assert stage(findings(tails=None, **bulk))[0] is None
        for name, said in bulk.items():
            assert (name in stage(findings(tails=False, **bulk))[1]) == (said is None)


def test_other_definitions_do_not_make_a_stage():
    others = {"any_risk_increase": True, "diverging_risk": True, "scaling_law": True, "hallucination": True}
    assert stage(findings(tails=False, **others))[0] == "none"


def test_a_profile_has_its_findings_in_the_order_of_the_literature():
    given = tuple(reversed(findings(tails=True).values()))
    found = assemble(given, 3, "generation 0")
    assert [finding.definition for finding in found.findings] == list(DEFINITIONS)
    assert found["tails"].holds
    assert found.holding == ("tails",)
    assert found.to_dict()["definitions"]["tails"]["title"] == "disappearance of real tail data"


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"variance": 0}, "positive"),
        ({"tail": float("nan")}, "positive"),
        ({"mode": 1.5}, "between 0 and 1"),
        ({"weight": 0.4}, "more than a half"),
        ({"any_inflation": 0.9}, "above 1"),
        ({"any_increase": 0.5}, "catastrophic rise is a rise"),
    ],
)
def test_thresholds_that_mean_nothing_are_refused(wrong, problem):
    with pytest.raises(SampleError, match=problem):
        Thresholds(**wrong)
