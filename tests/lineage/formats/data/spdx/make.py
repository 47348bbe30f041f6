"""Writes the loop beside it with SPDX's own bindings: ``python make.py FILE``, spdx-python-model 0.0.6.

Real data train a model; each model, in a build that uses it as a tool, writes the data that
train the next, three times over.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from spdx_python_model import v3_0_1 as spdx

BASE = "https://lab.example/spdx/"
ROUNDS = 3


class Bom:
    def __init__(self) -> None:
        self.objects = spdx.SHACLObjectSet()
        self.info = spdx.CreationInfo()
        self.info.specVersion = "3.0.1"
        self.info.created = datetime(2026, 3, 1, tzinfo=UTC)
        person = self.add(spdx.Person(), "person", name="A. Person")
        self.info.createdBy.append(person)

    def add(self, element, at: str, **fields):
        element._id = BASE + at
        element.creationInfo = self.info
        for name, value in fields.items():
            setattr(element, name, value)
        self.objects.add(element)
        return element

    def relate(self, start, type_: str, *ends) -> None:
        number = len(list(self.objects.foreach_type(spdx.Relationship)))
        self.add(
            spdx.Relationship(),
            f"relationship{number}",
            from_=start,
            to=list(ends),
            relationshipType=getattr(spdx.RelationshipType, type_),
        )


def loop() -> Bom:
    bom = Bom()
    data = bom.add(
        spdx.dataset_DatasetPackage(),
        "real",
        name="real",
        dataset_datasetSize=4096,
        dataset_datasetType=[spdx.dataset_DatasetType.text],
        software_primaryPurpose=spdx.software_SoftwarePurpose.data,
    )
    bom.relate(data, "descendantOf", spdx.IndividualElement.NoneElement)
    before = None
    for at in range(ROUNDS):
        model = bom.add(
            spdx.ai_AIPackage(),
            f"student{at}",
            name="student",
            software_packageVersion=str(at),
            software_primaryPurpose=spdx.software_SoftwarePurpose.model,
            ai_hyperparameter=[spdx.DictionaryEntry(key="round", value=str(at))],
        )
        bom.relate(model, "trainedOn", data)
        if before is not None:
            bom.relate(model, "descendantOf", before)
        run = bom.add(
            spdx.build_Build(),
            f"sample{at}",
            name=f"sample {at}",
            build_buildType=BASE + "sampling",
            build_buildEndTime=datetime(2026, 3, 1, at + 1, tzinfo=UTC),
        )
        data = bom.add(
            spdx.dataset_DatasetPackage(),
            f"synthetic{at + 1}",
            name=f"synthetic-{at + 1}",
            dataset_datasetType=[spdx.dataset_DatasetType.text],
        )
        bom.relate(run, "usesTool", model)
        bom.relate(run, "hasOutput", data)
        before = model
    return bom


def main(file: Path) -> None:
    with file.open("wb") as out:
        spdx.JSONLDSerializer().write(loop().objects, out, indent=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
