"""The document model: which keys a pipeline file may have and what shape their values take.

Pydantic checks the shape and generates the JSON Schema. Whether names exist and counts are
counts is for the interaction graph to say, because it says it for every other input too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from headwater.errors import GraphError, Place, nearest
from headwater.pipeline_file.tree import Tree
from headwater.regimes import NAMED
from headwater.validation import LARGEST_COUNT

VERSIONS = (1,)
"""Format versions that can be read; the last is the one that is written."""

LONGEST_RUN = 1_000_000
"""Generations."""

_COUNT = {"type": "integer", "minimum": 1, "maximum": LARGEST_COUNT}
_RANGE = {"type": "array", "items": _COUNT, "minItems": 2, "maxItems": 2}
_REGIME = {
    "oneOf": [
        {"enum": list(NAMED)},
        {
            "type": "object",
            "properties": {
                "window": {"type": "integer", "minimum": 1, "description": "Generations that are kept."}
            },
            "required": ["window"],
            "additionalProperties": False,
        },
    ]
}
# Values that the graph checks are taken as they are; the schema says what the graph accepts.
Count = Annotated[Any, WithJsonSchema(_COUNT)]
MaybeCount = Annotated[Any, WithJsonSchema({"oneOf": [_COUNT, {"type": "null"}]})]
CountOrRange = Annotated[Any, WithJsonSchema({"oneOf": [_COUNT, _RANGE, {"type": "null"}]})]
Weight = Annotated[
    Any, WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST_COUNT, "default": 1})
]
Share = Annotated[Any, WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1, "default": 1})]
Positive = Annotated[Any, WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "default": 1})]
Generations = Annotated[Any, WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LONGEST_RUN})]

_EXAMPLE: dict[str, Any] = {
    "headwater": 1,
    "name": "support-ticket distillation",
    "regime": "replace",
    "generations": 20,
    "sources": {"tickets": {"sampling": "fresh"}, "archive": {"sampling": "fixed", "size": 50_000}},
    "models": {
        "teacher": {},
        "student": {"initial": {"archive": 10_000}},
        "judge": {"frozen": True, "initial": {"archive": 5_000}},
        "vendor": {"external": True},
    },
    "flows": [
        {"from": "tickets", "to": "teacher", "samples": 1_000},
        {"from": "student", "to": "teacher", "samples": 9_000, "weight": 0.5},
        {"from": "teacher", "to": "student", "samples": 10_000},
        {"from": "judge", "to": "student", "samples": [800, 1_500]},
        {"from": "vendor", "to": "student"},
    ],
}


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class SourceEntry(_Strict):
    """Where real data come from."""

    sampling: Literal["fresh", "fixed"] = Field(
        "fresh", description="fresh: new real samples each generation; fixed: one archive, reused."
    )
    size: MaybeCount = Field(None, description="Samples in the archive, if it is fixed and they are known.")


class ModelEntry(_Strict):
    """A model: trained every generation unless it is frozen or external."""

    frozen: bool | None = Field(None, description="Never trained again after generation 0.")
    external: bool = Field(False, description="Somebody else's model: frozen, and its error is unknown.")
    initial: dict[str, Count] = Field(
        default_factory=dict, description="Samples of generation 0 by source; left out: as many as flow in."
    )


class FlowEntry(_Strict):
    """Samples per generation from a source or model into a model's training set."""

    provider: str = Field(alias="from", description="A source or a model.")
    learner: str = Field(alias="to", description="A model that is trained every generation.")
    samples: CountOrRange = Field(
        None,
        description="Samples per generation; [lowest, highest] if only bounds are known; "
        "left out or null: unknown.",
    )
    weight: Weight = Field(1.0, description="Multiplies the loss of each of these samples.")
    temperature: Positive = Field(1.0, description="Simulation: sharpens (< 1) what the provider emits.")
    top_p: Share = Field(1.0, description="Simulation: emits only the likeliest outcomes of this mass.")
    variance: Share = Field(1.0, description="Simulation: factor on the variance of what is emitted.")
    keep_right: Share = Field(1.0, description="Simulation: chance that a verifier keeps a right sample.")
    keep_wrong: Share = Field(1.0, description="Simulation: chance that it keeps a wrong one.")


class Document(_Strict):
    """Who learns from whom: the sources of real data, the models, and the flows between them."""

    model_config = ConfigDict(title="Headwater pipeline")

    headwater: Literal[1] = Field(description="Version of this format.")
    name: str = Field("", description="What people call this pipeline.")
    regime: Annotated[Any, WithJsonSchema(_REGIME)] = Field(
        None, description="What happens to old training data; left out: not said."
    )
    generations: Generations = Field(None, description="How many rounds of retraining; left out: not said.")
    sources: dict[str, SourceEntry] = Field(default_factory=dict, description="Sources of real data by name.")
    models: dict[str, ModelEntry] = Field(description="Models by name.")
    flows: list[FlowEntry] = Field(description="Who learns from whom.")


