"""Obtaining assets: complete under data/, or one message that says what is missing.

Datasets become one packed file, `data/hr/<asset>.h5`; published weights become a folder,
`data/raw/<asset>/`. Either appears complete or not at all: files are received in `downloads/`,
beside data/, where verified ones wait for the next attempt.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.assets.contents import locate_photograph, store_asset
from pipeline.assets.download import MIRROR_VARIABLE, Failure, Source, mirror_folder
from pipeline.assets.registered import registered_files
from pipeline.assets.registry import DATA, Asset, describe_size, find_asset
from pipeline.support.errors import UserError


def introduce(asset: Asset) -> str:
    """Say what a user should know of an asset: contents, licence, citation."""
    lines = [f"{asset.name}: {asset.title}; {len(asset.files)} files, {describe_size(asset.files)}"]
    for label in ("licence", "citation", "homepage", "note"):
        if text := getattr(asset, label):
            lines.append(f"  {label + ':':10}{text}")
    return "\n".join(lines)


def fetch_assets(
    names: Sequence[str],
    destination: Path = DATA,
    *,
    again: bool = False,
    partial: bool = False,
    **options: Any,
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
    **options
        Of `Source`: workers, attempts, pause, timeout.

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
    source = Source(destination.parent / "downloads", mirror_folder(), destination, **options)
    missing: list[tuple[Asset, list[Failure]]] = []
    problems: list[str] = []
    for asset in assets:
        print(introduce(asset), flush=True)
        target = asset.output(destination)
        if not again and _is_complete(asset, destination):
            print(f"{target} is there already", flush=True)
            continue
        try:
            found, failures = _files(asset, source)
            if failures and not (partial and _suffices(asset, failures, source)):
                missing.append((asset, failures))
                continue
            store_asset(asset, found, target)
        except UserError as error:
            problems.append(str(error))
            continue
        if failures:
            print(f"{target} holds {len(found)} of {len(asset.files)} files", flush=True)
            # DVC takes the stage for done and would not run it again by itself.
            print(
                f"warning: left out\n{_explain([(asset, failures)], source)}\n"
                f"To try again later: dvc repro --force fetch@{asset.name} "
                "(or the same mesr command)",
                file=sys.stderr,
            )
        else:
            print(f"{target} is complete", flush=True)
    if missing:
        problems.append(
            f"not everything could be fetched; {destination}/ holds nothing new of\n"
            + _explain(missing, source)
        )
    if problems:
        raise UserError("\n".join(problems))
    return {asset.name: asset.output(destination) for asset in assets}


def _is_complete(asset: Asset, data: Path) -> bool:
    """Whether the output is there; weights and registered folders are verified each time."""
    if asset.kind == "weights":
        paths = [(file, file.raw_path(data)) for file in asset.files]
        return all(path.is_file() and file.mismatch(path) is None for file, path in paths)
    return asset.kind != "folder" and asset.output(data).is_file()


def _files(asset: Asset, source: Source) -> tuple[dict[str, Path], list[Failure]]:
    """Find or download the files of an asset."""
    if asset.kind == "photos":
        return {file.key: locate_photograph(file) for file in asset.files}, []
    if asset.kind == "folder":
        return registered_files(asset), []
    try:
        source.downloads.mkdir(parents=True, exist_ok=True)
        ignore = source.downloads / ".gitignore"
        if not ignore.exists():  # git must not see the folder, wherever it is
            ignore.write_text("*\n", encoding="utf-8")
        found, failures = source.obtain(asset.files)
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


def _suffices(asset: Asset, failures: Sequence[Failure], source: Source) -> bool:
    """Whether the rest may be stored: weights that only lack files of unreachable servers."""
    return (
        asset.kind == "weights"
        and len(failures) < len(asset.files)
        and all(f.kind == "unreachable" and f.file.key not in source.refused for f in failures)
    )


def _explain(missing: Sequence[tuple[Asset, Sequence[Failure]]], source: Source) -> str:
    """Put all failures into one message with the remedies."""
    failures = [failure for _, own in missing for failure in own]
    lines = [
        f"  {asset.name}: {len(own)} of {len(asset.files)} files missing, "
        f"{describe_size([failure.file for failure in own])}"
        for asset, own in missing
    ]
    if len(missing) > 1:
        lines.append(f"  together {describe_size([failure.file for failure in failures])}")
    lines.append("because")
    reasons = dict.fromkeys(f.reason for f in failures if f.kind != "refused")
    lines += _shortened([f"  {reason}" for reason in reasons])
    lines += [f"  refused {f.reason}" for f in failures if f.kind == "refused"]
    lines += [
        f"  refused {source.refused[f.file.key]}" for f in failures if f.file.key in source.refused
    ]
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
    if rest <= 1:
        return lines
    return [*lines[:most], f"  and {rest} more (see pipeline/assets/files.csv)"]
