"""Writes the loops beside it with the PROV library: ``pip install prov==3.2.3``, ``python make.py FOLDER``.

Real data train a model; each model writes the data that train the next, three times over. In one
document models are entities, in the other software agents, in the third every round is a bundle.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from prov.model import ProvBundle, ProvDocument

ROUNDS = 3


def new() -> ProvDocument:
    document = ProvDocument()
    document.add_namespace("lab", "https://lab.example/")
    document.add_namespace("headwater", "https://headwater.example/ns#")
    document.add_namespace("dcat", "http://www.w3.org/ns/dcat#")
    return document


def hour(at: int) -> datetime:
    return datetime(2026, 3, 1, at, tzinfo=UTC)


def train(to: ProvBundle, at: int, data: str) -> None:
    """One training run: it used data and generated a model that is an entity."""
    to.activity(f"lab:train{at}", hour(2 * at), hour(2 * at + 1), {"lab:iteration": at})
    to.entity(f"lab:student-g{at}", {"prov:type": "lab:Model", "headwater:generation": at})
    to.used(f"lab:train{at}", data, other_attributes={"prov:role": "training-data"})
    to.wasGeneratedBy(f"lab:student-g{at}", f"lab:train{at}")
    to.specializationOf(f"lab:student-g{at}", "lab:student")


def sample(to: ProvBundle, at: int, count: int) -> str:
    """One sampling run: it used the model and generated data."""
    data = f"lab:synthetic{at + 1}"
    to.activity(f"lab:sample{at}", hour(2 * at + 1), None, {"prov:label": "sample from the student"})
    to.entity(data, {"prov:type": to.valid_qualified_name("dcat:Dataset"), "headwater:samples": count})
    to.used(f"lab:sample{at}", f"lab:student-g{at}", other_attributes={"prov:role": "generator"})
    to.wasGeneratedBy(data, f"lab:sample{at}", hour(2 * at + 2))
    return data


def entities() -> ProvDocument:
    document, data = new(), "lab:real"
    document.entity(data, {"prov:type": "dcat:Dataset", "headwater:samples": 50_000})
    document.entity("lab:student", {"prov:type": "lab:Model"})
    for at in range(ROUNDS):
        train(document, at, data)
        data = sample(document, at, 1000 * (at + 1))
    return document


def agents() -> ProvDocument:
    """Models as software agents, which PROV cannot say were trained: data are attributed to them."""
    document, data = new(), "lab:real"
    document.entity(data, {"prov:type": "dcat:Dataset"})
    document.agent("lab:annotator", {"prov:type": document.valid_qualified_name("prov:Person")})
    document.wasAttributedTo(data, "lab:annotator")
    for at in range(ROUNDS):
        model, before = f"lab:student-g{at}", data
        document.agent(model, {"prov:type": document.valid_qualified_name("prov:SoftwareAgent")})
        document.activity(f"lab:train{at}", hour(2 * at), hour(2 * at + 1))
        document.used(f"lab:train{at}", before)
        document.wasGeneratedBy(model, f"lab:train{at}")
        data = f"lab:synthetic{at + 1}"
        document.entity(data, {"prov:type": "dcat:Dataset"})
        document.activity(f"lab:sample{at}")
        document.wasGeneratedBy(data, f"lab:sample{at}")
        document.wasAssociatedWith(f"lab:sample{at}", model, other_attributes={"prov:role": "generator"})
        document.wasAttributedTo(data, model)
    return document


def bundles() -> ProvDocument:
    document, data = new(), "lab:real"
    for at in range(ROUNDS):
        bundle = document.bundle(f"lab:round{at}")
        train(bundle, at, data)
        data = sample(bundle, at, 1000)
    return document


def main(folder: Path) -> None:
    for make in (entities, agents, bundles):
        make().serialize(str(folder / f"loop_{make.__name__}.json"), indent=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
