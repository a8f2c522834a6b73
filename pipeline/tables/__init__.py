"""Stage `tables`: the study's numbers, one module a table, and how each table is laid out."""
