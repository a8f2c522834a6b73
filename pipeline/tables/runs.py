"""What was run: settings, code, data and machine of every run, and the course of each training."""

from pipeline.tables.files import words
from pipeline.tables.layout import Table, columns
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
SHOWN = columns(
    "label scale seed kind params multi_adds steps lr settings train arithmetic device machine "
    "threads precision torch code_digest data_digest"
)


def layout(results: Results) -> Table:
    """Lay out all runs."""
    return results.table("runs", results["runs"], *SHOWN, filters=("kind", "scale"))
