"""What is kept of parts becomes that of the whole; sketches keep their stated errors; memory is shared."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwater.errors import InputError, SampleError
from headwater.samples.reading import Columns, Handling, Keep, gather, read_reference
from headwater.samples.shards import read_shard, write_shard

TOGETHER = Handling(together=True)
SMALL = Keep(numeric=50, categorical=60, text=20)


def table_of(rng, rows, features=3, generations=3):
    values = rng.normal(size=(rows, features)).round(2)
    columns = {"generation": rng.integers(0, generations, rows), "model": rng.choice(["a", "b"], rows)}
    return columns | {f"x{at}": values[:, at] for at in range(features)}


def words_of(rng, rows):
    zipf = np.array([f"w{at}" for at in np.minimum(rng.zipf(1.3, (rows, 6)), 5000).ravel()]).reshape(rows, 6)
    return {"generation": rng.integers(0, 2, rows), "text": [" ".join(each) for each in zipf]}


KINDS = ["numeric", "categorical", "text"]


@pytest.fixture
def files(tmp_path):
    """Five files of unequal length, and how to read them."""

    def made(kind):
        rng = np.random.default_rng(7)
        paths = []
        for at, rows in enumerate((300, 1, 170, 90, 240)):
            content = table_of(rng, rows) if kind == "numeric" else words_of(rng, rows)
            if kind == "categorical":
                content["text"] = [each.split()[0] for each in content["text"]]
            paths.append(str(tmp_path / f"m{at}.parquet"))
            pq.write_table(pa.table(content), paths[-1])
        return paths, Columns(category="text") if kind == "categorical" else Columns()

    return made


def fingerprint(summary):
    """All of it but the quantiles, bit for bit."""
    kept = summary.kept
    rows = kept.rows.tobytes() if isinstance(kept.rows, np.ndarray) else kept.rows.to_pylist()
    moments = summary.moments and (summary.moments.mean.tobytes(), summary.moments.scatter.tobytes())
    return (
        (summary.count, kept.priorities.tolist(), kept.threshold, rows, moments, summary.names),
        summary.rows_seen.serialize(),
        summary.words_seen and summary.words_seen.serialize(),
        summary.frequent(10**6),
        (summary.omitted, summary.places, summary.notes),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_shards_of_many_machines_merge_into_one_pass(files, tmp_path, kind):
    """Bit for bit, through files; the quantiles, whose sketches are random, within their errors."""
    paths, columns = files(kind)
    whole = gather(paths, columns, TOGETHER, SMALL, seed=3)
    shards = []
    for at, path in enumerate(paths):
        shards.append(str(tmp_path / f"{at}.shard"))
        write_shard(shards[-1], gather(path, columns, TOGETHER, SMALL, seed=3))
    merged = read_shard(shards[0])
    for shard in shards[1:]:
        merged = merged.merge(read_shard(shard), together=True)
    assert list(merged) == list(whole) and len(whole) > 1
    for key, summary in whole.items():
        assert fingerprint(merged[key]) == fingerprint(summary)
        if kind == "numeric":
            # so few rows are all in the sketch: the quantiles are exact in both
            assert summary.quantile("x1", 0.3) == merged[key].quantile(1, 0.3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_merging_changes_only_last_digits(files, kind):
    """The rows kept, the counts and the distinct items are the same, from right to left too."""
    paths, columns = files(kind)
    parts = [gather(path, columns, TOGETHER, SMALL) for path in paths]
    left, right = parts[0], parts[-1]
    for part in parts[1:]:
        left = left.merge(part, together=True)
    for part in parts[-2::-1]:
        right = part.merge(right, together=True)
    for key, one in left.items():
        other = right[key]
        assert one.kept.priorities.tolist() == other.kept.priorities.tolist()
        assert one.sample.rows.tolist() == other.sample.rows.tolist()
        assert one.rows_seen.serialize() == other.rows_seen.serialize()
        assert (one.count, one.frequent()) == (other.count, other.frequent())
        if one.moments is not None:
            assert one.moments.mean == pytest.approx(other.moments.mean, rel=1e-12)
            assert one.moments.scatter == pytest.approx(other.moments.scatter, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_batches_do_not_change_what_is_kept(files, monkeypatch, kind):
    """The sample is the same whatever the size of a batch."""
    paths, columns = files(kind)
    whole = gather(paths, columns, TOGETHER, SMALL)
    monkeypatch.setattr("headwater.samples.source.ROWS", 13)
    again = gather(paths, columns, TOGETHER, SMALL)
    for key, summary in whole.items():
        assert fingerprint(summary)[0][:4] == fingerprint(again[key])[0][:4]
        assert summary.rows_seen.serialize() == again[key].rows_seen.serialize()
    other = gather(paths, columns, TOGETHER, SMALL, seed=1)
    assert any(other[key].kept.threshold != each.kept.threshold for key, each in whole.items())


def test_moments_and_counts_are_of_all_rows(files):
    """Against NumPy on the whole of the data, though only 50 rows are kept."""
    paths, columns = files("numeric")
    gathered = gather(paths, columns, TOGETHER, SMALL)
    columns_of = [pq.read_table(path).to_pydict() for path in paths]
    everything = {name: np.concatenate([each[name] for each in columns_of]) for name in columns_of[0]}
    values = np.stack([everything[f"x{at}"] for at in range(3)], axis=1)
    for (model, generation), summary in gathered.items():
        mine = (everything["model"] == model) & (everything["generation"] == generation)
        sample = summary.sample
        assert sample.count == mine.sum() and len(sample) == 50
        assert sample.moments.mean == pytest.approx(values[mine].mean(axis=0))
        assert sample.moments.covariance == pytest.approx(np.cov(values[mine].T))
        assert summary.distinct.value == len(np.unique(values[mine], axis=0))
        rows = {tuple(row) for row in values[mine].tolist()}
        assert all(tuple(row) in rows for row in sample.rows.tolist())


def test_words_are_counted_as_a_sample_counts_them(files):
    """Frequent and distinct words are those of the documents' words, exactly while they are few."""
    paths, _ = files("text")
    summary = gather(paths, handling=TOGETHER)["m", 0]
    counts = Counter(word for document in summary.sample.documents for word in document)
    assert {each.item: each.count for each in summary.frequent(10**6)} == counts
    assert all(each.low == each.count == each.high for each in summary.frequent(10))
    assert summary.words == sum(counts.values())
    assert summary.distinct_words.value == len(counts)


