"""Files of samples: every format gives the same rows, and every mistake one error or a counted omission."""

from __future__ import annotations

import gzip
import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwater.errors import InputError, SampleError
from headwater.samples.reading import Columns, Handling, Keep, gather, read_reference

ROWS = [(0, "a", 1.0, 2.5), (1, "a", -3.0, 0.25), (0, "b", 4.0, 1e-3), (1, "a", 7.0, 2.0)]
EXPECTED = {
    ("a", 0): [[1.0, 2.5]],
    ("a", 1): [[-3.0, 0.25], [7.0, 2.0]],
    ("b", 0): [[4.0, 0.001]],
}
OMIT = Handling(bad="omit")


def csv_of(rows=ROWS, header="generation,model,x,y"):
    return "\n".join([header, *(",".join(str(each) for each in row) for row in rows)]) + "\n"


def lines_of(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def records(rows=ROWS):
    return [dict(zip(("generation", "model", "x", "y"), row, strict=True)) for row in rows]


def rows_of(summary):
    return sorted(summary.sample.rows.tolist())


def as_dict(gathered):
    return {key: rows_of(each) for key, each in gathered.items()}


@pytest.fixture
def write(tmp_path):
    def written(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            pq.write_table(pa.table(content), path)
        elif isinstance(content, np.ndarray):
            np.save(path, content)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return written


def refused(call, path, problem, line=None, remedy=""):
    """One error, with file and line, of printable lines."""
    with pytest.raises(InputError) as raised:
        call()
    error = raised.value
    assert error.path == path and error.line == line, (error.path, error.line)
    assert problem in error.problem, error.problem
    assert error.remedy and remedy in error.remedy, error.remedy
    assert error.problem.isprintable() and error.remedy.isprintable()


# -- formats ---------------------------------------------------------------------------------------


def parquet(write):
    names = ("generation", "model", "x", "y")
    return write("t.parquet", dict(zip(names, map(list, zip(*ROWS, strict=True)), strict=True)))


def npz(write, tmp_path):
    generation, model, x, y = zip(*ROWS, strict=True)
    np.savez(tmp_path / "t.npz", generation=generation, model=model, x=np.array(x), y=np.array(y, "f8"))
    return str(tmp_path / "t.npz")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "csv.gz", "jsonl", "ndjson", "jsonl.gz", "parquet", "npz"])
def test_every_format_gives_the_same_rows(write, tmp_path, suffix):
    """One table of generations and models; the order of columns and compression do not matter."""
    content = {"csv": csv_of(), "tsv": csv_of().replace(",", "\t")}.get(suffix[:3], lines_of(records()))
    if suffix == "parquet":
        path = parquet(write)
    elif suffix == "npz":
        path = npz(write, tmp_path)
    else:
        content = content.encode()
        path = write(f"t.{suffix}", gzip.compress(content) if suffix.endswith("gz") else content)
    gathered = gather(path)
    assert as_dict(gathered) == EXPECTED
    assert gathered.names == ("x", "y") and gathered.models == ("a", "b")
    assert [gathered[key].count for key in gathered] == [1, 2, 1]
    assert not gathered.notes and not gathered.empty


EMBEDDED = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize("kind", ["fixed", "list", "jsonl", "npy", "images3d", "dictionary", "float16"])
def test_lists_of_numbers_are_an_embedding(write, kind):
    """Fixed size or not, from Arrow, JSON or an array of any dimension."""
    values = EMBEDDED
    if kind == "jsonl":
        path = write("m-5.jsonl", lines_of({"x": row} for row in values.tolist()))
    elif kind == "npy":
        path = write("m-5.npy", values.astype("f4"))
    elif kind == "images3d":
        path = write("m-5.npy", values.reshape(4, 3, 1).astype("u1"))
    else:
        flat = values.ravel().astype("f2" if kind == "float16" else "f8")
        fixed = pa.FixedSizeListArray.from_arrays(pa.array(flat), 3)
        path = write("m-5.parquet", {"x": fixed if kind != "list" else pa.array(values.tolist())})
    gathered = gather(path)
    assert gathered.names == ("x0", "x1", "x2")
    assert as_dict(gathered) == {("m", 5): values.tolist()}


