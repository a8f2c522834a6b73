"""The scoreboard: what the paper claims, and what this study found."""

from dataclasses import dataclass

import pandas as pd

from reports.results import Results, known, ordered
from reports.tables.captions import setting
from reports.tables.cells import MISSING, number
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table

VERDICTS = ("holds", "does not hold", "undecided", "not tested")
# Classes of the page's verdicts.
MARKS = {"holds": "pass", "does not hold": "fail", "undecided": "open", "not tested": ""}
# Whether the paper's figure lies in the interval, in words.
FIGURE = {"": "", "yes": "figure met", "no": "figure differs"}
NETWORKS = "psnr_above"
CHAPTERS = {
    **dict.fromkeys(("msfeb_gain", "rffb_gain", "rb_gain", "rb_dagger_loss"), "Modules"),
    NETWORKS: "Compared networks",
    **dict.fromkeys(("params_fewer_than_msrn", "params_fewer_than_dasr", "multi_adds"), "Size"),
    "barbara_in_set5": "Test images",
}
DECIMALS = {"dB": 2, "fraction": 3, "G": 1}


@dataclass(frozen=True)
class Line:
    """A claim on the first screen; one that was asked of several networks or datasets is one line.

    Attributes
    ----------
    statement, section : str
        What the paper says, and where.
    paper, ours, interval : str
        Figures with their units; "" where there are none. Of several rows, the range of ours.
    verdict : str
        In words; of several rows, how many of each.
    mark : {"pass", "near", "fail", "open", ""}
        Class of the verdict: "near" where the direction holds and the figure does not, "open" where
        rows differ, "" where nothing was tested.
    figure : {"", "figure met", "figure differs"}
        Whether the paper's figure lies in the interval.
    why : str
        What the verdict rests on.
    """

    statement: str
    section: str
    paper: str
    ours: str
    interval: str
    verdict: str
    mark: str
    figure: str
    why: str


@dataclass(frozen=True)
class Scoreboard:
    """All claims.

    Attributes
    ----------
    tally : list of (str, int)
        Verdicts with the number of rows of claims.csv that have them, 0 left out.
    lines : list of Line
        One for each claim.
    table : Table
        One row for each claim, dataset and network.
    grid : Table or None
        MESR less each network at each scale on each dataset; None where none was tested.
    """

    tally: list[tuple[str, int]]
    lines: list[Line]
    table: Table
    grid: Table | None


def scoreboard(results: Results) -> Scoreboard:
    """Return the scoreboard of a study."""
    frame = results["claims"]
    counts = frame["verdict"].value_counts()
    return Scoreboard(
        [(verdict, int(counts[verdict])) for verdict in VERDICTS if verdict in counts],
        [line(rows) for _, rows in frame.groupby("claim", sort=False)],
        claims_table(results),
        networks_grid(results),
    )


def count(verdicts: pd.Series) -> str:
    """Say how many rows have each verdict; one row's verdict as it is."""
    if len(verdicts) == 1:
        return str(verdicts.iloc[0])
    counts = verdicts.value_counts()
    if len(counts) == 1 and "not tested" in counts:
        return "not tested"
    words = [f"{verdict} in {counts[verdict]}" for verdict in VERDICTS if verdict in counts]
    return f"{', '.join(words)} of {len(verdicts)}"


def mark(rows: pd.DataFrame) -> str:
    """Return the class of the verdicts of one claim; what was not tested does not count."""
    tested = set(rows["verdict"]) - {"not tested"}
    if len(tested) > 1:
        return "open"
    if tested == {"holds"} and (rows["figure_within"] == "no").any():
        return "near"
    return MARKS[str(next(iter(tested), "not tested"))]


def figure(value: float, unit: str, *, sign: bool = False) -> str:
    """Write a figure of a claim with its unit; "" where there is none."""
    if not known(value):
        return ""
    if unit == "fraction":
        return f"{100 * value:.1f} %"
    return f"{number(value, DECIMALS.get(unit, 2), sign=sign)} {unit}".strip()


