"""Content to its SHA-256: the same content has the same hash, wherever and however it is held.

A file has the hash that `sha256sum` prints. Folders, arrays and tables have one that is said
in the functions here. Nothing is unpickled, and no array of Python objects is taken.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headwater.errors import InputError
from headwater.files import unreadable
from headwater.lineage.reading.folders import shown

_COMPUTE: Any = pc
"""Its functions take every kind of array, and the stubs do not say so."""


class _Hash(Protocol):
    def update(self, data: Any, /) -> None: ...


def of_file(path: Path) -> str:
    """Of the bytes of a file.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError("is no regular file", "give a file or a folder", shown(path))
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from None


def of_folder(path: Path) -> str:
    """Of the sorted list of its files, hidden ones too: for each its relative path and its hash, as JSON.

    A link to a file counts as that file.

    Raises
    ------
    InputError
        If something in it cannot be read, or is a link to a folder.
    """
    listed = sorted((shown(file.relative_to(path)), of_file(file)) for file in _files(path))
    return hashlib.sha256(json.dumps(["folder", listed]).encode()).hexdigest()


def of_array(array: np.ndarray[Any, Any]) -> str:
    """Of its type and shape, and of its values row by row with the low byte first.

    Raises
    ------
    InputError
        If it holds Python objects or is masked.
    """
    if array.dtype.hasobject or isinstance(array, np.ma.MaskedArray):
        raise InputError(
            f"an array of {array.dtype} objects, or a masked one, has no bytes to hash",
            "give an array of numbers or fixed-width text, or a table",
        )
    ordered = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    head = json.dumps(["array", np.lib.format.dtype_to_descr(ordered.dtype), list(array.shape)])
    found = hashlib.sha256(head.encode())
    found.update(
        ordered.tobytes() if ordered.ndim == 0 or not ordered.size else memoryview(_bytes(ordered).data)
    )
    return found.hexdigest()


def of_table(table: pa.Table) -> str:
    """Of names, types, and the values of each column, however they are cut into chunks and encoded.

    Raises
    ------
    InputError
        If a column has a type whose values have no one spelling, such as a union.
    """
    found = hashlib.sha256(json.dumps(["table", table.num_rows, table.column_names]).encode())
    for name in range(table.num_columns):
        column = table.column(name)
        _add(found, pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type))
    return found.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise unreadable(error.filename or path, error) from None

    for folder, folders, names in os.walk(path, onerror=refuse, followlinks=False):
        for name in folders:
            if (Path(folder) / name).is_symlink():
                raise InputError(
                    "is a link to a folder, which is not followed",
                    "give that folder",
                    shown(Path(folder) / name),
                )
        yield from (Path(folder) / name for name in names)


def _bytes(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    # dates and texts have no buffer that can be shared
    return array.reshape(-1).view(np.uint8)


def _plain(array: Any) -> Any:
    """The same values in the one type that stands for all encodings of them."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(array.storage)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _plain(
            _COMPUTE.run_end_decode(array) if pa.types.is_run_end_encoded(kind) else array.dictionary_decode()
        )
    if pa.types.is_string(kind) or pa.types.is_string_view(kind):
        return array.cast(pa.large_string())
    if pa.types.is_binary(kind) or pa.types.is_binary_view(kind):
        return array.cast(pa.large_binary())
    if pa.types.is_map(kind):
        return _plain(array.cast(pa.list_(pa.struct([kind.key_field, kind.item_field]))))
    return array


def _add(found: _Hash, array: Any) -> None:
    """Add a column: its type, which values are there, and the values that are."""
    array = _plain(array)
    kind = array.type
    there = array.is_valid()
    found.update(json.dumps([len(array), array.null_count]).encode())
    found.update(np.packbits(there.to_numpy(zero_copy_only=False)).tobytes())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        found.update(b"list")
        lengths = _COMPUTE.list_value_length(array.drop_null())
        found.update(lengths.to_numpy(zero_copy_only=False).astype("<i8").tobytes())
        _add(found, array.drop_null().flatten())
    elif pa.types.is_struct(kind):
        found.update(json.dumps(["struct", [field.name for field in kind]]).encode())
        whole = array.drop_null()
        for at in range(kind.num_fields):
            _add(found, _COMPUTE.struct_field(whole, [at]))
    else:
        _add_values(found, array.drop_null())


def _add_values(found: _Hash, array: Any) -> None:
    """Add values of no parts, none of them missing."""
    kind = array.type
    found.update(str(kind).encode())
    if pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        lengths = _COMPUTE.binary_length(array).to_numpy(zero_copy_only=False).astype("<i8")
        found.update(lengths.tobytes())
        values = array.buffers()[2]
        start = np.frombuffer(array.buffers()[1], "<i8")[array.offset] if len(array) else 0
        if values is not None:
            found.update(memoryview(values)[start : start + int(lengths.sum())])
    elif pa.types.is_boolean(kind):
        found.update(np.packbits(array.to_numpy(zero_copy_only=False)).tobytes())
    elif not pa.types.is_null(kind):
        _add_fixed(found, array)


def _add_fixed(found: _Hash, array: Any) -> None:
    try:
        width = array.type.byte_width
        values = array.buffers()[1]
    except (ValueError, AttributeError, IndexError):
        raise InputError(
            f"a column of type {array.type} cannot be hashed", "convert it to numbers, text, lists or structs"
        ) from None
    if values is not None:
        found.update(memoryview(values)[array.offset * width : (array.offset + len(array)) * width])
