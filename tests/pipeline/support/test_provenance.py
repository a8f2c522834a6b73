"""The revision that results carry."""

import subprocess
from pathlib import Path

import pytest

from pipeline.support import provenance


def test_changed_code_is_told_and_what_the_study_writes_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert provenance.git_revision() == ""
    git("init", "-q")
    (tmp_path / "published").mkdir()
    written = ("params.yaml", "dvc.lock", "published/lr_certificate.csv")
    for name in ("code.py", *written):
        (tmp_path / name).write_text("a\n")
    git("add", ".")
    git("commit", "-qm", "one")
    commit = git("rev-parse", "HEAD")
    for name in written:
        (tmp_path / name).write_text("b\n")
    (tmp_path / "new.py").write_text("b\n")
    assert provenance.git_revision() == commit
    (tmp_path / "code.py").write_text("b\n")
    assert provenance.git_revision() == f"{commit}-dirty"
