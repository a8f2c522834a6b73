"""From the words of a command line to a network.

A word that contradicts what a file or a run says is an error: no figure under a wrong name. Weights
of a toy training are called so wherever they are used.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mesr.common.base import SRNetwork
from pipeline.assets.registry import registry
from pipeline.imaging.ensemble import SelfEnsemble
from pipeline.models.networks import (
    build_network,
    code_of,
    network_names,
    published_sizes,
    size_of,
)
from pipeline.models.published_weights import load_published, published_weights
from pipeline.models.runs import load_run
from pipeline.models.weights import load_weights
from pipeline.study.params import load_params
from pipeline.study.paths import PARAMS, SHIPPED, run_folder
from pipeline.study.runs import Run, method_name, run_key
from pipeline.support.errors import UserError
from pipeline.support.json import read_json
from pipeline.support.names import canonical, suggestion
from pipeline.tools.shipped import find_shipped, is_toy, read_manifest

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
    origin : str
        The file of the weights, for people; "" where there is none or several.
    told : str
        A line that says which weights these are; "" where there are none.
    data : str
        Dataset that it was trained on; "" where that is not known.
    toy : bool
        Whether the weights are a demonstration only.
    """

    network: SRNetwork
    model: str
    variant: str
    source: str
    seed: int | None = None
    origin: str = ""
    told: str = ""
    data: str = ""
    toy: bool = False

    @property
    def name(self) -> str:
        """Network as it is printed beside scores, marked with a plus as a self-ensemble."""
        return f"{self.model}+" if isinstance(self.network, SelfEnsemble) else self.model


