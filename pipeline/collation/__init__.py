"""What stage `tables` does: evaluations, runs and published figures become the result files."""
