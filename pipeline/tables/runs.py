"""What was run: settings, code, data and machine of every run, and the course of each training."""

from pipeline.tables.files import words
from pipeline.tables.layout import Column, Kind, Table
from pipeline.tables.results import Results

COLUMNS = words(
    "key method network variant kind scale seed label params multi_adds steps lr schedule batch "
    "patch settings train arithmetic device machine threads precision torch code_digest "
    "data_digest weights_sha256 history_sha256"
)
QUALITY = words(
    "key method kind scale seed dataset image protocol psnr_db ssim coarse_psnr_db gate_mean "
    "gate_max"
)
HISTORY = words("key method scale seed step epoch lr loss psnr_db coarse_psnr_db gate_mean")
# Column -> heading and kind, in the table of all runs.
SHOWN: dict[str, tuple[str, Kind]] = {
    "label": ("Network", "text"),
    "scale": ("Scale", "integer"),
    "seed": ("Seed", "integer"),
    "kind": ("Weights", "text"),
    "params": ("Parameters", "params"),
    "multi_adds": ("Multi-Adds", "multi_adds"),
    "steps": ("Steps", "integer"),
    "lr": ("Learning rate", "number"),
    "settings": ("Settings", "text"),
    "train": ("Training", "text"),
    "arithmetic": ("Arithmetic", "text"),
    "device": ("Device", "text"),
    "machine": ("Machine", "text"),
    "threads": ("Threads", "integer"),
    "precision": ("Precision", "text"),
    "torch": ("PyTorch", "text"),
    "code_digest": ("Code", "text"),
    "data_digest": ("Data", "text"),
}


def layout(results: Results) -> Table:
    """Lay out all runs."""
    return Table(
        name="runs",
        title="All runs",
        caption=(
            "What was trained, and what was scored without a training: with which settings, by "
            "which code (digest), on which data and where. Commit, date and duration are known on "
            "the machine that computed a run."
        ),
        frame=results["runs"],
        columns=tuple(Column(name, *shown) for name, shown in SHOWN.items()),
        filters=("kind", "scale"),
        csv="runs.csv",
    )
