import sys
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pipeline.support.errors import UserError
from pipeline.tools.selection import select_subject
from pipeline.tools.spandrel import SpandrelNetwork, read_checkpoint


def test_spandrel_runs_a_checkpoint_it_recognises(tmp_path: Path) -> None:
    spandrel = pytest.importorskip("spandrel")
    from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact  # noqa: PLC0415

    model = SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=2)
    path = tmp_path / "compact.pth"
    torch.save({"params": model.state_dict()}, path)
    network = SpandrelNetwork(path)
    assert spandrel.__name__ == "spandrel"
    x = torch.rand(1, 3, 9, 7)
    with torch.no_grad():
        torch.testing.assert_close(network(x)[0], model.eval()(x).clamp(0, 1))


def test_another_scale_than_the_checkpoints_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("spandrel")
    from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact  # noqa: PLC0415

    model = SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=2)
    state = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    zeros = {name: torch.zeros_like(tensor) for name, tensor in state.items()}
    torch.save({"params": zeros, "params_ema": state, "epoch": 3}, tmp_path / "net.pth")
    found = select_subject(f"spandrel:{tmp_path / 'net.pth'}", 2)
    x = torch.rand(1, 3, 9, 7)
    with torch.no_grad():  # the averaged weights
        torch.testing.assert_close(found.network(x)[0], model.eval()(x).clamp(0, 1))
    with pytest.raises(UserError, match="enlarges 2 times, but --scale is 4"):
        select_subject(f"spandrel:{tmp_path / 'net.pth'}", 4)


def test_missing_spandrel_is_installed_from_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "spandrel", None)
    with pytest.raises(UserError, match=r"pip install -e '\.\[spandrel\]'"):
        SpandrelNetwork(tmp_path / "net.pth")


def test_spandrel_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    pytest.importorskip("spandrel")
    with pytest.raises(UserError, match="not found"):
        SpandrelNetwork(tmp_path / "none.pth")
    path = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(UserError, match=r"other\.pth: Spandrel cannot load it"):
        SpandrelNetwork(path)


class Harmful:
    """Its pickle runs a command where it is loaded without care."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.canary), "w")


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
    pytest.importorskip("spandrel")
    path = tmp_path / name
    torch.jit.script(Scripted()).save(path)
    torch.jit.load(path)
    assert "CODE FROM THE FILE RUNS" in capfd.readouterr().out  # the attack works on torch.jit
    with pytest.raises(UserError, match="is TorchScript, which holds code"):
        SpandrelNetwork(path)
    assert "CODE" not in capfd.readouterr().out


@pytest.mark.parametrize("new_format", [True, False])
def test_code_in_pickles_does_not_run(tmp_path: Path, new_format: bool) -> None:
    canary, path = tmp_path / "canary", tmp_path / "net.pth"
    content = {"weight": torch.zeros(1), "harm": Harmful(canary)}
    torch.save(content, path, _use_new_zipfile_serialization=new_format)
    torch.load(path, weights_only=False)["harm"].close()
    assert canary.is_file()  # the attack works
    canary.unlink()
    with pytest.raises(UserError, match=r"net\.pth: torch cannot read it as weights alone"):
        read_checkpoint(path)
    assert not canary.exists()


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


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02", b"12345678{", b"x" * 99])
def test_damaged_files_are_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"net\.pth"):
        read_checkpoint(path)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("spandrel")
    from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact  # noqa: PLC0415

    model = SRVGGNetCompact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=2)
    state = model.state_dict()
    state["body.0.bias"][3] = torch.nan
    save_file(state, tmp_path / "net.safetensors")
    with pytest.raises(UserError, match=r"weight body\.0\.bias holds NaN"):
        SpandrelNetwork(tmp_path / "net.safetensors")
