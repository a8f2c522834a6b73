"""docs/findings.md: what a study shows and what it cannot say, every number from its result files.

    python -m reports.findings studies/compact/results docs/findings.md

Which sentences stand there depends on the verdicts in the result files; nothing assumes an outcome.
"""

import argparse
import math
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from pipeline.study.comparisons import compare_pairs, seeds_to_resolve, spread_over_seeds
from pipeline.study.results import RESOLVED_DB, RESOLVED_POWER
from pipeline.support.console import run
from pipeline.support.files import atomic_path
from reports.figures.ladder import study_steps
from reports.results import Results, known, ordered, read_results
from reports.tables.cells import number
from reports.tables.claims import NETWORKS, VERDICTS, figure, signed
from reports.tables.ladder import agreement, comparable
from reports.tables.tuning import candidates, restarted

TEMPLATE = "findings.md.j2"
OWN = "mesr"
SCALE = 4  # of the ablation, the readings and the ladder
FEW = 4  # networks below which they are named and not counted
EQUAL = 1.15 / 0.85  # largest over smallest cost of networks within 15 % of one budget
MODULES = ("msfeb_gain", "rffb_gain", "rb_gain", "rb_dagger_loss")
# A training with less than this share of the gain over bicubic interpolation of its network's best
# seed learned next to nothing.
FAILED = 0.2
CLOSE_DB = 0.01  # learning rates whose PSNR differs by less are not told apart by one training
SAME_SIZE = 0.05  # readings whose parameters differ by less, as a share, are of one size


@dataclass(frozen=True)
class Standing:
    """Where MESR stands among the trained networks at one scale on one dataset.

    Attributes
    ----------
    psnr_db : float
        Of MESR.
    rank, networks : int
        By mean PSNR, 1 for the best, among so many.
    letters : str
        Of MESR: networks that share one are not told apart; "" where nothing can be said.
    best : str
        The best of the other networks.
    lead_db : float
        PSNR of MESR less that of `best`.
    above, below, alike : list of str
        Networks that are told apart from MESR and have a higher or lower PSNR, and the others.
    """

    scale: int
    dataset: str
    psnr_db: float
    rank: int
    networks: int
    letters: str
    best: str
    lead_db: float
    above: list[str]
    below: list[str]
    alike: list[str]


def standings(results: Results) -> list[Standing]:
    """Return where MESR stands at each scale on each dataset; none without other networks."""
    found = []
    pairs = results["tables/pairs"]
    pairs = pairs[pairs["metric"] == "psnr_db"]
    ranked = results["tables/ranking"].sort_values("psnr_db", ascending=False, kind="stable")
    places = results["tables/ranking"][["scale", "dataset"]].drop_duplicates()
    for scale, dataset in places.itertuples(index=False):
        rows = ranked[(ranked["scale"] == scale) & (ranked["dataset"] == dataset)]
        cell: dict[str, Any] = {row["model"]: row for row in rows.to_dict("records")}
        if OWN not in cell or len(cell) < 2:
            continue
        own, others = cell[OWN], [row for model, row in cell.items() if model != OWN]
        here = pairs[(pairs["scale"] == scale) & (pairs["dataset"] == dataset)]
        apart = told_apart_from_own(here)
        sides: dict[str, list[str]] = {"above": [], "below": [], "alike": []}
        for row in others:
            higher = row["psnr_db"] > own["psnr_db"]
            side = ("above" if higher else "below") if row["model"] in apart else "alike"
            sides[side].append(row["label"])
        found.append(
            Standing(
                scale=int(str(scale).partition(".")[0]),
                dataset=str(dataset),
                psnr_db=own["psnr_db"],
                rank=list(cell).index(OWN) + 1,
                networks=len(cell),
                letters=own["psnr_letters"],
                best=others[0]["label"],
                lead_db=own["psnr_db"] - others[0]["psnr_db"],
                above=sides["above"],
                below=sides["below"],
                alike=sides["alike"],
            )
        )
    return found


def told_apart_from_own(pairs: pd.DataFrame) -> set[str]:
    """Return the networks that the pairs of one scale and dataset tell apart from MESR."""
    apart = pairs[pairs["told_apart"] == "yes"]
    first, second = apart["first_model"], apart["second_model"]
    return {*second[first == OWN], *first[second == OWN]}


