"""The judges: metrics, and the evaluation of a network under a protocol."""
