"""Real samples over models: least cost for targets, best result for a budget, and the least grounding."""

from headwater.planning.allocation.allocating import allocate
from headwater.planning.allocation.grounding import Entry, GroundingPlan, least_grounding
from headwater.planning.allocation.supply import Supply
from headwater.planning.allocation.values import Allocation

__all__ = ["Allocation", "Entry", "GroundingPlan", "Supply", "allocate", "least_grounding"]