def always(places: Sequence[Standing]) -> dict[str, list[str]]:
    """Sort the other networks by how they stand to MESR over all scales and datasets.

    Returns
    -------
    dict
        ``above`` and ``below``: told apart, on the same side, everywhere; ``mixed``: told apart on
        both sides; ``partly_above`` and ``partly_below``: told apart on one side in some places;
        ``never``: nowhere told apart.
    """
    found: dict[str, list[str]] = {
        name: [] for name in ("above", "below", "mixed", "partly_above", "partly_below", "never")
    }
    names = ordered(name for place in places for name in (*place.above, *place.below, *place.alike))
    for name in names:
        above = sum(name in place.above for place in places)
        below = sum(name in place.below for place in places)
        if above and below:
            kind = "mixed"
        elif above or below:
            side, count = ("above", above) if above else ("below", below)
            kind = side if count == len(places) else f"partly_{side}"
        else:
            kind = "never"
        found[kind].append(name)
    return found


def told_apart_by_one_seed(places: Sequence[Standing], seeds: dict[int, int]) -> list[str]:
    """Return networks that `places` tell apart only where there is one seed; none if that is all.

    Places are corrected for all pairs of networks, more strictly than the claims.
    """
    if max(seeds.values(), default=1) == 1:
        return []
    several: set[str] = set()
    for place in places:
        if seeds.get(place.scale, 1) > 1:
            several.update(place.above, place.below)
    names = ordered(name for place in places for name in (*place.above, *place.below))
    return [name for name in names if name not in several]


@dataclass(frozen=True)
class Finding:
    """One row of claims.csv in words."""

    statement: str
    dataset: str
    verdict: str
    paper: str
    ours: str
    interval: str
    figure_within: str
    why: str
    half_db: float


def finding(row: pd.Series) -> Finding:
    """Write a row of claims.csv in words."""
    unit = str(row["unit"])
    ends = row["low"] + row["high"]
    return Finding(
        str(row["statement"]),
        str(row["dataset"]),
        str(row["verdict"]),
        figure(row["paper"], unit, sign=unit == "dB"),
        figure(row["ours"], unit, sign=unit == "dB"),
        f"{signed(row['low'])} to {signed(row['high'])} dB" if known(ends) else "",
        str(row["figure_within"]),
        str(row["why"]),
        float(row["high"] - row["low"]) / 2,
    )


@dataclass(frozen=True)
class Reading:
    """Another reading of the paper against the chosen one, over the datasets.

    Attributes
    ----------
    better, worse : list of str
        Datasets on which it is told apart from the chosen reading.
    low_db, high_db : float
        Lowest and highest mean difference over the datasets.
    params, chosen_params : int
        Parameters of the network that was trained, and of the chosen reading's.
    """

    name: str
    change: str
    better: list[str]
    worse: list[str]
    low_db: float
    high_db: float
    params: int
    chosen_params: int

    @property
    def same_size(self) -> bool:
        """Whether both have the same number of parameters, up to `SAME_SIZE`."""
        return abs(self.params - self.chosen_params) <= SAME_SIZE * self.chosen_params


def readings(results: Results) -> list[Reading]:
    """Return the other readings, the best mean difference first."""
    frame = results["tables/readings"]
    frame = frame[frame["diff_db"].notna()]
    means = frame.groupby("reading", sort=False)["diff_db"].mean()
    runs = results["runs"]
    trained = runs[(runs["model"] == OWN) & (runs["scale"] == str(SCALE))]
    sizes = trained.drop_duplicates("variant").set_index("variant")["params"].astype(int)
    found = []
    for name in means.sort_values(ascending=False, kind="stable").index:
        own = frame[frame["reading"] == name]
        sides = {v: list(own.loc[own["verdict"] == v, "dataset"]) for v in ("better", "worse")}
        found.append(
            Reading(
                name.replace("_", " "),
                str(own["change"].iloc[0]),
                **sides,
                low_db=float(own["diff_db"].min()),
                high_db=float(own["diff_db"].max()),
                params=int(sizes.get(name, 0)),
                chosen_params=int(sizes.get("full", 0)),
            )
        )
    return found


def own_settings(results: Results) -> str:
    """Return the settings by which MESR was narrowed; "" where it was not."""
    runs = results["runs"]
    own = runs[(runs["model"] == OWN) & (runs["variant"] == "full") & (runs["scale"] == str(SCALE))]
    settings = own["settings"].dropna()
    return str(settings.iloc[0]) if len(settings) else ""


@dataclass(frozen=True)
class Swap:
    """Two networks of which `winner` is ahead after the longer training.

    Attributes
    ----------
    early_db, late_db : float
        PSNR of the winner less that of the loser after the shorter and the longer training.
    """

    winner: str
    loser: str
    early_db: float
    late_db: float


