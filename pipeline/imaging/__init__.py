"""The way of an image: read, degrade, super-resolve. Judges nothing."""
