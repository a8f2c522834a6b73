"""The results of a study: its frames, read from results/ and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.support.errors import UserError
from pipeline.support.json import read_json
from pipeline.tables.files import read_frame

FORMAT = 2


@dataclass(frozen=True)
class Results:
    """The result files of one study.

    Attributes
    ----------
    facts : dict
        study.json, see `pipeline.tables.facts`.
    frames : dict of str to DataFrame
        The CSV files by name, such as "methods": text as str, counts as Int64, numbers as float64.
    """

    facts: Mapping[str, Any]
    frames: Mapping[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.frames[name]

    @property
    def datasets(self) -> list[str]:
        """The test sets."""
        return list(self.facts["datasets"])

    @property
    def subject(self) -> str:
        """Name of the network that the study is about, as tables print it."""
        return self.label(self.facts["subject"])

    def label(self, method: str) -> str:
        """Name of a method as tables print it."""
        return str(self.facts["labels"].get(method, method))

    @property
    def confidence(self) -> str:
        """Confidence of all intervals, such as "95 %"."""
        return f"{self.facts['confidence']:.0%}".replace("%", " %")

    @property
    def setting(self) -> str:
        """What networks were trained on, and for how long, for captions."""
        facts = self.facts
        text = f"trained on {facts['training']} for {facts['steps']:,} steps"
        return f"{text}, networks of reduced width" if facts["reduced"] else text


def read_results(folder: Path, columns: Mapping[str, tuple[str, ...]]) -> Results:
    """Read result files.

    Parameters
    ----------
    folder : Path
        ``results`` of a study.
    columns : mapping
        Of each file, by its name without ``.csv``.

    Raises
    ------
    UserError
        When a file is missing, of another format, lacks a column or has text for a number.
    """
    path, remedy = folder / "study.json", "dvc repro tables"
    facts = read_json(path, remedy)
    found = facts.get("format")
    if found != FORMAT:
        raise UserError(
            f"{path}: format {found!r}, expected {FORMAT}: another version wrote it. Run: {remedy}"
        )
    return Results(
        facts, {n: read_frame(folder / f"{n}.csv", c, remedy) for n, c in columns.items()}
    )
