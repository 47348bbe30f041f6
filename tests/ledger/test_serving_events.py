"""What is an OpenLineage event, held to the published schema and to other people's events."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.ledger.chain import canonical
from headwater.ledger.serving.events import NotAnEvent, NotJson, key_of, parse
from tests.ledger.servers import event

DATASET = {"namespace": "file", "name": "web"}


@pytest.fixture(scope="module")
def spec(shared_data: Path) -> Any:
    """Whether the published schema takes an event."""
    jsonschema = pytest.importorskip("jsonschema")
    path = shared_data / "openlineage/spec/OpenLineage.json"
    if not path.is_file():
        pytest.skip("the specification of OpenLineage is not among the shared data")
    return jsonschema.Draft202012Validator(json.loads(path.read_bytes())).is_valid


def job_event(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in event(**changes).items() if name not in ("run", "eventType")}


def dataset_event(**changes: Any) -> dict[str, Any]:
    kept = ("eventTime", "producer", "schemaURL")
    return {name: event()[name] for name in kept} | {"dataset": DATASET} | changes


@pytest.mark.parametrize("made", [event, job_event, dataset_event])
def test_the_three_kinds_of_event_are_taken(made, spec):
    assert spec(made())
    assert parse(json.dumps(made()).encode()) == made()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b"\xff\xfe", "UTF-8"),
        (b"[" * 100_000, "nested"),
        (b"1" * 5_000, "digits"),
    ],
)
def test_what_is_no_json_says_why(body, said):
    with pytest.raises(NotJson, match=said):
        parse(body)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ([], "the body is a list, not an object"),
        ("text", "the body is 'text', not an object"),
        (event(eventTime=None), "eventTime is nothing, not text"),
        (event(eventTime="yesterday"), "not a date and time"),
        (event(eventTime="2026-05-01"), "not a date and time"),
        (event(producer=7), "producer is 7, not text"),
        ({k: v for k, v in event().items() if k != "schemaURL"}, "schemaURL is missing, not text"),
        ({k: v for k, v in event().items() if k not in ("run", "job")}, "neither a job nor a dataset"),
        (event(run={}), "run/runId is missing, not text"),
        (event(run="x"), "run is 'x', not an object"),
        (event(job=[]), "job is a list, not an object"),
        (event(job={"namespace": 1, "name": "x"}), "job/namespace is 1, not text"),
        (event(inputs={}), "inputs is a mapping, not a list"),
        (event(outputs=[DATASET, 3]), "outputs/1 is 3, not an object"),
        (event(outputs=[{"name": "x"}]), "outputs/0/namespace is missing, not text"),
        (event(eventType="DONE"), "eventType is 'DONE', not one of START"),
        (event(inputs=[DATASET | {"facets": 3}]), "inputs/0/facets is 3, not an object"),
        (event(inputs=[DATASET | {"facets": {"version": 3}}]), "inputs/0/facets/version is 3"),
        (job_event(dataset=DATASET), "a job and a dataset"),
        (dataset_event(dataset={"name": "web"}), "dataset/namespace is missing"),
    ],
)
def test_what_is_no_event_says_which_field_and_why(made, said, spec):
    with pytest.raises(NotAnEvent, match=said):
        parse(json.dumps(made).encode())
    format_only = "eventTime" in said or "date and time" in said
    assert format_only or not spec(made), "the schema would take it"


def test_events_that_other_people_recorded_are_taken_if_the_schema_takes_them(shared_data, spec):
    """No event of the specification's own tests that is valid is refused, and no invalid one taken,
    but for what is inside facets, which is left to readers."""
    taken = refused = 0
    folder = shared_data / "openlineage"
    for path in sorted(folder.rglob("*.json")):
        if path.is_relative_to(folder / "spec/facets") or path.is_relative_to(folder / "spec/registry"):
            continue
        for one in events_in(path):
            valid = spec(one)
            try:
                parse(json.dumps(one).encode())
            except NotAnEvent:
                assert not valid, path
                refused += 1
            else:
                taken += 1
                assert valid or only_facets(spec, one), path
    assert taken >= 8
    assert refused >= 400  # templates without a producer or schemaURL


def events_in(path: Path) -> list[Any]:
    text = path.read_text()
    try:
        found = json.loads(text)
    except ValueError:
        found = []
        for line in text.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    listed = found if isinstance(found, list) else [found]
    return [each for each in listed if isinstance(each, dict) and ("job" in each or "dataset" in each)]


def only_facets(spec: Any, one: dict[str, Any]) -> bool:
    """Whether it is valid without its facets."""
    bare = copy.deepcopy(one)
    items = [bare.get("run", {}), bare.get("job", {}), bare.get("dataset", {})]
    for item in [*items, *bare.get("inputs", []), *bare.get("outputs", [])]:
        for name in ("facets", "inputFacets", "outputFacets"):
            item.pop(name, None)
    return spec(bare)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    ("eventTime",), ("producer",), ("schemaURL",), ("eventType",), ("run",), ("job",), ("dataset",),
    ("inputs",), ("outputs",), ("run", "runId"), ("run", "facets"), ("job", "namespace"), ("job", "name"),
    ("job", "facets"), ("inputs", 0), ("inputs", 0, "name"), ("outputs", 0, "outputFacets"),
]  # fmt: skip


@given(place=st.sampled_from(PLACES), value=VALUES)
def test_any_value_anywhere_is_judged_as_the_schema_judges_it(place, value, spec):
    """But for the format of times and what is inside facets, where less is demanded."""
    made = copy.deepcopy(event())
    inner = made
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    valid = spec(made)
    try:
        parse(json.dumps(made).encode())
    except NotAnEvent:
        assert not valid or place == ("eventTime",)
    else:
        assert valid or only_facets(spec, made)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=5))
def test_the_key_does_not_depend_on_the_order_of_fields(made):
    turned = dict(reversed(made.items()))
    assert key_of(made) == key_of(turned)
    assert key_of(made | {"another": 1}) != key_of(made) or made.get("another") == 1


def test_a_number_beyond_all_bounds_has_no_key():
    """JSON spells it, and reads it back as infinity, which it cannot spell."""
    made = parse(json.dumps(event(more="X")).replace('"X"', "1e999").encode())
    with pytest.raises(NotAnEvent, match="Out of range float"):
        key_of(made)


@given(VALUES)
def test_the_key_is_the_hash_of_the_canonical_spelling(value):
    """That of the ledger, which is found in a shorter way here."""
    made = {"value": value}
    spelled = canonical({"event": made}).removeprefix('{"event":').removesuffix("}")
    assert key_of(made) == f"openlineage:sha256:{hashlib.sha256(spelled.encode()).hexdigest()}"


@pytest.mark.parametrize("deep", [98, 99, 100, 101, 150])
def test_what_is_too_deep_for_the_ledger_is_refused_before_it_gets_there(deep):
    body = {"event": (made := json.loads('{"a":' * deep + "1" + "}" * deep))}
    try:
        canonical(body)
    except InputError:
        with pytest.raises(NotAnEvent):
            key_of(made)
    else:
        assert key_of(made)


def test_what_is_too_long_for_the_ledger_is_refused_before_it_gets_there():
    """Signs of other alphabets take six characters each there."""
    with pytest.raises(NotAnEvent, match="characters"):
        key_of({"a": "ж" * 700_000})
    assert key_of({"a": "ж" * 600_000})
