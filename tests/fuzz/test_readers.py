"""Readers of foreign bytes accept a file or refuse it by name: no traceback, no nonsense.

`python -m benchmarks.fuzz --minutes 30` runs the same for longer and with new cases each time.
"""

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, Target

CORPUS = Path(__file__).parent / "corpus"
CASES = [(t, path) for t in TARGETS for path in sorted((CORPUS / t.name).glob("*"))]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_damaged_files_are_read_or_refused(
    target: Target, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    assert True in {target.attack(content, folder) for content in target.seeds}

    # The same cases in every run: a failure comes from the last change.
    @settings(max_examples=50, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def attack(random: Random) -> None:
        target.attack(target.draw(random), folder)

    attack()


@pytest.mark.parametrize(("target", "path"), CASES, ids=lambda value: getattr(value, "name", None))
def test_file_of_the_corpus_is_refused(target: Target, path: Path, tmp_path: Path) -> None:
    assert not target.attack(path.read_bytes(), tmp_path)


def test_corpus_is_read_and_bounded() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} <= {target.name for target in TARGETS}
    assert len(CASES) <= 100
    assert all(path.stat().st_size <= 16 * 1024 for _, path in CASES)
