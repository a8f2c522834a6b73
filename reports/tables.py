"""Tables 1-4 and the certificate as plain values; templates turn them into HTML and LaTeX."""

import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from string import ascii_lowercase
from typing import Any

import pandas as pd

from reports.results import TRAININGS, Results, Study, known, ordered

MISSING = "–"
PROVENANCE = {
    "interpolation": "interpolation",
    "trained": "trained here",
    "published": "published weights",
    "quoted": "quoted",
}
RUN_FIELDS = (
    ("key", "Run"),
    ("stage", "Stage"),
    ("seed", "Seed"),
    ("params", "Parameters"),
    ("settings", "Network settings"),
    ("steps", "Steps"),
    ("lr", "Learning rate"),
    ("schedule", "Schedule"),
    ("batch", "Batch"),
    ("patch", "LR patch"),
    ("wall_seconds", "Wall time"),
    ("device", "Device"),
    ("machine", "Machine"),
    ("precision", "Precision"),
    ("torch", "torch"),
    ("dataset", "Images"),
    ("git_revision", "Git revision"),
    ("data_digest", "Data digest"),
)


# What an evaluation cannot have, because nothing is trained.
OF_TRAININGS = ("seed", "settings", "steps", "lr", "schedule", "batch", "patch", "precision")


@dataclass(frozen=True)
class Cell:
    """One cell: a measured value, and below it what was published and the difference."""

    text: str = ""
    sort: float | str | None = None
    spread: str = ""  # over seeds
    interval: str = ""  # of a paired difference
    published: str = ""
    difference: str = ""
    source: str = ""  # mark of the published value's source
    note: str = ""  # mark of the reason or remark
    rank: str = ""
    quoted: bool = False
    verdict: str = ""  # pass, fail, open


@dataclass(frozen=True)
class Column:
    """One column; columns of one `group` stand under a common heading."""

    head: str
    group: str = ""
    kind: str = "number"  # number, text, tick or stack (measured over published)
    first: str = "descending"  # direction of the first sort
    width: str = ""  # of text columns in LaTeX


@dataclass(frozen=True)
class Row:
    """One row and the runs that its measured values come from."""

    cells: Sequence[Cell]
    runs: Sequence[dict[str, str]] = ()
    origin: str = ""  # says in words where the row comes from


@dataclass(frozen=True)
class Group:
    """Rows under a common title; sorting stays inside a group."""

    title: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Table:
    """A table with its caption and footnotes."""

    key: str
    title: str
    caption: str
    columns: Sequence[Column]
    groups: Sequence[Group]
    notes: Sequence[tuple[str, str]]  # mark, text
    csv: str  # file in results/
    spreads: bool = True  # whether LaTeX prints spreads and intervals, on a line of their own

    @property
    def name(self) -> str:
        """The title without the table's number, which LaTeX sets itself."""
        return self.title.partition(". ")[2] or self.title

    @property
    def grouped(self) -> bool:
        """Whether there are headings over the columns."""
        return any(column.group for column in self.columns)

    @property
    def sides(self) -> list[bool]:
        """Tell for each column whether any cell has a spread or a difference beside its value."""
        rows = [row for group in self.groups for row in group.rows]
        return [
            any(row.cells[index].spread or row.cells[index].difference for row in rows)
            for index in range(len(self.columns))
        ]

    @property
    def column_groups(self) -> list[tuple[str, int]]:
        """Headings over the columns, with the number of columns that each spans."""
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and column.group and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return spans


@dataclass
class Footnotes:
    """Sources numbered and remarks lettered in the order of their first use."""

    sources: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)

    def source(self, text: str) -> str:
        """Return the mark of a source."""
        return self.sources.setdefault(text, str(len(self.sources) + 1)) if text else ""

    def remark(self, text: str) -> str:
        """Return the mark of a remark: a, b, ..., z, aa, ab, ..."""
        if text and text not in self.remarks:
            number, mark = len(self.remarks), ""
            while number >= 0:
                number, letter = divmod(number, 26)
                mark = ascii_lowercase[letter] + mark
                number -= 1
            self.remarks[text] = mark
        return self.remarks.get(text, "")

    def listed(self) -> list[tuple[str, str]]:
        """Return (mark, text) pairs, sources first."""
        return [
            (mark, text) for texts in (self.sources, self.remarks) for text, mark in texts.items()
        ]


