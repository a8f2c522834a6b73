"""CONTRIBUTING.md: its example network and profile, as printed, in a copy of the project."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
(NETWORK,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
(PROFILE,) = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)

# A study of two steps; random images in place of the photographs.
TOY = [
    "profile=mine", "scales=[x4]", "train.steps=2", "train.batch=2", "train.patch=8",
    "train.validate_every=1", "train.validation_crop=16", "complexity.hr=128x72",
    "tables.complexity_scale=x4",
]  # fmt: skip
KEY = "examplenet_x4_s0"
# Each command as `python -m` would run it; one process, since importing PyTorch takes seconds.
RUN = """
import json, runpy, sys
from pathlib import Path
import pipeline
from tests.pipeline.toy_study import write_images
write_images(Path())
for module, *arguments in json.loads(sys.argv[1]):
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as stop:
        if stop.code:
            raise
"""


def test_example_network_is_trained_evaluated_and_counted(tmp_path: Path) -> None:
    for name in ("mesr", "baselines", "pipeline", "conf", "published", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets/examplenet.py").write_text(NETWORK, encoding="utf-8")
    (tmp_path / "conf/profile/mine.yaml").write_text(PROFILE, encoding="utf-8")
    commands = [
        ["pipeline.configure", *TOY],
        ["pipeline.tune", "examplenet"],
        ["pipeline.train", KEY],
        ["pipeline.evaluate", KEY, "photos_test"],
        ["pipeline.complexity"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(commands)],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr

    table = pd.read_csv(tmp_path / f"evaluations/{KEY}/photos_test/scores.csv")
    assert set(table.image) == {"a", "b", "c"}
    record = json.loads((tmp_path / f"runs/{KEY}/run.json").read_text())
    assert record["code"] == "nets/examplenet.py"
    # Weights and pixels of each convolution; biases count as parameters and not as Multi-Adds.
    features, blocks, low = 16, 2, 32 * 18
    block, stage, edge = 9 * features**2, 9 * features * 4 * features, 27 * features
    layers = [(edge, low), *[(block, low)] * 2 * blocks, (stage, low), (stage, 4 * low)]
    layers.append((edge, 16 * low))
    biases = features + 2 * blocks * features + 2 * 4 * features + 3
    sizes = pd.read_csv(tmp_path / "results/sizes.csv").set_index("method").loc["examplenet"]
    assert sizes["params"] == sum(weights for weights, _ in layers) + biases
    assert sizes["multi_adds"] == sum(weights * pixels for weights, pixels in layers)
