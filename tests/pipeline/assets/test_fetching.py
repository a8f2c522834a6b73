"""Several assets, some of which fail; where files are looked for, in which order."""

import shutil
import threading
from functools import partial
from pathlib import Path

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
    Register,
    Server,
    closed_port,
    fetch_into,
    git_blob,
    in_data,
    make_mirror,
    offer,
    out_of_reach,
    picture,
    zipped,
)


def test_one_incomplete_asset_does_not_keep_back_the_others(
    server: Server, register: Register, tmp_path: Path
) -> None:
    register(offer(server, "Toy", FILES), offer(server, "Good", FILES))
    server.faults["/Toy/a.png"] = ["always 404"]
    with pytest.raises(UserError, match="Toy: 1 of 3") as raised:
        fetch_into(tmp_path, ["Toy", "Good"])
    assert "Good" not in str(raised.value)
    assert in_data(tmp_path) == ["hr/Good.h5"]


def test_one_asset_that_cannot_be_laid_down_does_not_keep_back_the_others(
    server: Server, register: Register, tmp_path: Path
) -> None:
    register(
        offer(server, "Odd", {"odd.png": b"no image"}),
        offer(server, "Hostile", {"hostile.zip": zipped({"../a.png": FILES["a.png"]})}),
        offer(server, "Gone", {"gone.png": b"gone"}),
        offer(server, "Good", FILES),
    )
    server.faults["/Gone/gone.png"] = ["always 404"]
    with pytest.raises(UserError) as raised:
        fetch_into(tmp_path, ["Odd", "Hostile", "Gone", "Good"])
    for complaint in ("odd.png", "leads out of it", "Gone: 1 of 1 files missing"):
        assert complaint in str(raised.value)
    assert in_data(tmp_path) == ["hr/Good.h5"]


