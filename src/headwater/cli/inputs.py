"""What several commands take: files and edge lists, families and their options, assumptions."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, cast

import typer

if TYPE_CHECKING:
    from headwater.graph import End
    from headwater.pipeline import Pipeline
    from headwater.simulation import Executor

EDGE_LISTS = (".csv", ".parquet", ".pq")

File = Annotated[
    str, typer.Argument(metavar="FILE", help="A pipeline (YAML) or an edge list (CSV, Parquet).")
]
Generations = Annotated[int | None, typer.Option(help="Horizon, instead of the file's.")]
Regime = Annotated[
    str | None,
    typer.Option(help="replace, accumulate, accumulate-subsample or window:K, instead of the file's."),
]
Sources = Annotated[
    str | None, typer.Option(metavar="NAME,...", help="Edge list: which names are real data.")
]
Assume = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WHAT=N",
        help="samples=N: stand-in for unknown counts; range=low, middle or high: where in its range a "
        "count is taken to be; external=N: real samples that an external model is taken as fitted on. "
        "May be repeated.",
    ),
]
Family = Annotated[
    str | None,
    typer.Option(
        help="gaussian, gaussian-mean, poisson, bernoulli, binomial, exponential, gamma, "
        "negative-binomial, categorical, least-squares, ridge, logistic, poisson-regression, "
        "gaussian-mixture, kernel-density, ngram."
    ),
]
Replicates = Annotated[int, typer.Option(help="Histories simulated.")]
Seed = Annotated[int | None, typer.Option(help="A whole number: the same gives the same numbers again.")]
Metrics = Annotated[
    str | None, typer.Option(metavar="NAME,...", help="Measures to keep beside risk; all if left out.")
]
Workers = Annotated[int | None, typer.Option(help="Processes (1), or chunks in flight on a cluster (all).")]
Backend = Annotated[str, typer.Option(help="processes, dask or ray.")]
Address = Annotated[str | None, typer.Option(help="Of the dask or ray scheduler.")]

Ddof = Annotated[int | None, typer.Option(help="gaussian: 0 (maximum likelihood) or 1 (unbiased).")]
Dimensions = Annotated[int | None, typer.Option(help="gaussian: coordinates (1).")]
Mean = Annotated[float | None, typer.Option(help="Count and lifetime families: mean of the real data.")]
Shape = Annotated[
    float | None, typer.Option(help="gamma: shape; binomial: trials; negative-binomial: successes.")
]
Noise = Annotated[
    float | None,
    typer.Option(
        help="gaussian-mean, least-squares, ridge: standard deviation (1; on a table that of the residuals)."
    ),
]
Features = Annotated[int | None, typer.Option(help="least-squares: Gaussian features, if there is no table.")]
Penalty = Annotated[float | None, typer.Option(help="ridge: penalty.")]
Table = Annotated[str | None, typer.Option(metavar="PATH", help="Real rows: CSV or Parquet, numbers only.")]
Target = Annotated[str | None, typer.Option(metavar="COLUMN", help="Regressions: the table's label column.")]
Rows = Annotated[
    str | None,
    typer.Option(help="Regressions: fresh (rows drawn with replacement) or fixed (always the first rows)."),
]
Symbols = Annotated[int | None, typer.Option(help="categorical: vocabulary.")]
Exponent = Annotated[float | None, typer.Option(help="categorical: of Zipf's law.")]
Shift = Annotated[float | None, typer.Option(help="categorical: Mandelbrot's shift (0).")]
TextFile = Annotated[
    str | None, typer.Option("--text", metavar="PATH", help="categorical, ngram: a real text, UTF-8.")
]
Components = Annotated[int | None, typer.Option(help="gaussian-mixture: components.")]
Bandwidth = Annotated[str | None, typer.Option(help="kernel-density: a number, scott or silverman.")]
Order = Annotated[int | None, typer.Option(help="ngram: tokens together, 1 or more.")]
Smoothing = Annotated[float | None, typer.Option(help="ngram: weight of the shorter context; 0 for none.")]
Level = Annotated[str | None, typer.Option(help="ngram: word (the default) or char.")]

OF_FAMILIES = (
    "ddof",
    "dimensions",
    "mean",
    "shape",
    "noise",
    "features",
    "penalty",
    "table",
    "target",
    "rows",
    "symbols",
    "exponent",
    "shift",
    "text",
    "components",
    "bandwidth",
    "order",
    "smoothing",
    "level",
)
"""Options that belong to some families."""


def read(file: str, sources: str | None) -> tuple[Pipeline, bytes | None]:
    """The pipeline in a file, and the file's bytes if it is YAML."""
    from headwater.edges import read_edges
    from headwater.errors import InputError
    from headwater.files import read_bytes
    from headwater.pipeline import LARGEST_FILE, Pipeline, parse_pipeline

    if Path(file).suffix.lower() in EDGE_LISTS:
        graph = read_edges(file, names(sources))
        with open(file, "rb") as edges:
            sha256 = hashlib.file_digest(edges, "sha256").hexdigest()
        return Pipeline(graph=graph, name=Path(file).stem, sha256=sha256), None
    content = read_bytes(file, LARGEST_FILE)
    if sources is not None:
        raise InputError(
            "--sources goes with an edge list",
            "a pipeline file names its sources itself: remove --sources",
            file,
        )
    return parse_pipeline(content, file), content