_ENTRIES: dict[str, type[_Strict]] = {"sources": SourceEntry, "models": ModelEntry, "flows": FlowEntry}


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the file."""
    made = Document.model_json_schema()
    # Added last, because pydantic would sort the keys of an example by name.
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "examples": [_EXAMPLE]}


def read_document(tree: Tree) -> Document:
    """The tree as a document of the right shape.

    Raises
    ------
    GraphError
        For the first thing, from the top of the file, that has the wrong shape.
    """
    _check_version(tree.value)
    try:
        document = Document.model_validate(tree.value)
    except ValidationError as error:
        found = [_Finding(finding["type"], finding["loc"], finding["input"]) for finding in error.errors()]
        raise min(found, key=lambda finding: tree.line(finding.place) or 0).as_error() from None
    for name, model in document.models.items():
        if model.external and model.frozen is False:
            raise GraphError(
                f"model {name!r} is external and yet `frozen: false`",
                "somebody else's model is never trained here: remove `frozen`, or remove `external`",
                ("models", name, "frozen"),
            )
    return document


def _check_version(value: Any) -> None:
    known = " or ".join(f"`headwater: {version}`" for version in VERSIONS)
    if not isinstance(value, dict):
        raise GraphError(
            f"the file holds {_shown(value)}, not a pipeline",
            f"a pipeline is a mapping that begins with {known}; `headwater init` writes an example",
            (),
        )
    if "headwater" not in value:
        raise GraphError(
            "the format version is missing",
            f"begin the file with {known}; if it is no pipeline, `headwater init` writes an example",
        )
    version = value["headwater"]
    if type(version) is not int or version not in VERSIONS:
        raise GraphError(
            f"format version {_shown(version)} is not known",
            f"this release reads {known}; a newer file needs a newer release",
            ("headwater",),
        )


class _Finding:
    """One complaint of pydantic, told in the words of the file."""

    def __init__(self, kind: str, location: tuple[int | str, ...], value: Any) -> None:
        self.kind = kind
        self.place: Place = location
        self.value = value

    def as_error(self) -> GraphError:
        key, what = self.place[-1], where(self.place)
        if self.kind == "extra_forbidden":
            return GraphError(
                f"{where(self.place[:-1]) or 'the pipeline'} has the unknown key {str(key)!r:.60}",
                nearest(str(key), self._keys()),
                self.place,
            )
        if self.kind == "missing":
            return GraphError(
                f"{where(self.place[:-1]) or 'the pipeline'} has no `{key}`",
                f"add it: {_MISSING[str(key)]}",
                self.place[:-1],
            )
        quoted = "; in quotes if it is a name or text" if self.kind == "string_type" else ""
        return GraphError(
            f"{what} is {_shown(self.value)}", f"write {_RIGHT[self._shape()]}{quoted}", self.place
        )

    def _keys(self) -> list[str]:
        model = Document if len(self.place) == 1 else _ENTRIES[str(self.place[0])]
        return [item.alias or name for name, item in model.model_fields.items()]

    def _shape(self) -> str:
        section = str(self.place[0])
        return (section, f"{section} entry", str(self.place[-1]))[min(len(self.place), 3) - 1]


_MISSING = {
    "models": "`models: {teacher: {}}`, or `models: {}` if there are none",
    "flows": "`flows: [{from: web, to: teacher}]`, or `flows: []` if there are none",
    "from": "the source or model that gives the samples",
    "to": "the model that learns from the samples",
}
_RIGHT = {
    "name": "text, such as `name: ticket distillation`",
    "sources": "a mapping from names, such as `sources: {web: {}}`, or leave the section out",
    "sources entry": "a mapping, such as {sampling: fixed, size: 50000}, or {} for a fresh source",
    "sampling": "fresh (new real samples each generation) or fixed (one archive)",
    "models": "a mapping from names, such as `models: {teacher: {}}`, or {} if there are none",
    "models entry": "a mapping, such as {frozen: true}, or {} for a model that is trained every generation",
    "frozen": "true or false",
    "external": "true or false",
    "initial": "a mapping from sources to samples, such as {archive: 10000}",
    "flows": "a list, such as `flows: [{from: web, to: teacher}]`, or [] if there are none",
    "flows entry": "a mapping, such as {from: web, to: teacher, samples: 1000}",
    "from": "the name of a source or model",
    "to": "the name of a model",
}


def where(place: Place) -> str:
    """A path in the words of people: flow number 3: `samples`."""
    if not place:
        return ""
    section, rest = str(place[0]), place[1:]
    if not rest:
        return f"`{section}`"
    thing = f"flow number {int(rest[0]) + 1}" if section == "flows" else f"{section[:-1]} {rest[0]!r}"
    return ": ".join([thing, *(f"`{part}`" for part in rest[1:])])


def _shown(value: Any) -> str:
    if value is None:
        return "empty (null)"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
