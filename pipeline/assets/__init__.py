"""Datasets and published weights: the registry, and how they are obtained."""
