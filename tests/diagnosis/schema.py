"""The document that a diagnosis prints, written out as a JSON Schema: the promise to programs."""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string"}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}
NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0}
GROUPS: dict[str, Any] = {"type": "array", "items": {**TEXTS, "minItems": 1}}
LEVEL: dict[str, Any] = {"type": ["number", "null"], "minimum": 0}
SHARE: dict[str, Any] = {"type": ["number", "null"], "minimum": 0, "maximum": 1 + 1e-9}
VERDICT: dict[str, Any] = {"enum": ["collapses", "degrades", "bounded", "stable", "improves"]}


def _entry(**properties: Any) -> dict[str, Any]:
    """An object with these keys and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _series(generations: int, item: dict[str, Any]) -> dict[str, Any]:
    """One value a generation, the first included; null where a count is missing."""
    length = generations + 1
    return {"type": ["array", "null"], "items": item, "minItems": length, "maxItems": length}


def diagnosis_schema(generations: int) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a document with that horizon."""
    model = _entry(
        verdict=VERDICT,
        grounding={"enum": ["grounded", "anchored", "ungrounded"]},
        growth={"enum": ["bounded", "linear", "exponential", "unknown"]},
        risk=_series(generations, LEVEL),
        inflation=_series(generations, LEVEL),
        inflation_limit=LEVEL,
        vs_isolated=LEVEL,
        diversity_retained=_series(generations, SHARE),
        diversity_limit=SHARE,
        tail_sample=_series(generations, LEVEL),
        tail_sample_limit=LEVEL,
        real_share=SHARE,
        sources={"type": ["object", "null"], "additionalProperties": {**SHARE, "type": "number"}},
        depth=LEVEL,
    )
    digest = {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_entry(
            schema={"const": "headwater/diagnosis/1"},
            pipeline=TEXT,
            regime={"type": "string", "pattern": "^(replace|accumulate(-subsample)?|window:[1-9][0-9]*)$"},
            law={"type": "object", "properties": {"name": TEXT}, "required": ["name"]},
            generations={"const": generations},
            verdict=VERDICT,
            models={"type": "object", "additionalProperties": model},
            causes={
                "type": "array",
                "items": _entry(
                    kind={"enum": ["ungrounded", "finite-sample"]},
                    component={**TEXTS, "minItems": 1},
                    collapses={**TEXTS, "minItems": 1},
                    speed=TEXT,
                ),
            },
            repairs={"type": "array", "items": _entry(model=TEXT, why=TEXT)},
            loops=GROUPS,
            longest_chain=GROUPS,
            missing={"type": "array", "items": _entry(what=TEXT, place=TEXT)},
            left_out=_entry(causes=NUMBER, loops=NUMBER, missing=NUMBER),
            assumptions=TEXTS,
            provenance=_entry(headwater=TEXT, input_sha256=digest),
        ),
    }