def number(value: float, decimals: int, *, sign: bool = False) -> str:
    """Format a number with a true minus sign; infinities and missing values as signs."""
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:{'+' if sign else ''},.{decimals}f}"
    if float(text.replace(",", "")) == 0:  # no -0.00
        text = f"{'±' if sign else ''}{0:.{decimals}f}"
    return text.replace("-", "−")


def measured_cell(
    value: float,
    published: float,
    decimals: int,
    notes: Footnotes,
    *,
    spread: float = math.nan,
    source: str = "",
    note: str = "",
    rank: str = "",
    quoted: bool = False,
    unit: float = 1.0,
) -> Cell:
    """Return the cell of a measured value beside its published one.

    `quoted` rows have no measured value: the published one takes its place and is marked as such.
    """
    value, published, spread = value / unit, published / unit, spread / unit
    if quoted and known(published) and not known(value):
        return Cell(
            text=number(published, decimals),
            sort=published,
            source=notes.source(source),
            quoted=True,
        )
    if not known(value):
        note = note or "Not measured; the result files give no reason."
    return Cell(
        text=number(value, decimals),
        sort=value if known(value) else None,
        spread=f"±{number(spread, decimals)}" if known(spread) else "",
        published=number(published, decimals) if known(published) else "",
        difference=number(value - published, decimals, sign=True)
        if known(value - published)
        else "",
        source=notes.source(source) if known(published) else "",
        note=notes.remark(note) if not known(value) else "",
        rank=rank,
    )


def plain(
    value: float,
    decimals: int,
    *,
    sign: bool = False,
    mark: str = "",
    note: str = "",
    rank: str = "",
) -> Cell:
    """Return the cell of one number, with the mark of its source or of the reason it is missing."""
    sort = value if known(value) else None
    text = number(value, decimals, sign=sign)
    return Cell(text, sort, source=mark, note="" if known(value) else note, rank=rank)


def label(row: pd.Series, note: str = "") -> Cell:
    """Return the cell that names a method or variant, with the mark of a remark on its row."""
    text = str(row["label"] or row.get("model", "") or row["variant"])
    return Cell(text, text.casefold(), note=note)


def common_note(rows: pd.DataFrame) -> str:
    """Return the remark that all datasets of a row share; empty where they differ."""
    notes = rows["note"].unique()
    return str(notes[0]) if len(notes) == 1 else ""


def setting(study: Study, datasets: Iterable[str], scales: Iterable[float]) -> str:
    """Say in a caption what was measured on: no quick figure must look like a paper's."""
    where = ", ".join(ordered(datasets)) or "no dataset"
    factors = ", ".join(f"×{scale:.0f}" for scale in ordered(scales) if known(scale))
    text = (
        f"Profile {study.profile}; test images: {where}; scale {factors}; "
        f"protocol {study.protocol}."
    )
    narrowed = " Trained networks are narrowed." if study.facts.get("narrowed") else ""
    return f"{text}{narrowed} {study.warning}".strip()


def published_key(model: str, variant: str, scale: float) -> str:
    """Return the key of an evaluation of published weights; folders hold no punctuation."""
    name = "_".join(filter(None, (model, re.sub(r"\W", "_", variant))))
    return f"published_{name}_x{scale:.0f}"


def runs_of(
    results: Results, model: str, variants: Iterable[str], scale: float, stages: Iterable[str]
) -> list[dict[str, str]]:
    """Return the runs of a network at a scale, one dict of texts per run, in file order."""
    runs = results["runs"]
    chosen = runs[
        (runs["model"] == model)
        & runs["variant"].isin(list(variants))
        & (runs["scale"] == f"{scale:.0f}")
        & runs["stage"].isin(list(stages))
    ]
    return [run_facts(run) for run in chosen.to_dict("records")]


