"""``headwater diagnose``: from a pipeline file or an edge list to a verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from headwater.diagnosis import Diagnosis
    from headwater.pipeline import Pipeline
    from headwater.theory.laws import Law

EDGE_LISTS = (".csv", ".parquet", ".pq")

NARROWEST = 10


def command(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A pipeline (YAML) or an edge list (CSV, Parquet).")
    ],
    law: Annotated[
        str,
        typer.Option(
            help="asymptotic, gaussian-mean, poisson, bernoulli, binomial, exponential, gamma, "
            "negative-binomial, least-squares, gaussian."
        ),
    ] = "asymptotic",
    features: Annotated[int | None, typer.Option(help="least-squares: number of features.")] = None,
    noise: Annotated[
        float | None, typer.Option(help="least-squares, gaussian-mean: standard deviation (1).")
    ] = None,
    mean: Annotated[
        float | None, typer.Option(help="Count and lifetime laws: mean of the real data.")
    ] = None,
    shape: Annotated[
        float | None, typer.Option(help="gamma: shape; binomial: trials; negative-binomial: successes.")
    ] = None,
    ddof: Annotated[
        int | None, typer.Option(help="gaussian: 0 (maximum likelihood) or 1 (unbiased).")
    ] = None,
    generations: Annotated[int | None, typer.Option(help="Horizon, instead of the file's.")] = None,
    regime: Annotated[
        str | None,
        typer.Option(help="replace, accumulate, accumulate-subsample or window:K, instead of the file's."),
    ] = None,
    assume: Annotated[
        str | None,
        typer.Option(metavar="samples=N", help="Stand-in for unknown counts; listed under assumptions."),
    ] = None,
    sources: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Edge list: which names are real data.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON document instead of the table.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", help="Also write the JSON document to PATH."),
    ] = None,
    fail_on: Annotated[
        str | None, typer.Option(metavar="VERDICT", help="Exit 1 if it collapses, or degrades or worse.")
    ] = None,
) -> None:
    """Tell which models collapse, how fast, because of what, and what would stop it."""
    from headwater.diagnosis import diagnose as run
    from headwater.files import read_bytes, write_bytes
    from headwater.pipeline import LARGEST_FILE
    from headwater.regimes import parse_regime
    from headwater.report.document import as_json_lines

    _check_fail_on(fail_on)
    chosen = _law(law, {"features": features, "noise": noise, "mean": mean, "shape": shape, "ddof": ddof})
    _check_output(file, output)
    content = None if Path(file).suffix.lower() in EDGE_LISTS else read_bytes(file, LARGEST_FILE)
    pipeline = _read(file, content, sources)
    with _located(file, content), _working():
        diagnosis = run(
            pipeline,
            chosen,
            regime=None if regime is None else parse_regime(regime),
            generations=generations,
            assume_samples=_assumed(assume),
        )
    if output is not None:
        write_bytes(output, "".join(as_json_lines(diagnosis)).encode())
    if as_json:
        for line in as_json_lines(diagnosis):
            typer.echo(line, nl=False)
    else:
        _print(diagnosis)
    if fail_on is not None and _at_least(diagnosis.verdict, fail_on):
        raise typer.Exit(1)


def _working() -> AbstractContextManager[Any]:
    """A spinner on a terminal's error stream; nothing elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    return console.status("diagnosing ...") if console.is_terminal else nullcontext()


def _print(diagnosis: Diagnosis) -> None:
    from rich.console import Console

    from headwater.report.terminal import DiagnosisView

    console = Console()
    # a terminal that claims to have no width has a width nobody knows
    (console if console.width >= NARROWEST else Console(width=80)).print(DiagnosisView(diagnosis))


def _check_output(file: str, output: Path | None) -> None:
    from headwater.errors import InputError

    if output is not None and output.exists() and Path(file).exists() and output.samefile(file):
        raise InputError("the output would replace the input", "name another file after -o", str(output))


def _read(file: str, content: bytes | None, sources: str | None) -> Pipeline:
    from headwater.edges import read_edges
    from headwater.errors import InputError
    from headwater.pipeline import Pipeline, parse_pipeline

    if content is None:
        listed = [name.strip() for name in (sources or "").split(",") if name.strip()]
        graph = read_edges(file, listed)
        with open(file, "rb") as edges:
            sha256 = hashlib.file_digest(edges, "sha256").hexdigest()
        return Pipeline(graph=graph, name=Path(file).stem, sha256=sha256)
    if sources is not None:
        raise InputError(
            "--sources goes with an edge list",
            "a pipeline file names its sources itself: remove --sources",
            file,
        )
    return parse_pipeline(content, file)


@contextmanager
def _located(file: str, content: bytes | None) -> Iterator[None]:
    """Give an error about a part of the pipeline the file and, in YAML, the line of that part."""
    from headwater.errors import GraphError, InputError, LawError
    from headwater.pipeline_file.tree import read_tree

    try:
        yield
    except (GraphError, LawError) as error:
        if not error.place or error.place[0] not in ("models", "flows", "sources"):
            raise
        line = None if content is None else read_tree(content, file).line(error.place)
        raise InputError(error.problem, error.remedy, file, line) from None


def _law(name: str, options: dict[str, Any]) -> Law:
    """The law of that name, given exactly the options it takes."""
    from headwater.errors import LawError, nearest
    from headwater.theory.laws import LAWS

    if name not in LAWS:
        raise LawError(f"no law is called {name!r}", nearest(name, LAWS))
    make, needed, optional = LAWS[name]
    given = {key: value for key, value in options.items() if value is not None}
    for key in needed:
        if key not in given:
            raise LawError(f"law {name} needs --{key}", f"write --law {name} --{key} VALUE")
    for key in given:
        if key not in (*needed, *optional):
            takes = ", ".join(f"--{option}" for option in (*needed, *optional)) or "no option"
            raise LawError(f"law {name} does not take --{key}", f"it takes {takes}: remove --{key}")
    return make(**given)


def _assumed(text: str | None) -> int | None:
    from headwater.errors import InputError

    if text is None:
        return None
    key, _, value = text.partition("=")
    digits = value.strip()
    if key.strip() != "samples" or not (digits.isascii() and digits.isdigit() and 0 < len(digits) < 20):
        raise InputError(
            f"--assume {text[:60]!r}", "write --assume samples=1000: a whole number of samples, at least 1"
        )
    return int(digits)


def _check_fail_on(fail_on: str | None) -> None:
    from headwater.errors import InputError

    if fail_on not in (None, "collapses", "degrades"):
        raise InputError(f"--fail-on {fail_on!r}", "write --fail-on collapses or --fail-on degrades")


def _at_least(verdict: str, threshold: str) -> bool:
    from headwater.diagnosis.verdict import VERDICTS

    return VERDICTS.index(verdict) <= VERDICTS.index(threshold)
