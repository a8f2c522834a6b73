import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pipeline.imaging.packed import PackedImages
from pipeline.support.provenance import ROOT
from pipeline.training.patches import PatchSampler, hold_out, open_images
from pipeline.training.processes import Processes
from pipeline.training.record import CODE, determining_facts, weights_digest
from pipeline.training.trainer import NonFiniteError
from tests.pipeline.training.toy import PlainToy, Toy, settings, train_toy


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
    assert facts(cuda_graph=False) == facts()
    others = [
        facts(network=Toy()), facts(seed=1), facts(exclude=("image3",)), facts(precision="bf16"),
        facts(count=2), facts(lr=1e-3), facts(network_settings={"features": 3}),
    ]  # fmt: skip
    assert len({facts(), *others}) == 8


def imported_by(code):
    """Return files of this project that a process imports, packages' __init__.py left out."""
    code += "; import sys; print(*{m.__file__ for m in sys.modules.values() if m and getattr"
    code += "(m, '__file__', None)}, sep='\\n')"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    files = {Path(line) for line in done.stdout.splitlines()}
    own = {f.relative_to(ROOT).as_posix() for f in files if f.is_relative_to(ROOT)}
    return {f for f in own if not f.startswith(".venv") and not f.endswith("__init__.py")}


def test_code_of_a_run_is_what_trains_it():
    """Nothing else of the pipeline is imported but what has no part in the numbers."""
    plain = {"errors", "files", "provenance", "revision", "arithmetic", "console"}
    files = imported_by("import pipeline.training.trainer, mesr.network")
    others = {
        file
        for file in files
        if not file.startswith(("mesr/", *CODE))
        and file not in {f"pipeline/support/{name}.py" for name in plain}
    }
    assert others == set()
    assert {code for code in CODE if not any(file.startswith(code) for file in files)} == set()


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
    (report_path,) = (folder / "checkpoints").glob("*/nonfinite.json")
    assert report_path.relative_to(folder).as_posix() in str(caught.value)
    report = json.loads(report_path.read_text())
    assert (report["step"], report["lr"]) == (5, 3e-3)
    assert "weight" in report["parameters_with_nonfinite_gradient"]
    assert len(report["patches"]) == 4
    dump = load_file(report_path.with_suffix(".safetensors"))
    hr, lr = PackedImages(folder / "hr.h5"), PackedImages(folder / "lr.h5")
    patches = PatchSampler(hr, lr, hold_out(list(hr), 1)[0], 2, settings(), seed=4)
    np.testing.assert_array_equal(dump["lr"], patches.batch(5, range(4)).lr)
    np.testing.assert_array_equal(dump["hr"], patches.batch(5, range(4)).hr)
    # The weights are those that five good steps leave.
    train_toy(folder, "five", PlainToy, steps=5, **options)
    for name, value in load_file(folder / "five" / "weights.safetensors").items():
        assert torch.equal(dump[f"network.{name}"], value)
