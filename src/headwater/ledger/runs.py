"""A run of training that writes into a ledger what it reads and writes, while it does.

Each call is one commit: a run that is killed leaves everything it had said so far.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from headwater.errors import HeadwaterError, InputError, nearest
from headwater.ledger.datasets import Content, Dataset, checked_count, checked_name

if TYPE_CHECKING:
    from headwater.ledger.book import Ledger

USES = ("trained-on", "evaluated-on", "initialised")
"""What a run did with a dataset; ``initialised``: its weights started as these."""

DEEDS = ("generated", "labelled", "translated", "judged", "filtered")
"""What the model `generated_by` did to it."""


class Run:
    """One run of training: `Ledger.training` begins and ends it."""

    def __init__(self, ledger: Ledger, model: str, generation: int | None) -> None:
        self.ledger = ledger
        self.model = model
        self.generation = generation
        self.id = uuid.uuid4().hex
        self.ended = False
        self._said = 0

    def __repr__(self) -> str:
        return f"Run({self.model!r}, generation={self.generation})"

    def used(
        self,
        dataset: Content,
        *,
        samples: int | None = None,
        generated_by: str | Sequence[str] | None = None,
        generation: int | None = None,
        role: str | None = None,
        vouched_by: str | None = None,
    ) -> Dataset:
        """Say what the model is trained on.

        Parameters
        ----------
        dataset
            What `Dataset.of` takes. With ``role="initialised"`` also the name of a model.
        samples
            How many of it were used; ``None``: unknown.
        generated_by, generation
            The model, or models, whose output it is, and their round of retraining. Not needed
            where a run of this ledger wrote it: that is found by its hash.
        role
            What the run did with it: ``trained-on`` (the default), ``evaluated-on`` or
            ``initialised``. With `generated_by` it may say what that model did instead:
            ``generated`` (the default), ``labelled``, ``translated``, ``judged`` or ``filtered``.
        vouched_by
            Who vouches that it is real.

        Raises
        ------
        InputError
            If something of it cannot be right, or the run has ended.
        OutputError
            If it cannot be written; the ledger is then as it was.
        """
        use, deed = _roles(role, generated_by)
        found = _named(dataset) if use == "initialised" else Dataset.of(dataset)
        makers = _makers(generated_by)
        body = {
            "dataset": found.to_dict(),
            "samples": checked_count(samples, "samples"),
            "role": use,
            "generated_by": makers,
            "deed": deed if makers else None,
            "generation": checked_count(generation, "generation"),
        }
        if body["generation"] is not None and not makers and use != "initialised":
            raise InputError(
                "generation is given without generated_by", "the generation of this run goes to training()"
            )
        items: list[tuple[str, Mapping[str, Any]]] = [("used", body)]
        if vouched_by is not None:
            items.append(("vouched", vouched(found, vouched_by, "")))
        self._say(items)
        return found

    def wrote(self, content: Content, *, samples: int | None = None, kind: str = "dataset") -> Dataset:
        """Say what the model wrote: samples, or with ``kind="model"`` its weights.

        Parameters
        ----------
        content
            What `Dataset.of` takes, or a plain name.
        samples
            How many it wrote; ``None``: unknown.

        Raises
        ------
        InputError
            If something of it cannot be right, or the run has ended.
        OutputError
            If it cannot be written; the ledger is then as it was.
        """
        if kind not in ("dataset", "model"):
            raise InputError(f"kind={kind!r:.60}", "write kind='dataset' or kind='model'")
        found = _named(content)
        body = {"dataset": found.to_dict(), "samples": checked_count(samples, "samples"), "kind": kind}
        self._say([("wrote", body)])
        return found

    def _say(self, items: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        if self.ended:
            raise InputError(f"the run of {self.model!r} has ended", "say it inside the `with` block")
        # The key makes it harmless to say it again when it is unknown whether a commit came through.
        self.ledger.append_many(
            [
                (kind, {"run": self.id, **body}, f"run/{self.id}/{self._said + at}")
                for at, (kind, body) in enumerate(items)
            ]
        )
        self._said += len(items)

    def _end(self, kind: str, body: Mapping[str, Any]) -> None:
        self._say([(kind, body)])
        self.ended = True


@contextmanager
def training(
    ledger: Ledger, model: str, generation: int | None, labels: Mapping[str, str] | None
) -> Iterator[Run]:
    """Begin a run, and end it: finished, or failed where an exception leaves the block."""
    run = Run(ledger, checked_name(model, "model"), checked_count(generation, "generation"))
    if labels is not None and not isinstance(labels, Mapping):
        raise InputError(f"labels are {type(labels).__name__}", "write a mapping, such as {'rate': '0.1'}")
    told = {str(key): str(value) for key, value in (labels or {}).items()}
    run._say([("run-started", {"model": run.model, "generation": run.generation, "labels": told})])
    try:
        yield run
    except BaseException as error:
        try:
            run._end("run-failed", {"error": type(error).__name__, "said": str(error)[:200]})
        except HeadwaterError as unwritten:
            error.add_note(f"the ledger does not say that the run failed: {unwritten}")
        raise
    run._end("run-finished", {})


def vouched(dataset: Dataset, by: str, note: str) -> dict[str, Any]:
    """Body of the entry that says who vouches for real data."""
    who = checked_name(by, "who vouches for it")
    return {"dataset": dataset.to_dict(), "by": who, "note": str(note)[:2000]}


def _named(content: Content) -> Dataset:
    """A plain name that is no file is a name; all else is content."""
    plain = isinstance(content, str) and os.sep not in content and "/" not in content
    if plain and content.strip() and "\0" not in content and not os.path.exists(content):
        return Dataset(content)
    return Dataset.of(content)


def _makers(generated_by: object) -> list[str]:
    """Names of models, given as one or several."""
    if generated_by is None:
        return []
    given = [generated_by] if isinstance(generated_by, str) else generated_by
    if isinstance(given, (bytes, Mapping)) or not isinstance(given, Collection):
        raise InputError(
            f"generated_by is {type(given).__name__}", "write the name of a model, or a list of them"
        )
    return [checked_name(maker, "generated_by") for maker in given]


def _roles(role: str | None, makers: object) -> tuple[str, str]:
    """What the run did, and what the model that made it did."""
    if role is None or role in USES:
        return role or "trained-on", "generated"
    if role not in DEEDS:
        raise InputError(f"role={role!r:.60}", nearest(str(role), [*USES, *DEEDS]))
    if not makers:
        raise InputError(
            f"role={role!r} says what a model did, and names none", "write generated_by='teacher'"
        )
    return "trained-on", role
