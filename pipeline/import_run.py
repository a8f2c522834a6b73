"""Stage `import_run`: a run folder without a training: published weights, or interpolation.

So there is one kind of thing to evaluate.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence

from safetensors.torch import save_file

from pipeline.models.networks import build_network, network_digest, size_of
from pipeline.models.published_weights import load_published, published_weights
from pipeline.models.runs import RECORD, WEIGHTS
from pipeline.study.params import load_params
from pipeline.study.paths import run_folder
from pipeline.study.runs import Run
from pipeline.support.console import run
from pipeline.support.files import atomic_path


def import_run(wanted: Run) -> None:
    """Write ``runs/KEY``: run.json and, of published weights, weights.safetensors.

    Weights that were not among those that could be downloaded give a record that says so, and
    scores nowhere.

    Raises
    ------
    UserError
        When a file of published weights is not what was published.
    """
    record = wanted.identity | {"network_digest": network_digest(wanted.code)}
    network, missing, size = None, [], size_of(wanted.network, wanted.settings)
    if wanted.kind == "published":
        known = published_weights(wanted.network, wanted.scale)
        (entry,) = (found for found in known if found.variant == size)
        record |= {"source": list(entry.files), "note": entry.note}
        missing = [str(path) for path in entry.missing()]
        if not missing:
            network = load_published(wanted.network, wanted.scale, size)
    else:
        network = build_network(wanted.code, wanted.scale, **wanted.settings)
    if network is not None:
        record["params"] = sum(parameter.numel() for parameter in network.parameters())
    record["missing"] = missing
    with atomic_path(run_folder(wanted.key)) as folder:
        folder.mkdir(parents=True)
        if network is not None and wanted.kind == "published":
            state = {name: value.contiguous() for name, value in network.state_dict().items()}
            save_file(state, folder / WEIGHTS)
            record["weights_sha256"] = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
        (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    if missing:
        print(f"{wanted.key}: {missing[0]} was not downloaded; nothing to score", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> None:
    """Make a run folder of one line under `imports` in params.yaml."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.import_run", description=main.__doc__)
    parser.add_argument("key", help="name in params.yaml, imports, e.g. bicubic_x4")
    key = parser.parse_args(argv).key
    print(f"import {key}", flush=True)
    import_run(load_params().run(key))


if __name__ == "__main__":
    raise SystemExit(run(main))
