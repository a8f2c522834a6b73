"""Checkpoints of other projects: what is read, and that nothing in them is executed."""

import sys
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pipeline.support.errors import UserError
from pipeline.tools.selection import select_subject
from pipeline.tools.spandrel import SpandrelNetwork, read_checkpoint


def compact() -> torch.nn.Module:
    """A small network that Spandrel knows."""
    pytest.importorskip("spandrel")
    from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact  # noqa: PLC0415

    return SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=2).eval()


def test_a_checkpoint_is_recognised_and_its_averaged_weights_are_taken() -> None:
    model, path = compact(), Path("net.pth")
    state = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    zeros = {name: torch.zeros_like(tensor) for name, tensor in state.items()}
    x = torch.rand(1, 3, 9, 7)
    for content in (
        {"params": model.state_dict()},
        {"params": zeros, "params_ema": state, "epoch": 3},
    ):
        torch.save(content, path)
        found = select_subject(f"spandrel:{path}", 2)
        with torch.no_grad():
            torch.testing.assert_close(found.network(x)[0], model(x).clamp(0, 1))
    with pytest.raises(UserError, match="enlarges 2 times, but --scale is 4"):
        select_subject(f"spandrel:{path}", 4)


def test_what_is_no_network_of_finite_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    state, path = compact().state_dict(), Path("net.safetensors")
    with pytest.raises(UserError, match="not found"):
        SpandrelNetwork(path)
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(UserError, match=r"net\.safetensors: Spandrel cannot load it"):
        SpandrelNetwork(path)
    state["body.0.bias"][3] = torch.nan
    save_file(state, path)
    with pytest.raises(UserError, match=r"weight body\.0\.bias holds NaN"):
        SpandrelNetwork(path)
    monkeypatch.setitem(sys.modules, "spandrel", None)
    with pytest.raises(UserError, match=r"pip install -e '\.\[spandrel\]'"):
        SpandrelNetwork(path)


class Scripted(torch.nn.Module):
    """TorchScript runs `__setstate__` of a file that it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.zeros(1)

    @torch.jit.export
    def __getstate__(self) -> tuple[torch.Tensor, bool]:
        return self.weight, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[torch.Tensor, bool]) -> None:
        print("CODE FROM THE FILE RUNS")
        self.weight = state[0]
        self.training = state[1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.mark.parametrize("name", ["net.pt", "net.pth", "net.ckpt", "net.safetensors"])
def test_code_in_torchscript_does_not_run(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    torch.jit.script(Scripted()).save(path)
    torch.jit.load(path)
    assert "CODE FROM THE FILE RUNS" in capfd.readouterr().out  # the attack works on torch.jit
    with pytest.raises(UserError, match="is TorchScript, which holds code"):
        read_checkpoint(path)
    assert "CODE" not in capfd.readouterr().out


def test_files_that_unpack_to_more_than_their_size_are_refused(tmp_path: Path) -> None:
    plain, packed, shared = (tmp_path / name for name in ("plain.pth", "packed.pth", "shared.pth"))
    torch.save({"weight": torch.zeros(1_000_000)}, plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as to:
        for name in source.namelist():
            to.writestr(name, source.read(name))
    assert packed.stat().st_size < plain.stat().st_size / 100
    assert read_checkpoint(plain)["weight"].numel() == 1_000_000
    with pytest.raises(UserError, match=r"packed\.pth: would unpack to 4,0"):
        read_checkpoint(packed)
    torch.save({"params": {"weight": torch.zeros(1).expand(1_000_000)}}, shared)
    with pytest.raises(UserError, match=r"shared\.pth: its tensors share memory"):
        read_checkpoint(shared)