def run_facts(run: Mapping[Hashable, Any]) -> dict[str, str]:
    """Return a run's facts as texts for people, without those that its stage cannot have."""
    trained = run["stage"] in TRAININGS
    fields = [field for field in RUN_FIELDS if trained or field[0] not in OF_TRAININGS]
    facts = {title: str(run[name]) for name, title in fields}
    facts["Wall time"] = duration(facts["Wall time"])
    if facts["Parameters"].isdigit():
        facts["Parameters"] = f"{int(facts['Parameters']):,}"
    return facts


def duration(seconds: str) -> str:
    """Format a number of seconds; text that is none stays as it is."""
    try:
        total = round(float(seconds))
    except ValueError:
        return seconds
    hours, minutes, rest = total // 3600, total // 60 % 60, total % 60
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


FULL_NETWORK = ("", "full", "mesr")  # names of MESR itself among the variants


def ablation_runs(results: Results, variant: str, scale: Any) -> list[dict[str, str]]:
    """Return the runs of one row of Table 1 or 2; MESR itself is trained by stage `train`."""
    names = FULL_NETWORK if variant in FULL_NETWORK else (variant,)
    return runs_of(results, "mesr", names, scale, TRAININGS)


def table1(results: Results) -> Table:
    """Table 1: what each module adds."""
    frame = results["tables/table1"]
    notes = Footnotes()
    steps = ordered(frame["step"])
    modules = ("MSFEB", "RFFB", "RB") if len(steps) == 4 else ()
    columns = [
        Column("Network", kind="text", first="ascending", width="3.4cm"),
        *(Column(module, kind="tick") for module in modules),
        Column("Seeds"),
        Column("PSNR", "Measured (dB)", "stack"),
        Column("Gain", "Measured (dB)", "stack"),
        Column("PSNR", "Published (dB)"),
        Column("Gain", "Published (dB)"),
        Column("PSNR", "Difference (dB)"),
        Column("Gain", "Difference (dB)"),
    ]
    groups = []
    for (dataset, scale), part in frame.groupby(["dataset", "scale"], sort=False):
        rows = []
        for _, row in part.iterrows():
            ticks = [
                Cell("✓" if steps.index(row["step"]) > index else "", steps.index(row["step"]))
                for index in range(len(modules))
            ]
            mark = notes.source(row["source"])
            note = notes.remark(row["note"])
            first = row["step"] == steps[0]
            gap = notes.remark("The first step has nothing before it.") if first else note
            psnr, gain = row["psnr_db"], row["diff_db"]
            told, told_gain = row["published_psnr_db"], row["published_diff_db"]
            cells = [
                label(row, notes.remark(row["note"])),
                *ticks,
                Cell(row["seeds"], as_number(row["seeds"])),
                measured_cell(psnr, math.nan, 2, notes, spread=row["psnr_sd_db"], note=row["note"]),
                gain_cell(row, gap),
                plain(told, 2, mark=mark if known(told) else "", note=note),
                plain(told_gain, 2, sign=True, mark=mark if known(told_gain) else "", note=gap),
                plain(psnr - told, 2, sign=True, note=note),
                plain(gain - told_gain, 2, sign=True, note=gap),
            ]
            rows.append(Row(cells, ablation_runs(results, row["variant"], scale)))
        groups.append(Group(f"{dataset}, ×{scale:.0f}", rows))
    caption = (
        "Effectiveness of the modules, in the structure of Table 1 of the paper. Gain: mean paired "
        f"difference to the row above{interval(results.study)}. "
        + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "table1", "Table 1. Module ablation", caption, columns, groups, notes.listed(), "table1.csv"
    )


def interval(study: Study) -> str:
    """Say what the intervals below paired differences are."""
    bootstrap = study.facts.get("bootstrap") or study.facts.get("statistics") or {}
    confidence = bootstrap.get("confidence") if isinstance(bootstrap, dict) else None
    percent = f"{confidence:.0%} " if isinstance(confidence, float) else ""
    return f" with its {percent}bootstrap interval over images and seeds"


def gain_cell(row: pd.Series, note: str) -> Cell:
    """Return the cell of a paired difference with its interval below."""
    low, high = row["diff_low_db"], row["diff_high_db"]
    span = (
        f"[{number(low, 2, sign=True)}, {number(high, 2, sign=True)}]" if known(low + high) else ""
    )
    value = row["diff_db"]
    return Cell(
        number(value, 2, sign=True),
        value if known(value) else None,
        interval=span,
        note="" if known(value) else note,
    )


