"""Obtaining assets: complete under data/, or one message that says what is missing.

Datasets become one packed file, `data/hr/<asset>.h5`; published weights become a folder,
`data/raw/<asset>/`. Either appears complete or not at all: files are received in `downloads/`,
beside data/, where verified ones wait for the next attempt. A file of the mirror folder
(environment variable MESR_MIRROR) is read in place.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.assets.download import Failure
from pipeline.assets.outputs import is_complete, store_asset
from pipeline.assets.photos import locate_photograph
from pipeline.assets.registry import DATA, Asset, AssetFile, describe_size, find_asset
from pipeline.assets.source import MIRROR_VARIABLE, Source, mirror_folder
from pipeline.assets.transfer import Transfer
from pipeline.support.errors import UserError


def introduce(asset: Asset) -> str:
    """Say what a user should know of an asset: contents, licence, citation."""
    lines = [
        f"{asset.name}: {asset.title}; {len(asset.files)} files, {describe_size(asset.files)}",
        f"  licence:  {asset.licence}",
        f"  cite:     {asset.citation}",
        f"  homepage: {asset.homepage}",
    ]
    return "\n".join([*lines, f"  note:     {asset.note}"] if asset.note else lines)


def fetch_assets(
    names: Sequence[str],
    destination: Path = DATA,
    *,
    downloads: Path | None = None,
    transfer: Transfer | None = None,
    again: bool = False,
    partial: bool = False,
) -> dict[str, Path]:
    """Obtain assets by name and lay them down under `destination`.

    Prints licence and citation of each. An asset that fails does not keep the others from being
    laid down.

    Parameters
    ----------
    names : sequence of str
        Assets, as registered.
    destination : Path
        The data folder.
    downloads : Path, optional
        Where the network's files are kept; `downloads` beside the data folder by default.
    transfer : Transfer, optional
        How to download.
    again : bool
        Build outputs again that exist already.
    partial : bool
        Lay down weights of which some files cannot be had because their servers cannot be
        reached, and warn of these files. Where a server answers, but not with the right file,
        the asset is refused as a whole. Datasets are never stored in part: a mean over some of
        the images is another number.

    Returns
    -------
    dict
        Name -> ``<destination>/hr/<name>.h5`` of a dataset or ``<destination>/raw/<name>`` of
        weights.

    Raises
    ------
    UserError
        For an unknown name (before anything is done), and, after everything else is stored,
        listing what could not be, what is missing with its size, the reasons and the remedies.
    """
    assets = [find_asset(name) for name in dict.fromkeys(names)]
    outputs = {asset.name: asset.output(destination) for asset in assets}
    wanted = []
    for asset in assets:
        print(introduce(asset), flush=True)
        if not again and is_complete(asset, destination):
            print(f"{outputs[asset.name]} is there already", flush=True)
        else:
            wanted.append(asset)

    source = Source(
        downloads or destination.parent / "downloads",
        mirror_folder(),
        destination,
        transfer or Transfer(),
    )
    remote = [file for asset in wanted if asset.kind != "photos" for file in asset.files]
    found, failures = _obtain(source, remote)
    missing: list[Failure] = []
    problems: list[str] = []
    for asset in wanted:
        own = [failure for failure in failures if failure.file.asset == asset.name]
        if own and not (partial and _suffices(asset, own, source)):
            missing += own
            continue
        try:
            if asset.kind == "photos":
                found |= {file.key: locate_photograph(file) for file in asset.files}
            store_asset(asset, found, outputs[asset.name])
        except UserError as error:
            problems.append(str(error))
            continue
        total = len(asset.files)
        state = f"holds {total - len(own)} of {total} files" if own else "is complete"
        print(f"{outputs[asset.name]} {state}", flush=True)
        if own:
            # DVC takes the stage for done and would not run it again by itself.
            print(
                f"warning: left out\n{_explain([asset], own, source)}\n"
                f"To try again later: dvc repro --force fetch_weights@{asset.name} "
                "(or the same mesr command)",
                file=sys.stderr,
            )
    if missing:
        problems.append(
            f"not everything could be fetched; {destination}/ holds nothing new of\n"
            + _explain(wanted, missing, source)
        )
    if problems:
        raise UserError("\n".join(problems))
    return outputs


def _suffices(asset: Asset, failures: Sequence[Failure], source: Source) -> bool:
    """Whether the rest may be stored: weights that only lack files of unreachable servers."""
    return (
        asset.kind == "weights"
        and len(failures) < len(asset.files)
        and all(
            failure.kind == "unreachable" and failure.file.key not in source.refused
            for failure in failures
        )
    )


def _obtain(source: Source, files: Sequence[AssetFile]) -> tuple[dict[str, Path], list[Failure]]:
    """Obtain files; say which of the mirror were refused although the network had them."""
    if not files:
        return {}, []
    try:
        source.downloads.mkdir(parents=True, exist_ok=True)
        # The folder is nobody's work: git must not see it, wherever it is.
        with (
            suppress(FileExistsError),
            (source.downloads / ".gitignore").open("x", encoding="utf-8") as stream,
        ):
            stream.write("*\n")
        found, failures = source.obtain(files)
    except OSError as error:
        raise UserError(
            f"{source.downloads}: could not be written ({error.strerror or error}). Free some disk "
            "space or make the folder writable, then run the command again; what has been verified "
            "is kept there and not downloaded again."
        ) from error
    for key, problem in source.refused.items():
        if key in found:
            print(f"warning: refused {problem}; taken from the network instead", file=sys.stderr)
    return found, failures


def _explain(assets: Sequence[Asset], failures: Sequence[Failure], source: Source) -> str:
    """Put all failures into one message with the remedies."""
    lines = []
    missing = [failure for failure in failures if failure.kind != "refused"]
    for asset in assets:
        own = [failure for failure in failures if failure.file.asset == asset.name]
        if own:
            size = describe_size([failure.file for failure in own])
            lines.append(f"  {asset.name}: {len(own)} of {len(asset.files)} files missing, {size}")
    if len({failure.file.asset for failure in failures}) > 1:
        lines.append(f"  together {describe_size([failure.file for failure in failures])}")
    lines.append("because")
    reasons = dict.fromkeys(failure.reason for failure in missing)
    lines += _shortened([f"  {reason}" for reason in reasons])
    refused = [f.reason for f in failures if f.kind == "refused"] + [
        source.refused[f.file.key] for f in failures if f.file.key in source.refused
    ]
    lines += [f"  refused {reason}" for reason in refused]
    shown = source.mirror or Path(f"${MIRROR_VARIABLE}")
    lines += [
        "Either connect to the internet and run the command again (what has been verified is kept "
        f"in {source.downloads}/ and not downloaded again),",
        f"or set {MIRROR_VARIABLE} to a folder that is laid out by URL without the scheme and "
        "holds",
        *_shortened([f"  {failure.file.mirror_path(shown)}" for failure in failures]),
    ]
    return "\n".join(lines)


def _shortened(lines: list[str], most: int = 5) -> list[str]:
    rest = len(lines) - most
    return (
        lines
        if rest <= 1
        else [*lines[:most], f"  and {rest} more (see pipeline/assets/files.csv)"]
    )