def signed(value: float) -> str:
    """Write a difference in dB with its sign; a third digit where two would hide it."""
    return number(value, 3 if 0.0005 <= abs(value) < 0.005 else 2, sign=True)


def span(rows: pd.DataFrame) -> tuple[str, str]:
    """Return what was measured: a figure and its interval, or the range of several figures."""
    unit = str(rows["unit"].iloc[0])
    in_db = unit == "dB"
    values = rows["ours"].dropna()
    if len(values) == 0:
        return "", ""
    if len(rows) > 1:
        low, high = (figure(end, unit, sign=in_db) for end in (values.min(), values.max()))
        return f"{low.removesuffix(f' {unit}')} to {high}", ""
    row = rows.iloc[0]
    ends = (
        f"[{signed(row['low'])}, {signed(row['high'])}]" if known(row["low"] + row["high"]) else ""
    )
    return figure(values.iloc[0], unit, sign=in_db), ends


def line(rows: pd.DataFrame) -> Line:
    """Return one claim as a line."""
    first = rows.iloc[0]
    ours, interval = span(rows)
    several = first["claim"] == NETWORKS and len(rows) > 1
    scales = ordered(rows["scale"])
    where = f", ×{scales[0]:.0f}" if len(scales) == 1 else ""
    datasets = [name for name in ordered(rows["dataset"]) if name]
    place = f" ({', '.join(datasets)}{where})" if datasets and not several else ""
    return Line(
        "MESR has a higher PSNR than each network it is compared with"
        if several
        else f"{first['statement']}{place}",
        str(first["section"]),
        figure(first["paper"], str(first["unit"]), sign=first["unit"] == "dB"),
        f"{ours} from case to case" if ours and len(rows) > 1 else ours,
        interval,
        count(rows["verdict"]),
        mark(rows),
        FIGURE[str(first["figure_within"])],
        shared_reasons(rows),
    )


def shared_reasons(rows: pd.DataFrame) -> str:
    """Return the reasons that all tested rows of a claim share; of an untested claim, all."""
    tested = rows[rows["verdict"] != "not tested"]
    texts = [text.split("; ") for text in ordered((rows if tested.empty else tested)["why"])]
    common = [reason for reason in texts[0] if all(reason in others for others in texts)]
    return "; ".join(common)


def claims_table(results: Results) -> Table:
    """Return the claims with one row for each dataset, those on networks with one per network."""
    frame = results["claims"]
    notes = Footnotes()
    columns = [
        Column("Claim", kind="text", first="ascending", width="4.2cm", wide=True),
        Column("Test images", kind="text", first="ascending", width="1.5cm"),
        Column("Paper"),
        Column("Here"),
        Column("Interval (dB)", kind="text", first="ascending", width="1.9cm"),
        Column("Seeds"),
        Column("Images"),
        Column("Verdict", kind="text", first="ascending", width="2.9cm"),
    ]
    groups: dict[str, list[Row]] = {}
    for _, claim in frame.groupby("claim", sort=False):
        name = str(claim["claim"].iloc[0])
        keys = ["reference_model", "reference_variant"] if name == NETWORKS else ["dataset"]
        for _, rows in claim.groupby(keys, sort=False):
            first = rows.iloc[0]
            ours, interval = span(rows)
            unit = str(first["unit"])
            datasets = [text for text in ordered(rows["dataset"]) if text]
            tested = rows[rows["verdict"] != "not tested"]
            asked = ordered((rows if tested.empty else tested)["scale"])
            scales = "/".join(f"{scale:.0f}" for scale in asked)
            where = f"{first['dataset']} ×{scales}" if len(datasets) == 1 else f"all, ×{scales}"
            reasons = ",".join(notes.remark(text) for text in ordered(rows["why"]) if text)
            met = FIGURE[str(first["figure_within"])]
            verdict = "; ".join(filter(None, (count(rows["verdict"]), met)))
            cells = [
                Cell(str(first["statement"]), str(first["statement"]).casefold()),
                Cell(where if datasets else f"×{scales}", where),
                value(figure(first["paper"], unit, sign=unit == "dB"), first["paper"]),
                value(ours, rows["ours"].mean()),
                Cell(interval or MISSING, interval),
                value(*sample(rows["seeds"])),
                value(*sample(rows["images"])),
                Cell(
                    verdict, verdict, verdict=mark(rows),
                    note=reasons if len(rows) == 1 else "",
                ),
            ]  # fmt: skip
            groups.setdefault(CHAPTERS.get(name, "Others"), []).append(Row(cells))
    measured = frame[frame["ours"].notna() & (frame["unit"] == "dB")]
    confidence = f"{results.study.bootstrap.confidence:.0%}"
    caption = (
        "What the paper says of its results, and what this study found. A claim that one network "
        "is above another holds when the interval of the mean paired difference lies above 0, "
        "does not hold when it lies below, and is undecided otherwise; intervals are "
        f"{confidence} ones over seeds and images with Holm's correction over the claims of one "
        "section of the paper at one scale on one dataset. What was not trained here is not "
        "tested. " + setting(results.study, measured["dataset"], sorted(measured["scale"]))
    )
    return Table(
        "claims", "Claims of the paper", caption, columns,
        [Group(title, rows) for title, rows in groups.items()], notes.listed(), "claims.csv",
    )  # fmt: skip


