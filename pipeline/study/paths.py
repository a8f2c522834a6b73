"""Where the study keeps its files, relative to the project's root."""

from pathlib import Path

PARAMS = Path("params.yaml")
DATA = Path("data")
RUNS = Path("runs")
TUNING = Path("tuning")
EVALUATIONS = Path("evaluations")
CERTIFICATES = Path("certificates")
RESULTS = Path("results")
PUBLISHED = Path(__file__).resolve().parents[2] / "published"  # comes with the code
SHIPPED = PUBLISHED.with_name("weights")
SUBMISSIONS = Path("submissions")  # results of other people's networks
STUDIES = Path("studies")  # studies that were computed and kept, by profile
RECORD = PUBLISHED / "certificate.csv"
LR_RECORD = PUBLISHED / "lr_certificate.csv"


def hr_file(dataset: str) -> Path:
    """HR images of a dataset, packed."""
    return DATA / "hr" / f"{dataset}.h5"


def lr_file(dataset: str, scale: int) -> Path:
    """LR images of a dataset, packed."""
    return DATA / "lr" / f"{dataset}_x{scale}.h5"


def given_lr_file(asset: str) -> Path:
    """LR images that others made, packed."""
    return DATA / "lr" / f"{asset}.h5"


def run_folder(key: str) -> Path:
    """Weights, history and record of a run."""
    return RUNS / key


def tuning_file(network: str) -> Path:
    """Learning rate chosen for a network (JSON), on which its trainings depend."""
    return TUNING / f"{network}.json"


def candidates_file(network: str) -> Path:
    """Learning rates that it was chosen from (CSV)."""
    return TUNING / f"{network}.csv"


def evaluation_folder(key: str, dataset: str) -> Path:
    """``scores.csv``, ``record.json`` and the kept images of a run on a dataset."""
    return EVALUATIONS / key / dataset


def certificate_file(network: str, dataset: str) -> Path:
    """Certificate of a network's published weights on a dataset (CSV)."""
    return CERTIFICATES / f"{network}_{dataset}.csv"


def lr_certificate_file(dataset: str) -> Path:
    """Certificate of our LR images of a dataset, against those that MATLAB made (CSV)."""
    return CERTIFICATES / "lr" / f"{dataset}.csv"
