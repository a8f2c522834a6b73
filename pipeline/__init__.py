"""The study's DVC stages, one module each, and the library they share."""
