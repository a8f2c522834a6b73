"""From the words of a command line to a network.

A word that contradicts what a file or a run says is an error: no figure under a wrong name. Weights
of a toy training are called so wherever they are used.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from mesr.common.base import SRNetwork
from pipeline.assets.registry import find_asset, registry
from pipeline.imaging.ensemble import SelfEnsemble
from pipeline.models.networks import (
    build_network,
    code_of,
    network_names,
    published_sizes,
    size_name,
)
from pipeline.models.published_weights import load_published, published_weights
from pipeline.models.runs import load_run
from pipeline.models.weights import load_weights
from pipeline.study.params import load_params
from pipeline.study.paths import PARAMS, SHIPPED, run_folder
from pipeline.study.runs import Run, run_key
from pipeline.support.errors import UserError
from pipeline.support.json import read_json
from pipeline.support.names import canonical, suggestion
from pipeline.tools.shipped import (
    CODE_LICENCE,
    find_shipped,
    is_toy,
    read_manifest,
    weights_licence,
)

SOURCES = ("trained", "published", "shipped")
TOY = (
    "a toy, trained for a short time on a few photographs: it shows that the program works and is "
    "not meant for use"
)


@dataclass(frozen=True)
class Subject:
    """A network that a command works with.

    Attributes
    ----------
    network : SRNetwork
        With its weights, on the CPU.
    model, variant : str
        Its name, and which of its sizes or variants it is.
    source : {"none", "trained", "published", "shipped"}
        Where its weights come from; "none" where it has none.
    seed : int or None
        Of the training; None for weights that were not trained here.
    told : str
        A line that says which weights these are; "" where there are none.
    licence : str
        Terms of the weights.
    toy : bool
        Whether the weights are a demonstration only.
    """

    network: SRNetwork
    model: str
    variant: str
    source: str
    seed: int | None = None
    told: str = ""
    licence: str = "not known: the weights were given as a file"
    toy: bool = False

    @property
    def name(self) -> str:
        """Network as it is printed beside scores, marked with a plus as a self-ensemble."""
        return f"{self.model}+" if isinstance(self.network, SelfEnsemble) else self.model


def select_subject(
    word: str,
    scale: int,
    *,
    weights: str | None = None,
    variant: str = "",
    seed: int | None = None,
    self_ensemble: bool = False,
    for_use: bool = False,
) -> Subject:
    """Load the network that a command line asks for, and print which weights it has.

    Parameters
    ----------
    word : str
        Name of a network, or ``spandrel:FILE`` for a checkpoint of another project.
    scale : {2, 3, 4}
        Upscaling factor.
    weights : str, optional
        ``"trained"`` (the default), ``"published"``, ``"shipped"`` (those that come with the
        code), or a safetensors file.
    variant : str
        Published size, or variant of the study.
    seed : int, optional
        Which of the trained networks; 0 by default.
    self_ensemble : bool
        Average over flips and turns, see `pipeline.imaging.ensemble`.
    for_use : bool
        Pictures are wanted, not scores: where no weights are named, the best that are here serve:
        a training that is no toy, else those that come with the code.

    Raises
    ------
    UserError
        When there is no such network, run or file, or it is not what the other words say.
    """
    kind, colon, file = word.partition(":")
    source = canonical(weights or "trained", SOURCES)
    if (colon and kind.lower() == "spandrel") or canonical(word, ["bicubic"]) == "bicubic":
        refuse_options(word, weights=weights, variant=variant, seed=seed)
        subject = _spandrel(Path(file), scale) if colon else _bicubic(scale)
    elif for_use and weights is None:
        subject = _best(word, scale, variant, seed)
    elif source == "trained":
        subject = _trained(word, scale, variant, seed)
    elif source in SOURCES:
        find = _published if source == "published" else _shipped
        subject = find(_network(word), scale, variant, seed)
    else:
        subject = _from_file(Path(source), _network(word), scale, variant, seed)
    if subject.told:
        print(subject.told)
    return replace(subject, network=SelfEnsemble(subject.network)) if self_ensemble else subject


def _network(word: str) -> str:
    """Return the name of a network as it is written here."""
    names = network_names()
    model = canonical(word, names)
    if model not in names:
        raise UserError(
            f"network {word!r} is not registered.{suggestion(word, names)} Networks: "
            f"{', '.join(sorted(names))}; checkpoints of others: spandrel:FILE"
        )
    return model


def _as_asked(found: Subject, where: Path, **asked: str | int | None) -> Subject:
    """Return what was found in a file where it is what was asked for; None and "" ask nothing."""
    holds = {
        "network": found.model,
        "scale": found.network.scale,
        "variant": found.variant,
        "seed": found.seed,
    }
    for name, value in asked.items():
        if value not in (None, "", holds[name]):
            raise UserError(
                f"{where}: holds {name} {holds[name]}, but the command asks for {name} {value}. "
                "Correct the command, or give other weights."
            )
    return found


def _bicubic(scale: int) -> Subject:
    network = build_network("bicubic", scale)
    return Subject(network, "bicubic", "", "none", licence=CODE_LICENCE)


def _spandrel(path: Path, scale: int) -> Subject:
    """Open a checkpoint of another project."""
    from pipeline.tools.spandrel import SpandrelNetwork  # noqa: PLC0415

    network = SpandrelNetwork(path)
    if network.scale != scale:
        raise UserError(f"{path}: enlarges {network.scale} times, but --scale is {scale}")
    return Subject(network, network.name, "", "published", told=f"weights: {path}")


def _best(word: str, scale: int, variant: str, seed: int | None) -> Subject:
    """Open a training that is no toy, else what comes with the code, else whatever is here."""
    run = _find_run(word, scale, variant, seed)
    model = canonical(word, network_names())
    shipped = None if variant or seed else find_shipped(model, scale)
    if shipped is None or (run and not is_toy(registry().get(load_params().data.train))):
        return _trained(word, scale, variant, seed)
    subject = _shipped(model, scale, variant, seed)
    if run is None:
        return subject
    here = f"{subject.told}. Not those of {run_folder(run.key)}, which are {TOY}"
    return replace(subject, told=f"{here}; --weights trained takes them")


def _find_run(word: str, scale: int, variant: str, seed: int | None) -> Run | None:
    """Find the training of params.yaml that words mean, if its folder is here."""
    if not PARAMS.is_file():
        return None
    runs = load_params().runs()
    network = canonical(word, {run.network for run in runs.values()})
    # Or without: of a network of several sizes, or MESR with all its blocks ("full").
    keys = [run_key(network, name, scale, seed or 0) for name in (variant, "")]
    run = next((runs[key] for key in keys if key in runs), None)
    return run if run and (run_folder(run.key) / "run.json").is_file() else None


def _trained(word: str, scale: int, variant: str, seed: int | None) -> Subject:
    """Open a training of the study that is here."""
    run = _find_run(word, scale, variant, seed)
    if run is None:
        model = _network(word)
        path = run_folder(run_key(model, variant, scale, seed or 0)) / "run.json"
        also = ["published"] if published_weights(model, scale) else []
        also += ["shipped"] if find_shipped(model, scale) else []
        there_are = "".join(f"There are others: --weights {source}. " for source in also)
        raise UserError(
            f"{path}: not found; {model} was not trained here at x{scale}. {there_are}"
            "To train it: dvc repro. A file: --weights FILE.safetensors"
        )
    network = load_run(run_folder(run.key), run.identity)
    images = registry().get(load_params().data.train)
    path = run_folder(run.key) / "weights.safetensors"
    own = run.variant or size_name(run.network, run.settings)
    found = Subject(
        network, run.network, own, "trained", run.seed,
        f"weights: {path}" + (f", {TOY}" if is_toy(images) else ""),
        weights_licence(images), is_toy(images),
    )  # fmt: skip
    return _as_asked(found, path, variant=variant)


def _published(model: str, scale: int, variant: str, seed: int | None) -> Subject:
    """Open the weights that a network's authors published."""
    refuse_options("published weights", seed=seed)
    variant = canonical(variant, published_sizes(model))
    network = load_published(model, scale, variant or None)
    entries = published_weights(model, scale)
    assets = {name for e in entries if variant in ("", e.variant) for name in e.assets}
    licence = "; ".join(find_asset(name).licence for name in sorted(assets))
    told = f"weights: {model} x{scale} as its authors published them"
    return Subject(network, model, variant, "published", told=told, licence=licence)


