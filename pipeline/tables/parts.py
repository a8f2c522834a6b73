"""Which parts of the networks spend the Multi-Adds: parts.csv, which stage complexity writes."""

from pipeline.tables.layout import Table
from pipeline.tables.results import Results

# What the parts that most networks have are called in their code.
NAMES = {"body": "body", "blocks": "body", "upsample": "upsampler", "upsampler": "upsampler"}


def layout(results: Results) -> Table:
    """Lay out the shares of body and upsampler, as run and at the size of the network's paper."""
    scale = max(results.facts["scales"])
    frame = results["parts"].assign(part=results["parts"]["part"].map(NAMES))
    shares = frame[frame["scale"] == scale].pivot_table(
        "share", ["kind", "network", "variant"], "part", aggfunc="sum"
    )
    runs = results["methods"].query("kind == 'trained' and scale == @scale")
    runs = runs.drop_duplicates("method")[["method", "label", "network", "variant", "size"]]
    own, full = (
        shares.reindex([(kind, *place) for place in zip(runs["network"], runs[name], strict=True)])
        for kind, name in (("trained", "variant"), ("paper", "size"))
    )
    for part in shares:
        runs[part], runs[f"full_{part}"] = own[part].to_numpy(), full[part].to_numpy()
    runs = runs.dropna(subset=list(shares), how="all").reset_index(drop=True)
    told = {"scale": scale} | {
        part: " or ".join(name for name, meant in NAMES.items() if meant == part)
        for part in ("body", "upsampler")
    }
    is_subject = runs["method"] == results.facts["subject"]
    return results.table("parts", runs.assign(is_subject=is_subject), told=told)
