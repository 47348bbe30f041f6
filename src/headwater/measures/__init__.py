"""What a sample supports: metrics with intervals, scores, the eight definitions of collapse, causes."""
