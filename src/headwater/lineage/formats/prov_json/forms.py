"""What each kind of PROV record says, as a table: its two ends, its role, and what PROV lets it omit."""

from __future__ import annotations

from typing import Literal, NamedTuple

from headwater.lineage.facts import Role

ELEMENTS = ("entity", "activity", "agent")
ACTIVITIES = frozenset(("prov:activity", "prov:informed", "prov:informant", "prov:starter"))
"""Attributes that name an activity, whether or not it has a record of its own."""

ANYTHING = frozenset(
    ("prov:agent", "prov:delegate", "prov:responsible", "prov:influencee", "prov:influencer")
)
"""Attributes that may name an activity: PROV lets one be an agent too."""

Class = Literal["entity", "activity", "agent"]


class Form(NamedTuple):
    """A kind of relation: attributes of its ends, and the role of the second for the first.

    No role: the record is read for its times only. `open` says that the second may be missing.
    """

    subject: str
    object: str
    role: Role | None
    open: bool = False


FORMS: dict[str, Form] = {
    "wasGeneratedBy": Form("prov:entity", "prov:activity", "made", open=True),
    "used": Form("prov:activity", "prov:entity", "used", open=True),
    "wasDerivedFrom": Form("prov:generatedEntity", "prov:usedEntity", "derived"),
    "wasInformedBy": Form("prov:informed", "prov:informant", "informed"),
    "wasStartedBy": Form("prov:activity", "prov:starter", "informed", open=True),
    "wasEndedBy": Form("prov:activity", "prov:ender", None, open=True),
    "wasInvalidatedBy": Form("prov:entity", "prov:activity", None, open=True),
    "wasAttributedTo": Form("prov:entity", "prov:agent", "associated"),
    "wasAssociatedWith": Form("prov:activity", "prov:agent", "associated", open=True),
    "actedOnBehalfOf": Form("prov:delegate", "prov:responsible", "associated"),
    "wasInfluencedBy": Form("prov:influencee", "prov:influencer", "dependency"),
    "specializationOf": Form("prov:specificEntity", "prov:generalEntity", "version-of"),
    "mentionOf": Form("prov:specificEntity", "prov:generalEntity", "version-of"),
    "alternateOf": Form("prov:alternate1", "prov:alternate2", "same-as"),
    "hadMember": Form("prov:collection", "prov:entity", "derived"),
}
