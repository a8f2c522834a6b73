"""Photographs that two datasets share: overlap.csv, which stage overlap writes."""

from pipeline.tables.files import words
from pipeline.tables.layout import Column, Table
from pipeline.tables.results import Results

COLUMNS = words(
    "first_dataset first second_dataset second correlation share_of_first share_of_second excluded"
)


def layout(results: Results) -> Table:
    """Lay out the photographs that are in two datasets."""
    return results.table(
        "overlap",
        results["overlap"],
        Column("first_dataset", "Dataset"),
        Column("first", "Image"),
        Column("second_dataset", "Dataset"),
        Column("second", "Image"),
        Column("correlation", "Correlation", "number"),
        Column("share_of_first", "Of the first", "number", "Share covered"),
        Column("share_of_second", "Of the second", "number", "Share covered"),
        Column("excluded", "Left out"),
    )