def as_number(text: str) -> float | None:
    """Return a number to sort by, or None."""
    try:
        return float(text)
    except ValueError:
        return None


def table2(results: Results) -> Table:
    """Table 2: the necessity of the refinement block."""
    frame = results["tables/table2"]
    notes = Footnotes()
    datasets = ordered(frame["dataset"])
    columns = [Column("Network", kind="text", first="ascending", width="2.1cm")]
    for dataset in datasets:
        columns += [
            Column("PSNR", dataset, "stack"),
            Column("SSIM", dataset, "stack"),
            Column("Difference", dataset, "stack"),
        ]
    reference = frame[frame["diff_db"].isna() & frame["psnr_db"].notna()]["label"].unique()
    gap = notes.remark("The row that the others are compared with.") if len(reference) == 1 else ""
    groups = []
    for scale, part in frame.groupby("scale", sort=False):
        rows = []
        for variant in ordered(part["variant"]):
            own = part[part["variant"] == variant].set_index("dataset")
            cells = [label(own.iloc[0], notes.remark(common_note(own)))]
            for dataset in datasets:
                if dataset not in own.index:
                    reason = notes.remark(f"table2.csv has no row for {dataset}.")
                    cells += [Cell(MISSING, note=reason)] * 3
                    continue
                row = own.loc[dataset]
                shared = bool(common_note(own))
                cells += [
                    *quality_cells(row, notes, remark=not shared),
                    gain_cell(row, gap if row["label"] in reference else notes.remark(row["note"])),
                ]
            rows.append(Row(cells, ablation_runs(results, variant, scale)))
        groups.append(Group(f"Scale ×{scale:.0f}", rows))
    to = f" to {reference[0]}" if len(reference) == 1 else ""
    caption = (
        "Necessity of the refinement block (RB), in the structure of Table 2 of the paper. "
        f"Difference: mean paired difference{to}{interval(results.study)}. "
        "PSNR and differences in dB. Below a value: the published one and the difference to it, "
        "where "
        "one is known. " + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "table2", "Table 2. Necessity of RB", caption, columns, groups, notes.listed(), "table2.csv"
    )


def quality_cells(row: pd.Series, notes: Footnotes, *, remark: bool) -> list[Cell]:
    """Return the PSNR and SSIM cells of one row of the result file.

    `remark` puts the row's note on the PSNR cell: where it is the dataset's, not the method's.
    """
    quoted = row.get("provenance", "") == "quoted"
    cells = [
        measured_cell(
            row[name],
            row[f"published_{name}"],
            decimals,
            notes,
            spread=row[spread],
            source=row["source"],
            note=row["note"],
            rank=row.get(rank, ""),
            quoted=quoted,
        )
        for name, decimals, spread, rank in (
            ("psnr_db", 2, "psnr_sd_db", "rank_psnr"),
            ("ssim", 4, "ssim_sd", "rank_ssim"),
        )
    ]
    if remark and row["note"]:
        cells[0] = replace(cells[0], note=notes.remark(row["note"]))
    return cells


def method_runs(
    results: Results, row: pd.Series, datasets: Iterable[str]
) -> tuple[list[dict[str, str]], str]:
    """Return the runs behind a row of Tables 3 and 4, and in words where the row comes from.

    A row without a training has one run per dataset that it shows.
    """
    provenance, model, variant = row["provenance"], row["model"], row["variant"]
    if provenance == "trained":
        names = FULL_NETWORK if model == "mesr" and variant in FULL_NETWORK else (variant,)
        return runs_of(results, model, names, row["scale"], ("train",)), ""
    if provenance == "quoted":
        return [], "No run: the figures are quoted from the sources in the footnotes."
    key = f"bicubic_x{row['scale']:.0f}"
    if provenance == "published":
        key = published_key(model, variant, row["scale"])
    runs = results["runs"]
    runs = runs[(runs["key"] == key) & runs["dataset"].isin(list(datasets))]
    found = [run_facts(run) for run in runs.to_dict("records")]
    words = {
        "interpolation": "Bicubic interpolation; nothing is trained.",
        "published": "The authors' published weights, digest-checked; nothing is trained.",
    }
    return found, words.get(provenance, "")


