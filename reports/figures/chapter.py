"""All figures of the report in their order, drawn into its folder."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from reports.figures.gains import gains_figure
from reports.figures.pictures import Pictures
from reports.figures.refinement import refinement, refinement_figure
from reports.figures.style import Figure, save
from reports.figures.tradeoff import tradeoff_figure
from reports.figures.training_curves import ablation_curves, network_curves
from reports.figures.visual_comparison import comparison_figure, comparisons
from reports.results import Results

CHARTS = (network_curves, ablation_curves, gains_figure)


@dataclass(frozen=True)
class Switch:
    """Figures of one kind, of which the page shows the one that is chosen."""

    key: str
    title: str
    choice: str  # what is chosen: a scale, an image
    options: list[tuple[str, Figure]]  # name of the choice
    chosen: int = 0


@dataclass
class Chapter:
    """The figures of the report: those with a switch, then the rest."""

    switches: list[Switch] = field(default_factory=list)
    others: list[Figure] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)  # what is not there, and why

    @property
    def figures(self) -> list[Figure]:
        """All figures."""
        switched = (figure for switch in self.switches for _, figure in switch.options)
        return [*switched, *self.others]


def draw_figures(data: Results, evaluations: Path, folder: Path) -> Chapter:
    """Draw all figures into `folder`/figures."""
    pictures = Pictures(data, evaluations)
    found, absent = comparisons(pictures)
    chapter = Chapter()
    compared = [(figure.title, figure) for figure in map(comparison_figure, found)]
    if compared:
        chapter.switches.append(Switch("comparisons", "Visual comparison", "Image", compared))
    stages = refinement(pictures)
    if isinstance(stages, str):
        absent.append(stages)
    else:
        chapter.others.append(refinement_figure(stages))
    switch = by_scale("tradeoff", "PSNR against its cost", data, tradeoff_figure)
    if switch.options:
        chapter.switches.append(switch)
    chapter.others += [figure for chart in CHARTS if (figure := chart(data))]
    if not found:
        absent.append("Visual comparisons: evaluations/ keeps no pictures of the test images.")
    chapter.absent = absent
    study = data.study
    stamp = "" if study.is_paper_setting else f"Profile {study.profile}: not the paper's setting"
    for figure in chapter.figures:
        save(figure, folder / "figures", stamp)
    return chapter


def by_scale(
    key: str, title: str, data: Results, make: Callable[[Results, int], Figure | None]
) -> Switch:
    """Draw a figure at each scale of the study that has one; Table 4's is shown first."""
    scales = sorted(data.study.scales)
    found = [(scale, figure) for scale in scales if (figure := make(data, scale))]
    options = [(f"×{scale}", figure) for scale, figure in found]
    shown = [scale == data.study.complexity_scale for scale, _ in found]
    first = shown.index(True) if any(shown) else 0
    return Switch(key, title, "Scale", options, first)
