import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline.study.verification import compare, outputs_of, verify
from pipeline.support.errors import UserError

LOCK = """\
schema: '2.0'
stages:
  train:
    cmd: x
    outs:
    - {path: runs/a, md5: %s.dir}
  tables:
    cmd: y
    deps:
    - {path: runs/a, md5: %s.dir}
    outs:
    - {path: results/quality.csv, md5: %s}
"""
QUALITY = """\
model,variant,source,scale,dataset,image,protocol,seed,psnr_db,ssim
mesr,full,trained,4,toy,one,rgb,0,%s,0.9
mesr,full,trained,4,toy,two,rgb,0,%s,0.9
bicubic,,none,4,toy,one,rgb,,inf,0.9
"""
RUNS = "key,dataset,machine,torch,code_digest\na,toy,%s,%s,aa\n"
PARAMS = "profile: quick\ntrain: {lr: %s, steps: 5}\n"


def files(
    weights: str = "1",
    psnr: tuple[str, str] = ("30.0", "31.0"),
    machine: str = "A",
    torch: str = "2",
    lr: str = "1",
) -> dict[str, bytes]:
    quality = QUALITY % psnr
    digest = str(abs(hash(quality)))
    contents = {
        "dvc.lock": LOCK % (weights, weights, digest),
        "results/quality.csv": quality,
        "results/runs.csv": RUNS % (machine, torch),
        "params.yaml": PARAMS % lr,
    }
    return {name: text.encode() for name, text in contents.items()}


def test_equal_studies_are_reproduced() -> None:
    found = compare("commit HEAD", files(), files())
    assert found.reproduced
    assert found.sentence() == ("reproduced: all 2 outputs equal those of commit HEAD bit by bit.")


def test_another_processor_is_named_with_what_it_is_worth() -> None:
    here = files(weights="2", psnr=("30.01", "30.99"), machine="B")
    found = compare("commit HEAD", files(), here)
    assert not found.reproduced
    assert found.differing == ("runs/a", "results/quality.csv")
    assert found.worst_image_db == pytest.approx(0.01)
    assert found.worst_mean_db == pytest.approx(0, abs=1e-9)
    assert found.causes == ("another processor (A, here B) in 1 of 1 runs",)
    assert "0 of 2 outputs equal" in found.sentence()


def test_the_largest_difference_of_a_mean_is_named() -> None:
    here = files(weights="2", psnr=("30.4", "31.0"), torch="3", lr="2")
    found = compare("x", files(), here)
    assert found.worst_mean_db == pytest.approx(0.2)
    assert found.worst == "mesr full x4 seed 0 on toy"
    assert found.causes == (
        "other parameters (train.lr)",
        "another version of PyTorch (2, here 3) in 1 of 1 runs",
    )


def test_other_weights_with_equal_scores_do_not_pass() -> None:
    found = compare("x", files(), files(weights="2"))
    assert not found.reproduced
    assert "no PSNR differs" in found.sentence()
    assert "names no cause" in found.sentence()


def test_outputs_that_were_not_computed_are_missing() -> None:
    here = files()
    here["dvc.lock"] = b"schema: '2.0'\nstages: {}\n"
    found = compare("x", files(), here)
    assert found.missing == ("runs/a", "results/quality.csv")
    assert not found.reproduced


def test_dependencies_are_no_outputs() -> None:
    stages = {"a": {"deps": [{"path": "d", "md5": "1"}], "outs": [{"path": "o", "md5": "2"}]}}
    assert outputs_of({"stages": stages}) == {"o": "2"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, content in files().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "study"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *identity, *command], cwd=tmp_path, check=True)
    return tmp_path


def test_the_workspace_is_compared_with_the_commit(checkout: Path) -> None:
    assert verify(checkout).reproduced
    (checkout / "dvc.lock").write_bytes(files(weights="2")["dvc.lock"])
    assert verify(checkout).differing == ("runs/a",)


def test_nothing_to_compare_is_said(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(UserError, match="no git checkout with revision 'nonsense'"):
        verify(checkout, "nonsense")
    with pytest.raises(UserError, match="no git checkout"):
        verify(checkout, "--output=x")
    (checkout / "params.yaml").write_text("profile: paper\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"profile quick, params\.yaml here of profile paper"):
        verify(checkout)
    (checkout / "dvc.lock").unlink()
    with pytest.raises(UserError, match=r"has no dvc\.lock: run `make repro`"):
        verify(checkout)
    with pytest.raises(UserError, match=r"has no dvc\.lock: run `make repro`"):
        verify(tmp_path_factory.mktemp("empty"))


def test_a_kept_study_of_the_profile_goes_before_the_commit(checkout: Path) -> None:
    kept = checkout / "studies/quick"
    kept.mkdir(parents=True)
    (kept / "dvc.lock").write_bytes(files(weights="2")["dvc.lock"])
    found = verify(checkout)
    assert (found.reference, found.differing) == ("studies/quick", ("runs/a",))
    kept.rename(checkout / "studies/paper")  # of another profile
    assert verify(checkout).reproduced


@pytest.mark.parametrize("profile", ["../outside", "/absolute", "..", ""])
def test_a_profile_that_is_no_kept_study_leads_to_no_folder(
    checkout: Path, tmp_path: Path, profile: str
) -> None:
    (checkout / "studies").mkdir()
    (tmp_path / "outside").mkdir(exist_ok=True)
    (tmp_path / "outside/dvc.lock").write_bytes(files(weights="2")["dvc.lock"])
    (checkout / "params.yaml").write_text(f"profile: {profile!r}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"there is nothing to compare"):
        verify(checkout)


def test_some_stages_are_compared_alone(checkout: Path) -> None:
    names = list(yaml.safe_load(files()["dvc.lock"])["stages"])
    lock = yaml.safe_load((checkout / "dvc.lock").read_text())
    target = next(n for n in names if lock["stages"][n]["outs"][0]["path"] == "runs/a")
    lock["stages"] = {target: lock["stages"][target]}  # nothing else was computed here
    (checkout / "dvc.lock").write_text(yaml.safe_dump(lock))
    assert verify(checkout, targets=[target]).reproduced
    assert not verify(checkout).reproduced
    lock["stages"][target]["outs"][0]["md5"] = "another"
    (checkout / "dvc.lock").write_text(yaml.safe_dump(lock))
    (checkout / "runs/a").mkdir(parents=True)
    (checkout / "runs/a/run.json").write_text('{"machine": "B", "torch": "2"}')
    found = verify(checkout, targets=[target])
    assert found.differing == ("runs/a",)
    assert found.causes == ("another processor (A, here B)",)
    (checkout / "runs/a/run.json").unlink()  # as an output that has no provenance of its own
    assert "no provenance is recorded" in verify(checkout, targets=[target]).sentence()
    with pytest.raises(UserError, match="train@other: commit HEAD recorded no such stage"):
        verify(checkout, targets=["train@other"])