def value(text: str, sort: float) -> Cell:
    """Return a cell with a figure that was written already."""
    return Cell(text or MISSING, float(sort) if known(sort) else None)


def sample(numbers: pd.Series) -> tuple[str, float]:
    """Return the sizes of the samples of several rows as a range, and the smallest."""
    counts = sorted(set(numbers.dropna()))
    if not counts:
        return "", float("nan")
    low, high = f"{counts[0]:.0f}", f"{counts[-1]:.0f}"
    return low if low == high else f"{low} to {high}", counts[0]


def networks_grid(results: Results) -> Table | None:
    """Return MESR less each network by scale and dataset, or None where none was tested."""
    frame = results["claims"]
    frame = frame[(frame["claim"] == NETWORKS) & (frame["verdict"] != "not tested")]
    if frame.empty:
        return None
    datasets, scales = ordered(frame["dataset"]), sorted(frame["scale"].unique())
    networks = ordered(zip(frame["reference_model"], frame["reference_variant"], strict=True))
    columns = [Column("MESR less", kind="text", first="ascending", width="1.7cm")]
    columns += [
        Column(f"×{scale:.0f}", dataset, "text", "descending", "0.88cm")
        for dataset in datasets
        for scale in scales
    ]
    notes = Footnotes()
    rows = []
    for network in networks:
        own = frame[
            (frame["reference_model"] == network[0]) & (frame["reference_variant"] == network[1])
        ]
        name = results.network(*network)
        cells = [Cell(name, name.casefold())]
        for dataset in datasets:
            for scale in scales:
                cell = own[(own["dataset"] == dataset) & (own["scale"] == scale)]
                cells.append(
                    difference(cell.iloc[0])
                    if len(cell)
                    else Cell(MISSING, None, note=notes.remark("Not tested in this study."))
                )
        rows.append(Row(cells))
    confidence = f"{results.study.bootstrap.confidence:.0%}"
    caption = (
        "Mean PSNR of MESR less that of each network (dB), paired over images and seeds. An "
        f"asterisk: its {confidence} interval excludes 0, with Holm's correction over the "
        "networks at one scale on one dataset. "
        + setting(results.study, frame["dataset"], frame["scale"])
    )
    return Table(
        "claims_networks", "MESR against each network", caption, columns, [Group("", rows)],
        notes.listed(), "claims.csv",
    )  # fmt: skip


def difference(row: pd.Series) -> Cell:
    """Return the cell of a difference with its verdict."""
    decided = row["verdict"] in ("holds", "does not hold")
    text = number(row["ours"], 2, sign=True) + ("*" if decided else "")
    sort = float(row["ours"]) if known(row["ours"]) else None
    return Cell(text, sort, verdict=MARKS[row["verdict"]])
