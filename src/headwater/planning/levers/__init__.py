"""Levers compared: what each alone achieves and costs."""

from headwater.planning.levers.comparing import compare
from headwater.planning.levers.values import Comparison, Outcome, Plans, Prices, Row, Verifier

__all__ = ["Comparison", "Outcome", "Plans", "Prices", "Row", "Verifier", "compare"]
