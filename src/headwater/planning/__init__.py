"""The cheapest way out of collapse: thresholds, allocations, weights, levers, sensitivity, calibration."""
