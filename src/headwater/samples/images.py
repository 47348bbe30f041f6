"""A folder of images as a stream of Arrow batches: pixels in [0, 1], one image a row."""

from __future__ import annotations

import os
import struct
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headwater import extras
from headwater.errors import InputError
from headwater.files import unreadable
from headwater.samples.formats import BATCH, ROWS, Table
from headwater.samples.placing import LARGEST_DIMENSION, Layout, too_wide
from headwater.samples.problems import odd_kind, one_line

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm"))
LARGEST_IMAGE = 2**26
"""Pixels of an image before it is made smaller."""
UNREADABLE = "an image that cannot be read"

Mode = Literal["grey", "rgb"]
Size = tuple[int, int]


def open_images(path: str, omit: bool, size: Size | None, mode: Mode | None) -> Table:
    """The images of a folder, in the order of their names.

    Parameters
    ----------
    path
        The folder; folders in it are not looked into.
    omit
        Leave out and count images that cannot be read.
    size
        Width and height that all are brought to; None: as they are, and all have to be alike.
    mode
        What all are brought to; None: as they are, and all have to be alike.

    Raises
    ------
    MissingExtra
        If Pillow is not installed.
    InputError
        If there are none, or the first cannot be read.
    """
    extras.load("PIL.Image", "reading images")
    try:
        names = sorted(each.name for each in os.scandir(path) if Path(each.name).suffix.lower() in SUFFIXES)
    except OSError as error:
        raise unreadable(path, error) from None
    files = [os.path.join(path, name) for name in names]
    omitted: Counter[str] = Counter()
    first = next(_pixels(path, files, omit, (size, mode), omitted), None)
    if first is None:
        raise InputError(
            "there are no images that can be read in this folder",
            "name a folder of images, or files of tables one by one, such as samples/*.parquet",
            path,
        )
    omitted.clear()
    width = first.size

    def batches(layout: Layout) -> Iterator[Any]:
        del layout
        at_once = max(1, min(ROWS, BATCH // (8 * width)))
        rows: list[NDArray[np.float64]] = []
        for pixels in _pixels(path, files, omit, (size, mode), omitted):
            rows.append(pixels)
            if len(rows) == at_once:
                yield _batch(rows)
                rows = []
        if rows:
            yield _batch(rows)

    schema = pa.schema([("pixel", pa.list_(pa.float64(), width))])
    return Table(path, schema, batches, omitted=omitted)


def _batch(rows: list[NDArray[np.float64]]) -> Any:
    values = np.stack(rows)
    column = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
    return pa.RecordBatch.from_arrays([column], names=["pixel"])


def _pixels(
    folder: str, files: list[str], omit: bool, wanted: tuple[Size | None, Mode | None], omitted: Counter[str]
) -> Iterator[NDArray[np.float64]]:
    like: tuple[Size, str, str] | None = None
    for file in files:
        try:
            image = _open(file, *wanted)
        except InputError:
            if not omit:
                raise
            omitted[UNREADABLE] += 1
            continue
        bands = "rgb" if image.mode == "RGB" else "grey"
        like = like or (image.size, bands, os.path.basename(file))
        if (image.size, bands) != like[:2]:
            raise InputError(
                f"{_shown(image.size, bands)}, where {one_line(like[2], 40)} has {_shown(*like[:2])}",
                "bring all to one size and mode, such as --size 32x32 --mode grey",
                file,
            )
        features = image.size[0] * image.size[1] * len(image.getbands())
        if features > LARGEST_DIMENSION:
            raise too_wide(folder, features)
        yield np.asarray(image, dtype=float).ravel() / 255


def _shown(size: Size, bands: str) -> str:
    return f"{size[0]} x {size[1]} {bands} pixels"


def _open(path: str, size: Size | None, mode: Mode | None) -> Any:
    """The image, eight bits a pixel and colour."""
    image_of = extras.load("PIL.Image", "reading images")
    try:
        with warnings.catch_warnings():
            # what Pillow thinks odd in metadata does not touch the pixels
            warnings.simplefilter("ignore")
            if (kind := odd_kind(path)) is not None:
                raise ValueError(f"it is a {kind}, not a file")
            with image_of.open(path) as image:
                if image.size[0] * image.size[1] > LARGEST_IMAGE:
                    raise ValueError(f"it has more than {LARGEST_IMAGE:,} pixels")
                return _eight_bits(image, size, mode)
    # Pillow's plug-ins raise these on damaged files
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, IndexError, KeyError, OverflowError,
            AttributeError, RuntimeError, MemoryError, ArithmeticError,
            image_of.DecompressionBombError, struct.error) as error:  # fmt: skip
        raise InputError(
            f"this image cannot be read: {one_line(str(error)) or type(error).__name__}",
            "mend or remove it, or have such images left out and counted (--bad omit)",
            path,
        ) from None


def _eight_bits(image: Any, size: Size | None, mode: Mode | None) -> Any:
    if image.mode.startswith("I;16") or image.mode == "I":
        # sixteen bits of grey: conversion would clip, not scale
        image = image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    grey = image.mode in ("1", "L", "LA", "La", "F") if mode is None else mode == "grey"
    image = image.convert("L" if grey else "RGB")
    return image if size is None else image.resize(size)
