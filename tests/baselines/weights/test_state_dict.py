import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from baselines.weights.state_dict import read_state_dict


@pytest.mark.parametrize("zipped", [True, False])
def test_parameters_views_and_shared_storages_are_read(tmp_path: Path, zipped: bool) -> None:
    path, whole = tmp_path / "net.pt", torch.arange(12.0)
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


def test_names_are_replaced_in_order_and_dropped(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    state = {name: torch.ones(1) for name in ("module.head.0.bias", "tail.1.bias", "queue.bias")}
    torch.save(state, path)
    rules = ((r"^head\.(\d)\.", r"first.\1."), (r"^first\.0\.", "tail.0."), (r"^tail\.", "end."))
    assert list(read_state_dict(path, rules, drop="queue")) == ["end.0.bias", "end.1.bias"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "not a state dict"),
        ([torch.ones(2)], "holds a list"),
        ({"epoch": 5, "weight": torch.ones(2)}, "'epoch' is a int, not a tensor"),
        ({"state_dict": {"weight": torch.ones(2)}}, "state_dict' is a dict, not a tensor"),
        ({3: torch.ones(2)}, "'3' is a Tensor"),
    ],
)
def test_what_is_no_state_dict_is_refused(tmp_path: Path, content: Any, message: str) -> None:
    torch.save(content, tmp_path / "net.pt")
    with pytest.raises(ValueError, match=rf"net\.pt: .*{message}"):
        read_state_dict(tmp_path / "net.pt")


class Touch:
    """Creates a file when unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.file}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_is_refused_unexecuted(tmp_path: Path, zipped: bool) -> None:
    path, sentinel = tmp_path / "net.pt", tmp_path / "executed"
    state = {"weight": torch.ones(2), "bias": Touch(sentinel)}
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(
        ValueError, match=r"net\.pt.*it asks for posix\.system, which is no tensor.*Save its state"
    ):
        read_state_dict(path)
    assert not sentinel.exists()
    torch.load(path, weights_only=False)  # the payload is live
    assert sentinel.exists()


def test_archive_that_unpacks_to_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    torch.save({"weight": torch.zeros(100_000)}, path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match="would unpack to 400,224 bytes, more than the file has"):
        read_state_dict(path)
