"""Optimal loss weights: what is made small, the problem, the search, the answer and its proof."""

from headwater.planning.weights.objective import SUM, WORST, Objective, parse_objective
from headwater.planning.weights.weighting import Weighting, optimal_weights

__all__ = ["SUM", "WORST", "Objective", "Weighting", "optimal_weights", "parse_objective"]