def table3(results: Results) -> Table:
    """Table 3: all methods, scales and datasets."""
    frame = results["tables/table3"]
    notes = Footnotes()
    datasets = ordered(frame["dataset"])
    columns = [
        Column("Method", kind="text", first="ascending", width="2.0cm"),
        Column("Weights", kind="text", first="ascending", width="2.2cm"),
    ]
    for dataset in datasets:
        columns += [Column("PSNR (dB)", dataset, "stack"), Column("SSIM", dataset, "stack")]
    groups = []
    for scale, part in frame.groupby("scale", sort=False):
        rows = []
        for _, own in part.groupby(["model", "variant", "provenance"], sort=False):
            shared = common_note(own)
            cells = [label(own.iloc[0], notes.remark(shared)), provenance_cell(own.iloc[0])]
            by_dataset = own.drop_duplicates("dataset").set_index("dataset")
            for dataset in datasets:
                if dataset in by_dataset.index:
                    cells += quality_cells(by_dataset.loc[dataset], notes, remark=not shared)
                else:
                    reason = notes.remark(f"table3.csv has no row for {dataset}.")
                    cells += [Cell(MISSING, note=reason)] * 2
            rows.append(Row(cells, *method_runs(results, own.iloc[0], own["dataset"])))
        groups.append(Group(f"Scale ×{scale:.0f}", rows))
    caption = (
        "PSNR and SSIM of all methods, in the structure of Table 3 of the paper. Trained here: "
        "same data, budget and seeds for every network. Published weights: the authors' own, "
        "measured here. Quoted (italic): not measured, and not ranked, because each source has "
        "its own protocol. Best in bold, second best underlined, among rows with the same kind "
        "of weights only. Beside or below a measured value: the published one with its source, "
        "and the difference. " + setting(results.study, frame["dataset"], frame["scale"])
    )
    title = "Table 3. Comparison with other methods"
    return Table(
        "table3", title, caption, columns, groups, notes.listed(), "table3.csv", spreads=False
    )


def provenance_cell(row: pd.Series) -> Cell:
    """Return the cell that says whose weights a row shows."""
    text = PROVENANCE.get(row["provenance"], row["provenance"])
    return Cell(text, text)


def table4(results: Results) -> Table:
    """Table 4: parameters, Multi-Adds and PSNR."""
    frame = results["tables/table4"]
    notes = Footnotes()
    columns = [
        Column("Method", kind="text", first="ascending", width="2.0cm"),
        Column("Weights", kind="text", first="ascending", width="2.2cm"),
    ]
    for group, first in (
        ("Parameters (M)", "ascending"),
        ("Multi-Adds (G)", "ascending"),
        ("PSNR (dB)", "descending"),
    ):
        columns += [
            Column("Measured", group, first=first),
            Column("Published", group, first=first),
            Column("Difference", group, first=first),
        ]
    groups = []
    for (dataset, scale), part in frame.groupby(["dataset", "scale"], sort=False):
        rows = []
        for _, row in part.iterrows():
            none = (
                notes.remark("An interpolation has no parameters.")
                if row["provenance"] == "interpolation"
                else notes.remark("No published figure was found.")
            )
            remark = notes.remark(row["note"]) if row["note"] else none
            cells = [label(row, notes.remark(row["note"])), provenance_cell(row)]
            for name, unit, decimals, source, rank in (
                ("params", 1e6, 3, "complexity_source", ""),
                ("multi_adds", 1e9, 1, "complexity_source", ""),
                ("psnr_db", 1.0, 2, "quality_source", row["rank_psnr"]),
            ):
                value, told = row[name] / unit, row[f"published_{name}"] / unit
                mark = notes.source(row[source]) if known(told) else ""
                counted = none if name != "psnr_db" else remark
                cells += [
                    plain(value, decimals, note=counted, rank=rank),
                    plain(told, decimals, mark=mark, note=none),
                    plain(
                        value - told, decimals, sign=True, note=none if not known(told) else counted
                    ),
                ]
            rows.append(Row(cells, *method_runs(results, row, [row["dataset"]])))
        groups.append(Group(f"{dataset}, ×{scale:.0f}", rows))
    caption = (
        "Parameters, Multi-Adds and PSNR, in the structure of Table 4 of the paper. Parameters and "
        "Multi-Adds: the full-size networks of the papers at a 1280×720 HR output, counted, "
        "whatever size the profile trains. Best measured PSNR in bold, second best underlined, "
        "among rows with the same kind of weights only. "
        + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "table4", "Table 4. Complexity", caption, columns, groups, notes.listed(), "table4.csv"
    )


