"""The results of a study: its frames, as they were read from results/."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.support.yaml import read_yaml
from pipeline.tables.files import INTEGER
from pipeline.tables.layout import Column, Table, across

FORMAT = 2
LAYOUTS = Path(__file__).with_name("layouts.yaml")


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
        columns: Sequence[Column] | None = None,
        told: Mapping[str, Any] | None = None,
    ) -> Table:
        """Lay out a frame as layouts.yaml says.

        Parameters
        ----------
        name : str
            Of the table.
        frame : DataFrame
            Its rows.
        columns : sequence of Column, optional
            In place of those of layouts.yaml.
        told : mapping, optional
            What the caption says beside what it takes from these results.
        """
        layout = {"csv": f"{name}.csv"} | layouts()["tables"][name]
        layout["caption"] = layout["caption"].format(**self._words, **(told or {}))
        layout["columns"] = tuple(self.columns(name) if columns is None else columns)
        return Table(name=name, frame=frame, **layout)

    def columns(self, name: str) -> list[Column]:
        """Return the columns that layouts.yaml gives a table."""
        specs = layouts()["tables"][name]["columns"]
        return [column for spec in specs for column in self._spelled(spec)]

    @property
    def _words(self) -> dict[str, Any]:
        return {"here": self, "sets": ", ".join(self.datasets), **self.facts}

    def _spelled(self, spec: Any) -> list[Column]:
        """Return the columns that one entry of layouts.yaml stands for."""
        if isinstance(spec, str):
            return [usual(name) for name in spec.split()]
        if "across" in spec:
            return across(
                self.datasets, *(c for part in spec["across"] for c in self._spelled(part))
            )
        column = replace(usual(spec["name"]), **spec)
        return [replace(column, label=column.label.format(**self._words))]


@cache
def layouts() -> dict[str, Any]:
    """Read layouts.yaml."""
    return read_yaml(LAYOUTS, "git checkout -- pipeline/tables")


def usual(name: str) -> Column:
    """Return a column as most tables have it."""
    column = Column(name, name.capitalize(), "integer" if name in INTEGER else "text")
    return replace(column, **layouts()["usual"].get(name, {}))
