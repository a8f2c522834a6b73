"""Several assets, some of which fail; where files are looked for, in which order."""

import shutil
import threading
from functools import partial

import pytest

from pipeline.assets.download import Source
from pipeline.assets.registry import Asset, AssetFile
from pipeline.fetch import main
from pipeline.support.console import run
from pipeline.support.errors import UserError
from tests.pipeline.assets.server import (
    FILES,
    OPTIONS,
    WEIGHTS,
    Toys,
    closed_port,
    git_blob,
    make_mirror,
    out_of_reach,
    picture,
    zipped,
)


def test_one_incomplete_asset_does_not_keep_back_the_others(toys: Toys) -> None:
    toys.register(toys.offer("Toy", FILES), toys.offer("Good", FILES))
    toys.server.faults["/Toy/a.png"] = ["always 404"]
    with pytest.raises(UserError, match="Toy: 1 of 3") as raised:
        toys.fetch("Toy", "Good")
    assert "Good" not in str(raised.value)
    assert toys.data == ["hr/Good.h5"]


def test_one_asset_that_cannot_be_laid_down_does_not_keep_back_the_others(toys: Toys) -> None:
    toys.register(
        toys.offer("Odd", {"odd.png": b"no image"}),
        toys.offer("Hostile", {"hostile.zip": zipped({"../a.png": FILES["a.png"]})}),
        toys.offer("Gone", {"gone.png": b"gone"}),
        toys.offer("Good", FILES),
    )
    toys.server.faults["/Gone/gone.png"] = ["always 404"]
    with pytest.raises(UserError) as raised:
        toys.fetch("Odd", "Hostile", "Gone", "Good")
    for complaint in ("odd.png", "leads out of it", "Gone: 1 of 1 files missing"):
        assert complaint in str(raised.value)
    assert toys.data == ["hr/Good.h5"]


def test_partial_does_without_weights_out_of_reach_but_keeps_no_part_of_a_dataset(
    toys: Toys, capsys: pytest.CaptureFixture[str]
) -> None:
    net, toy = toys.offer("Net", WEIGHTS, kind="weights"), toys.offer("Toy", FILES)
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


def test_partial_lays_down_nothing_when_nothing_is_in_reach(toys: Toys) -> None:
    toys.register(out_of_reach(toys.offer("Net", WEIGHTS, kind="weights"), *WEIGHTS))
    with pytest.raises(UserError, match="Net: 3 of 3 files missing"):
        toys.fetch("Net", partial=True)
    assert toys.data == []