# -- errors of sketches ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """120,000 rows in two files, of 60,000 different values, and what is kept of them."""
    folder = tmp_path_factory.mktemp("large")
    values = np.random.default_rng(5).permutation(np.repeat(np.arange(60_000.0), 2))
    for at, part in enumerate(np.split(values, 2)):
        np.save(folder / f"m{at}.npy", part)
    paths = [str(folder / f"m{at}.npy") for at in range(2)]
    return values, read_reference(paths, keep=Keep(numeric=2000))


def test_quantiles_keep_their_rank_error(large):
    """Of merged sketches, at 19 shares: each is off by more with a chance of 1%; five of them, never."""
    values, summary = large
    shares = np.arange(1, 20) / 20
    ranks = np.array([np.mean(values <= summary.quantile("x0", share)) for share in shares])
    assert 0.003 < summary.rank_error < 0.006
    # draws are not seeded: beyond three times the error is beyond one in a million
    assert np.abs(ranks - shares).max() < 3 * summary.rank_error
    assert summary.quantile(0, 0) == 0 and summary.quantile(0, 1) == 59_999
    # a coarser twin, the quantiles of 200 rows, is caught
    coarse = np.quantile(values[:200], shares, method="inverted_cdf")
    assert np.abs([np.mean(values <= each) for each in coarse] - shares).max() > 3 * summary.rank_error