def test_text_is_taken_by_its_name_and_labels_when_told(write):
    """Labels, documents and quoted newlines; what is beside a text is ignored and reported."""
    path = write("w-2.csv", 'id,text\n1,"one, two\nthree"\n2,NA\n3,""\n')
    gathered = gather(path)
    summary = gathered["w", 2]
    assert summary.kind == "text" and sorted(summary.sample.rows) == ["", "NA", "one, two\nthree"]
    assert summary.words == 4 and summary.distinct_words.value == 4 and summary.distinct.value == 3
    assert any("columns not read: id" in note for note in gathered.notes)
    labels = gather(write("w-3.csv", "z\n1\n2\n1\n"), Columns(category="z"))["w", 3]
    assert sorted(labels.sample.rows) == ["1", "1", "2"]
    assert [(each.item, each.count) for each in labels.frequent()] == [("1", 2), ("2", 1)]


@pytest.mark.parametrize("kind", ["string", "large", "dictionary", "view"])
def test_strings_of_every_arrow_type_are_read(write, kind):
    """Dictionaries are what pandas writes for categories."""
    types = {"string": pa.string(), "large": pa.large_string(), "view": pa.string_view()}
    column = pa.array(["u", "v", "u"])
    column = column.dictionary_encode() if kind == "dictionary" else column.cast(types[kind])
    gathered = gather(write("m1.parquet", {"model": column, "label": column}), Columns(category="label"))
    assert as_dict(gathered) == {("u", 1): ["u", "u"], ("v", 1): ["v"]}


def test_numbers_of_every_arrow_type_are_read(write):
    """Whole, small, decimal and logical ones."""
    columns = {
        "u": pa.array([1, 2], pa.uint8()),
        "h": pa.array(np.array([0.5, 1.5], "f2")),
        "d": pa.array([1, 2], pa.int64()).cast(pa.decimal128(20, 1)),
        "b": pa.array([True, False]),
    }
    assert rows_of(gather(write("3.parquet", columns))["model", 3]) == [[1, 0.5, 1, 1], [2, 1.5, 2, 0]]


def test_numbers_that_begin_whole_may_go_on_broken(write, monkeypatch):
    """Types are not guessed from the first block alone."""
    monkeypatch.setattr("headwater.samples.delimited.BLOCK", 64)
    monkeypatch.setattr("headwater.samples.json_lines.BLOCK", 64)
    values = [*range(40), 0.5]
    for name, content in (
        ("m0.csv", "x\n" + "\n".join(map(str, values))),
        ("m0.jsonl", lines_of({"x": each} for each in values)),
    ):
        assert rows_of(gather(write(name, content))["m", 0]) == sorted([each] for each in values)


def test_a_reference_has_no_generations(write):
    """Such columns are ignored and reported; several files are one."""
    summary = read_reference(
        [write("r.csv", csv_of()), write("s.csv", csv_of(header="generation,model,y,x"))]
    )
    assert summary.count == 8 and len(summary.sample) == 8
    assert sorted(summary.notes)[0] == "r.csv: columns not read: generation, model"
    # features by name, whatever their order in the file
    assert summary.sample.rows[:, 0].sum() == pytest.approx(sum(row[2] + row[3] for row in ROWS))


def test_progress_is_told_the_rows_read(write, monkeypatch):
    """Over all files, never backwards."""
    monkeypatch.setattr("headwater.samples.source.ROWS", 3)
    told = []
    gather([write("m0.npy", np.zeros((7, 2))), write("m1.npy", np.zeros((2, 2)))], progress=told.append)
    assert told == [3, 6, 7, 9]


# -- names of files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pattern", "key"),
    [
        ("llama-3.csv", None, ("llama", 3)),
        ("llama_gen_03.csv", None, ("llama", 3)),
        ("7.csv", None, ("model", 7)),
        ("gen7.csv", None, ("model", 7)),
        ("gpt2-generation-11.csv.gz", None, ("gpt2", 11)),
        ("a/llama/4/part-9.csv", "{model}/{generation}/*", ("llama", 4)),
        ("g3-gpt2.csv", "g{generation}-{model}", ("gpt2", 3)),
        ("g3.csv", "g{generation}", ("model", 3)),
    ],
)
def test_model_and_generation_come_from_the_name(write, name, pattern, key):
    """By the last whole number, or as a pattern says; what was derived is reported."""
    content = b"x\n1\n2\n"
    path = write(name, gzip.compress(content) if name.endswith("gz") else content)
    gathered = gather(path, handling=Handling(pattern=pattern))
    assert list(gathered) == [key]
    assert any(f"generation {key[1]} is from the file's name" in note for note in gathered.notes)


