"""The results of a study: its frames, as they were read from results/."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.support.yaml import read_yaml
from pipeline.tables.layout import Column, Table

FORMAT = 2
CAPTIONS = Path(__file__).with_name("captions.yaml")


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

    def table(
        self,
        name: str,
        frame: pd.DataFrame,
        *columns: Column,
        told: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Table:
        """Lay out a table whose title and caption stand in captions.yaml.

        Parameters
        ----------
        name, frame, columns, **options
            As of `Table`.
        told : mapping
            What the caption says beside what it takes from these results (`here`).
        """
        title, caption = _captions()[name].values()
        here = {"here": self, "sets": ", ".join(self.datasets), **self.facts}
        said = caption.format(**here, **(told or {}))
        return Table(name, title, said, frame, columns, **{"csv": f"{name}.csv"} | options)


@cache
def _captions() -> dict[str, dict[str, str]]:
    return read_yaml(CAPTIONS, "git checkout -- pipeline/tables/captions.yaml")
