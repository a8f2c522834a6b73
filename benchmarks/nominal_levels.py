"""How often the two-way test tells networks apart that do not differ, by what dominates the noise.

Usage: python -m benchmarks.nominal_levels [--draws 20000]

Draws paired differences of two networks without a true difference: an effect of each training, one
of each test image (0.3 dB), and a rest (0.05 dB). Prints the table of docs/report.md: how often the
p-value lies below 5 % and below the first steps of Holm's procedure for 13 and for 91 pairs.
"""

import argparse
from itertools import product

import numpy as np

from pipeline.tables.statistics import compare

IMAGES = 100
LEVELS = (0.05, 0.05 / 13, 0.05 / 91)


def shares(seeds: int, seed_sd_db: float, draws: int) -> list[float]:
    """Share of draws whose p-value lies below each of `LEVELS`."""
    rng = np.random.default_rng(0)
    p = np.empty(draws)
    for draw in range(draws):
        d = rng.normal(0, seed_sd_db, (seeds, 1)) + rng.normal(0, 0.3, (1, IMAGES))
        d += rng.normal(0, 0.05, (seeds, IMAGES))
        p[draw] = compare({"": d})["p"].iloc[0]
    return [float((p < level).mean()) for level in LEVELS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20000)
    arguments = parser.parse_args()
    heading = " | ".join(f"{100 * level:.3g} %" for level in LEVELS)
    print(f"| seeds | spread over seeds (dB) | {heading} |\n|---|---|{'---|' * len(LEVELS)}")
    for seeds, seed_sd_db in product((2, 3), (0.0, 0.03, 0.1)):
        found = " | ".join(
            f"{100 * share:.2g} %" for share in shares(seeds, seed_sd_db, arguments.draws)
        )
        print(f"| {seeds} | {seed_sd_db:g} | {found} |", flush=True)


if __name__ == "__main__":
    main()
