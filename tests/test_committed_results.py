"""What the project says of its committed study, profile quick, holds of the committed files."""

import hashlib
import re
from pathlib import Path

import pandas as pd
import pytest

from pipeline.tables.certification import recorded
from reports.findings import MARKED, documents

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_mesr_beats_bicubic_interpolation(scale: int) -> None:
    methods = pd.read_csv(ROOT / "results/methods.csv").set_index(["scale", "method"])["psnr_db"]
    assert methods[scale, "mesr"] - methods[scale, "bicubic"] >= 0.3


def test_certificate_is_recorded_under_the_curated_protocols() -> None:
    """A record made under another protocol than published/quality.csv names must be made again."""
    key = ["model", "variant", "scale", "dataset"]
    published = pd.read_csv(ROOT / "published/quality.csv", dtype=str, keep_default_na=False)
    record = pd.read_csv(ROOT / "published/certificate.csv", dtype=str, keep_default_na=False)
    both = record.merge(published, on=key, suffixes=("", "_curated"))
    assert len(both) == len(record) > 90
    assert (both["protocol"] == both["protocol_curated"]).all()
    measured = record["psnr_db"] != ""
    assert record[measured]["git_revision"].str.fullmatch("[0-9a-f]{40}").all()
    assert (record[~measured]["note"] != "").all()


def test_certificate_passes_but_for_the_cells_that_are_known_to_miss() -> None:
    found = recorded()
    missed = found[found["verdict"] == "missed"]
    assert set(zip(missed["network"], missed["scale"], missed["dataset"], strict=True)) == {
        ("lapsrn", 3, "Set14"),
    }
    met = found[found["verdict"] == "equal"]
    assert set(met["network"]) == {"bicubic", "srcnn", "vdsr", "lapsrn", "idn", "pan", "a2f"}
    assert {"Set5", "Set14", "BSD100", "Urban100"} <= set(met["dataset"])


def text(page: str) -> str:
    return " ".join((ROOT / page).read_text(encoding="utf-8").split())


def test_pages_count_the_certificate() -> None:
    counts = recorded()["verdict"].value_counts()
    equal, close, missed = (counts[name] for name in ("equal", "close", "missed"))
    cells = equal + close + missed
    assert (
        f"Of the {cells} cells measured so far, {equal} are equal at the printed digits, "
        f"{close} are close"
    ) in text("README.md")
    page = text("docs/protocols.md")
    assert f"Of {cells} cells {equal} are equal, {close} close and {missed} is missed" in page


def test_pages_say_what_the_studies_show_that_readme_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    readme = Path("README.md").read_text(encoding="utf-8")
    (marked,) = MARKED.finditer(readme)
    for path, written in documents(readme, [Path(source) for source in marked[1].split()]).items():
        command = f"run: python -m reports.findings {marked[1]}"
        assert path.read_text(encoding="utf-8") == written, command


def test_protocols_page_explains_every_cell_that_is_not_equal() -> None:
    found = recorded()
    off = found[found["verdict"].isin(["close", "missed"])]
    page = (ROOT / "docs/protocols.md").read_text(encoding="utf-8")
    section = page.partition("### Cells that are not equal")[2].partition("\n## ")[0]
    items = [" ".join(item.split()) for item in re.split(r"^- ", section, flags=re.M)[1:]]
    assert sum(int(item.split()[0]) for item in items) == len(off)
    families = off["network"].isin(["pan", "a2f"]) & off["dataset"].isin(["BSD100", "Urban100"])
    quoted = (off["network"] == "lapsrn") & (off["scale"] == 3)
    assert items[0].startswith(f"{families.sum()} cells of PAN and A2F on BSD100 and Urban100")
    assert items[1].startswith(f"{quoted.sum()} cells of LapSRN at x3")


def test_kept_weights_are_those_that_the_kept_figures_follow_from() -> None:
    kept = sorted((ROOT / "studies").glob("*/runs"))
    assert kept
    for folder in kept:
        runs = pd.read_csv(folder.parent / "results/runs.csv").set_index("key")
        trained = runs[runs["kind"] == "trained"]
        assert {path.name for path in folder.iterdir()} == set(trained.index)
        for key, digest in trained["weights_sha256"].items():
            weights = folder / str(key) / "weights.safetensors"
            assert hashlib.sha256(weights.read_bytes()).hexdigest() == digest, weights