@dataclass(frozen=True)
class Asked:
    """What a command line says beside the word that is opened; None and "" mean nothing."""

    scale: int
    variant: str = ""
    seed: int | None = None
    weights: str | None = None

    def of(self, model: str, found: Subject) -> Subject:
        """Return what was found where it is what was asked for.

        Raises
        ------
        UserError
            Naming what differs.
        """
        pairs = {
            "network": (model, found.model),
            "scale": (self.scale, found.network.scale),
            "variant": (self.variant or None, found.variant),
            "seed": (self.seed, found.seed),
        }
        for name, (asked, holds) in pairs.items():
            if asked not in (None, "", holds):
                raise UserError(
                    f"{found.origin}: holds {name} {holds}, but the command asks for {name} "
                    f"{asked}. Correct the command, or give other weights."
                )
        return found


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
    """Load the network that a command line asks for.

    Parameters
    ----------
    word : str
        Name of a network, of a method of the study (``mesr-no_rb``) or of a run
        (``mesr-no_rb_x4_s1``), or what one of `OPENERS` opens: ``spandrel:FILE``,
        ``shipped:mesr``, ``published:pan``, ``run:mesr_x4_s0``, ``file:WEIGHTS``.
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
    kind, colon, rest = word.partition(":")
    opener = OPENERS.get(kind.lower()) if colon else None
    asked = Asked(scale, variant, seed, weights)
    if opener is not None:
        if not rest.strip():
            raise UserError(f"{word}: names nothing; expected {kind}:NAME")
        refuse_options(word, weights=weights)
        subject = opener(rest, asked)
    elif for_use and weights is None:
        subject = _best(word, asked)
    else:
        kinds = {"trained": "run", "published": "published", "shipped": "shipped"}
        chosen = canonical(weights or "trained", kinds)
        subject = OPENERS[kinds.get(chosen, "file")](word, asked)
    return replace(subject, network=SelfEnsemble(subject.network)) if self_ensemble else subject


def _best(word: str, asked: Asked) -> Subject:
    """Open a training that is no toy, else what comes with the code, else whatever is here."""
    run = _find_run(word, asked)
    model = canonical(word, network_names())
    shipped = None if asked.variant or asked.seed else find_shipped(model, asked.scale)
    if shipped is None or (run is not None and not is_toy(registry().get(load_params().data.train))):
        return _run(word, asked)
    subject = _shipped(model, asked)
    if run is None:
        return subject
    here = f"{subject.told}. Not those of {run_folder(run.key)}, which are {TOY}"
    return replace(subject, told=f"{here}; --weights trained takes them")


def _find_run(word: str, asked: Asked) -> Run | None:
    """Find the run of params.yaml that words mean, if its folder is here."""
    if not PARAMS.is_file():
        return None
    runs = load_params().runs()
    known = [*network_names(), *runs, *(run.method for run in runs.values())]
    word = canonical(word, known)
    run = runs.get(word)
    if run is None:
        network, _, variant = word.partition("-")
        asked_variant = canonical(asked.variant, [r.variant for r in runs.values()])
        names = [method_name(network, variant or asked_variant)]
        if not variant:  # of a network of several sizes, or MESR with all its blocks ("full")
            names.append(network)
        keys = [run_key(name, "", asked.scale, asked.seed or 0) for name in names]
        run = next((runs[key] for key in keys if key in runs), None)
    if run is None or not (run_folder(run.key) / "run.json").is_file():
        return None
    return run


def _run(word: str, asked: Asked) -> Subject:
    """Open a run of the study that is here: trained, imported, or interpolation."""
    if canonical(word, ["bicubic"]) == "bicubic":
        refuse_options("bicubic", weights=asked.weights, variant=asked.variant, seed=asked.seed)
        return Subject(build_network("bicubic", asked.scale), "bicubic", "", "none")
    run = _find_run(word, asked)
    if run is None:
        raise UserError(_not_trained(word, asked))
    folder = run_folder(run.key)
    variant = run.variant or _size(run)
    path, data = str(folder / "weights.safetensors"), load_params().data.train
    found = Subject(load_run(folder, run.identity), run.network, variant, run.kind, run.seed, path)
    if run.kind != "trained":
        return asked.of("", replace(found, told=f"weights: {run.key} of the study"))
    toy = is_toy(registry().get(data))
    told = f"weights: {path}" + (f", {TOY}" if toy else "")
    return asked.of("", replace(found, told=told, data=data, toy=toy))


def _size(run: Run) -> str:
    return "full" if run.network == "mesr" else size_of(run.network, run.settings)


def _published(word: str, asked: Asked) -> Subject:
    """Open the weights that a network's authors published."""
    model = _network(word)
    refuse_options("published weights", seed=asked.seed)
    variant = canonical(asked.variant, published_sizes(model))
    network = load_published(model, asked.scale, variant or None)
    told = f"weights: {model} x{asked.scale} as its authors published them"
    return Subject(network, model, variant, "published", told=told)


def _shipped(word: str, asked: Asked) -> Subject:
    """Open weights that come with the code."""
    model = _network(word)
    entry = find_shipped(model, asked.scale)
    if entry is None:
        have = ", ".join(f"{e.model} x{e.scale}" for e in read_manifest().weights) or "none"
        raise UserError(
            f"no weights of {model} at x{asked.scale} come with the code; there are: {have}. "
            "Train the network (dvc repro) or give other weights: --weights published, or a file"
        )
    path = str(SHIPPED / entry.file)
    found = Subject(
        entry.network(), entry.model, entry.variant, "shipped", entry.seed, path,
        f"weights: {path}, {entry.sentence()}", entry.training.images, entry.toy,
    )  # fmt: skip
    return asked.of(model, found)


