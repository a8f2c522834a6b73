"""What the study consists of: parameters, names of runs, paths, published figures, verdicts."""