def verdict_cell(row: pd.Series) -> Cell:
    """Return the verdict of one row of the certificate, in words."""
    measured = known(row["psnr_db"]) or known(row["ssim"])
    verdict = row["within_tolerance"].strip().lower()
    recorded = ", recorded" if row["measured"] == "recorded" else ""
    if measured and verdict in ("true", "1", "yes"):
        return Cell(f"within{recorded}", "0", verdict="pass")
    if measured and verdict in ("false", "0", "no"):
        return Cell(f"outside{recorded}", "2", verdict="fail")
    return Cell(f"not judged{recorded}" if measured else "not measured", "1", verdict="open")


def certificate(results: Results) -> Table:
    """Return the certificate: published against measured, under the authors' own protocol."""
    frame = results["certification"]
    notes = Footnotes()
    columns = [
        Column("Dataset", kind="text", first="ascending", width="1.7cm"),
        Column("Scale", first="ascending"),
        Column("Protocol", kind="text", first="ascending", width="2.2cm"),
        *(
            Column(head, group)
            for group in ("PSNR (dB)", "SSIM")
            for head in ("Published", "Measured", "Difference")
        ),
        Column("Verdict", kind="text", first="ascending", width="1.9cm"),
    ]
    groups = []
    for (model, variant), part in frame.groupby(["model", "variant"], sort=False):
        rows = []
        for _, row in part.iterrows():
            remark = notes.remark(row["note"])
            if row["measured"] == "recorded":
                at = f" at revision {row['git_revision']}" if row["git_revision"] else ""
                recorded = f"Recorded{at}: this profile does not measure it again."
                remark = ",".join(filter(None, (remark, notes.remark(recorded))))
            protocol = ", ".join(text for text in (row["protocol"], row["details"]) if text)
            cells = [
                Cell(row["dataset"], row["dataset"].casefold()),
                Cell(f"×{row['scale']:.0f}", row["scale"]),
                Cell(protocol, protocol),
            ]
            for name, decimals in (("psnr_db", 2), ("ssim", 4)):
                told, value = row[f"published_{name}"], row[name]
                mark = notes.source(row["source"]) if known(told) else ""
                finer = decimals + (1 if name == "psnr_db" else 0)
                cells += [
                    plain(told, decimals, mark=mark),
                    plain(value, finer),
                    plain(value - told, finer, sign=True),
                ]
            verdict = verdict_cell(row)
            cells.append(Cell(verdict.text, verdict.sort, note=remark, verdict=verdict.verdict))
            rows.append(Row(cells))
        groups.append(Group(results.study.name(str(model), str(variant)), rows))
    caption = (
        "The certificate: published figures against those that this project's evaluation gives "
        "for bicubic interpolation and for the authors' own weights, each under the protocol that "
        "its authors used. Within: at most 0.02 dB and 0.001 apart."
    )
    title = "Certificate of the evaluation"
    return Table(
        "certificate", title, caption, columns, groups, notes.listed(), "certification.csv"
    )


COUNT_VERDICTS = {"equal": "pass", "explained": "pass", "differs": "fail"}