@dataclass(frozen=True)
class Rung:
    """Two lengths of training on one dataset.

    Attributes
    ----------
    tau : float
        Kendall's tau between the orders of `networks` networks.
    swaps : list of Swap
        Pairs whose order changes.
    leads : list of Swap
        Pairs of MESR and another whose order stays.
    """

    dataset: str
    first: int
    second: int
    tau: float
    networks: int
    swaps: list[Swap]
    leads: list[Swap]


def rungs(results: Results, pairs: Iterable[tuple[float, float]]) -> list[Rung]:
    """Compare the orders of the networks after two lengths of training, on each dataset."""
    frame = results["ladder"]
    own = results.network(OWN, "full")
    found = []
    for first, second in pairs:
        for dataset, part in frame.groupby("dataset", sort=False):
            values = part.pivot_table("psnr_db", ["model", "variant"], "steps", sort=False)
            both = values[[first, second]].dropna()
            names = [results.network(model, variant) for model, variant in both.index]
            early, late = both[first].to_numpy(), both[second].to_numpy()
            stands = [
                Swap(names[i], names[j], float(early[i] - early[j]), float(late[i] - late[j]))
                for i in range(len(names))
                for j in range(len(names))
                if late[i] > late[j]
            ]
            swaps = [pair for pair in stands if pair.early_db < 0]
            leads = [p for p in stands if p.early_db > 0 and own in (p.winner, p.loser)]
            tau, networks = agreement(part, first, second)
            found.append(Rung(str(dataset), int(first), int(second), tau, networks, swaps, leads))
    return found


def ladder(results: Results) -> dict[str, Any] | None:
    """Return what the ladder shows: the lengths, MESR's rank at each, and swaps; None without."""
    frame = results["ladder"]
    ordered_steps = comparable(frame)
    if len(ordered_steps) < 2:
        return None
    steps = sorted(frame["steps"].unique())
    own = study_steps(results)
    base = own if own in ordered_steps else ordered_steps[0]
    ranks: dict[str, dict[int, str]] = {
        str(dataset): dict.fromkeys(map(int, steps), "") for dataset in ordered(frame["dataset"])
    }
    counts = frame.groupby(["dataset", "steps"])["model"].transform("count")
    for row in frame.assign(networks=counts)[frame["model"] == OWN].to_dict("records"):
        place = f"{row['rank']:.0f} of {row['networks']}"
        ranks[row["dataset"]][int(row["steps"])] = place
    shortest, last_steps = ordered_steps[0], ordered_steps[-1]
    shorter = rungs(results, [(shortest, base)] if shortest != base else [])
    longer = rungs(results, [(base, last_steps)] if last_steps != base else [])
    pairs = ordered(zip(frame["model"], frame["variant"], strict=True))
    longest = frame[frame["steps"] == steps[-1]]
    last = ordered(zip(longest["model"], longest["variant"], strict=True))
    # A single network that was trained longer than all others has no order, but a gain.
    alone = longest[longest["steps"] > last_steps]
    before = frame[frame["steps"] == base].set_index(["dataset", "model"])["psnr_db"]
    gains = [
        (row["dataset"], row["psnr_db"] - before[row["dataset"], row["model"]])
        for row in alone.to_dict("records")
        if (row["dataset"], row["model"]) in before.index
    ]
    return {
        "alone": gains,
        "longest": [results.network(*pair) for pair in last],
        "steps": [int(count) for count in steps],
        "own": int(base),
        "networks": [results.network(*pair) for pair in pairs],
        "seeds": ", ".join(ordered(frame["seeds"])),
        "datasets": ordered(frame["dataset"]),
        "ranks": ranks,
        "shorter": shorter,
        "longer": longer,
        "shorter_swaps": by_pair((rung.dataset, rung.swaps) for rung in shorter),
        "longer_swaps": by_pair((rung.dataset, rung.swaps) for rung in longer),
        "longer_leads": by_pair((rung.dataset, rung.leads) for rung in longer),
    }


def by_pair(
    compared: Iterable[tuple[str, list[Swap]]],
) -> dict[tuple[str, str], list[tuple[str, Swap]]]:
    """Collect what was found on each dataset by its pair of networks."""
    found: dict[tuple[str, str], list[tuple[str, Swap]]] = {}
    for dataset, pairs in compared:
        for pair in pairs:
            found.setdefault((pair.winner, pair.loser), []).append((dataset, pair))
    return found


