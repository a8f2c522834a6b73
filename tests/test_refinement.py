"""What docs/paper-reading.md says of the refinement block holds of benchmarks/refinement.csv."""

from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]


def test_the_refinement_block_is_the_identity_at_inference() -> None:
    table = pd.read_csv(ROOT / "benchmarks/refinement.csv")
    assert len(table) == 3 * 4
    assert (table["psnr_db"] - table["coarse_psnr_db"]).abs().max() < 0.00045
    assert table["gate_mean"].max() < 0.00155
    assert table["changed"].max() < 0.01
    assert set(table[table["dataset"] != "Urban100"]["largest_change"]) == {1}
    assert table["largest_change"].max() == 2
    longer = table[table["scale"] == 4]
    assert longer["gate_mean"].max() < 0.000035
    assert longer["changed"].max() < 0.0003
    text = " ".join((ROOT / "docs/paper-reading.md").read_text(encoding="utf-8").split())
    for said in (
        "at most 0.0004 dB",
        "is 0.0015 or less",
        "less than 1 % of the 8-bit",
        "by two",
        "is 0.00003 or less",
        "less than 0.03 %",
    ):
        assert said in text
