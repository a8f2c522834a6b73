"""Figures of what a study has beside the paper's tables: tuning, ladder and readings."""

from pathlib import Path

from reports.figures.ladder import ladder_figure
from reports.figures.readings import readings_figure
from reports.figures.style import Figure, save
from reports.figures.tuning import tuning_figure
from reports.results import Results

FIGURES = {
    "readings_worth": readings_figure,
    "ladder": ladder_figure,
    "tuning": tuning_figure,
}


def draw_design(data: Results, folder: Path) -> dict[str, Figure]:
    """Draw the figures that the study has into `folder`/figures; return them by chapter."""
    drawn = {name: figure for name, make in FIGURES.items() if (figure := make(data))}
    study = data.study
    stamp = "" if study.is_paper_setting else f"Profile {study.profile}: not the paper's setting"
    for figure in drawn.values():
        save(figure, folder / "figures", stamp)
    return drawn
