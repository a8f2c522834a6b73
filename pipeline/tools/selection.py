"""From the words of a command line to a network, and to images to score it on.

A word that contradicts what a file or a run says is an error: no figure under a wrong name.
"""

from functools import partial
from pathlib import Path

from pipeline.assets.registry import registry
from pipeline.imaging.packed import PackedImages
from pipeline.models.networks import NETWORKS, build_network, main_variant, network_variants
from pipeline.models.published_weights import load_published, published_weights
from pipeline.models.weights import load_weights
from pipeline.scoring.evaluation import Reader
from pipeline.study.keys import ABLATION_MODEL, Key
from pipeline.study.paths import hr_file, run_folder
from pipeline.study.subjects import (
    Subject,
    subject_of,
    trained_subject,
    with_self_ensemble,
)
from pipeline.support.errors import UserError
from pipeline.support.names import canonical, suggestion
from pipeline.tools.folders import folder_images
from pipeline.tools.shipping import describe_shipped, find_shipped, shipped_subject

SPANDREL = "spandrel:"
IMAGES = "images:"
WEIGHTS = ("trained", "published", "shipped")


def rest_after(prefix: str, word: str) -> str | None:
    """Return what follows a prefix, written in any case; None where the word has another start."""
    return word[len(prefix) :] if word.lower().startswith(prefix) else None


def folder_of_images(word: str) -> Path | None:
    """Return the folder that ``images:FOLDER`` names; None for any other word.

    Raises
    ------
    UserError
        When no folder follows.
    """
    folder = rest_after(IMAGES, word)
    if folder is not None and not folder.strip():
        raise UserError(f"{word}: names no folder; expected images:FOLDER")
    return None if folder is None else Path(folder)


def folder_to_audit(word: str) -> Path | None:
    """Return the folder of SR images that a word names, with or without ``images:``.

    None for networks: ``spandrel:FILE``, or a name. The name of a folder need not say what it is.

    Raises
    ------
    UserError
        For what looks like a path and is no folder.
    """
    folder = folder_of_images(word)
    if folder is not None or rest_after(SPANDREL, word) is not None:
        return folder
    path = Path(word)
    if path.is_dir():
        return path
    looks_like_path = "/" in word or word.startswith(".") or path.exists()
    if looks_like_path and canonical(word, NETWORKS) not in NETWORKS:
        raise UserError(
            f"{word}: is not a folder; expected a folder of SR images, the name of a network, or "
            "spandrel:FILE for a checkpoint"
        )
    return None


def select_images(data: str) -> tuple[str, list[tuple[str, Reader]]]:
    """Find the HR images that ``--data`` names.

    Parameters
    ----------
    data : str
        A dataset that was fetched, or a folder of image files.

    Returns
    -------
    name : str
        Of the dataset or of the folder.
    images : list of (name, reader)
        Sorted by name; each reader returns uint8 (H, W, 3) or (H, W).

    Raises
    ------
    UserError
        When there is no such dataset or folder, or the dataset was not fetched.
    """
    if not data.strip():
        raise UserError("--data is empty; expected a dataset (mesr fetch lists them) or a folder")
    if not Path(data).is_dir():
        data = canonical(data, registry())
    packed = hr_file(data)
    if packed.is_file():
        images = PackedImages(packed)
        return data, [(name, partial(images.__getitem__, name)) for name in images.names]
    if Path(data).is_dir():
        return Path(data).resolve().name, folder_images(Path(data))
    if data in registry():
        raise UserError(f"{packed}: not there yet; get it with: mesr fetch {data}")
    raise UserError(
        f"--data {data}: neither a folder nor a dataset.{suggestion(data, registry())} "
        "Datasets: mesr fetch"
    )


def select_subject(
    model: str,
    scale: int,
    *,
    weights: str | None = None,
    variant: str = "",
    seed: int | None = None,
    self_ensemble: bool = False,
) -> Subject:
    """Load the network that a command line asks for.

    Parameters
    ----------
    model : str
        Name in the registry, or ``spandrel:FILE``.
    scale : {2, 3, 4}
        Upscaling factor.
    weights : str, optional
        ``"trained"`` (the default of networks with weights), ``"published"``, ``"shipped"`` (those
        that come with the code), or a safetensors file.
    variant : str
        Published size or ablation variant; "" leaves the choice to `weights`.
    seed : int, optional
        Which of the trained networks; 0 by default.
    self_ensemble : bool
        Average over flips and turns, see `pipeline.imaging.ensemble`.

    Raises
    ------
    UserError
        When there is no such network, run or file, or it is not what the other words say.
    """
    if self_ensemble:
        subject = select_subject(model, scale, weights=weights, variant=variant, seed=seed)
        return with_self_ensemble(subject)
    if (file := rest_after(SPANDREL, model)) is not None:
        refuse_options(model, weights=weights, variant=variant, seed=seed)
        return _spandrel(Path(file), scale)
    model = canonical(model, NETWORKS)
    if model not in NETWORKS:
        raise UserError(
            f"network {model!r} is not registered.{suggestion(model, NETWORKS)} Networks: "
            f"{', '.join(sorted(NETWORKS))}; checkpoints of others: spandrel:FILE"
        )
    variant = canonical(variant, network_variants(model))
    if model == "bicubic":
        refuse_options(model, weights=weights, variant=variant, seed=seed)
        return subject_of(Key.bicubic(scale))
    weights = None if weights is None else canonical(weights, WEIGHTS)
    if weights in (None, "trained"):
        key = trained_key(model, scale, variant, seed)
        if not (run_folder(key) / "run.json").is_file():
            raise UserError(_not_trained(model, scale, run_folder(key)))
        origin = str(run_folder(key))
        return _checked(subject_of(key), origin, model, scale, variant, seed)
    if weights == "published":
        refuse_options("published weights", seed=seed)
        network = load_published(model, scale, variant or None)
        return Subject(network, model, variant, "published")
    if weights == "shipped":
        subject = shipped_subject(model, scale)
        return _checked(subject, subject.origin, model, scale, variant, seed)
    path = Path(weights or "")
    if path.suffix != ".safetensors":
        raise UserError(
            f"--weights {weights}: expected trained, published, shipped or a .safetensors file."
            f"{suggestion(weights or '', WEIGHTS)} "
            "For checkpoints of other projects use: mesr evaluate spandrel:FILE"
        )
    if (path.parent / "run.json").is_file() and path.name == "weights.safetensors":
        subject = trained_subject(path.parent)
        return _checked(subject, str(path), model, scale, variant, seed)
    refuse_options("a weights file without run.json beside it", seed=seed)
    sizes = network_variants(model)
    if variant and variant not in sizes:
        known = ", ".join(filter(None, sizes)) or "none"
        raise UserError(
            f"--variant {variant}: {model} has no such variant.{suggestion(variant, sizes)} "
            f"Known: {known}."
        )
    network = build_network(model, scale, **sizes.get(variant, {}))
    load_weights(network, path)
    return Subject(network, model, variant, "trained", origin=str(path))