def test_a_name_that_tells_nothing_is_refused(write):
    path = write("llama.csv", "x\n1\n")
    refused(lambda: gather(path), path, "no number in the file's name", remedy="model-3.parquet")
    refused(
        lambda: gather(path, handling=Handling(pattern="{model}-{generation}")), path, "not of the pattern"
    )
    long = write("m-20240101123059.csv", "x\n1\n")
    refused(lambda: gather(long), long, "no generation")
    # with a column for the one, only the other is asked of the name
    assert list(gather(write("llama.csv", "generation,x\n3,1\n"))) == [("llama", 3)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Handling(pattern="m-3"),
        lambda: Handling(pattern="{model}{model}"),
        lambda: Handling(bad="skip"),
        lambda: Handling(size=(0, 2)),
        lambda: Handling(mode="cmyk"),
        lambda: Columns(category="a", text="b"),
        lambda: Columns(features=()),
        lambda: Columns(generation="x", features=("x",)),
        lambda: Keep(numeric=0),
    ],
)
def test_options_that_cannot_be_are_refused(make):
    """When they are made, not when a file is read."""
    with pytest.raises(SampleError):
        make()


# -- mistakes --------------------------------------------------------------------------------------

NO_COLUMNS = Columns()
TOLD = Columns(features=("x", "z"))


@pytest.mark.parametrize(
    ("name", "content", "columns", "problem", "line"),
    [
        ("m0.csv", "", NO_COLUMNS, "Empty CSV", None),
        ("m0.csv", "x,y\n", NO_COLUMNS, "no rows", None),
        ("m0.csv", "x,y\n1,2\n\n3\n", NO_COLUMNS, "1 values in a line, 2 names", 4),
        ("m0.csv", "x,y\n1,2\n3,abc\n", NO_COLUMNS, "column 'y' holds 'abc', not a number", 3),
        ("m0.csv", "x,y\n1,2\n3,\n", NO_COLUMNS, "column 'y': no value", 3),
        ("m0.csv", "x,y\n1,2\n\n3,nan\n", NO_COLUMNS, "column 'y': not a number (NaN)", 4),
        ("m0.csv", "x,y\n1,-inf\n", NO_COLUMNS, "column 'y': infinite", 2),
        ("m0.csv", "x,y\n1,1e200\n", NO_COLUMNS, "column 'y': beyond 1e+100", 2),
        ("m0.csv", "x,x\n1,2\n", NO_COLUMNS, "two columns are called 'x'", None),
        ("m0.csv", "1,2\n3,4\n", NO_COLUMNS, "the first line holds numbers", 1),
        ("m0.csv", b"x,text\n1,caf\xe9\n", NO_COLUMNS, "not UTF-8", 2),
        ("m0.csv", b"caf\xe9\n1\n", NO_COLUMNS, "not UTF-8", 1),
        ("m0.csv", "x,y\n1,2\n", TOLD, "there is no column 'z'", None),
        ("m0.csv", "x,y\n1,2\n", Columns(generation="age"), "there is no column 'age'", None),
        ("m0.csv", "z\nu\n", NO_COLUMNS, "column 'z' holds strings", None),
        ("m.csv", "generation,model\n1,a\n", NO_COLUMNS, "no column beside", None),
        ("m.csv", "generation,x\n1,1\n1.5,2\n", NO_COLUMNS, "1.5 is no generation", 3),
        ("m.csv", "generation,x\n-1,1\n", NO_COLUMNS, "-1 is no generation", 2),
        ("m.csv", "generation,x\n1e30,1\n", NO_COLUMNS, "1e+30 is no generation", 2),
        ("m.csv", "generation,x\nlast,1\n", NO_COLUMNS, "'last', not a number", 2),
        ("m.csv", "generation,x\n,1\n", NO_COLUMNS, "column 'generation': no value", 2),
        ("m0.csv", "model,x\n,1\n", NO_COLUMNS, "column 'model': no value", 2),
        ("m0.jsonl", "", NO_COLUMNS, "empty", None),
        ("m0.jsonl", '{"x": 1}\n\n{"x": \n', NO_COLUMNS, "no JSON object", 3),
        ("m0.jsonl", '{"x": 1}\n[2]\n', NO_COLUMNS, "no JSON object: it is [2]", 2),
        ("m0.jsonl", '{"x": 1}\n{"x": "u"}\n', NO_COLUMNS, "does not fit those before it", 2),
        ("m0.jsonl", '{"x": 1}\n{"y": 1}\n', NO_COLUMNS, "column 'y': no value", 1),
        ("m0.jsonl", '{"x": 1}\n\n{"x": null}\n', NO_COLUMNS, "column 'x': no value", 3),
        ("m0.jsonl", '{"x": 1}\n{"x": NaN}\n', NO_COLUMNS, "column 'x': not a number (NaN)", 2),
        ("m0.jsonl", '{"x": [1, 2]}\n{"x": [1]}\n', NO_COLUMNS, "a list of 1 numbers", 2),
        ("m0.jsonl", '{"x": [1, 2]}\n{"x": [1, null]}\n', NO_COLUMNS, "column 'x': no value", 2),
        ("m0.jsonl", '{"x": []}\n', NO_COLUMNS, "a list without numbers", 1),
        ("m0.jsonl", b'{"text": "a"}\n{"text": "\xff"}\n', NO_COLUMNS, "0xff is not UTF-8", 2),
        ("m0.jsonl", '{"x": ' + "[" * 99999 + "]" * 99999 + "}\n", NO_COLUMNS, "deep", 1),
        ("m0.jsonl", '{"x": {"y": 1}}\n', NO_COLUMNS, "neither numbers nor strings", None),
        ("m0.jsonl", '{"x": [1], "y": 2}\n', NO_COLUMNS, "other columns beside it", None),
        ("m0.jsonl", '{"x": 1, "y": "u"}\n', NO_COLUMNS, "column 'y' holds strings", None),
        ("m.jsonl", '{"generation": "two", "x": 1}\n', NO_COLUMNS, "'two' is no generation", 1),
        ("m0.parquet", "PAR1 and then nothing", NO_COLUMNS, "not a whole Parquet table", None),
        ("m0.npy", b"\x93NUMPY", NO_COLUMNS, "not a whole NumPy file", None),
        ("m0.npy", np.array([{}], dtype=object), NO_COLUMNS, "not a whole NumPy file", None),
        ("m0.npy", np.zeros(3, complex), NO_COLUMNS, "of type complex128", None),
        ("m0.npy", np.zeros((0, 3)), NO_COLUMNS, "no rows", None),
        ("m0.npy", np.array(3.0), NO_COLUMNS, "single value", None),
        ("m0.npy", np.array(["u"]), NO_COLUMNS, "column 'x' holds strings", None),
        ("m0.npy", np.zeros((2, 5000)), NO_COLUMNS, "5,000 features", None),
        ("m0.npz", b"PK\x03\x04", NO_COLUMNS, "not a whole NumPy file", None),
        ("m0.txt", "u", NO_COLUMNS, "of no known format", None),
    ],
)
def test_a_mistake_is_one_error_that_names_file_and_line(write, name, content, columns, problem, line):
    """And what to do."""
    path = write(name, content)
    refused(lambda: gather(path, columns), path, problem, line)


