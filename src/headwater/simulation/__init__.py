"""Simulation: recursive training on a graph, run in chunks of replicates."""

from headwater.simulation.execution import Executor
from headwater.simulation.opening import open_run
from headwater.simulation.run import simulate

__all__ = ["Executor", "open_run", "simulate"]