def tuning(results: Results) -> dict[str, Any] | None:
    """Return what the choice of the learning rates shows; None where there was no choice."""
    frame = candidates(results)
    if frame.empty:
        return None
    rates = sorted(frame["lr"].unique())
    chosen = frame[frame["chosen"] == "yes"]
    names = {
        row["model"]: results.network(row["model"], row["variant"]) for _, row in chosen.iterrows()
    }
    costs = frame.groupby("model", sort=False)["psnr_db"].agg(lambda psnr: psnr.max() - psnr.min())
    diverged = frame[frame["psnr_db"].isna()]
    best = frame.groupby("model", sort=False)["psnr_db"].nlargest(2).groupby(level=0, sort=False)
    margins = best.agg(lambda psnr: psnr.max() - psnr.min() if len(psnr) > 1 else math.nan)
    return {
        "close": [names[str(model)] for model, margin in margins.items() if margin < CLOSE_DB],
        "close_db": CLOSE_DB,
        "rates": rates,
        "steps": int(frame["steps"].max()),
        "scale": int(frame["scale"].iloc[0]),
        "chosen": {
            rate: [names[model] for model in chosen.loc[chosen["lr"] == rate, "model"]]
            for rate in rates
        },
        "own": float(chosen.loc[chosen["model"] == OWN, "lr"].sum()),
        "median_cost_db": float(costs.median()),
        "largest_cost_db": float(costs.max()),
        "costliest": names[str(costs.idxmax())],
        "restarted": {names[model]: len(keys) for model, keys in restarted(results).items()},
        "diverged": ordered(names[model] for model in diverged["model"]),
    }


def costs(results: Results) -> dict[str, Any] | None:
    """Return how equal the networks' costs are; None where nothing was trained at `SCALE`.

    ``unequal`` has the other scales, at which the largest cost exceeds the smallest by more than
    `EQUAL`: the scale, the ends of the range and MESR's own, in millions of Multi-Adds.
    """
    everywhere = results["sizes"]
    sizes = everywhere.query(f"scale == {SCALE}")
    if sizes.empty:
        return None
    unequal = []
    for scale, part in everywhere.groupby("scale"):
        cost = part["multi_adds"] / 1e6
        if cost.max() > EQUAL * cost.min():
            own_m = float(cost[part["model"] == OWN].sum())
            ends = {"low_m": cost.min(), "high_m": cost.max(), "own_m": own_m}
            unequal.append({"scale": int(str(scale).partition(".")[0]), **ends})
    full = results["complexity"]
    own = full[(full["model"] == OWN) & (full["variant"] == "full") & (full["scale"] == SCALE)]
    narrowed = sizes.loc[sizes["model"] == OWN, "params"]
    ratio = own["params"].iloc[0] / narrowed.iloc[0] if len(own) and len(narrowed) else math.nan
    return {
        "patch": int(sizes["patch"].iloc[0]),
        "low_m": sizes["multi_adds"].min() / 1e6,
        "high_m": sizes["multi_adds"].max() / 1e6,
        "equal": bool(sizes["multi_adds"].max() <= EQUAL * sizes["multi_adds"].min()),
        "unequal": unequal,
        "low_k": sizes["params"].min() / 1e3,
        "high_k": sizes["params"].max() / 1e3,
        "full_over_narrowed": float(ratio),
    }


def trained_matrix(
    results: Results, model: str, variant: str, scale: int, dataset: str
) -> NDArray[np.float64]:
    """Return the PSNR of a trained network on a dataset, (seeds, images)."""
    table = results.trained_psnr(model, variant, scale)
    here = table.loc[:, table.columns.get_level_values("dataset") == dataset]
    return here.to_numpy(dtype=np.float64)


@dataclass(frozen=True)
class FailedTraining:
    """A training that learned next to nothing, though others of its network learned.

    Attributes
    ----------
    gain_db, best_gain_db : float
        Over bicubic interpolation, mean over all test images: of this seed and of the best.
    """

    model: str
    label: str
    scale: int
    seed: int
    gain_db: float
    best_gain_db: float


