"""Finding and loading published weights; files are made here in the structure of the real ones."""

from pathlib import Path

import pytest
import torch

from baselines import pan
from pipeline.assets import registry
from pipeline.assets.registry import AssetFile, file_digest, find_file
from pipeline.models.networks import network_names, published_sizes
from pipeline.models.published_weights import load_published, published_weights
from pipeline.support.errors import UserError


def test_names_are_unique_and_fit_stages_and_variants() -> None:
    names = [
        (entry.name, entry.scale) for model in network_names() for entry in published_weights(model)
    ]
    assert len(set(names)) == len(names)
    assert ("srcnn_9_1_5", 2) in names
    assert ("a2f_SD", 2) in names
    for name, _ in names:
        assert name.isidentifier()


@pytest.mark.parametrize("model", network_names())
def test_every_file_is_in_the_registry_of_assets(model: str) -> None:
    for entry in published_weights(model):
        assert entry.settings == published_sizes(model)[entry.variant]
        assert [find_file(file).key for file in entry.files] == list(entry.files)


def test_weights_that_do_not_exist_or_are_not_here_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a2f L at x2 .* a2f_SD x2"):
        load_published("a2f", 2, "L", tmp_path)
    with pytest.raises(UserError, match="Known for drcn: none"):
        load_published("drcn", 2, raw=tmp_path)
    with pytest.raises(UserError, match=r"PANx2_DF2K\.pth: not downloaded.*mesr fetch PAN"):
        load_published("pan", 2, raw=tmp_path / "raw")


# -- Files that are not what was published --------------------------------------------------------


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``data/raw`` with a file that a registry lists as the published PAN x4."""
    path = tmp_path / "data" / "raw" / "PAN" / "PANx4_DF2K.pth"
    path.parent.mkdir(parents=True)
    torch.save(pan.PAN(4).state_dict(), path)  # names that are ours stay as they are
    listed = AssetFile(
        "PAN", path.name, "https://x.org/PANx4_DF2K.pth", None, file_digest(path, "sha256")
    )
    monkeypatch.setattr(registry, "find_file", {"PAN/PANx4_DF2K.pth": listed}.__getitem__)
    return tmp_path / "data" / "raw"


def test_published_weights_are_loaded_for_evaluation(raw: Path) -> None:
    network = load_published("pan", 4, raw=raw)
    assert not network.training
    state = torch.load(raw / "PAN/PANx4_DF2K.pth", weights_only=True)
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in state.items())


def test_other_bytes_are_refused_before_they_are_read(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = raw / "PAN" / "PANx4_DF2K.pth"
    path.write_bytes(path.read_bytes() + b"\0")
    monkeypatch.setattr(pan, "published_state_dict", lambda *_: pytest.fail("was read"))
    with pytest.raises(UserError, match=r"PANx4_DF2K\.pth: is not the published file"):
        load_published("pan", 4, raw=raw)


def test_a_reader_that_does_not_describe_the_published_files_is_named(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pan, "published_state_dict", lambda *_: pan.PAN(2).state_dict())
    with pytest.raises(UserError, match=r"PANx4_DF2K\.pth: the weights do not fit PAN.*pan\.py"):
        load_published("pan", 4, raw=raw)
