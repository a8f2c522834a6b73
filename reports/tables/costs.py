"""What the networks cost on one machine, as its file in benchmarks/machines/ has it."""

from dataclasses import replace

import pandas as pd

from pipeline.study.results import NTIRE_WEIGHTS
from reports.results import Results, ordered
from reports.tables.cells import plain
from reports.tables.model import Cell, Column, Footnotes, Group, Row, Table

SIZES = {"paper": "the paper's", "study": "as trained"}
NOT_MEASURED = "Not measured on this machine."
WIDE_SCORE = 1e4  # from here on a score is printed as a power of ten


def costs(results: Results, frame: pd.DataFrame, key: str, csv: str) -> Table:
    """Latency, memory and counts of every network that one machine measured.

    Parameters
    ----------
    results : Results
        For the names of the networks.
    frame : DataFrame
        Rows of `pipeline.study.results.MEASUREMENT`.
    key, csv : str
        Name of the table and of the machine's file.
    """
    notes = Footnotes()
    columns = [
        Column("Method", kind="text", first="ascending", width="2.0cm"),
        Column("Size", kind="text", first="ascending", width="1.4cm"),
        Column("(M)", "Parameters", first="ascending"),
        Column("(G)", "Multi-Adds", first="ascending"),
        Column("Conv.", first="ascending"),
        Column("(M)", "Activations", first="ascending"),
        Column("Median", "Latency (ms)", first="ascending"),
        Column("Quartiles", "Latency (ms)", first="ascending"),
        Column("(MiB)", "Peak memory", first="ascending"),
        Column("score", "NTIRE", first="ascending"),
    ]
    groups = []
    for (scale, name), part in frame.groupby(["scale", "input"], sort=False):
        rows = []
        for _, row in part.sort_values(["size", "latency_ms"], kind="stable").iterrows():
            remark = notes.remark(NOT_MEASURED)
            strip = (
                notes.remark("Measured on a strip of the input and scaled to the whole.")
                if row["share"] < 1
                else ""
            )
            network = network_name(results, row["model"], row["variant"])
            low, high = row["latency_q1_ms"], row["latency_q3_ms"]
            size = SIZES.get(row["size"], row["size"])
            cells = [Cell(network, network.casefold(), note=strip), Cell(size, size)]
            cells += [
                plain(row[column] / unit, decimals, note=remark)
                for column, unit, decimals in (
                    *(("params", 1e6, 3), ("multi_adds", 1e9, 1), ("convolutions", 1, 0)),
                    *(("activations", 1e6, 1), ("latency_ms", 1, 1)),
                )
            ]
            cells.append(Cell(f"{low:,.1f} to {high:,.1f}", low))
            cells.append(plain(row["peak_memory_mib"], 0, note=remark))
            cells.append(_score(row["ntire_score"], remark))
            rows.append(Row(cells))
        groups.append(Group(f"×{scale:.0f}, {name}", rows))
    weights = ", ".join(
        f"{weight} for {words}"
        for weight, words in zip(
            NTIRE_WEIGHTS.values(), ("runtime", "Multi-Adds", "parameters"), strict=True
        )
    )
    title = machine_name(frame)
    load = pd.to_numeric(frame["load"], errors="coerce").max()
    caption = (
        f"{title}, measured on {', '.join(ordered(frame['measured']))}; load of the machine "
        f"at most {load:.1f}. Median and quartiles of "
        f"{', '.join(f'{rounds:.0f}' for rounds in ordered(frame['rounds']))} passes after "
        "warm-up, networks in a new order in each round; peak memory of a fresh process beyond "
        "the process itself; Conv.: convolutions. Score of NTIRE's challenges "
        "on efficient SR, lower is better: sum "
        f"of exp(2 × value / value of MESR) weighted by {weights}; MESR of the same size is the "
        "reference and has exp(2) = 7.39. A stop-watch is no function of its inputs: these "
        "numbers are no part of the study that can be verified."
    )
    return Table(
        key, f"Cost of the networks: {title}", caption, columns, groups, notes.listed(), csv
    )


def _score(value: float, remark: str) -> Cell:
    # Exponential in time, so that a network of thirty times MESR's has a score of fifty digits.
    cell = plain(value, 2, note=remark)
    return replace(cell, text=f"{value:.1e}") if value >= WIDE_SCORE else cell


def network_name(results: Results, model: str, variant: str) -> str:
    """Return a network's name; a trained size has no variant, and is called as in Table 3."""
    table = results["tables/table3"]
    own = table[(table["model"] == model) & (table["provenance"] == "trained")]
    if not variant and not own.empty:
        return str(own["label"].iloc[0])
    return results.network(model, variant)


def machine_name(frame: pd.DataFrame) -> str:
    """Name a machine: processor, threads, version of PyTorch and precision."""
    row = frame.iloc[0]
    threads = f"{row['threads']} threads" if row["device"] == "cpu" else ""
    torch = f"PyTorch {row['torch'].partition('+')[0]}"
    return ", ".join(filter(None, (row["machine"], threads, torch, row["precision"])))
