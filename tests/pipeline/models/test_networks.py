"""What holds for every network; tests/baselines and tests/mesr have the rest."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mesr.common.base import SCALES, SRNetwork
from mesr.common.imresize import imresize
from pipeline.models import networks
from pipeline.models.networks import (
    build_network,
    load_class,
    network_digest,
    network_names,
    size_of,
)
from pipeline.support.errors import UserError

NAMES = network_names()
# Sizes that train in milliseconds a step.
TINY: dict[str, dict[str, Any]] = {
    "bicubic": {},
    "mesr": {
        "features": 16, "branch_features": 8, "blocks": 2, "units": 2, "refinement_features": 8,
    },
    "srcnn": {"variant": "9-1-5", "features": (16, 8)},
    "vdsr": {"features": 16, "depth": 4},
    "lapsrn": {"features": 16, "depth": 2},
    "drcn": {"features": 16, "recursions": 3},
    "idn": {"features": 16, "blocks": 1},
    "dasr": {"features": 16, "depth": 1, "blocks": 1},
    "dpsr": {"features": 16, "depth": 2},
    "pan": {"features": 16, "depth": 2},
    "lapar": {"features": 16, "depth": 1},
    "defian": {"features": 16, "blocks": 1, "depth": 1},
    "msrn": {"features": 16, "blocks": 1},
    "drsan": {"features": 16, "depth": 1},
    "a2f": {"features": 16, "depth": 2, "block_features": 32},
}  # fmt: skip
# Parameters that no loss reaches: DASR's projection serves the contrastive loss, which is left out.
IDLE = {"dasr": "encoder.projection."}


def build_tiny(name: str, scale: int) -> SRNetwork:
    torch.manual_seed(0)
    return build_network(name, scale, **TINY[name])


def example(network: SRNetwork, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Input as the network takes it, and smooth HR images, for LR images of this size."""
    torch.manual_seed(0)
    channels = 3 if network.domain == "rgb" else 1
    hr_size = size[0] * network.scale, size[1] * network.scale
    hr = F.interpolate(torch.rand(2, channels, 5, 5), size=hr_size, mode="bicubic").clamp(0, 1)
    x = imresize(hr, scale=1 / network.scale)
    return imresize(x, scale=network.scale) if network.preupsampled else x, hr


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_as_declared_finite_and_restored(name: str, scale: int) -> None:
    network = build_tiny(name, scale)
    assert isinstance(network, SRNetwork)
    x, hr = example(network, (8, 11))
    outputs = network(x)
    assert network.scale == scale
    assert outputs[-1].shape == hr.shape
    assert len(outputs) == len(network.output_weights)
    assert all(output.shape[:2] == hr.shape[:2] for output in outputs)
    restored = build_network(name, scale, **TINY[name])
    restored.load_state_dict(network.state_dict())
    network.eval()
    with torch.no_grad():
        for a, b in zip(network(x), restored.eval()(x), strict=True):
            assert torch.equal(a, b)
        for level in (0.0, 1.0):
            assert all(y.isfinite().all() for y in network(torch.full_like(x, level)))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "bicubic"])