def _file(word: str, asked: Asked) -> Subject:
    """Open a safetensors file: of a run by its run.json, else of the network that is named."""
    path = Path(asked.weights or word)
    if path.suffix != ".safetensors":
        raise UserError(
            f"--weights {path}: expected trained, published, shipped or a .safetensors file."
            f"{suggestion(str(path), ('trained', 'published', 'shipped'))} "
            "For checkpoints of other projects use: mesr evaluate spandrel:FILE"
        )
    model = _network(word) if asked.weights else ""
    if path.name == "weights.safetensors" and (path.parent / "run.json").is_file():
        names = ("network", "variant", "scale", "seed", "settings")
        facts = read_json(path.parent / "run.json", "dvc repro", names)
        # Code is that of the benchmark, never what a file names.
        network = build_network(code_of(facts["network"]), facts["scale"], **facts["settings"])
        load_weights(network, path)
        variant = facts["variant"] or ("full" if facts["network"] == "mesr" else "")
        found = Subject(
            network, facts["network"], variant, "trained", facts["seed"], str(path),
            f"weights: {path}",
        )  # fmt: skip
        return asked.of(model, found)
    if not model:
        raise UserError(f"{path}: no run.json beside it says which network it is of; give: "
                        f"NETWORK --weights {path}")  # fmt: skip
    refuse_options("a weights file without run.json beside it", seed=asked.seed)
    sizes = published_sizes(model)
    variant = canonical(asked.variant, sizes)
    if variant and variant not in sizes:
        known = ", ".join(filter(None, sizes)) or "none"
        raise UserError(
            f"--variant {variant}: {model} has no such variant.{suggestion(variant, sizes)} "
            f"Known: {known}."
        )
    network = build_network(model, asked.scale, **sizes.get(variant, {}))
    load_weights(network, path)
    return Subject(network, model, variant, "trained", origin=str(path), told=f"weights: {path}")


def _spandrel(word: str, asked: Asked) -> Subject:
    """Open a checkpoint of another project."""
    from pipeline.tools.spandrel import SpandrelNetwork  # noqa: PLC0415

    refuse_options(f"spandrel:{word}", variant=asked.variant, seed=asked.seed)
    network = SpandrelNetwork(Path(word))
    if network.scale != asked.scale:
        raise UserError(f"{word}: enlarges {network.scale} times, but --scale is {asked.scale}")
    return Subject(network, network.name, "", "published", origin=word, told=f"weights: {word}")


def _images(word: str, asked: Asked) -> Subject:
    raise UserError(f"images:{word}: is a folder of images; a network is needed here")


OPENERS: dict[str, Callable[[str, Asked], Subject]] = {
    "run": _run,
    "published": _published,
    "shipped": _shipped,
    "file": _file,
    "spandrel": _spandrel,
    "images": _images,
}


def _network(word: str) -> str:
    """Return the name of a network as it is written here."""
    model = canonical(word, network_names())
    if model not in network_names():
        raise UserError(_unknown(word))
    return model


def _unknown(word: str) -> str:
    names = network_names()
    return (
        f"network {word!r} is not registered.{suggestion(word, names)} Networks: "
        f"{', '.join(sorted(names))}; checkpoints of others: spandrel:FILE"
    )


def _not_trained(word: str, asked: Asked) -> str:
    """Say that a network was not trained here, and what can be had instead."""
    model = canonical(word.partition("-")[0], network_names())
    if model not in network_names():
        return _unknown(word)
    scale, key = asked.scale, run_key(word, asked.variant, asked.scale, asked.seed or 0)
    message = f"{run_folder(key) / 'run.json'}: not found; {model} was not trained here at "
    message += f"x{scale}. "
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
    kind, colon, rest = word.partition(":")
    if colon and kind.lower() == "images":
        if not rest.strip():
            raise UserError(f"{word}: names no folder; expected images:FOLDER")
        return Path(rest)
    if not bare or (colon and kind.lower() in OPENERS):
        return None
    path = Path(word)
    if path.is_dir():
        return path
    looks_like_path = "/" in word or word.startswith(".") or path.exists()
    if looks_like_path and canonical(word, network_names()) not in network_names():
        raise UserError(
            f"{word}: is not a folder; expected a folder of SR images, the name of a network, or "
            "spandrel:FILE for a checkpoint"
        )
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
