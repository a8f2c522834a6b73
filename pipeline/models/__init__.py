"""Networks by name, ready to run: their code, published weights, trained runs."""
