"""What the command `mesr` offers beside the study."""