def names(text: str | None) -> list[str]:
    """Names with commas between them."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def output_of(output: str | None, *read: str | None, option: str = "-o") -> Path | None:
    """Where a command writes, which is none of the files that it reads, and in no folder of them.

    Parameters
    ----------
    output
        What follows the option.
    read
        Paths of the pipeline, table, text, samples or benchmark, each where there is one. Of a
        database's URL it is the file, and with any file go those that SQLite keeps beside it.
    """
    from headwater.errors import InputError

    if output is None:
        return None
    if not output.strip():
        raise InputError(
            f"{option} {output!r:.60} names nothing", f"write a name after {option}, or remove {option}"
        )
    inputs = list(dict.fromkeys(file for path in read if path for file in (path, _file_of(path))))
    place = Path(os.path.realpath(output))
    if any(_is_of(place, output, path) for path in inputs):
        raise InputError("the output would replace the input", f"name another file after {option}", output)
    folder = next(
        (each for each in inputs if os.path.isdir(each) and place.is_relative_to(os.path.realpath(each))),
        None,
    )
    if folder is not None:
        raise InputError(
            f"the output would lie in the folder {folder}, which is an input",
            f"name a place outside it after {option}",
            output,
        )
    return Path(output)


def apart(outputs: Mapping[str, Path | None]) -> None:
    """Raise `InputError` where two outputs, by their options, are one file."""
    from headwater.errors import InputError

    seen: dict[str, str] = {}
    for option, path in outputs.items():
        if path is None or _is_device(path):
            continue
        place = os.path.realpath(path)
        if place in seen:
            raise InputError(f"{seen[place]} and {option} are one file", "give each its own name", str(path))
        seen[place] = option


def _file_of(path: str) -> str:
    """The file behind the URL of an SQLite database; any other path as it is."""
    scheme, _, rest = path.partition(":///")
    return rest.partition("?")[0] if rest and scheme in ("sqlite", "sqlite+pysqlite") else path


def _is_of(place: Path, output: str, path: str) -> bool:
    """Whether an output is an input, or what SQLite keeps beside one, there or not yet."""
    if os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path):
        return True
    whole = os.path.realpath(path)
    # what is not there yet is no input, but SQLite takes what it finds beside a database for its own
    beside = [f"{whole}{ending}" for ending in _OF_SQLITE] if os.path.isfile(whole) else []
    return str(place) in beside


_OF_SQLITE = ("-wal", "-shm", "-journal")


def _is_device(path: Path) -> bool:
    """Whether it is a terminal, a pipe or the like, which several outputs may go to."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


@contextmanager
def located(file: str, content: bytes | None) -> Iterator[None]:
    """Give an error about a part of the pipeline the file and, in YAML, the line of that part."""
    from headwater.errors import FamilyError, GraphError, InputError, LawError
    from headwater.pipeline_file.tree import read_tree

    try:
        yield
    except (GraphError, LawError, FamilyError) as error:
        if not error.place or error.place[0] not in ("models", "flows", "sources"):
            raise
        line = None if content is None else read_tree(content, file).line(error.place)
        raise InputError(error.problem, error.remedy, file, line) from None


class Assumed(TypedDict, total=False):
    """What stands in for what is not known; what was not given is not there."""

    samples: int
    range: End
    external: int


def assumed(texts: Sequence[str], known: Sequence[str] = ("samples", "range", "external")) -> Assumed:
    """What stands in for what is not known."""
    from headwater.errors import InputError
    from headwater.graph import ENDS

    given: dict[str, int | str] = {}
    for text in texts:
        key, _, value = text.partition("=")
        key, value = key.strip(), value.strip()
        is_count = value.isascii() and value.isdigit() and 0 < len(value) < 20
        if key not in known or not (value in ENDS if key == "range" else is_count):
            counts = " or ".join(f"--assume {name}=1000" for name in known if name != "range")
            ends = f"; or --assume range={', range='.join(ENDS)}" if "range" in known else ""
            raise InputError(
                f"--assume {text[:60]!r}", f"write {counts}: a whole number of samples, at least 1{ends}"
            )
        if key in given:
            raise InputError(f"--assume {key}= is given twice", "leave one out")
        given[key] = value if key == "range" else int(value)
    return cast("Assumed", given)


def described(
    file: str, sources: str | None, regime: str | None, assume: Sequence[str] | None
) -> tuple[Pipeline, bytes | None]:
    """The pipeline that a simulation is of, with what the command line says put over the file."""
    from headwater.regimes import parse_regime

    stand_ins = assumed(assume or [])
    pipeline, content = read(file, sources)
    graph = pipeline.graph
    if "samples" in stand_ins:
        graph = graph.with_unknown_samples(stand_ins["samples"])
    if "range" in stand_ins:
        graph = graph.with_samples_at(stand_ins["range"])
    if "external" in stand_ins:
        graph = graph.with_external_samples(stand_ins["external"])
    pace = pipeline.regime if regime is None else parse_regime(regime)
    return replace(pipeline, graph=graph, regime=pace), content


def family_of(name: str | None, parameters: Mapping[str, Any]) -> Any:
    """The family that a command's parameters ask for."""
    from headwater.errors import InputError
    from headwater.families import registry

    if name is None:
        raise InputError("--family is missing", f"families: {', '.join(registry.names())}")
    return registry.make(
        name, {key: parameters[key] for key in OF_FAMILIES if parameters.get(key) is not None}
    )


def seeded(seed: int | None) -> int:
    """The seed, which has no default: two runs that agree by accident would pass for two."""
    from headwater.errors import InputError

    if seed is None:
        raise InputError(
            "--seed is missing", "write --seed 7, any whole number: the same gives the same numbers again"
        )
    return seed


def executor_of(backend: str, workers: int | None, address: str | None) -> Executor:
    """Who plays the chunks, with a progress bar on a terminal."""
    from headwater.simulation import Executor

    some = 1 if workers is None and backend == "processes" else workers
    kind: Any = backend
    return Executor(kind, some, address, progress=True)