def trained_key(model: str, scale: int, variant: str = "", seed: int | None = None) -> Key:
    """Return the name of the training that words on a command line mean."""
    if model == ABLATION_MODEL and variant not in ("", main_variant(model)):
        return Key.ablation(variant, seed or 0)
    return Key.trained(model, scale, seed or 0)


def select_for_use(
    model: str,
    scale: int,
    *,
    weights: str | None = None,
    variant: str = "",
    seed: int | None = None,
    self_ensemble: bool = False,
) -> tuple[Subject, str]:
    """Load a network whose pictures are wanted, not its figures: it need not be trained here.

    Like `select_subject`, but where no weights are named and the network was not trained here,
    those that come with the code serve.

    Returns
    -------
    Subject
        The network.
    str
        A line that says which weights it has; "" where it has none.
    """
    name = canonical(model, NETWORKS)
    if weights is None and not (variant or seed) and find_shipped(name, scale):
        here = run_folder(trained_key(name, scale)) / "run.json"
        weights = None if here.is_file() else "shipped"
    subject = select_subject(
        model, scale, weights=weights, variant=variant, seed=seed, self_ensemble=self_ensemble
    )
    if subject.source == "shipped" and (entry := find_shipped(name, scale)):
        return subject, f"weights: {subject.origin}, {describe_shipped(entry)}"
    if subject.source == "published" and rest_after(SPANDREL, model) is None:
        return subject, f"weights: {name} x{scale} as its authors published them"
    return subject, f"weights: {subject.origin}" if subject.origin else ""


def _not_trained(model: str, scale: int, run: Path) -> str:
    """Say that a network was not trained here, and what can be had instead."""
    message = f"{run / 'run.json'}: not found; {model} was not trained here at x{scale}. "
    published = published_weights(model, scale)
    if not published:
        have = sorted({f"x{entry.scale}" for entry in published_weights(model)})
        also = f" (only at {', '.join(have)})" if have else ""
        message += f"Its authors published no weights{also}. "
    ways = []
    if published:
        ways.append("To use the published weights: --weights published. ")
    if find_shipped(model, scale):
        ways.append("To use the weights that come with the code: --weights shipped. ")
    if not ways:
        return message + "Train it first (dvc repro), or give a file: --weights FILE.safetensors"
    return message + "".join(ways) + "To train it: dvc repro"


def _spandrel(path: Path, scale: int) -> Subject:
    from pipeline.tools.spandrel import SpandrelNetwork  # noqa: PLC0415

    network = SpandrelNetwork(path)
    if network.scale != scale:
        raise UserError(f"{path}: enlarges {network.scale} times, but --scale is {scale}")
    return Subject(network, network.name, "", "published", origin=str(path))


def refuse_options(what: str, **options: object) -> None:
    """Refuse options that have no effect on `what`; None and "" count as not given.

    Raises
    ------
    UserError
        Naming the first that was given.
    """
    for name, value in options.items():
        if value not in (None, ""):
            option = f"--{name.replace('_', '-')}"
            given = option if value is True else f"{option} {value}"
            raise UserError(f"{given}: {what} has no choice of {name}; leave it out")


def _checked(
    subject: Subject, origin: str, model: str, scale: int, variant: str, seed: int | None
) -> Subject:
    found = {
        "network": subject.model,
        "scale": subject.network.scale,
        "variant": subject.variant,
        "seed": subject.seed,
    }
    asked = {"network": model, "scale": scale, "variant": variant or None, "seed": seed}
    for name, value in asked.items():
        if value is not None and value != found[name]:
            raise UserError(
                f"{origin}: holds {name} {found[name]}, but the command asks for {name} {value}. "
                "Correct the command, or give other weights."
            )
    return subject