def test_distinct_rows_are_counted_within_their_interval(large):
    """60,000 different ones of 120,000 rows; the standard error is 1.6%."""
    distinct = large[1].distinct
    assert abs(distinct.value / 60_000 - 1) < 5 * 2**-6
    assert distinct.low < distinct.value < distinct.high
    assert abs(distinct.value / 120_000 - 1) > 5 * 2**-6


def test_frequent_labels_are_counted_within_their_interval(tmp_path):
    """30,000 different labels, more than are counted: bounds hold, and the frequent ones are all there."""
    rng = np.random.default_rng(2)
    labels = [*(f"rare{at}" for at in range(30_000)), *(["often"] * 3000), *(["usual"] * 800)]
    path = tmp_path / "m0.parquet"
    pq.write_table(pa.table({"z": rng.permutation(labels)}), path)
    found = gather(path, Columns(category="z"))["m", 0].frequent(2)
    assert [each.item for each in found] == ["often", "usual"]
    for each, truth in zip(found, (3000, 800), strict=True):
        assert each.low <= truth <= each.high and each.high - each.low < 50


def test_wide_embeddings_have_quantiles_of_the_rows_kept(tmp_path):
    """No sketch for more than 256 coordinates; the stated error is that of a sample."""
    path = tmp_path / "m0.npy"
    np.save(path, np.random.default_rng(0).normal(size=(1000, 300)))
    summary = gather(path, keep=Keep(numeric=400))["m", 0]
    assert not summary.quantiles
    assert summary.rank_error == pytest.approx(np.sqrt(np.log(200) / 800))
    rows = np.load(path)
    assert abs(np.mean(rows[:, 7] <= summary.quantile(7, 0.5)) - 0.5) < 2 * summary.rank_error
    assert gather(path)["m", 0].rank_error == 0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda each: each.quantile("z", 0.5),
        lambda each: each.quantile(9, 0.5),
        lambda each: each.quantile(0, 1.5),
        lambda each: each.distinct_words,
        lambda each: each.words,
    ],
)
def test_what_there_is_not_is_refused(large, wrong):
    with pytest.raises(SampleError):
        wrong(large[1])


# -- memory ----------------------------------------------------------------------------------------


def test_memory_is_shared_by_all_generations(tmp_path):
    """The more there are, the fewer rows each keeps; and the same rows, however the files are divided."""
    rng = np.random.default_rng(0)
    paths = []
    for generation in range(8):
        paths.append(str(tmp_path / f"m{generation}.npy"))
        np.save(paths[-1], rng.normal(size=(200, 2)))
    keep = Keep(each=1600, together=8 * 480)
    alone = gather(paths[0], keep=keep)["m", 0]
    assert len(alone.sample) == 100
    whole = gather(paths, keep=keep)
    assert [len(each.sample) for each in whole.values()] == [30] * 8
    halves = [gather(part, keep=keep) for part in (paths[:3], paths[3:])]
    merged = halves[1].merge(halves[0])
    assert [fingerprint(each) for each in merged.values()] == [fingerprint(each) for each in whole.values()]


def test_memory_is_shared_within_one_file(tmp_path):
    """A table in which generations come one after the other keeps as much of the first as of the last."""
    path = str(tmp_path / "t.parquet")
    pq.write_table(pa.table({"generation": np.repeat(np.arange(40), 50), "x": np.arange(2000.0)}), path)
    gathered = gather(path, keep=Keep(together=40 * 80))
    assert [len(each.sample) for each in gathered.values()] == [10] * 40
    assert [each.count for each in gathered.values()] == [50] * 40


# -- merging what does not fit ---------------------------------------------------------------------


def test_what_does_not_fit_is_not_merged(files, tmp_path):
    """Another seed, another `Keep`, another kind, the same generation, the same file."""
    paths, columns = files("numeric")
    one = gather(paths[0], columns, keep=SMALL)
    for other in (
        gather(paths[1], columns, keep=SMALL, seed=1),
        gather(paths[1], columns),
        gather(paths[1], Columns(features=("x0",)), keep=SMALL),
        gather(files("text")[0][1], keep=SMALL),
    ):
        with pytest.raises(SampleError):
            one.merge(other)
    with pytest.raises(SampleError, match="put them together"):
        one.merge(gather(files("numeric")[0][2], columns, keep=SMALL))
    with pytest.raises(SampleError, match="two of these files"):
        one.merge(one, together=True)


