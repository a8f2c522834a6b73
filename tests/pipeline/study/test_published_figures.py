"""The curated tables of published figures: complete, plausible, and strict about their format."""

from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.imaging.protocol import PROTOCOLS
from pipeline.models.networks import network_names, published_sizes
from pipeline.study.paths import PUBLISHED
from pipeline.study.published_figures import (
    published_claims,
    published_quality,
)
from pipeline.support.errors import UserError
from pipeline.tables.claims import COUNTED

DATASETS = ("Set5", "Set14", "BSD100", "Urban100")
SCALES = (2, 3, 4)
# Networks of the paper's Table 3; others may be registered without published figures.
COMPARED = [
    *("bicubic", "srcnn", "vdsr", "lapsrn", "drcn", "idn", "dasr", "dpsr", "pan", "lapar"),
    *("defian", "msrn", "drsan", "a2f"),
]


@pytest.mark.parametrize("model", COMPARED)
def test_every_network_has_every_cell(model: str) -> None:
    table = published_quality()
    for variant in published_sizes(model):
        for scale in SCALES:
            for dataset in DATASETS:
                assert (model, variant, scale, dataset) in table


def test_rows_name_what_is_known_and_say_where_from_or_why_not() -> None:
    protocols: dict[tuple[str, str], str] = {}
    for (*place, _, _), entry in published_quality().items():
        assert entry.model in network_names()
        assert entry.dataset in DATASETS
        assert entry.protocol in PROTOCOLS
        # How authors evaluated is a fact about them, not a choice for each cell.
        assert protocols.setdefault(tuple(place), entry.protocol) == entry.protocol
        known = entry.psnr_db is not None or entry.ssim is not None
        assert entry.source if known else entry.note, entry
        assert not entry.misprint or "suspected misprint" in entry.note
        assert all(getattr(entry, name) is not None for name in entry.misprint.split())


def test_figures_fall_with_the_scale_and_beat_bicubic() -> None:
    # A misprint of one digit, such as 31.08 for 31.80, breaks one of the two orders.
    table = published_quality()
    for (model, variant, scale, dataset), entry in table.items():
        bicubic = table["bicubic", "", scale, dataset]
        smaller = table.get((model, variant, scale - 1, dataset))
        for metric, margin in (("psnr_db", 0.5), ("ssim", 0.005)):
            value = getattr(entry, metric)
            if value is None or metric in entry.misprint:
                continue
            value = float(value)
            if model != "bicubic":
                assert value > float(getattr(bicubic, metric)) + margin, entry
            if smaller and getattr(smaller, metric) is not None and metric not in smaller.misprint:
                assert value < float(getattr(smaller, metric)) - margin, entry


def test_figures_that_the_protocol_facts_name() -> None:
    table = published_quality()
    assert table["msrn", "eccv", 4, "Set5"].psnr_db == Decimal("32.07")
    assert table["msrn", "rgb", 4, "Set5"].psnr_db == Decimal("32.25")
    assert str(table["lapsrn", "", 2, "BSD100"].psnr_db) == "31.80"  # as printed
    assert str(table["bicubic", "", 2, "Set5"].ssim) == "0.9299"
    assert "quoted by" in table["drcn", "", 2, "Set5"].note
    assert "quoted by" not in table["idn", "", 2, "Set5"].note


def test_claims_are_of_methods_and_datasets_or_judged_otherwise() -> None:
    claims = published_claims()
    assert len({claim.claim for claim in claims}) == len(claims) == 9
    compared = {claim.claim for claim in claims if claim.a and claim.b}
    assert {c.claim for c in claims} - compared == set(COUNTED)
    assert {name for claim in claims for name in claim.datasets.split()} == set(DATASETS)


def copy_with(folder: Path, name: str, old: str, new: str) -> Path:
    text = (PUBLISHED / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",2,Set5,33.66,", ",2,Set5,33.6b,", r"psnr_db: should be a valid dec.*33\.6b"),
        (",2,Set5,33.66,", ",2,Set5,inf,", "psnr_db: should be a finite"),
        (",0.9299,,vdsr,", ",9.299,,vdsr,", "ssim: should be less than or equal to 1"),
        ("bicubic,,2,", "bicubic,,5,", "scale: should be less than or equal to 4"),
    ],
)
def test_a_broken_table_names_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(UserError, match=f"(?s)line 2: .*{message}"):
        published_quality(copy_with(tmp_path, "quality.csv", old, new))
