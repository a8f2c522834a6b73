"""Training one network: loop, patches, checkpoints, history."""