def counts(results: Results) -> Table:
    """Return the certificate of the counts: parameters and Multi-Adds against published ones."""
    notes = Footnotes()
    columns = [
        Column("Scale", first="ascending"),
        *(
            column
            for group in ("Parameters (K)", "Multi-Adds (G)")
            for column in (
                *(Column(head, group) for head in ("Counted", "Their way", "Published")),
                Column("Verdict", group, kind="text", first="ascending", width="1.6cm"),
            )
        ),
    ]
    groups = []
    for (model, variant), part in results["counts"].groupby(["model", "variant"], sort=False):
        rows = []
        for _, row in part.iterrows():
            source = notes.source(row["source"])
            cells = [Cell(f"×{row['scale']:.0f}", row["scale"])]
            for name, unit in (("params", 1e3), ("multi_adds", 1e9)):
                told, verdict = row[f"published_{name}"], row[f"{name}_verdict"]
                remark = row["explanation"] if verdict in ("explained", "differs") else ""
                cells += [
                    plain(row[name] / unit, 1),
                    plain(row[f"counted_{name}"] / unit, 1),
                    plain(told / unit, 1, mark=source if known(told) else ""),
                    Cell(
                        verdict or MISSING,
                        verdict,
                        note=notes.remark(remark),
                        verdict=COUNT_VERDICTS.get(verdict, "open"),
                    ),
                ]
            rows.append(Row(cells))
        groups.append(Group(results.study.name(str(model), str(variant)), rows))
    caption = (
        "Parameters and Multi-Adds of the full-size networks against published counts. Counted: "
        "all parameters; multiply-accumulates of convolutions and matrix products, at the size "
        "that the source counted at (1280×720 HR unless a remark says otherwise). Their way: by "
        "the rule of the source, as far as it is known. Equal: the printed digits come out. "
        "Explained: they come out by the rule of the source, which the remark names."
    )
    return Table(
        "counts", "Certificate of the counts", caption, columns, groups,
        notes.listed(), "counts.csv",
    )  # fmt: skip


def reading_counts(results: Results) -> Table | None:
    """Parameters of MESR and its variants: how the size depends on what is built."""
    frame = results["complexity"]
    frame = frame[(frame["model"] == "mesr")]
    if frame["variant"].nunique() < 2:
        return None
    scales = sorted(frame["scale"].unique())
    columns = [Column("Variant", kind="text", first="ascending", width="4cm")]
    for scale in scales:
        columns += [
            Column("Parameters (M)", f"×{scale:.0f}", first="ascending"),
            Column("Multi-Adds (G)", f"×{scale:.0f}", first="ascending"),
        ]
    notes = Footnotes()
    absent = "Not counted at this scale."
    rows = []
    for variant in ordered(frame["variant"]):
        own = frame[frame["variant"] == variant].set_index("scale")
        cells = [Cell(variant or "full", variant or "full")]
        for scale in scales:
            counted = own.loc[scale] if scale in own.index else None
            for name, unit, decimals in (("params", 1e6, 3), ("multi_adds", 1e9, 1)):
                value = math.nan if counted is None else counted[name] / unit
                cells.append(
                    plain(value, decimals, note="" if known(value) else notes.remark(absent))
                )
        rows.append(Row(cells))
    caption = (
        "What each variant of the full-size network costs at a 1280×720 HR output. Its effect on "
        "quality stands in Tables 1 and 2."
    )
    return Table(
        "readings", "Size of the variants", caption, columns, [Group("", rows)],
        notes.listed(), "complexity.csv",
    )  # fmt: skip


def runs_table(results: Results) -> Table:
    """Every run of the study, as recorded when it ended."""
    frame = results["runs"]
    sortable = ("seed", "params", "steps", "lr", "batch", "patch", "wall_seconds")
    columns = [Column("Network", kind="text", first="ascending")] + [
        Column(title, kind="number" if name in sortable else "text", first="ascending")
        for name, title in RUN_FIELDS
    ]
    rows = []
    for run in frame.to_dict("records"):
        facts = run_facts(run)
        name = f"{run['label']}, ×{run['scale']}" if run["scale"] else run["label"]
        cells = [Cell(name, name.casefold())]
        for field_name, title in RUN_FIELDS:
            text = facts.get(title) or MISSING
            raw = run[field_name]
            cells.append(Cell(text, as_number(raw) if field_name in sortable else raw.casefold()))
        rows.append(Row(cells))
    caption = (
        "What was trained, and what was evaluated without a training: with which settings, by "
        "which revision of the code, on which data and where."
    )
    return Table("all-runs", "All runs", caption, columns, [Group("", rows)], [], "runs.csv")


TABLES: tuple[Callable[[Results], Table], ...] = (table1, table2, table3, table4)
