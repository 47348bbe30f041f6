"""Edge lists in CSV and Parquet: what each column means, and what becomes of rows that are wrong."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.diagnosis import diagnose
from headwater.errors import InputError
from headwater.lineage import to_graph
from headwater.lineage.facts import Count, Entity, Facts, Key, Place, Relation
from headwater.lineage.formats import edge_tables
from headwater.lineage.formats.edge_lists import COLUMNS, read


def told(tmp_path: Path, *lines: str) -> Facts:
    file = tmp_path / "edges.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read(file)


def told_table(tmp_path: Path, **columns: Any) -> Facts:
    file = tmp_path / "edges.parquet"
    pq.write_table(pa.table({name.rstrip("_"): values for name, values in columns.items()}), file)
    return read(file)


def edges(facts: Facts) -> list[tuple[str, str, str]]:
    return [(each.object.name, each.role, each.subject.name) for each in facts.relations]


def said(facts: Facts) -> list[str]:
    return [str(issue) for issue in facts.issues]


LOOP = (
    "from,to,role,samples,from_kind,to_kind,from_version,to_version,generation",
    "web,student,trained-on,1000,dataset,model,,0,0",
    "student,talks,generated,500,model,dataset,0,1,1",
    "talks,student,trained-on,500,dataset,model,1,1,1",
    "student,talks,generated,500,model,dataset,1,2,2",
    "talks,student,trained-on,500,dataset,model,2,2,2",
    "student,talks,generated,500,model,dataset,2,3,3",
    "talks,student,trained-on,500,dataset,model,3,3,3",
)


def test_an_unrolled_loop_keeps_every_version_and_generation(tmp_path: Path) -> None:
    facts = told(tmp_path, *LOOP)
    assert facts.format == "edges"
    assert facts.records == {"edges": 7}
    assert not facts.issues
    assert facts.relations[1] == Relation(
        Key("dataset", "talks", "1"),
        Key("model", "student", "0"),
        "generated",
        Place("edges.csv", 3),
        Count.exactly(500),
        "generated",
    )
    generations = {each.key: each.generation for each in facts.entities if each.generation is not None}
    assert generations == {
        **{Key("model", "student", str(number)): number for number in range(4)},
        **{Key("dataset", "talks", str(number)): number for number in range(1, 4)},
    }


HEADER = "from,to,role,samples,generation,from_kind,to_kind"


def rounds(*rows: str, start: Sequence[str] = (), header: str = HEADER) -> list[str]:
    """Rows of generation 0, then those of rounds 1 to 3; without kinds where the header has none."""
    lines = [*start, *(row.replace("*", str(number)) for number in (1, 2, 3) for row in rows)]
    width = len(header.split(","))
    return [header, *(",".join(line.split(",")[:width]) for line in lines)]


def flows(facts: Facts) -> tuple[set[tuple[str, str, int | None]], dict[str, dict[str, int]]]:
    graph, _ = to_graph(facts)
    return (
        {(flow.provider, flow.model, flow.samples) for flow in graph.flows},
        {model.name: dict(model.initial) for model in graph.models},
    )


SELF = (
    "student,synthetic,generated,90,*,model,dataset",
    "synthetic,student,trained-on,90,*,dataset,model",
)
BEGUN = ("web,student,trained-on,100,0,dataset,model",)
HEADERS = pytest.mark.parametrize("header", [HEADER, HEADER.removesuffix(",from_kind,to_kind")])


@HEADERS
def test_a_table_that_tells_generations_and_no_versions_unrolls(tmp_path: Path, header: str) -> None:
    """Model 0 learns from the web, writes the data of round 1, and model 1 learns from these."""
    facts = told(tmp_path, *rounds(*SELF, start=BEGUN, header=header))
    assert not facts.issues
    assert [(each.subject[1:], each.object[1:]) for each in facts.relations[:5]] == [
        (("student", "0"), ("web", "")),
        (("synthetic", "1"), ("student", "0")),
        (("student", "1"), ("synthetic", "1")),
        (("synthetic", "2"), ("student", "1")),
        (("student", "2"), ("synthetic", "2")),
    ]
    assert {each.key.version: each.generation for each in facts.entities if each.generation is not None} == {
        str(number): number for number in range(4)
    }
    assert flows(facts) == ({("student", "student", 90)}, {"student": {"web": 100}})
    assert diagnose(to_graph(facts)[0]).verdict == "collapses"


@HEADERS
def test_two_models_on_the_output_of_each_other_unroll(tmp_path: Path, header: str) -> None:
    rows = [
        row
        for one, other in ("st", "ts")
        for row in (
            f"{one},{one}-out,generated,90,*,model,dataset",
            f"{one}-out,{other},trained-on,90,*,dataset,model",
        )
    ]
    start = [f"web,{model},trained-on,100,0,dataset,model" for model in "st"]
    facts = told(tmp_path, *rounds(*rows, start=start, header=header))
    assert flows(facts) == ({("s", "t", 90), ("t", "s", 90)}, {"s": {"web": 100}, "t": {"web": 100}})
    assert diagnose(to_graph(facts)[0]).verdict == "collapses"


@HEADERS
def test_a_teacher_that_was_trained_once_gives_in_every_round(tmp_path: Path, header: str) -> None:
    rows = (SELF[0].replace("student", "teacher"), SELF[1])
    start = ("web,teacher,trained-on,50,0,dataset,model", *BEGUN)
    facts = told(tmp_path, *rounds(*rows, start=start, header=header))
    givers = {each.object[1:] for each in facts.relations if each.role == "generated"}
    assert givers == {("teacher", "0")}
    found, initial = flows(facts)
    assert {flow for flow in found if flow[1] == "student"} == {("teacher", "student", 90)}
    assert initial["student"] == {"web": 100}
    assert to_graph(facts)[1].folding.self_consuming == ()
    assert diagnose(to_graph(facts)[0]).verdict != "collapses"


def giver(tmp_path: Path, row: str, *others: str) -> str:
    """The version of ``from`` in a row, beside other rows."""
    facts = told(tmp_path, HEADER.replace("samples", "to_version"), *others, row)
    return facts.relations[-1].object.version


def test_data_are_of_the_round_they_are_used_in_else_of_the_latest_before(tmp_path: Path) -> None:
    made = [f"m,d,generated,,{number},model,dataset" for number in (1, 3)]
    row = "d,m,trained-on,,{},dataset,model"
    found = [giver(tmp_path, row.format(at), *made) for at in ("0", "1", "2", "3", "4", "")]
    assert found == ["", "1", "1", "3", "3", ""]


def test_a_model_gives_what_it_was_before_the_round(tmp_path: Path) -> None:
    made = [f"web,m,trained-on,,{number},dataset,model" for number in (0, 2)]
    row = "m,d,labelled,,{},model,dataset"
    found = [giver(tmp_path, row.format(at), *made) for at in ("0", "1", "2", "3", "")]
    assert found == ["", "0", "0", "2", ""]
    assert giver(tmp_path, "m,n,initialised,,2,model,model", *made) == "0"


def test_what_holds_itself_holds_what_it_was_before(tmp_path: Path) -> None:
    made = [f"m,d,generated,,{number},model,dataset" for number in (1, 2)]
    assert giver(tmp_path, "d,d,derived,,2,dataset,dataset", *made) == "1"
    assert giver(tmp_path, "d,mix,derived,,2,dataset,dataset", *made) == "2"


def test_versions_that_are_stated_stay_and_are_found_by_their_generation(tmp_path: Path) -> None:
    made = ["m,d,generated,v7,1,model,dataset"]
    assert giver(tmp_path, "d,m,trained-on,final,1,dataset,model", *made) == "v7"
    # Of two versions of one generation neither is meant more than the other.
    made += ["m,d,generated,v8,1,model,dataset"]
    assert giver(tmp_path, "d,m,trained-on,,1,dataset,model", *made) == ""


def test_numbers_of_parquet_are_generations_too(tmp_path: Path) -> None:
    facts = told_table(
        tmp_path,
        from_=["web", "m", "d"],
        to=["m", "d", "m"],
        role=["trained-on", "generated", "trained-on"],
        generation=[0.0, 1.0, 1.0],
    )
    assert [(each.object.version, each.subject.version) for each in facts.relations] == [
        ("", "0"),
        ("0", "1"),
        ("1", "1"),
    ]


def test_two_columns_are_enough(tmp_path: Path) -> None:
    facts = told(tmp_path, "from,to", "web,teacher", "teacher,student")
    assert edges(facts) == [("web", "dependency", "teacher"), ("teacher", "dependency", "student")]
    assert {each.count for each in facts.relations} == {None}
    # What only gives has no record of its own, so that other records may have it.
    assert [entity.key for entity in facts.entities] == [Key("unknown", "teacher"), Key("unknown", "student")]


def test_every_column_has_its_meaning(tmp_path: Path) -> None:
    facts = told(
        tmp_path,
        ",".join(COLUMNS),
        'a,b,labelled,12,hours,model,dataset,v1,v2,3,"run 7, page 2",2026-03-01T12:00:00Z',
    )
    place = Place("edges.csv", 2, "run 7, page 2")
    subject, giver = Key("dataset", "b", "v2"), Key("model", "a", "v1")
    assert facts.entities == (
        Entity(subject, place, generation=3, time="2026-03-01T12:00:00Z"),
        Entity(giver, place),
    )
    count = Count(12, 12, "hours")
    assert facts.relations == (Relation(subject, giver, "labelled", place, count, "labelled"),)


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    by_hand = told(tmp_path, *LOOP)
    table = pa.csv.read_csv(tmp_path / "edges.csv")
    pq.write_table(table, tmp_path / "edges.parquet")
    by_table = read(tmp_path / "edges.parquet")
    assert [(each.subject, each.object, each.role, each.count) for each in by_table.relations] == [
        (each.subject, each.object, each.role, each.count) for each in by_hand.relations
    ]
    assert by_table.relations[2].place == Place("edges.parquet", 0, "row 3")


def test_tables_of_polars_are_read(tmp_path: Path) -> None:
    frame = polars.DataFrame(
        {"from": ["web"], "to": ["m"], "samples": [Decimal(7)], "time": [datetime(2026, 3, 1, tzinfo=UTC)]}
    )
    frame.write_parquet(tmp_path / "p.parquet")
    facts = read(tmp_path / "p.parquet")
    assert facts.relations[0].count == Count.exactly(7)
    assert facts.entities[0].time.startswith("2026-03-01")


def test_numbers_of_parquet_are_names_and_versions_without_a_point(tmp_path: Path) -> None:
    facts = told_table(tmp_path, from_=[1, 2], to=[2.0, 3.0], to_version=[1.0, None], samples=[5.0, None])
    assert edges(facts) == []
    assert "the name in 'to' is 2.0, not text" in said(facts)[0]
    facts = told_table(tmp_path, from_=[1, 2], to=["a", "b"], to_version=[1.0, None], samples=[5.0, None])
    assert [each.subject.version for each in facts.relations] == ["1", ""]
    assert [each.count for each in facts.relations] == [Count.exactly(5), None]


def test_a_kind_given_once_holds_everywhere_unless_there_are_two(tmp_path: Path) -> None:
    facts = told(
        tmp_path,
        "from,to,from_kind,to_kind",
        "web,alpaca,,model",
        "alpaca,talks,,dataset",
        "talks,alpaca,,dataset",
        "web,other,dataset,",
    )
    kinds = [(each.object.kind, each.subject.kind) for each in facts.relations]
    assert kinds == [
        ("dataset", "model"),
        ("unknown", "dataset"),
        ("dataset", "dataset"),
        ("dataset", "unknown"),
    ]


def test_roles_may_be_spelled_as_people_do_but_not_invented(tmp_path: Path) -> None:
    facts = told(tmp_path, "from,to,role", "a,b,Trained_On", "a,b,trained on", "a,b,taught", "a,b,")
    assert [role for _, role, _ in edges(facts)] == ["trained-on", "trained-on", "dependency"]
    (issue,) = said(facts)
    assert issue.startswith("edges.csv:4: role is 'taught'; known: associated, dependency, derived")
    assert issue.endswith("the row was skipped")


@pytest.mark.parametrize(
    "samples", ["", "-1", "1.5", "many", "nan", "1e999", "1_000", "9" * 5000, "²", "1" + "0" * 16]
)
def test_a_count_that_is_none_stays_unknown(samples: str, tmp_path: Path) -> None:
    facts = told(tmp_path, "from,to,samples", f"a,b,{samples}")
    assert facts.relations[0].count is None
    assert len(facts.issues) == bool(samples)


@pytest.mark.parametrize(
    ("samples", "count"), [("0", 0), (" 7 ", 7), ("52002.0", 52_002), ("1e6", 10**6), ("٣", 3), ("+4", 4)]
)
def test_a_count_may_be_spelled_in_several_ways(samples: str, count: int, tmp_path: Path) -> None:
    assert told(tmp_path, "from,to,samples", f"a,b,{samples}").relations[0].count == Count.exactly(count)


def test_a_unit_that_is_unknown_makes_the_count_unknown(tmp_path: Path) -> None:
    facts = told(tmp_path, "from,to,samples,unit", "a,b,5,Tokens", "a,b,5,epochs", "a,b,,epochs")
    assert [each.count for each in facts.relations] == [Count(5, 5, "tokens"), None, None]
    assert "unit is 'epochs': the count stays unknown; known: bytes, files" in said(facts)[0]


def test_wrong_values_of_other_columns_are_left_out(tmp_path: Path) -> None:
    facts = told(
        tmp_path, "from,to,to_kind,generation,time", "a,b,robot,-1,yesterday", "a,c,Model,2.0,2026-01-01"
    )
    assert [each.key for each in facts.entities] == [Key("unknown", "b"), Key("model", "c", "2")]
    assert [(each.generation, each.time) for each in facts.entities] == [(None, ""), (2, "2026-01-01")]
    assert len(facts.issues) == 3


def test_bad_rows_are_told_of_by_line_and_the_others_read(tmp_path: Path) -> None:
    file = tmp_path / "edges.csv"
    file.write_bytes(b'from,to\r\n"a\r\nb",c\r\n\r\nx\r\n,y\r\n\xff,z\r\nlast,one\r\n')
    facts = read(file)
    assert edges(facts) == [("a\r\nb", "dependency", "c"), ("last", "dependency", "one")]
    assert said(facts) == [
        "edges.csv:5: 1 values, where the header has 2; the row was skipped",
        "edges.csv:6: the name in 'from' is empty; it was skipped",
        "edges.csv:7: the name in 'from' holds half a character, which nothing can print; it was skipped",
    ]
    assert facts.relations[1].place.line == 8


def test_a_quote_that_is_never_closed_ends_the_reading_where_it_opens(tmp_path: Path) -> None:
    facts = told(tmp_path, "from,to", "a,b", '"c,d', *["x,y"] * 100_000)
    assert edges(facts) == [("a", "dependency", "b")]
    (issue,) = said(facts)
    assert issue.startswith("edges.csv:3: this is not CSV: field larger than field limit")


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("", "there is no column 'from'"),
        ("from;to", "there is no column 'from'\nhas one column; separate values by commas"),
        ("from,too", "there is no column 'to'\nthe columns are from, to, role"),
        ("from,to,TO", "two columns are called 'to'"),
        ("a" * 2_000_000, "this is not CSV"),
    ],
)
def test_a_header_that_cannot_be_read_is_refused(header: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        told(tmp_path, header, "a,b")
    assert problem in str(caught.value)


def test_an_unknown_column_is_told_of_with_the_nearest(tmp_path: Path) -> None:
    facts = told(tmp_path, "From, to ,sample", "a,b,5")
    assert edges(facts) == [("a", "dependency", "b")]
    (issue,) = said(facts)
    assert "the column 'sample' was not read" in issue and "did you mean 'samples'?" in issue


def test_a_folder_of_tables_is_one_list_and_broken_ones_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("from,to\nweb,m\n")
    (tmp_path / "b.csv").write_text("from,to,to_kind\nm,n,model\nweb,m,model\n")
    (tmp_path / "c.parquet").write_bytes(b"PAR1 not whole PAR1")
    (tmp_path / "d.csv").write_text("")
    os.mkfifo(tmp_path / "e.csv")
    facts = read(tmp_path)
    assert [each.subject for each in facts.relations] == [
        Key("model", "m"),
        Key("model", "n"),
        Key("model", "m"),
    ]
    assert [issue.place.path for issue in facts.issues] == ["e.csv", "c.parquet", "d.csv"]
    for left in ("a.csv", "b.csv"):
        (tmp_path / left).unlink()
    with pytest.raises(InputError):
        read(tmp_path)


@pytest.mark.parametrize(
    "column", [[[1]], [{"a": 1}], [b"\xff"], [True]], ids=["lists", "objects", "bytes", "truth values"]
)
def test_columns_of_other_types_are_refused(column: Sequence[Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds .*, not text or numbers"):
        told_table(tmp_path, from_=["a"], to=["b"], role=column)


def test_a_short_file_that_spells_out_a_long_text_is_no_bomb(tmp_path: Path) -> None:
    rows = 200_000
    text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * 2**20]))
    pq.write_table(pa.table({"from": ["a"] * rows, "to": text.slice(0, rows)}), tmp_path / "bomb.parquet")
    assert (tmp_path / "bomb.parquet").stat().st_size < 2**20
    facts = read(tmp_path / "bomb.parquet")
    assert not facts.relations
    assert facts.issues[-1].message == f"{rows - 10_000:,} further issues are not listed"


def test_there_is_a_most_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_tables, "MOST_ROWS", 3)
    with pytest.raises(InputError, match="has more than 3 rows"):
        told(tmp_path, "from,to", *["a,b"] * 5)
    with pytest.raises(InputError, match="has more than 3 rows"):
        told_table(tmp_path, from_=["a"] * 5, to=["b"] * 5)


def test_a_parquet_file_damaged_in_the_middle_is_read_up_to_there(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    names = [f"n{number}" for number in range(100_000)]
    pq.write_table(pa.table({"from": names, "to": names}), file, row_group_size=50_000, use_dictionary=False)
    whole = bytearray(file.read_bytes())
    middle = len(whole) * 6 // 10
    whole[middle : middle + 3000] = bytes(3000)
    file.write_bytes(whole)
    facts = read(file)
    assert len(facts.relations) >= 40_000
    assert "nothing was read from here on" in facts.issues[-1].message


CELLS = (
    st.none()
    | st.text(max_size=5)
    | st.integers()
    | st.floats()
    | st.sampled_from(["a", "b", "model", "used"])
)


@given(rows=st.lists(st.tuples(*[CELLS] * len(COLUMNS)), max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cells_are_read_or_told_of(tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    file = tmp_path / "any.csv"
    lines = [",".join(COLUMNS)]
    lines += [
        ",".join('"' + str("" if cell is None else cell).replace('"', '""') + '"' for cell in row)
        for row in rows
    ]
    file.write_text("\n".join(lines), encoding="utf-8", newline="")
    facts = read(file)
    assert len(facts.relations) + sum(issue.severity == "error" for issue in facts.issues) >= len(
        [row for row in rows if any(cell is not None for cell in row)]
    )
    repr(facts).encode()


@pytest.mark.slow
def test_a_million_rows_are_read(tmp_path: Path) -> None:
    rows = 1_000_000
    givers = [f"node {number % 9973}" for number in range(rows)]
    takers = [f"node {number % 9967}" for number in range(rows)]
    table = pa.table({"from": givers, "to": takers, "samples": range(rows), "role": ["trained-on"] * rows})
    pa.csv.write_csv(table, tmp_path / "many.csv")
    pq.write_table(table, tmp_path / "many.parquet")
    table = table.append_column("generation", pa.array([number // 9973 for number in range(rows)]))
    pa.csv.write_csv(table, tmp_path / "rounds.csv")
    for name in ("many.csv", "many.parquet", "rounds.csv"):
        assert len(read(tmp_path / name).relations) == rows
