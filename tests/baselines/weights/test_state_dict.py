import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from baselines.weights.state_dict import read_state_dict


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.pt"


def _network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.BatchNorm2d(2))


@pytest.mark.parametrize("zipped", [True, False])
def test_both_formats_are_read(path: Path, zipped: bool) -> None:
    state = _network().state_dict()
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    found = read_state_dict(path)
    assert list(found) == list(state)
    for name, tensor in state.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=0)


@pytest.mark.parametrize("zipped", [True, False])
def test_parameters_views_and_shared_storages_are_read(path: Path, zipped: bool) -> None:
    whole = torch.arange(12.0)
    state = {
        "parameter": nn.Parameter(torch.ones(3)),
        "part": whole[:4],
        "transposed": whole[4:].reshape(2, 4).T,
        "half": torch.ones(2, dtype=torch.float16),
        "steps": torch.tensor(5),
    }
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    found = read_state_dict(path)
    assert not found["parameter"].requires_grad
    for name, tensor in state.items():
        torch.testing.assert_close(found[name], tensor.detach(), rtol=0, atol=0)


def test_prefix_of_data_parallel_is_removed(path: Path) -> None:
    torch.save(nn.DataParallel(_network()).state_dict(), path)
    assert read_state_dict(path).keys() == _network().state_dict().keys()


def test_names_are_replaced_in_order_and_dropped(path: Path) -> None:
    state = {name: torch.ones(1) for name in ("module.head.0.bias", "tail.1.bias", "queue.bias")}
    torch.save(state, path)
    rules = ((r"^head\.(\d)\.", r"first.\1."), (r"^first\.0\.", "tail.0."), (r"^tail\.", "end."))
    assert list(read_state_dict(path, rules, drop="queue")) == ["end.0.bias", "end.1.bias"]


@pytest.mark.skipif("MESR_MIRROR" not in os.environ, reason="MESR_MIRROR is not set")
@pytest.mark.parametrize("name", ["PANx4_DF2K.pth", "model_best.pt"])
def test_released_files_are_read(name: str) -> None:
    file = sorted(Path(os.environ["MESR_MIRROR"]).rglob(name))[0]
    reference = torch.load(file, map_location="cpu", weights_only=True)
    found = read_state_dict(file)
    assert len(found) == len(reference) > 100
    assert all(torch.equal(found[k.removeprefix("module.")], v) for k, v in reference.items())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "not a state dict"),
        ([torch.ones(2)], "holds a list"),
        (torch.ones(2), "holds a Tensor"),
        ({"epoch": 5, "weight": torch.ones(2)}, "'epoch' is a int, not a tensor"),
        ({"state_dict": {"weight": torch.ones(2)}}, "state_dict' is a dict, not a tensor"),
        ({3: torch.ones(2)}, "'3' is a Tensor"),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_what_is_no_state_dict_is_refused(
    path: Path, content: Any, message: str, zipped: bool
) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match=message) as caught:
        read_state_dict(path)
    assert str(path) in str(caught.value)


class Touch:
    """Creates a file when unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.file}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_is_refused_unexecuted(path: Path, tmp_path: Path, zipped: bool) -> None:
    sentinel = tmp_path / "executed"
    state = {"weight": torch.ones(2), "bias": Touch(sentinel)}
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(
        ValueError, match=r"net\.pt.*it asks for posix\.system, which is no tensor.*Save its state"
    ):
        read_state_dict(path)
    assert not sentinel.exists()
    torch.load(path, weights_only=False)  # the payload is live
    assert sentinel.exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_whole_network_is_refused(path: Path, zipped: bool) -> None:
    torch.save(_network(), path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match=r"torch\.nn\.modules\.container\.Sequential"):
        read_state_dict(path)


def _rewrite(path: Path, change: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    """Write the archive again with some entries replaced (by the end of their names)."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            end = next((end for end in change if name.endswith(end)), None)
            archive.writestr(name, content if end is None else change[end])


def test_storage_larger_than_the_file_is_refused(path: Path) -> None:
    torch.save({"weight": torch.ones(200)}, path)
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.endswith("data.pkl"))
        pickled = archive.read(name)
    number = b"K\xc8"  # 200, as element count and as size
    assert pickled.count(number) == 2
    _rewrite(path, {"data.pkl": pickled.replace(number, b"\x8a\x06\x00\x00\x00\x00\x00\x40")})
    with pytest.raises(ValueError, match=r"record size \(800 bytes\) does not match"):
        read_state_dict(path)


def test_archive_that_unpacks_to_more_is_refused(path: Path) -> None:
    torch.save({"weight": torch.zeros(100_000)}, path)
    _rewrite(path, {}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10_000
    with pytest.raises(ValueError, match="would unpack to 400,224 bytes, more than the file has"):
        read_state_dict(path)


def test_archive_of_something_else_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match=r"net\.pt: torch cannot read it"):
        read_state_dict(path)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<html>404</html>", b"\x89HDF\r\n\x1a\n"])
def test_other_formats_are_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"net\.pt: torch cannot read it"):
        read_state_dict(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_truncated_file_is_refused(path: Path, zipped: bool) -> None:
    torch.save(_network().state_dict(), path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for length in [1, 10, len(whole) // 3, len(whole) // 2, len(whole) - 20, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"net\.pt"):
            read_state_dict(path)