def failed_trainings(results: Results) -> list[FailedTraining]:
    """Return the trainings of Table 3 that gained less than `FAILED` of their network's best.

    A network of whose seeds none gains anything has none: nothing says what it could have learned.
    """
    frame = results["quality"]
    frame = frame[frame["protocol"] == results.study.protocol]
    place = ["scale", "dataset", "image"]
    reference = frame[(frame["model"] == "bicubic") & (frame["source"] == "none")]
    both = frame[frame["source"] == "trained"].merge(
        reference[[*place, "psnr_db"]], on=place, suffixes=("", "_bicubic")
    )
    both["gain"] = both["psnr_db"] - both["psnr_db_bicubic"]
    network = ["model", "variant", "scale"]
    gains = both.groupby([*network, "seed"], sort=False)["gain"].mean().reset_index()
    gains["best"] = gains.groupby(network)["gain"].transform("max")
    ranked = results["tables/ranking"][network].drop_duplicates()
    gains = gains.merge(ranked, on=network)  # without the variants of the ablation
    return [
        FailedTraining(
            row["model"],
            results.network(row["model"], row["variant"]),
            int(row["scale"]),
            int(row["seed"]),
            row["gain"],
            row["best"],
        )
        for row in gains.to_dict("records")
        if row["best"] > 0 and row["gain"] < FAILED * row["best"]
    ]


