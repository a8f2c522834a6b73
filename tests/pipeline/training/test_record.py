import hashlib
import json

import pytest
import torch
from safetensors.torch import load_file

from pipeline.training.checkpoint import read_tensors
from pipeline.training.patches import open_images
from pipeline.training.processes import Processes
from pipeline.training.record import determining_facts, weights_digest, write_history
from pipeline.training.trainer import NonFiniteError
from tests.pipeline.training.toy import PlainToy, Toy, settings, train_toy


def test_history_file(tmp_path):
    row = {
        "step": 20, "epoch": 2.5, "lr": 1e-4, "loss": 0.25, "psnr_db": 31.5,
        "coarse_psnr_db": 31.25, "gate_mean": 1e-7, "seconds": 5.0,
    }  # fmt: skip
    without = {"step": 24, "psnr_db": None, "coarse_psnr_db": None, "gate_mean": None}
    write_history(tmp_path / "history.csv", [row, row | without])
    assert (tmp_path / "history.csv").read_text() == (
        "step,epoch,lr,loss,psnr_db,coarse_psnr_db,gate_mean\n"
        "20,2.5,0.0001,0.25,31.500000,31.250000,1e-07\n"
        "24,2.5,0.0001,0.25,,,\n"
    )


def test_weights_digest_sees_values_not_memory_order():
    network = Toy()
    digest = weights_digest(network)
    assert weights_digest(network.to(memory_format=torch.channels_last)) == digest
    with torch.no_grad():
        network.weight.copy_(torch.nextafter(network.weight, torch.tensor(2.0)))
    assert weights_digest(network) != digest


def test_run_json_names_the_files_beside_it(folder):
    train_toy(folder, "run", steps=2)
    run = json.loads((folder / "run" / "run.json").read_text())
    for name, file in (("weights", "weights.safetensors"), ("history", "history.csv")):
        content = (folder / "run" / file).read_bytes()
        assert run[f"{name}_sha256"] == hashlib.sha256(content).hexdigest()
    hr, lr = (hashlib.sha256((folder / f"{k}.h5").read_bytes()).hexdigest() for k in ("hr", "lr"))
    assert run["data_digest"] == f"hr {hr} lr {lr}"


def test_facts_name_all_that_determines_a_training(folder):
    def facts(network=None, seed=0, exclude=(), precision="fp32", count=1, **changes):
        torch.manual_seed(0)
        network = network or PlainToy()
        images = open_images(folder / "hr.h5", folder / "lr.h5", 2, settings(), exclude)
        processes = Processes(torch.device("cpu"), count=count)
        identity = {"settings": changes.pop("network_settings", {})}
        found = determining_facts(
            network, images, settings(**changes), seed, identity, precision, processes
        )
        return json.dumps(found, sort_keys=True)

    assert facts() == facts()
    assert facts(cuda_graph=False, checkpoint_every_seconds=5) == facts()
    others = [
        facts(network=Toy()), facts(seed=1), facts(exclude=("image3",)), facts(precision="bf16"),
        facts(count=2), facts(lr=1e-3), facts(network_settings={"features": 3}),
    ]  # fmt: skip
    assert len({facts(), *others}) == 8


class Explodes(PlainToy):
    """Fails in the forward pass of step 5."""

    calls = 0

    def forward(self, x):
        coarse, fine = super().forward(x)
        self.calls += 1
        return coarse, fine + self.poison() if self.calls == 6 else fine

    def poison(self):
        return self.weight * torch.inf


class ExplodesBackward(Explodes):
    """Has a finite loss at step 5, but not a finite gradient."""

    def poison(self):
        return (self.weight * 0).sqrt()


@pytest.mark.parametrize("network", [Explodes, ExplodesBackward])
def test_nonfinite_step_stops_with_a_dump(folder, network):
    options = {"schedule": "step", "validate_every": 100, "seed": 4}
    with pytest.raises(NonFiniteError, match=r"run: step 5: loss .* gradient norm") as caught:
        train_toy(folder, "run", network, **options)
    assert not (folder / "run").exists()
    (dump,) = (folder / "checkpoints").glob("*/nonfinite.safetensors")
    assert dump.parent.relative_to(folder).as_posix() in str(caught.value)
    tensors, state = read_tensors(dump)
    assert state["step"] == 5
    # The weights are those that five good steps leave.
    train_toy(folder, "five", PlainToy, steps=5, **options)
    for name, value in load_file(folder / "five" / "weights.safetensors").items():
        assert torch.equal(tensors[f"network.{name}"], value)
