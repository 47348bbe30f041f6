"""From the first generations' measured risk of real models to noise, bias and what comes next."""

from headwater.planning.calibration.calibrating import Calibration, calibrate
from headwater.planning.calibration.observations import Observation, Observations, read_observations
from headwater.planning.calibration.values import Calibrated, Estimates, Forecast, Interval, Limit, Passing

__all__ = [
    "Calibrated",
    "Calibration",
    "Estimates",
    "Forecast",
    "Interval",
    "Limit",
    "Observation",
    "Observations",
    "Passing",
    "calibrate",
    "read_observations",
]
