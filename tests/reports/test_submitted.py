"""Submitted rows on the page: anybody's texts come out as text, and say what they are."""

from pathlib import Path

import pandas as pd
import pytest

from tests.reports.conftest import build
from tests.reports.html import block, page
from tests.reports.study import HOSTILE


@pytest.mark.parametrize("hostile", HOSTILE[:1])
def test_a_hostile_name_is_text(changed: Path, report: Path, hostile: str) -> None:
    path = changed / "results/methods.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = frame[frame["method"] == "bicubic"].assign(
        method="evil-submitted", network="", kind="submitted", label=hostile,
        remark=f"trained on test data; submitted, not recomputed here (https://a.org/{hostile})",
    )  # fmt: skip
    pd.concat([frame, rows]).to_csv(path, index=False)
    built = build(changed)
    text = block(built, "results").get_text()
    assert hostile in text
    assert f"trained on test data; submitted, not recomputed here (https://a.org/{hostile})" in text
    assert "submitted" in text
    scripts = [len(page(folder).find_all("script")) for folder in (built, report)]
    assert scripts[0] == scripts[1]
    assert not page(built).find_all("a", href=lambda link: link and hostile in link)
