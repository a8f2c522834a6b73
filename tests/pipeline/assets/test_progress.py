"""What is said while files come in."""

import pytest

from pipeline.assets.progress import Progress
from pipeline.assets.registry import AssetFile


def test_progress_without_a_terminal_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    file = AssetFile("Toy", "a.png", "https://x/a.png", 2_000_000, "sha256:" + "0" * 64)
    with Progress([file, file], interval=0.0) as progress:
        progress.advance(1_500_000)
        progress.advance(500_000, files=1)
    assert capsys.readouterr().out == "  0/2 files, 1.5 MB\n  1/2 files, 2.0 MB\n"
