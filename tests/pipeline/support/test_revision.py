"""The revision that results carry."""

import subprocess
from pathlib import Path

import pytest

from pipeline.support import revision


def test_changed_code_is_told_and_what_the_study_writes_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    (tmp_path / "pipeline").mkdir()
    monkeypatch.setattr(revision, "__file__", str(tmp_path / "pipeline/support/revision.py"))
    assert revision.git_revision() == ""
    git("init", "-q")
    for name in ("code.py", "params.yaml", "dvc.lock"):
        (tmp_path / name).write_text("a\n")
    git("add", ".")
    git("commit", "-qm", "one")
    commit = git("rev-parse", "HEAD")
    assert revision.git_revision() == commit
    for name in ("params.yaml", "dvc.lock"):
        (tmp_path / name).write_text("b\n")
    assert revision.git_revision() == commit
    (tmp_path / "code.py").write_text("b\n")
    assert revision.git_revision() == f"{commit}-dirty"
