"""The results of a study: its frames, as they were read from results/."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

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