def test_what_is_no_file_is_refused(tmp_path):
    missing = str(tmp_path / "m0.csv")
    refused(lambda: gather(missing), missing, "no such file")
    refused(lambda: gather(str(tmp_path)), str(tmp_path), "no images")
    with pytest.raises(InputError, match="no files"):
        gather([])


def test_compressed_files_are_told_by_their_names(tmp_path):
    """One whose name does not say so, and one that was cut."""
    packed = gzip.compress(b"x,y\n" + b"1.5,2.5\n3.5,1.25\n" * 5_000)
    (tmp_path / "a-0.csv").write_bytes(packed)
    with pytest.raises(InputError, match="compressed by gzip") as raised:
        gather(tmp_path / "a-0.csv")
    assert raised.value.remedy == "call it a-0.csv.gz"
    (tmp_path / "a-1.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="the compressed file is cut short"):
        gather(tmp_path / "a-1.csv.gz")


@pytest.mark.parametrize("shape", [(5, 0), (0, 0), (5, 2, 0)])
def test_an_array_without_columns_is_one_error(tmp_path, shape):
    np.save(tmp_path / "a-0.npy", np.zeros(shape))
    with pytest.raises(InputError, match="has no columns"):
        gather(tmp_path / "a-0.npy")
    np.save(tmp_path / "a-0.npy", np.zeros((0, 3)))
    with pytest.raises(InputError, match="there are no rows"):
        gather(tmp_path / "a-0.npy")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a-0.csv")
    with pytest.raises(InputError, match="this is a pipe, not a file"):
        gather(tmp_path / "a-0.csv")


def test_rows_are_named_where_there_are_no_lines(write):
    """Parquet and NumPy, counted from 1 over the whole file."""
    values = np.zeros((70_000, 2))
    values[69_999, 1] = np.nan
    path = write("m0.npy", values)
    refused(lambda: gather(path), path, "row 70,000: column 'x': not a number")
    path = write("m0.parquet", {"x": [1.0, None], "y": [1.0, 2.0]})
    refused(lambda: gather(path), path, "row 2: column 'x': no value")


@pytest.mark.parametrize("cut", [10, 200, 600, -20, -1])
def test_a_truncated_parquet_file_is_one_error(write, cut):
    path = parquet(write)
    with open(path, "rb") as file:
        content = file.read()
    path = write("cut-1.parquet", content[:cut])
    refused(lambda: gather(path), path, "not a whole Parquet table", remedy="cut short")


def test_bad_rows_are_left_out_and_counted_when_asked(write):
    """By reason, for each generation; those of no known generation apart."""
    content = (
        "generation,model,x,y\n0,a,1,2\n0,a,nan,1\n1,a,,1\n1,b,inf,nan\n,b,1,1\n0,,1,1\n0,a,1e200,3\n1\n"
    )
    path = write("t.csv", content)
    gathered = gather(path, handling=OMIT)
    assert as_dict(gathered) == {("a", 0): [[1, 2]]}
    assert gathered["a", 0].omitted == {"not a number (NaN)": 1, "beyond 1e+100": 1}
    assert {key: dict(each.omitted) for key, each in gathered.empty.items()} == {
        ("a", 1): {"no value": 1},
        ("b", 1): {"not a number (NaN)": 1},
    }
    assert gathered.lost == {
        "no generation": 1,
        "no model": 1,
        "a line with too many or too few values": 1,
    }
    assert "generation 1 of 'a': no row is left" in gathered.notes
    with pytest.raises(KeyError):
        gathered["a", 1]


def test_lines_that_are_no_rows_belong_to_the_only_generation(write):
    """Broken lines of JSON, and ragged ones of CSV."""
    path = write("m-4.jsonl", '{"x": 1}\n{"x"\n7\n{"x": NaN}\n{"x": 2}\n')
    gathered = gather(path, handling=OMIT)
    assert as_dict(gathered) == {("m", 4): [[1], [2]]}
    assert (
        gathered["m", 4].omitted
        == {
            "a line that is no JSON object": 2,
            "not a number (NaN)": 1,
        }
        and not gathered.lost
    )
    summary = read_reference(write("r.csv", "x,y\n1,2\n1\n1,2,3\n"), handling=OMIT)
    assert summary.count == 1 and sum(summary.omitted.values()) == 2


def test_bad_lists_are_left_out_and_counted(write):
    """A missing list, and a missing or infinite number in one; an odd length stays an error."""
    column = pa.array([None, [1.0, 2.0], [np.inf, 1.0], [None, 1.0], [3.0, 4.0]])
    summary = gather(write("m0.parquet", {"x": column}), handling=OMIT)["m", 0]
    assert rows_of(summary) == [[1, 2], [3, 4]]
    assert summary.omitted == {"no value": 2, "infinite": 1}
    path = write("m1.parquet", {"x": pa.array([None, [1.0, 2.0], [1.0]])})
    refused(lambda: gather(path, handling=OMIT), path, "row 3: a list of 1 numbers")


def test_no_row_left_is_an_error(write):
    path = write("m0.csv", "x\nnan\n")
    refused(lambda: gather(path, handling=OMIT), path, "no row is left")
    refused(lambda: read_reference(path, handling=OMIT), path, "no row is left")


# -- several files ---------------------------------------------------------------------------------


def test_a_generation_in_two_files_is_refused_unless_asked(write):
    """And the same file twice is refused even then."""
    first, second = write("m-1.csv", "x\n1\n"), write("m_1.csv", "x\n2\n")
    refused(lambda: gather([first, second]), second, "generation 1 of model 'm' is in", remedy="pattern")
    together = Handling(together=True)
    summary = gather([first, second], handling=together)["m", 1]
    assert rows_of(summary) == [[1], [2]] and summary.count == 2
    assert summary.places == (first, second)
    with pytest.raises(InputError, match="two of these files are called"):
        gather([first, first], handling=together)


@pytest.mark.parametrize("other", ["x,z\n1,2\n", "x\n1\n", "text\nu\n"])
def test_files_that_do_not_fit_together_are_refused(write, other):
    """Other names, another number of features, another kind."""
    first, second = write("m-1.csv", "x,y\n1,2\n"), write("m-2.csv", other)
    with pytest.raises(InputError, match=r"differ|samples and") as raised:
        gather([first, second])
    assert raised.value.path == second


def test_embeddings_of_other_dimensions_are_refused(write):
    first, second = write("m-1.npy", np.zeros((2, 3))), write("m-2.npy", np.zeros((2, 4)))
    refused(lambda: gather([first, second]), second, "the features differ: 3 (x0, x1, x2) and 4")


def test_too_many_generations_are_an_identifier(write, monkeypatch):
    monkeypatch.setattr("headwater.samples.source.MOST_KEYS", 3)
    path = write("t.csv", csv_of([(at, "a", 1, 2) for at in range(5)]))
    refused(lambda: gather(path), path, "more than 3 models and generations")
