from pathlib import Path

import pytest

from pipeline.support.errors import UserError
from reports.page.finding import finding, strips
from reports.readme import BEGIN, END, block, main, study_of
from reports.results import read_results

TEXT = f"# Title\n\n{BEGIN.format('elsewhere')}\nan older finding\n{END}\n\nThe rest.\n"


def test_what_stands_between_the_marks_is_replaced(
    quick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text(TEXT)
    main([str(quick / "results")])
    written = Path("README.md").read_text()
    assert written == f"# Title\n\n{block(quick / 'results')}\n\nThe rest.\n"
    assert finding(strips(read_results(quick / "results"))) in " ".join(written.split())
    assert "must not be quoted" in " ".join(written.split())
    assert study_of(written) == quick / "results"
    main([])
    assert Path("README.md").read_text() == written


@pytest.mark.parametrize("text", ["# Title\n", TEXT + TEXT])
def test_a_page_without_one_place_for_it_is_left_alone(
    text: str, quick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text(text)
    with pytest.raises(UserError, match="expected one pair of the marks"):
        main([str(quick / "results")])
    assert Path("README.md").read_text() == text
