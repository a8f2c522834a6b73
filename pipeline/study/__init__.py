"""What the study consists of: parameters, names of runs, result files, statistics."""
