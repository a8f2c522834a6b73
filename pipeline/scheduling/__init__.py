"""Running the stages of the DVC graph side by side, here or on a cluster."""
