"""``headwater calibrate``: from the first generations' measured risk to a forecast of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli import inputs, printing

if TYPE_CHECKING:
    from headwater.planning.calibration import Calibration, Limit


def command(
    file: inputs.File,
    observed: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Required. CSV or Parquet with columns generation (0: before any retraining), model, risk "
            "(or --column), and if you have them standard_error and run (of repeated histories).",
        ),
    ] = None,
    column: Annotated[
        str, typer.Option(metavar="NAME", help="Column that holds the risk: perplexity, FID, error, ...")
    ] = "risk",
    floor: Annotated[
        float | None, typer.Option(help="Risk of a perfect model, if it is known: 1 for perplexity.")
    ] = None,
    level: Annotated[float, typer.Option(help="Of intervals: 0.9 holds 9 times in 10.")] = 0.9,
    max_risk: Annotated[float | None, typer.Option(help="When will risk pass this?")] = None,
    max_inflation: Annotated[
        float | None,
        typer.Option(
            help="When will risk above the floor pass so many times what it was at generation 0? Floor and "
            "generation 0 are estimated from what was measured (the floor is --floor, where given)."
        ),
    ] = None,
    generations: inputs.Generations = None,
    regime: inputs.Regime = None,
    assume: inputs.Assume = None,
    sources: inputs.Sources = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON document instead of the page.")
    ] = False,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="PATH", help="Also write the forecast, .csv or .parquet."),
    ] = None,
) -> None:
    """Find noise and bias of real models from their first generations, and forecast the rest.

    For example, where measurements.csv begins with the lines "generation,model,risk" and "0,student,12.1":

    headwater calibrate pipeline.yaml --observed measurements.csv --max-risk 13
    """
    import json

    from headwater.errors import InputError
    from headwater.planning.calibration import calibrate, read_observations
    from headwater.report.calibration import CalibrationView

    if observed is None:
        raise InputError(
            "--observed is missing",
            "write --observed measurements.csv: the columns are generation, model, risk",
        )
    place = _table_of(output, file, observed)
    limit = _limit(max_risk, max_inflation)
    pipeline, content = inputs.described(file, sources, regime, assume)
    seen = read_observations(observed, column)
    with inputs.located(file, content), printing.working("calibrating ..."):
        found = calibrate(pipeline, seen, generations=generations, level=level, floor=floor, limit=limit)
    if place is not None:
        _write(found, place)
    if as_json:
        document = json.dumps(found.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        typer.echo(document)
    else:
        printing.show(CalibrationView(found))


def _limit(max_risk: float | None, max_inflation: float | None) -> Limit | None:
    from headwater.errors import InputError
    from headwater.planning.calibration import Limit

    if max_risk is not None and max_inflation is not None:
        raise InputError("--max-risk and --max-inflation are both given", "leave one out")
    if max_risk is not None:
        return Limit("risk", max_risk)
    return None if max_inflation is None else Limit("inflation", max_inflation)


def _table_of(output: str | None, file: str, observed: str) -> Path | None:
    from headwater.errors import InputError

    place = inputs.output_of(output, file, observed)
    if place is not None and place.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"-o {output!r:.60} is neither .csv nor .parquet", "write -o forecast.csv")
    return place


def _write(found: Calibration, place: Path) -> None:
    """The forecast, one row a model, run and generation."""
    import io

    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    from headwater.files import write_bytes

    rows = [
        {"model": name, "run": each.run, "generation": at, **interval.to_dict()}
        for name, model in found.models.items()
        for each in model.forecasts
        for at, interval in each.risk.items()
    ]
    # a table without rows has columns all the same
    numbers: dict[str, pa.DataType] = dict.fromkeys(("median", "low", "high"), pa.float64())
    names: dict[str, pa.DataType] = {"model": pa.string(), "run": pa.string(), "generation": pa.int64()}
    table = pa.Table.from_pylist(rows, pa.schema(names | numbers))
    page = io.BytesIO()
    if place.suffix.lower() == ".csv":
        pa.csv.write_csv(table, page)
    else:
        pa.parquet.write_table(table, page)
    write_bytes(place, page.getvalue())
