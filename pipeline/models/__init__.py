"""Networks by name, ready to run: the registry, published weights, trained runs."""
