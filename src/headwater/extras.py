"""Packages that only some uses need, imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from headwater.errors import MissingExtra

EXTRAS = {
    "PIL": ("Pillow", "images"),
    "distributed": ("Dask", "dask"),
    "dulwich": ("dulwich", "dvc"),
    "huggingface_hub": ("huggingface_hub", "hub"),
    "mlflow": ("MLflow", "mlflow"),
    "networkx": ("networkx", "networkx"),
    "psycopg": ("psycopg", "postgresql"),
    "ray": ("Ray", "ray"),
    "sqlalchemy": ("SQLAlchemy", "ledger"),
    "starlette": ("Starlette", "serve"),
    "transformers": ("transformers", "transformers"),
    "uvicorn": ("Uvicorn", "serve"),
}
"""By the name that is imported: name of the package, and the extra of this one that brings it."""


def load(module: str, needed_by: str) -> Any:
    """A module of an optional package, such as ``PIL.Image``.

    Parameters
    ----------
    module
        Its dotted name; the first part is a key of `EXTRAS`.
    needed_by
        What needs it, for the message.

    Raises
    ------
    MissingExtra
        If the package is not installed.
    """
    top = module.partition(".")[0]
    package, extra = EXTRAS[top]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != top:
            raise
        raise MissingExtra(
            f"{needed_by} needs {package}, which is not installed",
            f"install it: pip install 'headwater[{extra}]'",
        ) from None
