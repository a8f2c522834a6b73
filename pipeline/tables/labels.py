"""Names of networks as papers print them."""

# Networks whose name, with that of their size, is not printed in capitals as it stands.
LABELS = {
    "bicubic": "Bicubic",
    "lapsrn": "LapSRN",
    "lapar": "LAPAR-A",
    "defian": "DeFiAN",
    "drsan": "DRSAN-48m",
    "srcnn 9-5-5": "SRCNN",
    "srcnn 9-1-5": "SRCNN (9-1-5)",
    "msrn rgb": "MSRN",
    "msrn eccv": "MSRN (ECCV)",
}


def network_label(network: str, size: str = "") -> str:
    """Name of a network of one published size, as papers print it."""
    label = LABELS.get(f"{network} {size}")
    return label or joined(LABELS.get(network, network.upper()), size, by="-")


def joined(*notes: str, by: str = "; ") -> str:
    """Join the notes that say something."""
    return by.join(filter(None, notes))
