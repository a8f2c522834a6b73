"""Names of networks as the paper's tables print them."""

from pipeline.models.networks import NETWORKS, network_variants

# Where class and variant do not give the name.
LABELS = {
    ("lapar", ""): "LAPAR-A",
    ("drsan", ""): "DRSAN-48m",
    ("srcnn", "9-5-5"): "SRCNN",
    ("srcnn", "9-1-5"): "SRCNN (9-1-5)",
    ("msrn", "rgb"): "MSRN",
    ("msrn", "eccv"): "MSRN (ECCV)",
    ("mesr", ""): "MESR",
}

# Table 1 adds the modules one by one; Table 2 compares with and without the refinement block.
TABLE1_STEPS = {
    "single_scale": "Single-scale 3x3",
    "msfeb": "+ MSFEB",
    "no_rb": "+ RFFB",
    "full": "+ RB (MESR)",
}
TABLE2_ROWS = {"no_rb": "MESR without RB", "rb_dagger": "RB†", "full": "MESR"}
LABELS |= {("mesr", variant): text for variant, text in (TABLE1_STEPS | TABLE2_ROWS).items()}


def label(model: str, variant: str) -> str:
    """Name of a network as the tables print it."""
    if (model, variant) in LABELS:
        return LABELS[model, variant]
    name = NETWORKS[model].partition(":")[2]
    return f"{name}-{variant}" if variant else name


def labels() -> dict[str, str]:
    """Names of all networks and variants, keyed ``"<model> <variant>"``."""
    known = [(m, v) for m in NETWORKS for v in network_variants(m)] + list(LABELS)
    return {f"{model} {variant}".strip(): label(model, variant) for model, variant in known}
