"""The JSON document of a diagnosis, written a model at a time so that hub scale fits in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwater.diagnosis import Diagnosis


def as_json_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """The document in pieces, each ending a line; no NaN or infinity."""
    rest = diagnosis.head()
    models = diagnosis.graph.model_names
    yield "{\n"
    for key, value in rest.items():
        if key != "models":
            comma = "," if key != "provenance" else ""
            yield f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}{comma}\n"
            continue
        yield '  "models": {\n'
        for at, name in enumerate(models):
            entry = json.dumps(diagnosis.entry(at), ensure_ascii=False, allow_nan=False)
            comma = "," if at < len(models) - 1 else ""
            yield f"    {json.dumps(name, ensure_ascii=False)}: {entry}{comma}\n"
        yield "  },\n"
    yield "}\n"
