"""The registry: complete, well-formed, and right about the available files."""

import os
import re
from pathlib import Path
from typing import get_args

import pytest

from pipeline.assets.registry import (
    DIGEST,
    FILE_NAME,
    AssetFile,
    Kind,
    describe_size,
    find_asset,
    find_file,
    registry,
)
from pipeline.support.errors import UserError
from tests.pipeline.assets.server import sha256


def sized(size: int | None, digest: str = sha256(b"content")) -> AssetFile:
    return AssetFile("Toy", "a.png", "https://host.org/x/a_GT.png", size, digest)


def test_every_entry_is_well_formed() -> None:
    """Names become words of DVC stages and paths; URLs become paths below the mirror."""
    keys = [file.key for asset in registry().values() for file in asset.files]
    assert len(set(keys)) == len(keys)
    for asset in registry().values():
        assert re.fullmatch(r"[A-Za-z0-9_]+", asset.name)
        assert asset.kind in get_args(Kind)
        assert (asset.images is None) == (asset.kind == "weights")
        assert asset.title and asset.licence and asset.citation
        assert asset.homepage.startswith("https://")
        for file in asset.files:
            assert re.fullmatch(FILE_NAME, file.name), file.key
            assert re.fullmatch(DIGEST, file.digest), file.key
            assert re.match(r"https?://|pkg:pypi/", file.url) and ".." not in file.url, file.key
            if "githubusercontent" in file.url:  # of a branch the content could change
                assert re.fullmatch(r"[0-9a-f]{40}", file.url.split("/")[5]), file.key
            assert file.size is None or file.size > 0


def test_image_collections_are_complete_and_training_is_disjoint_from_testing() -> None:
    training = {file.digest for file in find_asset("T91_BSDS200").files}
    # The sizes of the published collections.
    sizes = {"Set5": 5, "Set14": 14, "BSD100": 100, "Urban100": 100, "T91_BSDS200": 291}
    for name, count in sizes.items():
        asset = find_asset(name)
        assert asset.images == len(asset.files) == count
        assert len({Path(file.name).stem for file in asset.files}) == count
        assert name == "T91_BSDS200" or not training & {file.digest for file in asset.files}
    for name, scales in {"Set5": "234", "Set14": "234", "BSD100": "234", "Urban100": "4"}.items():
        images = range(1, sizes[name] + 1)
        expected = {f"img_{n:03}_SRF_{s}_LR.png" for s in scales for n in images}
        asset = find_asset(f"{name}_MATLAB_LR")
        assert {file.name for file in asset.files} == expected
        assert asset.images == len(asset.files)


def test_div2k_agrees_with_the_checksums_of_tensorflow_datasets() -> None:
    # tensorflow_datasets/url_checksums/div2k.txt
    for key, size, digest in (
        ("train", 3530603713, "9d0b9c463f6e35b6c62cc6a930ee2224f670b34c1df841a57670f9acf0f6c335"),
        ("valid", 448993893, "20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc"),
    ):
        file = find_file(f"DIV2K_{key}/DIV2K_{key}_HR.zip")
        assert (file.size, file.digest) == (size, f"sha256:{digest}")


@pytest.mark.skipif(not os.environ.get("MESR_MIRROR"), reason="MESR_MIRROR is not set")
def test_every_file_of_the_mirror_is_the_registered_one() -> None:
    mirror = Path(os.environ["MESR_MIRROR"])
    files = [file for asset in registry().values() for file in asset.files]
    present = [file for file in files if file.mirror_path(mirror).is_file()]
    assert present
    problems = {file.key: file.mismatch(file.mirror_path(mirror)) for file in present}
    assert not {key: problem for key, problem in problems.items() if problem}


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        (sized(7), b"content", ""),
        (sized(None), b"content", ""),
        (sized(7), b"Content", "digest sha256:"),
        (sized(7), b"conten", "6 bytes, expected 7"),
        # What `git hash-object` prints.
        (sized(None, "git-blob:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"), b"", ""),
        (sized(12, "git-blob:3b18e512dba79e4c8300dd08aeb37f8e728b8dad"), b"hello world\n", ""),
        (
            sized(12, "git-blob:3b18e512dba79e4c8300dd08aeb37f8e728b8dad"),
            b"hello World\n",
            "digest",
        ),
        (sized(7), None, "No such file"),
    ],
)
def test_a_file_is_compared_by_size_and_digest(
    tmp_path: Path, file: AssetFile, content: bytes | None, problem: str
) -> None:
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    found = file.mismatch(tmp_path / "file")
    assert found.startswith(problem) and bool(found) == bool(problem)


def test_where_files_and_outputs_lie() -> None:
    assert sized(None).mirror_path(Path("/m")) == Path("/m/host.org/x/a_GT.png")
    assert find_file("A2F/AAF_SD_x2.pt").raw_path(Path("d")) == Path("d/raw/A2F/AAF_SD_x2.pt")
    outputs = {"Set5_MATLAB_LR": "lr/Set5_MATLAB_LR.h5", "Set5": "hr/Set5.h5", "IDN": "raw/IDN"}
    for name, output in outputs.items():
        assert find_asset(name).output(Path("d")) == Path("d", output)


def test_messages_for_people() -> None:
    assert describe_size([sized(1_500_000), sized(500_000)]) == "2.0 MB"
    assert describe_size([sized(3_530_603_713)]) == "3.53 GB"
    assert describe_size([sized(2_000_000), sized(None)]) == "2.0 MB and 1 of unknown size"
    with pytest.raises(UserError, match="Did you mean Set5"):
        find_asset("set5")
    with pytest.raises(UserError, match=r"has no file 'babe\.bmp'; it has baby\.bmp"):
        find_file("Set5/babe.bmp")
