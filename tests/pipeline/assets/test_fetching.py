"""Several assets, some of which fail; where files are looked for, in which order."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.assets.registry import Asset
from pipeline.fetch import main
from pipeline.support.console import run
from pipeline.support.errors import UserError
from tests.pipeline.assets.server import (
    FILES,
    WEIGHTS,
    Toys,
    closed_port,
    make_mirror,
    out_of_reach,
    zipped,
)


@pytest.fixture
def mirror(toys: Toys, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = toys.folder / "mirror"
    folder.mkdir()
    monkeypatch.setenv("MESR_MIRROR", str(folder))
    return folder


@pytest.fixture
def toy(toys: Toys) -> Asset:
    return toys.offer("Toy", FILES)


@pytest.fixture
def net(toys: Toys) -> Asset:
    return toys.offer("Net", WEIGHTS, kind="weights")


def test_assets_that_fail_do_not_keep_back_the_others(toys: Toys, toy: Asset) -> None:
    toys.register(
        toys.offer("Odd", {"odd.png": b"no image"}),
        toys.offer("Hostile", {"hostile.zip": zipped({"../a.png": FILES["a.png"]})}),
        toys.offer("Gone", {"gone.png": b"gone"}),
        toy,
    )
    toys.server.faults["/Gone/gone.png"] = ["always 404"]
    with pytest.raises(UserError) as raised:
        toys.fetch("Odd", "Hostile", "Gone", "Toy")
    for complaint in ("odd.png", "leads out of", "Gone: 1 of 1 files missing"):
        assert complaint in str(raised.value)
    assert "Toy" not in str(raised.value)
    assert toys.data == ["hr/Toy.h5"]


def test_partial_does_without_weights_out_of_reach_but_keeps_no_part_of_a_dataset(
    toys: Toys, toy: Asset, net: Asset, capsys: pytest.CaptureFixture[str]
) -> None:
    toys.register(out_of_reach(net, "net_x4.pt"), out_of_reach(toy, "a.png"))
    with pytest.raises(UserError, match="Net: 1 of 3"):
        toys.fetch("Net", "Toy")
    assert toys.data == []
    with pytest.raises(UserError, match="Toy: 1 of 3") as raised:
        toys.fetch("Net", "Toy", partial=True)
    assert "Net" not in str(raised.value)
    assert toys.data == ["raw/Net/net_x2.pt", "raw/Net/net_x3.pt"]
    said = capsys.readouterr().err
    assert "Net: 1 of 3 files missing" in said
    assert "dvc repro --force fetch@Net (or the same mesr command)" in said

    toys.register(net)
    toys.fetch("Net")
    assert toys.data == [f"raw/Net/{name}" for name in WEIGHTS]
    shutil.rmtree(toys.folder)
    toys.register(out_of_reach(net, *WEIGHTS))
    with pytest.raises(UserError, match="Net: 3 of 3 files missing"):
        toys.fetch("Net", partial=True)
    assert toys.data == []


@pytest.mark.parametrize("fault", ["404", "truncate", "silent", "wrong", "endless", "hang up"])
def test_partial_refuses_an_asset_whose_server_answers_wrongly(
    toys: Toys,
    net: Asset,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: str,
) -> None:
    """Even beside a file that is out of reach, and with an exit status of 1."""
    toys.register(out_of_reach(net, "net_x4.pt"))
    toys.fetch("Net", partial=True)
    before = toys.data
    (toys.folder / "data/raw/Net/net_x3.pt").write_bytes(b"damaged")
    shutil.rmtree(toys.folder / "downloads")
    toys.server.faults["/Net/net_x3.pt"] = [f"always {fault}"]
    toys.server.ranges = fault != "truncate"
    monkeypatch.chdir(toys.folder)
    assert run(lambda: main(["Net"])) == 1
    assert "Net: 2 of 3 files missing" in capsys.readouterr().err
    assert toys.data == before
    assert (toys.folder / "data/raw/Net/net_x3.pt").read_bytes() == b"damaged"


def test_partial_refuses_an_asset_with_a_wrong_file_in_the_mirror(
    toys: Toys, net: Asset, mirror: Path
) -> None:
    net = out_of_reach(net, *WEIGHTS)
    toys.register(net)
    make_mirror(mirror, net, {"net_x2.pt": b"two", "net_x3.pt": b"wrong"})
    with pytest.raises(UserError, match=r"refused .*net_x3\.pt: \d bytes|refused .*digest"):
        toys.fetch("Net", partial=True)
    assert toys.data == []
    make_mirror(mirror, net, {"net_x3.pt": b"three"})
    toys.fetch("Net", partial=True)
    assert toys.data == ["raw/Net/net_x2.pt", "raw/Net/net_x3.pt"]


def test_what_is_there_is_verified_and_not_fetched_again(
    toys: Toys, toy: Asset, net: Asset
) -> None:
    toys.register(toy, net)
    toys.fetch("Toy", "Net")
    (toys.folder / "downloads/Toy/a.png").write_bytes(FILES["b.png"])
    shutil.rmtree(toys.folder / "downloads/Net")
    toys.server.requests.clear()
    toys.fetch("Toy", "Net")
    assert toys.server.requests == []
    (toys.folder / "data/raw/Net/net_x4.pt").write_bytes(b"damaged")
    toys.fetch("Net")
    assert (toys.folder / "data/raw/Net/net_x4.pt").read_bytes() == b"four"
    toys.fetch("Toy", again=True)
    assert toys.server.requests == [("/Net/net_x4.pt", None), ("/Toy/a.png", None)]


def test_offline_one_message_says_what_is_missing_and_both_remedies(toys: Toys) -> None:
    toys.server.server_port = closed_port()
    big = toys.offer("Big", {f"{i}.png": bytes(1_000_000) for i in range(9)})
    toys.register(replace(big, files=(*big.files[:8], replace(big.files[8], size=None))))
    with pytest.raises(UserError) as raised:
        toys.fetch("Big")
    message = str(raised.value)
    assert "Big: 9 of 9 files missing, 8.0 MB and 1 of unknown size" in message
    assert message.count("cannot be reached") == 1
    assert "connect to the internet" in message
    assert f"$MESR_MIRROR/127.0.0.1:{toys.server.server_port}/Big/5.png" in message
    assert "Big/6.png" not in message and "and 3 more" in message
    assert toys.data == []


def test_the_mirror_is_asked_first_and_a_wrong_file_of_it_is_refused_by_name(
    toys: Toys, toy: Asset, mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toys.register(toy)
    make_mirror(mirror, toy, FILES | {"b.png": FILES["a.png"]})
    wrong = str(toy.files[1].mirror_path(mirror))
    toys.server.faults["/Toy/b.png"] = ["404"]
    with pytest.raises(UserError, match="refused") as raised:
        toys.fetch("Toy")
    assert wrong in str(raised.value)
    assert toys.data == []
    toys.fetch("Toy")
    assert toys.data == ["hr/Toy.h5"]
    assert wrong in capsys.readouterr().err
    # Files of the mirror are read in place, not copied.
    assert {path for path, _ in toys.server.requests} == {"/Toy/b.png"}
    assert [p.name for p in (toys.folder / "downloads/Toy").iterdir()] == ["b.png"]


def test_folders_that_cannot_be_used_are_named(toys: Toys, toy: Asset, mirror: Path) -> None:
    toys.register(toy)
    mirror.rmdir()
    with pytest.raises(UserError, match=r"MESR_MIRROR is .*mirror"):
        toys.fetch("Toy")
    mirror.mkdir()
    (toys.folder / "downloads").write_text("a file in the way")
    with pytest.raises(UserError, match="downloads: could not be written"):
        toys.fetch("Toy")
    assert toys.data == []