def _shipped(model: str, scale: int, variant: str, seed: int | None) -> Subject:
    """Open weights that come with the code."""
    entry = find_shipped(model, scale)
    if entry is None:
        have = ", ".join(f"{e.model} x{e.scale}" for e in read_manifest()) or "none"
        none = f"no weights of {model} at x{scale} come with the code"
        raise UserError(f"{none}; there are: {have}. Train it (dvc repro), or give other --weights")
    path = SHIPPED / entry.file
    found = Subject(
        entry.network(), entry.model, entry.variant, "shipped", entry.seed,
        f"weights: {path}, {entry.sentence()}", entry.licence, entry.toy,
    )  # fmt: skip
    return _as_asked(found, path, variant=variant, seed=seed)


def _from_file(path: Path, model: str, scale: int, variant: str, seed: int | None) -> Subject:
    """Open a safetensors file: of a run by its run.json, else of the network that is named."""
    if path.suffix != ".safetensors":
        raise UserError(
            f"--weights {path}: expected {', '.join(SOURCES)} or a .safetensors file."
            f"{suggestion(str(path), SOURCES)} "
            "For checkpoints of other projects use: mesr evaluate spandrel:FILE"
        )
    record, told = path.parent / "run.json", f"weights: {path}"
    if path.name == "weights.safetensors" and record.is_file():
        names = ("network", "variant", "scale", "seed", "settings")
        facts = read_json(record, "dvc repro", names)
        # Code is that of the benchmark, never what a file names.
        network = build_network(code_of(facts["network"]), facts["scale"], **facts["settings"])
        load_weights(network, path)
        size = facts["variant"] or size_name(facts["network"], facts["settings"])
        what = facts["network"], size, "trained", facts["seed"], told, weights_licence(None)
        found = Subject(network, *what)
        return _as_asked(found, path, network=model, scale=scale, variant=variant, seed=seed)
    refuse_options("a weights file without run.json beside it", seed=seed)
    sizes = published_sizes(model)
    variant = canonical(variant, sizes)
    if variant and variant not in sizes:
        known = ", ".join(filter(None, sizes)) or "none"
        raise UserError(f"--variant {variant}: {model} has no such variant. Known: {known}")
    network = build_network(model, scale, **sizes.get(variant, {}))
    load_weights(network, path)
    return Subject(network, model, variant, "trained", told=told)


def folder_of_images(word: str, *, bare: bool = False) -> Path | None:
    """Return the folder that ``images:FOLDER`` names; None for any other word.

    Parameters
    ----------
    word : str
        Of the command line.
    bare : bool
        Take the name of a folder without ``images:`` as well.

    Raises
    ------
    UserError
        When no folder follows, or a word looks like a path and is no folder.
    """
    kind, colon, folder = word.partition(":")
    if colon and kind.lower() == "images":
        if not folder.strip():
            raise UserError(f"{word}: names no folder; expected images:FOLDER")
        return Path(folder)
    if not bare or (colon and kind.lower() == "spandrel"):
        return None
    path, is_network = Path(word), canonical(word, network_names()) in network_names()
    # The network mesr has its code in a folder of this name.
    if path.is_dir() and not (is_network and (path / "__init__.py").exists()):
        return path
    looks_like_path = "/" in word or word.startswith(".") or path.exists()
    if looks_like_path and not is_network:
        expected = "a folder of SR images, the name of a network, or spandrel:FILE"
        raise UserError(f"{word}: is not a folder; expected {expected}")
    return None


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