# -- shards ----------------------------------------------------------------------------------------


def test_a_shard_keeps_what_was_left_out_too(tmp_path):
    """Empty generations, rows of none, notes."""
    path = tmp_path / "t.csv"
    path.write_text("generation,x,y\n0,1,2\n1,nan,2\n,3,4\n")
    gathered = gather(path, Columns(features=("x",)), Handling(bad="omit"))
    write_shard(tmp_path / "s", gathered)
    again = read_shard(tmp_path / "s")
    assert again.notes == gathered.notes and again.lost == gathered.lost == {"no generation": 1}
    assert list(again.empty) == [("t", 1)]
    assert again["t", 0].sample.rows.tolist() == [[1.0]]


def test_a_shard_is_written_whole_or_not_at_all(tmp_path, files):
    """What fails leaves the old one, and nothing beside it."""
    paths, columns = files("numeric")
    gathered = gather(paths[0], columns, keep=SMALL)
    target = tmp_path / "out" / "s"
    with pytest.raises(OSError, match="cannot be written"):
        write_shard(target, gathered)
    target.parent.mkdir()
    write_shard(target, gathered)
    before = target.read_bytes()
    broken = gather(paths[1], columns, keep=SMALL)
    object.__setattr__(broken, "summaries", {("a", 2**70): next(iter(broken.values()))})
    with pytest.raises((OSError, OverflowError)):
        write_shard(target, broken)
    assert target.read_bytes() == before
    assert [each.name for each in target.parent.iterdir()] == ["s"]


def altered(path, name, value):
    table = pq.read_table(path)
    at = table.schema.get_field_index(name)
    column = pa.array([value] * len(table), table.schema.field(name).type)
    table = table.set_column(at, table.schema.field(name), column)
    pq.write_table(table, path, row_group_size=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", -1),
        ("count", None),
        ("count", 3),
        ("generation", -1),
        ("generation", 10**12),
        ("model", None),
        ("model", "a"),
        ("threshold", 5),
        ("priorities", [3, 2]),
        ("priorities", None),
        ("numbers", [1.0]),
        ("numbers", [float("nan")]),
        ("mean", [float("inf")] * 3),
        ("mean", None),
        ("scatter", [-1.0] * 9),
        ("quantiles", [b""] * 3),
        ("quantiles", [b"\x05\x01\x0f\x00"] * 3),
        ("quantiles", []),
        ("rows_seen", b"no sketch"),
        ("rows_seen", None),
        ("omitted", [{"reason": "u", "rows": -1}]),
        ("omitted", [{"reason": None, "rows": 1}]),
        ("omitted", None),
        ("places", []),
        ("places", [None]),
        ("notes", None),
    ],
)
def test_an_edited_shard_is_refused(files, tmp_path, name, value):
    """One error that names the file."""
    paths, columns = files("numeric")
    path = str(tmp_path / "s.parquet")
    write_shard(path, gather(paths[0], columns, keep=SMALL))
    altered(path, name, value)
    with pytest.raises(InputError, match="not a whole shard") as raised:
        read_shard(path)
    assert raised.value.path == path and raised.value.remedy


def test_what_is_no_shard_is_refused(files, tmp_path):
    """A missing file, a text, an ordinary Parquet file, and one cut short."""
    paths, columns = files("categorical")
    path = tmp_path / "s"
    write_shard(path, gather(paths[0], columns))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    text = tmp_path / "u"
    text.write_text("u")
    for each in (path, text, paths[0], tmp_path / "missing", tmp_path):
        with pytest.raises(InputError) as raised:
            read_shard(each)
        assert raised.value.path == str(each)