def test_partial_does_without_weights_out_of_reach_but_keeps_no_part_of_a_dataset(
    server: Server, register: Register, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net, toy = offer(server, "Net", WEIGHTS, kind="weights"), offer(server, "Toy", FILES)
    register(out_of_reach(net, "net_x4.pt"), out_of_reach(toy, "a.png"))
    with pytest.raises(UserError, match="Net: 1 of 3"):
        fetch_into(tmp_path, ["Net", "Toy"])
    assert in_data(tmp_path) == []
    with pytest.raises(UserError, match="Toy: 1 of 3") as raised:
        fetch_into(tmp_path, ["Net", "Toy"], partial=True)
    assert "Net" not in str(raised.value)
    assert in_data(tmp_path) == ["raw/Net/net_x2.pt", "raw/Net/net_x3.pt"]
    said = capsys.readouterr().err
    assert "Net: 1 of 3 files missing" in said
    assert "dvc repro --force fetch@Net (or the same mesr command)" in said

    register(net)
    fetch_into(tmp_path, ["Net"])
    assert in_data(tmp_path) == [f"raw/Net/{name}" for name in WEIGHTS]


def test_partial_lays_down_nothing_when_nothing_is_in_reach(
    server: Server, register: Register, tmp_path: Path
) -> None:
    register(out_of_reach(offer(server, "Net", WEIGHTS, kind="weights"), *WEIGHTS))
    with pytest.raises(UserError, match="Net: 3 of 3 files missing"):
        fetch_into(tmp_path, ["Net"], partial=True)
    assert in_data(tmp_path) == []


@pytest.mark.parametrize(
    "fault", ["404", "500", "truncate", "stall", "silent", "wrong", "endless", "hang up"]
)
def test_partial_refuses_an_asset_whose_server_answers_wrongly(
    server: Server,
    register: Register,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: str,
) -> None:
    """Even beside a file that is out of reach, and with an exit status of 1."""
    net = offer(server, "Net", WEIGHTS, kind="weights")
    register(out_of_reach(net, "net_x4.pt"))
    fetch_into(tmp_path, ["Net"], partial=True)
    before = in_data(tmp_path)
    (tmp_path / "data/raw/Net/net_x3.pt").write_bytes(b"damaged")
    shutil.rmtree(tmp_path / "downloads")
    server.faults["/Net/net_x3.pt"] = [f"always {fault}"]
    server.ranges = fault != "truncate"
    monkeypatch.chdir(tmp_path)
    source = partial(Source, **OPTIONS)
    monkeypatch.setattr("pipeline.assets.fetching.Source", source)
    assert run(lambda: main(["--partial", "--asset", "Net"])) == 1
    assert "Net: 2 of 3 files missing" in capsys.readouterr().err
    assert in_data(tmp_path) == before
    assert (tmp_path / "data/raw/Net/net_x3.pt").read_bytes() == b"damaged"


def test_partial_refuses_an_asset_with_a_wrong_file_in_the_mirror(
    server: Server, register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = out_of_reach(offer(server, "Net", WEIGHTS, kind="weights"), *WEIGHTS)
    register(net)
    make_mirror(tmp_path / "mirror", net, {"net_x2.pt": b"two", "net_x3.pt": b"wrong"})
    monkeypatch.setenv("MESR_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(UserError, match=r"refused .*net_x3\.pt: digest"):
        fetch_into(tmp_path, ["Net"], partial=True)
    assert in_data(tmp_path) == []
    make_mirror(tmp_path / "mirror", net, {"net_x3.pt": b"three"})
    fetch_into(tmp_path, ["Net"], partial=True)
    assert in_data(tmp_path) == ["raw/Net/net_x2.pt", "raw/Net/net_x3.pt"]


def test_what_is_there_is_not_fetched_again(
    server: Server, register: Register, tmp_path: Path
) -> None:
    register(offer(server, "Toy", FILES), offer(server, "Net", {"n.pt": b"n"}, kind="weights"))
    fetch_into(tmp_path, ["Toy", "Net"])
    shutil.rmtree(tmp_path / "downloads")
    server.requests.clear()
    fetch_into(tmp_path, ["Toy", "Net"])
    assert server.requests == []
    # Weights are verified where they lie.
    (tmp_path / "data/raw/Net/n.pt").write_bytes(b"x")
    fetch_into(tmp_path, ["Toy", "Net"])
    assert (tmp_path / "data/raw/Net/n.pt").read_bytes() == b"n"


def test_offline_one_message_says_what_is_missing_and_both_remedies(
    server: Server, register: Register, tmp_path: Path
) -> None:
    server.server_port = closed_port()
    unknown = AssetFile("Net", "net.pt", f"{server.url}/net.pt", None, git_blob(b""))
    register(
        offer(server, "Toy", {f"{i}.png": bytes(1_000_000) for i in range(9)}),
        Asset("Net", "weights", "t", "h", "l", "c", (unknown,)),
    )
    with pytest.raises(UserError) as raised:
        fetch_into(tmp_path, ["Toy", "Net"])
    message = str(raised.value)
    assert "Toy: 9 of 9 files missing, 9.0 MB" in message
    assert "Net: 1 of 1 files missing, unknown size" in message
    assert "together 9.0 MB and 1 of unknown size" in message
    assert message.count("cannot be reached") == 1
    assert "connect to the internet" in message
    assert "MESR_MIRROR" in message
    assert f"$MESR_MIRROR/127.0.0.1:{server.server_port}/" in message
    assert in_data(tmp_path) == []


def test_downloads_run_side_by_side(server: Server, register: Register, tmp_path: Path) -> None:
    register(offer(server, "Toy", FILES | {"d.png": picture(4)}))
    # No request is answered before four are under way.
    server.barrier = threading.Barrier(4)
    fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == ["hr/Toy.h5"]


def test_weights_that_lie_in_data_alone_are_taken_over(
    server: Server, register: Register, tmp_path: Path
) -> None:
    net = offer(server, "Net", WEIGHTS, kind="weights")
    register(net)
    fetch_into(tmp_path, ["Net"])
    shutil.rmtree(tmp_path / "downloads")
    server.requests.clear()
    (tmp_path / "data/raw/Net/net_x4.pt").write_bytes(b"damaged")
    fetch_into(tmp_path, ["Net"], again=True)
    assert server.requests == [("/Net/net_x4.pt", None)]

    register(out_of_reach(net, *WEIGHTS))
    shutil.rmtree(tmp_path / "downloads")
    (tmp_path / "data/raw/Net/net_x3.pt").write_bytes(b"wrong")
    fetch_into(tmp_path, ["Net"], again=True, partial=True)
    assert in_data(tmp_path) == ["raw/Net/net_x2.pt", "raw/Net/net_x4.pt"]
    assert (tmp_path / "data/raw/Net/net_x4.pt").read_bytes() == b"four"


def test_the_mirror_is_asked_first(
    server: Server, register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = offer(server, "Toy", FILES)
    register(asset)
    make_mirror(tmp_path / "mirror", asset, {"a.png": FILES["a.png"], "b.png": FILES["b.png"]})
    monkeypatch.setenv("MESR_MIRROR", str(tmp_path / "mirror"))
    fetch_into(tmp_path, ["Toy"])
    assert [path for path, _ in server.requests] == ["/Toy/c.png"]
    # Files of the mirror are read in place, not copied.
    assert [p.name for p in (tmp_path / "downloads/Toy").iterdir()] == ["c.png"]


def test_a_wrong_file_of_the_mirror_is_refused_by_name(
    server: Server,
    register: Register,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asset = offer(server, "Toy", FILES)
    register(asset)
    make_mirror(tmp_path / "mirror", asset, FILES | {"b.png": FILES["a.png"]})
    monkeypatch.setenv("MESR_MIRROR", str(tmp_path / "mirror"))
    wrong = str(asset.files[1].mirror_path(tmp_path / "mirror"))
    server.faults["/Toy/b.png"] = ["always 404"]
    with pytest.raises(UserError, match="refused") as raised:
        fetch_into(tmp_path, ["Toy"])
    assert wrong in str(raised.value)
    assert in_data(tmp_path) == []

    server.faults.clear()
    fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == ["hr/Toy.h5"]
    assert wrong in capsys.readouterr().err


def test_a_mirror_that_is_no_folder(
    register: Register, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(offer(server, "Toy", FILES))
    monkeypatch.setenv("MESR_MIRROR", str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"MESR_MIRROR is .*gone"):
        fetch_into(tmp_path, ["Toy"])


def test_a_downloads_folder_that_cannot_be_written(
    server: Server, register: Register, tmp_path: Path
) -> None:
    register(offer(server, "Toy", FILES))
    (tmp_path / "downloads").write_text("a file in the way")
    with pytest.raises(UserError, match="downloads: could not be written"):
        fetch_into(tmp_path, ["Toy"])
    assert in_data(tmp_path) == []
