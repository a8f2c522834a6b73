import torch
from torch import nn

from baselines.vdsr import VDSR
from mesr.network import MESR
from pipeline.support.provenance import ROOT
from pipeline.training.provenance import determining_code, weights_digest
from tests.pipeline.training.toy import Toy


def test_weights_digest_sees_values_not_memory_order():
    torch.manual_seed(0)
    network = Toy()
    digest = weights_digest(network)
    assert weights_digest(network.to(memory_format=torch.channels_last)) == digest
    with torch.no_grad():
        network.weight.copy_(torch.nextafter(network.weight, torch.tensor(2.0)))
    assert weights_digest(network) != digest


def test_code_is_the_network_and_what_trains_and_validates_it():
    shared = {ROOT / name for name in ("mesr/common", "pipeline/imaging", "pipeline/training")}
    assert set(determining_code(VDSR(2))) == {ROOT / "baselines" / "vdsr.py", *shared}
    assert set(determining_code(MESR(2, features=4))) == {ROOT / "mesr", *shared}
    outside = determining_code(nn.Conv2d(1, 1, 1))
    assert outside[0].name == "conv.py"


def test_metrics_of_the_evaluation_do_not_determine_a_training():
    for code in determining_code(VDSR(2)):
        for file in code.rglob("*.py") if code.is_dir() else [code]:
            assert "pipeline.scoring" not in imports(file), file


def imports(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    return " ".join(line for line in lines if line.lstrip().startswith(("import ", "from ")))
