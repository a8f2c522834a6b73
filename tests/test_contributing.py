"""CONTRIBUTING.md: its example network, as printed, in a copy of the project."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NETWORK, LINE = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
(ENTRY,) = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)

# A study of two steps; random images in place of the photographs.
TOY = [
    "profile=quick", "scales=[x4]", "train.steps=2", "train.batch=2", "train.patch=8",
    "train.validate_every=1", "train.validation_crop=16", "train.threads=1",
]  # fmt: skip
NET = ["--model", "examplenet", "--scale", "x4", "--seed", "s0"]
MAKE_IMAGES = """
import numpy as np
from pathlib import Path
from pipeline.imaging.packed import pack_images
rng = np.random.default_rng(0)
for asset in ("photos_train", "photos_test"):
    images = [(n, rng.integers(0, 256, (48, 40, 3), dtype=np.uint8)) for n in "abc"]
    pack_images(images, Path(f"data/hr/{asset}.h5"))
"""
# Each command as `python -m` would run it; one process, since importing PyTorch takes seconds.
RUN = """
import json, runpy, sys
for module, *arguments in json.loads(sys.argv[1]):
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as stop:
        if stop.code:
            raise
"""


def project(folder: Path) -> Path:
    """Copy what the commands need, and make the three changes as printed."""
    for name in ("mesr", "baselines", "pipeline", "conf", "published"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "baselines/examplenet.py").write_text(NETWORK, encoding="utf-8")

    registry = folder / "pipeline/models/networks.py"
    text, count = re.subn(
        r"^(NETWORKS\b.*\{\n)", lambda m: m[1] + LINE, registry.read_text("utf-8"), flags=re.M
    )
    assert count == 1
    registry.write_text(text, encoding="utf-8")

    profile = folder / "conf/profile/quick.yaml"
    baselines, entry = ENTRY.split("\n\nnetworks:\n")
    text = profile.read_text(encoding="utf-8")
    assert baselines.replace(", examplenet", "") in text
    text = text.replace(baselines.replace(", examplenet", ""), baselines)
    profile.write_text(text.replace("\nnetworks:\n", f"\nnetworks:\n{entry}"), encoding="utf-8")
    return folder


def test_example_network_is_trained_evaluated_and_counted(tmp_path: Path) -> None:
    folder = project(tmp_path)
    commands = [
        ["pipeline.configure", *TOY],
        ["pipeline.degrade", "--asset", "photos_train", "--scale", "x4"],
        ["pipeline.tune", "--model", "examplenet"],
        ["pipeline.train", *NET],
        ["pipeline.evaluate", "trained", *NET, "--dataset", "photos_test"],
        ["pipeline.cli", "count", "examplenet", "--scale", "4", "--hr", "128x72"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", MAKE_IMAGES + RUN, json.dumps(commands)],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "120"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr

    table = pd.read_csv(folder / "evaluations/examplenet_x4_s0/quality/photos_test.csv")
    assert set(table.model) == {"examplenet"}
    assert set(table.image) == {"a", "b", "c"}
    # Weights and pixels of each convolution; biases count as parameters and not as Multi-Adds.
    block, stage = 9 * 64 * 64, 9 * 64 * 256
    low, middle, high = 32 * 18, 64 * 36, 128 * 72
    layers = [(27 * 64, low), *[(block, low)] * 32, (stage, low), (stage, middle), (27 * 64, high)]
    params = sum(weights for weights, _ in layers) + 64 + 32 * 64 + 2 * 256 + 3
    multi_adds = sum(weights * pixels for weights, pixels in layers)
    assert f"{params:,}" in done.stdout
    assert f"{multi_adds / 1e9:,.1f}" in done.stdout


def test_graph_needs_no_change_for_the_example() -> None:
    graph = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    stage = graph["train_baseline"]
    assert stage["matrix"]["model"] == "${baselines}"
    assert "baselines/${item.model}.py" in stage["deps"]
