"""What holds for every network of the registry; tests/baselines and tests/mesr have the rest."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mesr.common.base import SCALES, SRNetwork
from pipeline.models import networks
from pipeline.models.networks import NETWORKS, build_network, network_class
from pipeline.support.errors import UserError
from pipeline.training.settings import TrainSettings
from pipeline.training.step import objective
from tests.pipeline.models.tiny import LEARNING, TINY, build_tiny, example, overfit

# Parameters that no loss reaches: DASR's projection serves the contrastive loss, which is left out.
IDLE = {"dasr": "encoder.projection."}


def test_every_network_has_a_tiny_size() -> None:
    assert TINY.keys() == NETWORKS.keys()


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_as_declared(name: str, scale: int) -> None:
    network = build_tiny(name, scale)
    assert isinstance(network, SRNetwork)
    x, hr = example(network, (8, 11))
    outputs = network(x)
    assert network.scale == scale
    assert outputs[-1].shape == hr.shape
    assert len(outputs) == len(network.output_weights)
    assert all(output.shape[:2] == hr.shape[:2] for output in outputs)


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_finite_for_black_and_white(name: str) -> None:
    network = build_tiny(name, 2).eval()
    x, _ = example(network, (8, 8))
    for level in (0.0, 1.0):
        assert all(output.isfinite().all() for output in network(torch.full_like(x, level)))


@pytest.mark.parametrize("scale", [0, 1, 5, 8, 2.5])
@pytest.mark.parametrize("name", NETWORKS)
def test_other_scales_are_refused(name: str, scale: int) -> None:
    with pytest.raises(ValueError, match=rf"scale is {scale}; expected one of 2, 3, 4"):
        network_class(name)(scale)


@pytest.mark.parametrize(("name", "scale", "settings"), LEARNING)
def test_objective_reaches_every_parameter_and_is_learnt(
    name: str, scale: int, settings: dict[str, Any]
) -> None:
    network = build_tiny(name, scale, **settings)
    before = {key: p.clone() for key, p in network.named_parameters()}
    training = TrainSettings()

    def loss(net: SRNetwork, outputs: tuple[Tensor, ...], hr: Tensor, progress: float) -> Tensor:
        return objective(net, outputs, hr, training)

    losses = overfit(network, loss)
    assert losses[-1] < 0.5 * losses[0]
    for key, parameter in network.named_parameters():
        idle = key.startswith(IDLE.get(name, " ")) or not parameter.requires_grad
        assert (parameter.grad is None) == idle, key
        assert not idle or torch.equal(parameter, before[key]), key


@pytest.mark.parametrize("name", NETWORKS)
def test_state_is_restored_by_its_state_dict(name: str) -> None:
    network, other = build_tiny(name, 3), build_network(name, 3, **TINY[name])
    other.load_state_dict(network.state_dict())
    x, _ = example(network, (8, 8))
    with torch.no_grad():
        for a, b in zip(network.eval()(x), other.eval()(x), strict=True):
            assert torch.equal(a, b)


def test_unknown_names_and_settings_are_refused() -> None:
    with pytest.raises(UserError, match=r"'edsr' is not registered\..*Known networks: a2f"):
        build_network("edsr", 2)
    with pytest.raises(UserError, match=r"'pan' at scale 2 with settings \{'width': 3\}.*width"):
        build_network("pan", 2, width=3)
    with pytest.raises(UserError, match=r"'pan' at scale 6.*expected one of 2, 3, 4"):
        build_network("pan", 6)


def test_a_class_that_declares_no_format_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain.py").write_text(
        "from torch import nn\n\n\nclass Plain(nn.Module):\n    pass\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(networks.NETWORKS, "plain", "plain:Plain")
    with pytest.raises(UserError, match=r"plain:Plain is not derived from mesr\.common\.base"):
        build_network("plain", 2)
