"""The registry: complete, well-formed, and right about the available files."""

import hashlib
import os
import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.assets.registry import (
    DIGEST,
    FILE_NAME,
    AssetFile,
    Kind,
    describe_size,
    file_digest,
    find_asset,
    find_file,
    registry,
)
from pipeline.support.errors import UserError

SHA = "sha256:" + "0" * 64


# The sizes of the published collections.
@pytest.mark.parametrize(
    ("name", "count"),
    [("Set5", 5), ("Set14", 14), ("BSD100", 100), ("Urban100", 100), ("T91_BSDS200", 291)],
)
def test_an_image_collection_is_complete(name: str, count: int) -> None:
    asset = find_asset(name)
    assert asset.images == len(asset.files) == count
    assert len({Path(file.name).stem for file in asset.files}) == count


def test_training_and_test_files_are_disjoint() -> None:
    training = {file.digest for file in find_asset("T91_BSDS200").files}
    for name in ("Set5", "Set14", "BSD100", "Urban100"):
        assert not training & {file.digest for file in find_asset(name).files}


def test_div2k_agrees_with_the_checksums_of_tensorflow_datasets() -> None:
    # tensorflow_datasets/url_checksums/div2k.txt
    known = {
        "DIV2K_train/DIV2K_train_HR.zip": (
            3530603713,
            "9d0b9c463f6e35b6c62cc6a930ee2224f670b34c1df841a57670f9acf0f6c335",
        ),
        "DIV2K_valid/DIV2K_valid_HR.zip": (
            448993893,
            "20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc",
        ),
    }
    for key, (size, sha256) in known.items():
        file = find_file(key)
        assert (file.size, file.digest) == (size, f"sha256:{sha256}")


@pytest.mark.skipif(not os.environ.get("MESR_MIRROR"), reason="MESR_MIRROR is not set")
def test_every_file_of_the_mirror_is_the_registered_one() -> None:
    mirror = Path(os.environ["MESR_MIRROR"])
    files = [file for asset in registry().values() for file in asset.files]
    present = [file for file in files if file.mirror_path(mirror).is_file()]
    assert present
    problems = {file.key: file.mismatch(file.mirror_path(mirror)) for file in present}
    assert not {key: problem for key, problem in problems.items() if problem}


@pytest.mark.parametrize(
    ("content", "blob"),
    [
        (b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"hello world\n", "3b18e512dba79e4c8300dd08aeb37f8e728b8dad"),
    ],
)
def test_git_blob_digest_is_what_git_hash_object_prints(
    tmp_path: Path, content: bytes, blob: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert file_digest(path, "git-blob") == f"git-blob:{blob}"


@given(content=st.binary(min_size=1, max_size=300), position=st.integers(0))
def test_a_changed_byte_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, position: int
) -> None:
    path = tmp_path_factory.mktemp("digest") / "file"
    path.write_bytes(content)
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    file = AssetFile("Toy", "a.png", "https://x/a.png", len(content), digest)
    assert file.mismatch(path) is None
    position %= len(content)
    changed = bytes([content[position] ^ 1])
    path.write_bytes(content[:position] + changed + content[position + 1 :])
    assert "digest" in (file.mismatch(path) or "")
    path.write_bytes(content[:-1])
    assert "bytes" in (file.mismatch(path) or "")


def test_where_files_and_outputs_lie() -> None:
    file = AssetFile("Toy", "a.png", "https://host.org/x/y_GT.png", None, SHA)
    assert file.mirror_path(Path("/m")) == Path("/m/host.org/x/y_GT.png")
    file = find_file("A2F/AAF_SD_x2.pt")
    assert file.key == "A2F/AAF_SD_x2.pt"
    assert file.raw_path(Path("data")) == Path("data/raw/A2F/AAF_SD_x2.pt")
    for name, output in {
        "Set5_MATLAB_LR": "lr/Set5_MATLAB_LR.h5", "Set5": "hr/Set5.h5", "IDN": "raw/IDN",
    }.items():  # fmt: skip
        assert find_asset(name).output(Path("d")) == Path("d", output)


def test_sizes_are_readable() -> None:
    def sized(size: int | None) -> AssetFile:
        return AssetFile("Toy", "a.png", "https://x/a.png", size, SHA)

    assert describe_size([sized(1_500_000), sized(500_000)]) == "2.0 MB"
    assert describe_size([sized(3_530_603_713)]) == "3.53 GB"
    assert describe_size([sized(2_000_000), sized(None)]) == "2.0 MB and 1 of unknown size"
    assert describe_size([sized(None)]) == "unknown size"


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(UserError, match="Did you mean Set5"):
        find_asset("set5")
    with pytest.raises(UserError, match=r"has no file 'babe\.bmp'; it has baby\.bmp"):
        find_file("Set5/babe.bmp")


def test_lr_files_are_listed_by_dataset_and_scale() -> None:
    for name, scales in {"Set5": "234", "Set14": "234", "BSD100": "234", "Urban100": "4"}.items():
        images = find_asset(name).images or 0
        expected = {f"img_{n:03}_SRF_{s}_LR.png" for s in scales for n in range(1, images + 1)}
        asset = find_asset(f"{name}_MATLAB_LR")
        assert {file.name for file in asset.files} == expected
        assert asset.images == len(asset.files)


def test_every_entry_is_well_formed() -> None:
    """Names become words of DVC stages and paths; URLs become paths below the mirror."""
    keys = [file.key for asset in registry().values() for file in asset.files]
    assert len(set(keys)) == len(keys)
    for asset in registry().values():
        assert re.fullmatch(r"[A-Za-z0-9_]+", asset.name)
        assert asset.kind in get_args(Kind)
        assert (asset.images is None) == (asset.kind == "weights")
        assert asset.title
        assert asset.licence
        assert asset.citation
        assert asset.homepage.startswith("https://")
        for file in asset.files:
            assert re.fullmatch(FILE_NAME, file.name), file.key
            assert re.fullmatch(DIGEST, file.digest), file.key
            assert file.url.startswith(("https://", "http://", "pkg:pypi/")), file.key
            assert ".." not in file.url
            if "githubusercontent" in file.url:  # of a branch the content could change
                assert re.fullmatch(r"[0-9a-f]{40}", file.url.split("/")[5]), file.key
            assert file.size is None or file.size > 0