@pytest.mark.parametrize(
    "fault", ["404", "500", "truncate", "stall", "silent", "wrong", "endless", "hang up"]
)
def test_partial_refuses_an_asset_whose_server_answers_wrongly(
    toys: Toys, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    """Even beside a file that is out of reach, and with an exit status of 1."""
    net = toys.offer("Net", WEIGHTS, kind="weights")
    toys.register(out_of_reach(net, "net_x4.pt"))
    toys.fetch("Net", partial=True)
    before = toys.data
    (toys.folder / "data/raw/Net/net_x3.pt").write_bytes(b"damaged")
    shutil.rmtree(toys.folder / "downloads")
    toys.server.faults["/Net/net_x3.pt"] = [f"always {fault}"]
    toys.server.ranges = fault != "truncate"
    monkeypatch.chdir(toys.folder)
    source = partial(Source, **OPTIONS)
    monkeypatch.setattr("pipeline.assets.fetching.Source", source)
    assert run(lambda: main(["Net"])) == 1
    assert "Net: 2 of 3 files missing" in capsys.readouterr().err
    assert toys.data == before
    assert (toys.folder / "data/raw/Net/net_x3.pt").read_bytes() == b"damaged"


def test_partial_refuses_an_asset_with_a_wrong_file_in_the_mirror(
    toys: Toys, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = out_of_reach(toys.offer("Net", WEIGHTS, kind="weights"), *WEIGHTS)
    toys.register(net)
    make_mirror(toys.folder / "mirror", net, {"net_x2.pt": b"two", "net_x3.pt": b"wrong"})
    monkeypatch.setenv("MESR_MIRROR", str(toys.folder / "mirror"))
    with pytest.raises(UserError, match=r"refused .*net_x3\.pt: digest"):
        toys.fetch("Net", partial=True)
    assert toys.data == []
    make_mirror(toys.folder / "mirror", net, {"net_x3.pt": b"three"})
    toys.fetch("Net", partial=True)
    assert toys.data == ["raw/Net/net_x2.pt", "raw/Net/net_x3.pt"]


def test_what_is_there_is_not_fetched_again(toys: Toys) -> None:
    toys.register(toys.offer("Toy", FILES), toys.offer("Net", {"n.pt": b"n"}, kind="weights"))
    toys.fetch("Toy", "Net")
    shutil.rmtree(toys.folder / "downloads")
    toys.server.requests.clear()
    toys.fetch("Toy", "Net")
    assert toys.server.requests == []
    # Weights are verified where they lie.
    (toys.folder / "data/raw/Net/n.pt").write_bytes(b"x")
    toys.fetch("Toy", "Net")
    assert (toys.folder / "data/raw/Net/n.pt").read_bytes() == b"n"


def test_offline_one_message_says_what_is_missing_and_both_remedies(toys: Toys) -> None:
    toys.server.server_port = closed_port()
    unknown = AssetFile("Net", "net.pt", f"{toys.server.url}/net.pt", None, git_blob(b""))
    toys.register(
        toys.offer("Toy", {f"{i}.png": bytes(1_000_000) for i in range(9)}),
        Asset("Net", "weights", "t", "h", "l", "c", (unknown,)),
    )
    with pytest.raises(UserError) as raised:
        toys.fetch("Toy", "Net")
    message = str(raised.value)
    assert "Toy: 9 of 9 files missing, 9.0 MB" in message
    assert "Net: 1 of 1 files missing, unknown size" in message
    assert "together 9.0 MB and 1 of unknown size" in message
    assert message.count("cannot be reached") == 1
    assert "connect to the internet" in message
    assert "MESR_MIRROR" in message
    assert f"$MESR_MIRROR/127.0.0.1:{toys.server.server_port}/" in message
    assert toys.data == []


def test_downloads_run_side_by_side(toys: Toys) -> None:
    toys.register(toys.offer("Toy", FILES | {"d.png": picture(4)}))
    # No request is answered before four are under way.
    toys.server.barrier = threading.Barrier(4)
    toys.fetch("Toy")
    assert toys.data == ["hr/Toy.h5"]


def test_weights_that_lie_in_data_alone_are_taken_over(toys: Toys) -> None:
    net = toys.offer("Net", WEIGHTS, kind="weights")
    toys.register(net)
    toys.fetch("Net")
    shutil.rmtree(toys.folder / "downloads")
    toys.server.requests.clear()
    (toys.folder / "data/raw/Net/net_x4.pt").write_bytes(b"damaged")
    toys.fetch("Net", again=True)
    assert toys.server.requests == [("/Net/net_x4.pt", None)]

    toys.register(out_of_reach(net, *WEIGHTS))
    shutil.rmtree(toys.folder / "downloads")
    (toys.folder / "data/raw/Net/net_x3.pt").write_bytes(b"wrong")
    toys.fetch("Net", again=True, partial=True)
    assert toys.data == ["raw/Net/net_x2.pt", "raw/Net/net_x4.pt"]
    assert (toys.folder / "data/raw/Net/net_x4.pt").read_bytes() == b"four"


def test_the_mirror_is_asked_first(toys: Toys, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = toys.offer("Toy", FILES)
    toys.register(asset)
    make_mirror(toys.folder / "mirror", asset, {"a.png": FILES["a.png"], "b.png": FILES["b.png"]})
    monkeypatch.setenv("MESR_MIRROR", str(toys.folder / "mirror"))
    toys.fetch("Toy")
    assert [path for path, _ in toys.server.requests] == ["/Toy/c.png"]
    # Files of the mirror are read in place, not copied.
    assert [p.name for p in (toys.folder / "downloads/Toy").iterdir()] == ["c.png"]


def test_a_wrong_file_of_the_mirror_is_refused_by_name(
    toys: Toys, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asset = toys.offer("Toy", FILES)
    toys.register(asset)
    make_mirror(toys.folder / "mirror", asset, FILES | {"b.png": FILES["a.png"]})
    monkeypatch.setenv("MESR_MIRROR", str(toys.folder / "mirror"))
    wrong = str(asset.files[1].mirror_path(toys.folder / "mirror"))
    toys.server.faults["/Toy/b.png"] = ["always 404"]
    with pytest.raises(UserError, match="refused") as raised:
        toys.fetch("Toy")
    assert wrong in str(raised.value)
    assert toys.data == []

    toys.server.faults.clear()
    toys.fetch("Toy")
    assert toys.data == ["hr/Toy.h5"]
    assert wrong in capsys.readouterr().err


def test_a_mirror_that_is_no_folder(toys: Toys, monkeypatch: pytest.MonkeyPatch) -> None:
    toys.register(toys.offer("Toy", FILES))
    monkeypatch.setenv("MESR_MIRROR", str(toys.folder / "gone"))
    with pytest.raises(UserError, match=r"MESR_MIRROR is .*gone"):
        toys.fetch("Toy")


def test_a_downloads_folder_that_cannot_be_written(toys: Toys) -> None:
    toys.register(toys.offer("Toy", FILES))
    (toys.folder / "downloads").write_text("a file in the way")
    with pytest.raises(UserError, match="downloads: could not be written"):
        toys.fetch("Toy")
    assert toys.data == []