def robustness(results: Results, failed: Sequence[FailedTraining]) -> list[dict[str, Any]]:
    """Return the rows of agreement.csv at `SCALE` that have several seeds.

    ``others_sd_db`` and the numbers of seeds are without networks of which a training failed.
    """
    frame = results["tables/agreement"]
    frame = frame[(frame["scale"] == SCALE) & (frame["seeds"] > 1) & frame["seed_sd_db"].notna()]
    rows = [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
    out = {training.model for training in failed if training.scale == SCALE}
    ranking = results["tables/ranking"]
    for row in rows:
        row["others_sd_db"] = row["seed_sd_db"]
        here = ranking[(ranking["scale"] == SCALE) & (ranking["dataset"] == row["dataset"])]
        kept = here[~here["model"].isin(out)]
        if not out or len(kept) < 2:
            continue
        means = [
            trained_matrix(results, model, variant, SCALE, row["dataset"]).mean(axis=1)
            for model, variant in kept[["model", "variant"]].itertuples(index=False)
        ]
        row["others_sd_db"] = sd = spread_over_seeds(means)
        alpha = 1 - results.study.bootstrap.confidence
        pairs = math.comb(len(means), 2)
        for name, level in (("one_pair_seeds", alpha), ("all_pairs_seeds", alpha / pairs)):
            row[name] = seeds_to_resolve(
                RESOLVED_DB, sd, confidence=1 - level, power=RESOLVED_POWER
            )
    return rows


def against_variants(results: Results) -> list[dict[str, Any]]:
    """Return MESR less each other variant of Table 1, with Student's interval, uncorrected."""
    frame = results["tables/table1"]
    trained = frame[frame["psnr_db"].notna()]
    found = []
    for dataset, rows in trained.groupby("dataset", sort=False):
        own = trained_matrix(results, OWN, "full", SCALE, str(dataset))
        for variant, label in rows[["variant", "label"]].itertuples(index=False):
            other = trained_matrix(results, OWN, variant, SCALE, str(dataset))
            if variant == "full" or own.shape != other.shape or not own.size:
                continue
            (pair,) = compare_pairs(
                [own, other], [(0, 1)], confidence=results.study.bootstrap.confidence
            )
            ends = {"diff_db": pair.mean, "low_db": pair.low, "high_db": pair.high}
            place = {"dataset": str(dataset), "variant": variant, "label": label}
            found.append(place | ends)
    return found


def seeds_by_scale(results: Results) -> dict[int, int]:
    """Return with how many seeds the networks of Table 3 were trained at each scale."""
    frame = results["tables/table3"]
    frame = frame[frame["provenance"] == "trained"]
    counts = pd.to_numeric(frame["seeds"], errors="coerce").groupby(frame["scale"]).min().dropna()
    return {int(str(scale).partition(".")[0]): int(count) for scale, count in counts.items()}


def refinement(results: Results) -> list[dict[str, Any]]:
    """Return MESR less MESR without RB on each dataset, as Table 2 has it."""
    frame = results["tables/table2"]
    frame = frame[(frame["variant"] == "full") & frame["diff_db"].notna()]
    return [
        {
            "dataset": row["dataset"],
            "diff_db": row["diff_db"],
            "low_db": row["diff_low_db"],
            "high_db": row["diff_high_db"],
        }
        for row in frame.to_dict("records")
    ]


def context(results: Results) -> dict[str, Any]:
    """Return everything that the template needs."""
    claims = results["claims"]
    tested = claims[claims["verdict"] != "not tested"]
    networks = claims[claims["claim"] == NETWORKS]
    found = {
        str(name): [finding(row) for _, row in rows.iterrows()]
        for name, rows in claims.groupby("claim", sort=False)
        if name != NETWORKS
    }
    counts = networks["verdict"].value_counts()
    failed = failed_trainings(results)
    repeated = networks[networks["seeds"] > 1]
    trained = results["runs"][results["runs"]["stage"] == "train"]
    places = standings(results)
    readings_frame = results["tables/readings"]
    halves = (readings_frame["diff_high_db"] - readings_frame["diff_low_db"]).dropna() / 2
    return {
        "study": results.study,
        "own": results.network(OWN, "full"),
        "steps": study_steps(results),
        "machines": ordered(trained["machine"]),
        "precisions": ordered(trained["precision"]),
        "seeds": seeds_by_scale(results),
        "costs": costs(results),
        "tuning": tuning(results),
        "places": places,
        "always": always(places),
        "by_one_seed": told_apart_by_one_seed(places, seeds_by_scale(results)),
        "claims": found,
        "modules": [item for name in MODULES for item in found.get(name, [])],
        "verdicts": {verdict: int(counts.get(verdict, 0)) for verdict in VERDICTS},
        "asked": len(networks),
        "asked_networks": networks["reference_model"].nunique(),
        "compared": [int(count) for count in sorted(tested["compared"].dropna().unique())],
        "refinement": refinement(results),
        "repeated": {
            "seeds": ordered(repeated["seeds"]),
            "scales": ordered(repeated["scale"]),
            **{name: int((repeated["verdict"] == name).sum()) for name in VERDICTS},
        },
        "failed": failed,
        "robustness": robustness(results, failed),
        "against_variants": against_variants(results),
        "own_settings": own_settings(results),
        "readings": readings(results),
        "readings_datasets": ordered(readings_frame["dataset"]),
        "readings_seeds": ", ".join(ordered(readings_frame["seeds"])),
        "readings_half_db": float(np.median(halves)) if len(halves) else math.nan,
        "ladder": ladder(results),
        "resolved_db": RESOLVED_DB,
        "power": RESOLVED_POWER,
        "few": FEW,
    }


def listed(names: Iterable[str], word: str = "and") -> str:
    """Join names as in a sentence."""
    *first, last = list(names) or [""]
    return f"{', '.join(first)} {word} {last}" if first else last


def ordinal(position: int) -> str:
    """Write a rank: 1st, 2nd, 3rd, 4th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(position % 10, "th")
    return f"{position}{'th' if 10 < position % 100 < 14 else ending}"


def span(values: Iterable[float], digits: int = 2, *, sign: bool = False) -> str:
    """Write the range of some values; one number where both ends print alike."""
    known_values = [value for value in values if known(value)]
    low, high = (number(end, digits, sign=sign) for end in (min(known_values), max(known_values)))
    return low if low == high else f"{low} to {high}"


def render(results: Results, source: str) -> str:
    """Fill the template; `source` is the folder that the page names."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=False,  # Markdown
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(
        db=signed, plain=number, listed=listed, ordinal=ordinal, span=span, count="{:,.0f}".format
    )
    template = environment.get_template(TEMPLATE)
    return wrapped(template.render(context(results), source=source))


def wrapped(text: str, width: int = 110) -> str:
    """Wrap the paragraphs and list items of a Markdown page; headings and tables stay."""
    lines: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        items = block.splitlines()
        if not items[0].startswith(("#", "|")):
            items = re.split(r"\n(?=- )", block)
            filled = [
                textwrap.fill(
                    " ".join(item.split()), width, break_long_words=False, break_on_hyphens=False,
                    subsequent_indent="  " if item.startswith("- ") else "",
                )
                for item in items
            ]  # fmt: skip
            items = filled
        lines += [*items, ""]
    return "\n".join(lines[:-1]) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Write the findings of a study."""
    parser = argparse.ArgumentParser(prog="python -m reports.findings", description=main.__doc__)
    parser.add_argument("results", type=Path, help="folder with the result files of the study")
    parser.add_argument("output", type=Path, help="the page to write, docs/findings.md")
    arguments = parser.parse_args(argv)
    page = render(read_results(arguments.results), arguments.results.as_posix())
    with atomic_path(arguments.output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    print(f"wrote {arguments.output} from {arguments.results}")


if __name__ == "__main__":
    sys.exit(run(main))
