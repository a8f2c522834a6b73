"""Obtaining assets: complete under data/, or one message that says what is missing.

Datasets become one packed file, `data/hr/<asset>.h5`; published weights become a folder,
`data/raw/<asset>/`. Either appears complete or not at all: files are received in `downloads/`,
beside data/, where verified ones wait for the next attempt.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.assets.contents import locate_photograph, store_asset
from pipeline.assets.download import MIRROR_VARIABLE, Failure, Source
from pipeline.assets.registered import registered_files
from pipeline.assets.registry import DATA, Asset, describe_size, find_asset
from pipeline.support.errors import UserError


def introduce(asset: Asset) -> str:
    """Say what a user should know of an asset: contents, licence, citation."""
    lines = [f"{asset.name}: {asset.title}; {len(asset.files)} files, {describe_size(asset.files)}"]
    about = {label: getattr(asset, label) for label in ("licence", "citation", "homepage", "note")}
    return "\n".join(lines + [f"  {label + ':':10}{text}" for label, text in about.items() if text])


def fetch_assets(
    names: Sequence[str], destination: Path = DATA, *, again: bool = False, partial: bool = False
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
    source = Source(destination.parent / "downloads", destination)
    problems: list[str] = []
    for asset in assets:
        print(introduce(asset), flush=True)
        target = asset.output(destination)
        if not again and _is_complete(asset, destination):
            print(f"{target} is there already", flush=True)
            continue
        try:
            found, failures = _files(asset, source)
            can_lack = partial and asset.kind == "weights" and bool(found)
            if not all(can_lack and failure.kind == "unreachable" for failure in failures):
                text = f"{destination}/ holds nothing new of {asset.name}"
                problems.append(f"{text}\n{_explain(asset, failures, source)}")
                continue
            store_asset(asset, found, target)
        except UserError as error:
            problems.append(str(error))
            continue
        print(f"{target} holds {len(found)} of {len(asset.files)} files", flush=True)
        if failures:  # DVC takes the stage for done and would not run it again by itself
            again_with = f"dvc repro --force fetch@{asset.name} (or the same mesr command)"
            print(f"warning: {_explain(asset, failures, source)}", file=sys.stderr)
            print(f"To try again later: {again_with}", file=sys.stderr)
    if problems:
        raise UserError("\n".join(problems))
    return {asset.name: asset.output(destination) for asset in assets}


def _is_complete(asset: Asset, data: Path) -> bool:
    """Whether the output is there; weights and registered folders are verified each time."""
    if asset.kind == "weights":
        return not any(file.mismatch(file.raw_path(data)) for file in asset.files)
    return asset.kind != "folder" and asset.output(data).is_file()


def _files(asset: Asset, source: Source) -> tuple[dict[str, Path], list[Failure]]:
    """Find or download the files of an asset."""
    if asset.kind == "photos":
        return {file.key: locate_photograph(file) for file in asset.files}, []
    if asset.kind == "folder":
        return registered_files(asset), []
    try:
        source.downloads.mkdir(parents=True, exist_ok=True)
        # git must not see the folder, wherever it is
        (source.downloads / ".gitignore").write_text("*\n", encoding="utf-8")
        return source.obtain(asset.files)
    except OSError as error:
        raise UserError(
            f"{source.downloads}: could not be written ({error.strerror or error}). Free some disk "
            "space or make the folder writable, then run the command again; what has been verified "
            "is kept there and not downloaded again."
        ) from error


def _explain(asset: Asset, failures: Sequence[Failure], source: Source) -> str:
    """Put the failures of an asset into one message with the remedies."""
    size = describe_size([failure.file for failure in failures])
    refused = [f"refused {failure.reason}" for failure in failures if failure.kind == "refused"]
    others = dict.fromkeys(failure.reason for failure in failures if failure.kind != "refused")
    mirror = source.mirror or Path(f"${MIRROR_VARIABLE}")
    wanted = [str(failure.file.mirror_path(mirror)) for failure in failures]
    return "\n  ".join(
        [
            f"{asset.name}: {len(failures)} of {len(asset.files)} files missing, {size}, because",
            *_shortened([*refused, *others]),
            "Either connect to the internet and run the command again (what has been verified is "
            f"kept in {source.downloads}/ and not downloaded again),",
            f"or set {MIRROR_VARIABLE} to a folder laid out by URL without the scheme that holds",
            *_shortened(wanted),
        ]
    )


def _shortened(lines: list[str], most: int = 6) -> list[str]:
    more = f"and {len(lines) - most} more (see pipeline/assets/files.csv)"
    return lines if len(lines) <= most else [*lines[:most], more]
