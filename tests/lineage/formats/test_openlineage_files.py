"""The reader of OpenLineage on files of all layouts, and on what is not what it should be."""

from __future__ import annotations

import copy
import json
import os
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.lineage.facts import Facts, Place
from headwater.lineage.formats.openlineage import read
from tests.lineage.formats.openlineage_events import (
    OTHER_RUN,
    RUN,
    P,
    dataset,
    event,
    facts_of,
    lineage,
    related,
    said,
)


class TestFiles:
    """The ways in which events lie in files."""

    ONE = event(inputs=[dataset("a")])
    TWO = event(outputs=[dataset("b")])
    BOTH: ClassVar = {(P, "used", "s3://lab/a"), ("s3://lab/b", "made", P)}

    @pytest.mark.parametrize(
        "text",
        [
            f"{json.dumps(ONE)}\n{json.dumps(TWO)}\n",
            f"\n{json.dumps(ONE)}\r\n\r\n{json.dumps(TWO)}",
            json.dumps([ONE, TWO]),
            json.dumps([ONE, TWO], indent=2),
            "\ufeff" + json.dumps([ONE, TWO], indent=1),
            f"[{json.dumps(ONE)},\n{json.dumps(TWO)}]",
            f"[\n{json.dumps(ONE)},\n{json.dumps(TWO)}\n]",
            f"[{json.dumps(ONE)}]\n[{json.dumps(TWO)}]\n",
        ],
    )
    def test_lines_and_lists_are_told_apart_by_what_is_in_them(self, tmp_path, text):
        for name in ("events.json", "events.ndjson", "events.log"):
            (tmp_path / name).write_text(text)
            facts = read(tmp_path / name)
            assert related(facts) == self.BOTH
            assert facts.records == {"events": 2, "runs": 1}

    def test_a_folder_may_hold_all_of_them(self, tmp_path):
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "one.json").write_text(json.dumps(self.ONE, indent=2))
        (tmp_path / "two.NDJSON").write_text(json.dumps(self.TWO))
        (tmp_path / "notes.txt").write_text("no events")
        facts = read(tmp_path)
        assert (related(facts), facts.files) == (self.BOTH, 2)

    def test_the_line_is_the_place(self, tmp_path):
        (tmp_path / "e.ndjson").write_text(f"\n{json.dumps(self.ONE)}\n\n{json.dumps(self.TWO)}\n")
        assert [link.place for link in read(tmp_path).relations] == [
            Place("e.ndjson", 2, "/inputs/0"),
            Place("e.ndjson", 4, "/outputs/0"),
        ]
        (tmp_path / "e.ndjson").write_text(f"[\n{json.dumps(self.ONE)},\n{json.dumps(self.TWO)}\n]")
        assert [link.place for link in read(tmp_path / "e.ndjson").relations] == [
            Place("e.ndjson", 2, "/0/inputs/0"),
            Place("e.ndjson", 3, "/1/outputs/0"),
        ]

    @pytest.mark.parametrize("broken", ["{", '{"run": ', "nonsense", '{"a": NaN}', "[" * 5000, "\x00"])
    def test_a_broken_line_costs_that_line(self, tmp_path, broken):
        for lines in (
            [broken, json.dumps(self.ONE), json.dumps(self.TWO)],
            [json.dumps(self.ONE), broken, json.dumps(self.TWO)],
        ):
            (tmp_path / "e.ndjson").write_text("\n".join(lines))
            facts = read(tmp_path)
            assert related(facts) == self.BOTH
            assert [(issue.severity, issue.place.line) for issue in facts.issues] == [
                ("error", lines.index(broken) + 1)
            ]

    def test_a_file_cut_in_the_middle_gives_the_lines_before(self, tmp_path):
        text = f"{json.dumps(self.ONE)}\n{json.dumps(self.TWO)}\n"
        for cut in range(len(json.dumps(self.ONE)) + 2, len(text) - 2, 7):
            (tmp_path / "e.ndjson").write_text(text[:cut])
            facts = read(tmp_path)
            assert facts.records["events"] == 1
            assert [issue.place.line for issue in facts.issues] == [2]

    def test_what_is_no_event_is_told_once_a_file(self, tmp_path):
        lines = [{"data": 1}, 7, None, self.ONE, "text", []]
        (tmp_path / "e.ndjson").write_text("\n".join(map(json.dumps, lines)))
        facts = read(tmp_path)
        assert facts.records["events"] == 1
        assert (
            said(facts) == "e.ndjson:1: is the first of 4 values that are no OpenLineage event: passed over"
        )

    def test_links_and_pipes_are_not_opened(self, tmp_path):
        (tmp_path / "real.json").write_text(json.dumps(self.ONE))
        (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
        os.mkfifo(tmp_path / "pipe.json")
        facts = read(tmp_path)
        assert facts.files == 1
        assert len(facts.issues) == 2

    @pytest.mark.parametrize("data", [b"", b"\n\n", b"[]", b"\xff\xfe{}", b"\x00\x01", b"{}{}"])
    def test_a_file_without_events_is_told(self, tmp_path, data):
        (tmp_path / "e.json").write_bytes(data)
        facts = read(tmp_path)
        assert facts.records == {"events": 0, "runs": 0}
        assert facts.issues

    def test_nothing_to_read_is_an_error(self, tmp_path):
        with pytest.raises(InputError, match="holds no"):
            read(tmp_path)
        with pytest.raises(InputError, match="no such file"):
            read(tmp_path / "missing.json")


WRONG = [
    None,
    True,
    0,
    -1,
    10**400,
    1e300,
    "",
    " ",
    "text",
    "\ud800",
    "\x00",
    "x" * 10_000,
    [],
    [[]],
    {},
    {"": None},
]
RICH = lineage(
    {**dataset("y"), "type": "DATASET", "inputs": [{**dataset("a"), "type": "DATASET"}, {"type": "JOB"}]},
    {"type": "JOB", "inputs": [{"namespace": "air", "name": "one", "type": "JOB", "runId": OTHER_RUN}]},
    facets={
        "jobType": {"jobType": "MODEL", "integration": "X"},
        "tags": {"tags": [{"key": "k", "value": "v"}]},
    },
    run={
        "runId": RUN,
        "facets": {
            "parent": {"run": {"runId": OTHER_RUN}, "job": {"namespace": "lab", "name": "loop"}},
            "nominalTime": {"nominalStartTime": "2026-03-01T06:00:00Z"},
            "executionParameters": {"parameters": [{"key": "round", "value": "4"}]},
        },
    },
    inputs=[
        dataset(
            "a",
            facets={
                "version": {"datasetVersion": "1"},
                "symlinks": {"identifiers": [{"namespace": "h", "name": "t", "type": "TABLE"}]},
                "tags": {"tags": [{"key": "synthetic", "value": "true"}]},
                "lineage": {"inputs": [{**dataset("q"), "type": "DATASET"}], "fields": {"c": {"inputs": []}}},
            },
            inputFacets={
                "inputStatistics": {"rowCount": 3},
                "subset": {"inputCondition": {"type": "location"}},
            },
        )
    ],
    outputs=[
        dataset(
            "y",
            facets={
                "lifecycleStateChange": {
                    "lifecycleStateChange": "RENAME",
                    "previousIdentifier": {"namespace": "s3://lab", "name": "old"},
                },
                "datasetType": {"datasetType": "MODEL"},
            },
            outputFacets={"outputStatistics": {"rowCount": 3, "size": 4}},
        )
    ],
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a value something stands."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, item in inner for path in paths(item, (*at, key)))]


def put(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with something else at one place."""
    if not path:
        return value
    changed = copy.deepcopy(whole)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


def assert_printable(facts: Facts) -> None:
    json.dumps([repr(fact) for fact in (*facts.entities, *facts.relations)]).encode()
    for entity in facts.entities:
        "".join((*entity.key, *entity.labels, *entity.labels.values())).encode()
        assert len(entity.labels) <= 200
    for link in facts.relations:
        "".join((*link.subject, *link.object, link.word)).encode()
    said(facts).encode()


class TestHostileEvents:
    """Whatever an event holds, the rest is read."""

    def test_the_whole_event_is_read_without_an_issue(self):
        facts = facts_of(RICH)
        assert facts.issues == ()
        assert len(facts.relations) >= 10

    @pytest.mark.parametrize("wrong", WRONG, ids=lambda value: repr(value)[:20])
    def test_a_wrong_value_anywhere_leaves_the_rest_standing(self, wrong):
        for path in paths(RICH):
            facts = facts_of(
                put(RICH, path, wrong), event(run={"runId": OTHER_RUN}, outputs=[dataset("safe")])
            )
            assert any(link.subject.name == "s3://lab/safe" for link in facts.relations)
            assert_printable(facts)

    @settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @given(data=st.data())
    def test_no_value_anywhere_raises(self, data):
        scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
        values = st.recursive(
            scalars,
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
            ),
        )
        changed: Any = RICH
        for _ in range(data.draw(st.integers(1, 3))):
            changed = put(changed, data.draw(st.sampled_from(paths(changed))), data.draw(values))
        assert_printable(facts_of(changed, RICH))

    @settings(deadline=None, max_examples=60)
    @given(data=st.binary(max_size=200))
    def test_no_bytes_raise(self, tmp_path_factory, data):
        file = tmp_path_factory.getbasetemp() / "bytes.json"
        file.write_bytes(data)
        assert_printable(read(file))

    def test_a_bomb_of_brackets_is_one_issue(self, tmp_path):
        (tmp_path / "e.json").write_text('{"run":' * 100_000)
        assert len(read(tmp_path).issues) == 1

    def test_many_datasets_in_one_event_are_read(self):
        facts = facts_of(event(inputs=[dataset(f"d{number}") for number in range(20_000)]))
        assert len(facts.relations) == 20_000