def test_the_loss_reaches_every_parameter_and_is_learnt(name: str) -> None:
    network = build_tiny(name, 2)
    before = {key: p.clone() for key, p in network.named_parameters()}
    x, hr = example(network, (12, 12))
    optimiser = torch.optim.Adam(network.parameters(), 6e-3)
    losses = []
    for _ in range(25):
        outputs = network(x)
        goals = [imresize(hr, size=(o.shape[2], o.shape[3])) for o in outputs]
        pairs = zip(network.output_weights, outputs, goals, strict=True)
        loss = sum((w * (o - g).abs().mean() for w, o, g in pairs), torch.zeros(()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
    for key, parameter in network.named_parameters():
        idle = key.startswith(IDLE.get(name, " ")) or not parameter.requires_grad
        assert (parameter.grad is None) == idle, key
        assert not idle or torch.equal(parameter, before[key]), key


def test_unknown_names_and_settings_are_refused() -> None:
    with pytest.raises(UserError, match=r"'edsr' is unknown\..*Known networks: mesr, a2f"):
        build_network("edsr", 2)
    with pytest.raises(UserError, match=r"'pan' at scale 2 with settings \{'width': 3\}.*width"):
        build_network("pan", 2, width=3)
    with pytest.raises(UserError, match=r"'pan' at scale 6.*expected one of 2, 3, 4"):
        build_network("pan", 6)
    sizes = [size_of("a2f", {"variant": "S", "depth": 3}), size_of("a2f", {}), size_of("my", {})]
    assert sizes == ["S", "L", ""]


def test_image_skip_is_added_to_networks_without_one() -> None:
    x = torch.rand(1, 3, 8, 8)
    torch.manual_seed(0)
    plain = build_network("msrn", 2, **TINY["msrn"])
    torch.manual_seed(0)
    skipping = build_network("msrn", 2, **TINY["msrn"], image_skip="bilinear")
    enlarged = F.interpolate(x, scale_factor=2, mode="bilinear")
    with torch.no_grad():
        torch.testing.assert_close(skipping(x)[0], plain(x)[0] + enlarged)
    with pytest.raises(UserError, match="image_skip is 'cubic'"):
        build_network("msrn", 2, image_skip="cubic")
    with pytest.raises(UserError, match="its input is enlarged already"):
        build_network("vdsr", 2, image_skip="bilinear")


# -- Networks of one's own -------------------------------------------------------------------------

NETWORK = """
from mesr.common.base import SRNetwork
import torch.nn.functional as F


class Nearest(SRNetwork):
    def forward(self, x):
        return F.interpolate(x, scale_factor=self.scale)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project's root with a package of its own, which no other module is imported from."""
    root = tmp_path.resolve()
    for path, text in {
        "nets/mynet.py": NETWORK,
        "nets/blocks.py": "x = 1\n",
        "nets/two.py": NETWORK + NETWORK.replace("Nearest", "Other"),
        "nets/lacking.py": "import no_such_module_at_all\n",
        "nets/typo.py": "class (:\n",
        "nets/folder/network.py": "from .blocks import BLOCKS\n" + NETWORK,
        "nets/folder/blocks.py": "BLOCKS = 3\n",
        "pipeline/__init__.py": "",
        "mesr/__init__.py": "",
        "mesr/network.py": "",
        "mesr/common/base.py": "",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    monkeypatch.setattr(networks, "ROOT", root)
    monkeypatch.setattr("pipeline.support.provenance.ROOT", root)
    monkeypatch.syspath_prepend(root)
    yield root
    for name in [name for name in sys.modules if name.partition(".")[0] == "nets"]:
        del sys.modules[name]


@pytest.mark.parametrize("code", ["nets/mynet.py", "nets/folder"])
def test_a_file_or_a_folder_anywhere_in_the_project_is_a_network(project: Path, code: str) -> None:
    network = build_network(code, 3)
    (image,) = network(torch.rand(2, 3, 4, 5))  # returned as it is, without a tuple
    assert image.shape == (2, 3, 12, 15)


def test_a_digest_covers_all_of_a_folder_and_nothing_else(project: Path) -> None:
    before = network_digest("nets/folder"), network_digest("nets/mynet.py")
    (project / "nets/folder/blocks.py").write_text("BLOCKS = 4\n")
    assert network_digest("nets/folder") != before[0]
    assert network_digest("nets/mynet.py") == before[1]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from .blocks import x", "nets.blocks"),
        ("from . import blocks", "nets.blocks"),
        ("import nets.folder.blocks", "nets.folder.blocks"),
        ("from mesr import network", "mesr.network"),
        ("def late():\n    import pipeline.training", "pipeline.training"),
    ],
)
def test_imports_that_no_stage_would_know_of_are_refused(
    project: Path, line: str, found: str
) -> None:
    (project / "nets/mynet.py").write_text(f"{line}\n{NETWORK}")
    message = rf"nets/mynet\.py, line \d, imports {found}.* Put both into one folder"
    with pytest.raises(UserError, match=message):
        load_class("nets/mynet.py")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("../nets/mynet.py", "below the project's root"),
        ("/etc/mynet.py", "below the project's root"),
        ("nets/my-net.py", "letters, digits and underscores"),
        ("nets/absent.py", "is no file"),
        ("nets", "is no file"),
        ("nets/blocks.py", "defines none; expected one public class"),
        ("nets/two.py", "defines Nearest, Other; expected one"),
        ("nets/lacking.py", "cannot be imported .*no_such_module_at_all"),
        ("nets/typo.py", "is no Python code"),
    ],
)
def test_code_that_is_no_network_is_refused(project: Path, code: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_class(code)


def test_links_are_refused(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "evil.py"
    outside.write_text(NETWORK)
    (project / "nets/link.py").symlink_to(outside)
    (project / "nets/folder/more.py").symlink_to(outside)
    for code in ("nets/link.py", "nets/folder"):
        with pytest.raises(UserError, match=r"is a link; put the file itself there"):
            load_class(code)
