"""Write params.yaml: every training of a profile, one line each.

``python -m pipeline.configure profile=paper`` writes another profile;
``python -m pipeline.configure profile=quick groups.main.seeds=[0,1] tune.lrs=[0.001]`` changes
values on top; ``python -m pipeline.configure --check`` checks params.yaml as it stands.
"""

import argparse
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import torch
import yaml
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError

from pipeline.assets.registry import registry
from pipeline.models.networks import build_network, code_of
from pipeline.models.published_weights import PublishedWeights, find_published, published_weights
from pipeline.study.params import (
    FORMAT,
    Comparison,
    Params,
    Variant,
    load_params,
    validate_params,
)
from pipeline.study.paths import PARAMS
from pipeline.study.runs import run_key
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

CONF = Path("conf")
FILES = Path("pipeline/assets/files.csv")  # lists the files of the project's own assets
LARGEST_NETWORK = 1_000_000_000  # parameters
TRIED = ((24, 24), (23, 37))  # LR sizes that every network is tried on
# What params.yaml has in place of what only a profile has.
PROFILE_ONLY = ("groups", "published", "code")
GROUP = ("networks", "variants", "scales", "seeds")
HEADER = """\
# Written by: python -m pipeline.configure {overrides}
# Change conf/ and write it again, or try values with: dvc exp run -S train.steps=1000
"""


def compose_params(overrides: Sequence[str], conf: Path = CONF) -> str:
    """Compose a profile and return the text of params.yaml.

    Parameters
    ----------
    overrides : sequence of str
        Hydra overrides, the profile first: ``["profile=quick", "tune.lrs=[0.001]"]``.
    conf : Path
        Folder of the configuration files.

    Raises
    ------
    UserError
        For an unknown profile, key, network, dataset or variant, by name.
    """
    profiles = sorted(path.stem for path in (conf / "profile").glob("*.yaml"))
    chosen = next((o.partition("=")[2] for o in overrides if o.startswith("profile=")), "quick")
    if chosen not in profiles:
        raise UserError(f"profile {chosen!r} is unknown. Profiles: {', '.join(profiles)}.")
    try:
        with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
            composed = compose(
                "study",
                [o for o in overrides if not o.startswith("profile=")] + [f"profile={chosen}"],
            )
        profile: Any = OmegaConf.to_container(composed, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(f"the profile could not be composed: {error}") from error
    values = write_out(profile)
    check_names(validate_params(values, f"profile {chosen}"))
    header = HEADER.format(overrides=" ".join(overrides) or "profile=quick")
    return header + _dump(values)


def write_out(profile: dict[str, Any]) -> dict[str, Any]:
    """Turn a composed profile into the content of params.yaml: its trainings written out.

    Raises
    ------
    UserError
        For a group, a variant or published weights that are not what they should be, by name.
    """
    scales, groups = profile["scales"], _groups(profile)
    definitions = {
        name: _checked(Variant, definition or {}, f"variants.{name}")
        for name, definition in profile["variants"].items()
    }
    lines = {line for group in groups for line in product(*(group[name] for name in GROUP))}
    named = dict.fromkeys(name for group in groups for name in group["networks"])
    order = {name: index for index, name in enumerate(named)}
    trainings, used = {}, {}
    # The order of the tables: by scale, the networks themselves before their variants.
    variants = ["", *definitions]
    for network, variant, scale, seed in sorted(
        lines, key=lambda line: (line[2], _place(variants, line[1]), order[line[0]], line[3])
    ):
        change = definitions.get(variant, Variant())
        if variant not in ("", *definitions) or change.network not in ("", network):
            known = [n for n, d in definitions.items() if d.network in ("", network)]
            raise UserError(
                f"groups: {variant!r} is no variant of {network}. Defined under `variants`: "
                f"{', '.join(known) or 'none'}."
            )
        if variant:
            used[variant] = change
        trainings[run_key(network, variant, int(scale[1:]), seed)] = {
            "network": network,
            "variant": variant,
            "code": _code(profile, network),
            "scale": scale,
            "seed": seed,
            "settings": change.settings,
            "train": change.train,
        }
    weights = [find_published(name) for name in profile["published"]]
    imports = _imports(scales, weights)
    networks = list(dict.fromkeys(entry["network"] for entry in trainings.values()))
    degraded = sorted({entry["scale"] for entry in trainings.values()})
    if trainings:
        degraded = sorted({*degraded, profile["tune"]["scale"]})
    lrs, test = profile["tune"].pop("lrs"), profile["data"]["test"]
    usual = "Set14" if "Set14" in test else next(iter(test), None)
    tables = {name: value or usual for name, value in profile["tables"].items()}
    written = {
        "format": FORMAT,
        **{name: value for name, value in profile.items() if name not in PROFILE_ONLY},
        "tables": tables,
        "fetched": _fetched(profile, weights, bool(trainings)),
        "degraded": degraded,
        "networks": {name: profile["networks"].get(name) or {} for name in networks},
        "tuned": {name: {"code": _code(profile, name), "lrs": lrs} for name in networks},
        "trainings": trainings,
        "imports": imports,
        "evaluated": _table_order(scales, trainings, imports),
        "variants": {name: change.model_dump() for name, change in used.items()},
        "comparisons": [
            _checked(
                Comparison,
                {"name": name, "datasets": profile["data"]["test"], **(pair or {})},
                f"comparisons.{name}",
            ).model_dump()
            for name, pair in (profile["comparisons"] or {}).items()
        ],
    }
    return {name: written[name] for name in Params.model_fields if name in written} | written


def _groups(profile: dict[str, Any]) -> list[dict[str, list[Any]]]:
    """Return the groups that train something, with the defaults of what they leave out."""
    usual = {"networks": [], "variants": [""], "scales": profile["scales"], "seeds": [0]}
    groups = []
    for name, given in (profile["groups"] or {}).items():
        group = given or {}
        if odd := [key for key in group if key not in GROUP]:
            raise UserError(f"groups.{name}.{odd[0]}: no such list; a group has {', '.join(GROUP)}")
        for key, values in group.items():
            if not isinstance(values, list):
                raise UserError(f"groups.{name}.{key}: {values!r} is no list; write [{values}]")
        groups.append(usual | group)
        for scale in groups[-1]["scales"]:
            if scale not in profile["scales"]:
                raise UserError(f"groups.{name}.scales: {scale!r} is not listed in scales")
        for seed in groups[-1]["seeds"]:
            if not isinstance(seed, int):
                raise UserError(f"groups.{name}.seeds: {seed!r} is no number; expected 0, 1, ...")
    return groups


def _place(names: list[str], name: str) -> int:
    return names.index(name) if name in names else len(names)


def _code(profile: dict[str, Any], network: str) -> str:
    return str((profile["code"] or {}).get(network) or code_of(network))


def _imports(scales: list[str], weights: list[PublishedWeights]) -> dict[str, dict[str, Any]]:
    found = {}
    for scale in scales:
        found[run_key("bicubic", "", int(scale[1:]), None)] = {
            "network": "bicubic",
            "variant": "",
            "code": code_of("bicubic"),
            "scale": scale,
            "weights": "none",
            "source": "mesr/common/imresize.py",
            "settings": {},
        }
    for entry in weights:
        size = f"{entry.variant.replace('-', '_')}-" if entry.variant else ""
        found[run_key(entry.model, f"{size}published", entry.scale, None)] = {
            "network": entry.model,
            "variant": f"{size}published",
            "code": code_of(entry.model),
            "scale": f"x{entry.scale}",
            "weights": "published",
            "source": f"data/raw/{min(entry.assets)}",
            "settings": entry.settings,
        }
    return found


def _table_order(
    scales: list[str], trainings: dict[str, Any], imports: dict[str, Any]
) -> list[str]:
    """Keys of all runs: at each scale bicubic and what was trained, then published weights."""
    interpolations = {key for key, entry in imports.items() if entry["weights"] == "none"}
    runs = imports | trainings
    order: list[str] = []
    for scale in scales:
        here = [key for key in runs if runs[key]["scale"] == scale]
        order += [key for key in here if key in interpolations]
        order += [key for key in here if key in trainings]
    return order + [key for key in imports if key not in interpolations]


def _fetched(
    profile: dict[str, Any], weights: Iterable[PublishedWeights], trained: bool
) -> dict[str, dict[str, str]]:
    """Return what the study downloads: images, published weights, MATLAB's LR images."""
    data, certify = profile["data"], profile["certify"]
    images = [*([data["train"]] if trained else []), *data["test"], *certify["datasets"]]
    certified = [w for name in certify["networks"] for w in published_weights(name)]
    released = {asset for entry in (*weights, *certified) for asset in entry.assets}
    outputs = {
        **{name: f"data/hr/{name}.h5" for name in images},
        **{name: f"data/raw/{name}" for name in sorted(released)},
        **{f"{name}_MATLAB_LR": f"data/lr/{name}_MATLAB_LR.h5" for name in certify["lr"]},
    }
    return {
        name: {
            "source": str(own if (own := Path("datasets", name)).is_dir() else FILES),
            "out": out,
        }
        for name, out in outputs.items()
    }


def _checked(kind: Any, values: Any, where: str) -> Any:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join([where, *map(str, problem["loc"])])
        text = "no such value" if problem["type"] == "extra_forbidden" else problem["msg"]
        raise UserError(f"{place}: {text} (found {str(problem['input'])[:80]!r})") from error


def check_names(params: Params) -> None:
    """Refuse names of assets that do not exist, and networks that cannot be built or are huge.

    Raises
    ------
    UserError
        Naming the parameter, the value and the values it may have.
    """
    assets = registry()
    for name in params.fetched:
        if name not in assets:
            raise UserError(
                f"data, published or certify: {name!r} is no known asset. "
                f"Known: {', '.join(sorted(assets))}."
            )
    for name in params.certify.networks:
        code_of(name)
    for key, entry in params.runs().items():
        with torch.device("meta"):  # checks the settings without allocating the weights
            network = build_network(entry.code, entry.scale, **entry.settings)
        size = sum(parameter.numel() for parameter in network.parameters())
        if size > LARGEST_NETWORK:
            raise UserError(
                f"{key}: {size:,} parameters with settings {entry.settings}; expected at most "
                f"{LARGEST_NETWORK:,}. Choose smaller settings."
            )


def try_networks(params: Params) -> None:
    """Run every network that is trained once, before anything is computed with it.

    A network that fails on some size of image would do so when its training is done.

    Raises
    ------
    UserError
        When a network fails or returns anything but images of the right number and size.
    """
    tried: list[tuple[str, int, dict[str, Any]]] = []
    for run_ in params.runs().values():
        what = (run_.code, run_.scale, run_.settings)
        if run_.kind == "trained" and what not in tried:
            tried.append(what)
            for height, width in TRIED:
                try_network(*what, height=height, width=width)


def try_network(
    code: str, scale: int, settings: dict[str, Any], *, height: int, width: int
) -> None:
    """Run a network on two random LR images of a size; raises like `try_networks`."""
    torch.manual_seed(0)
    network = build_network(code, scale, **settings).eval()
    enlarged = scale if network.preupsampled else 1
    x = torch.rand(2, 1 if network.domain == "y" else 3, height * enlarged, width * enlarged)
    what = f"{code}, x{scale}, settings {settings}: of two LR images of {width}x{height} pixels"

    def refused(problem: str) -> UserError:
        return UserError(
            f"{what}, {tuple(x.shape)}, it {problem}. Its forward must return an image tensor, or "
            f"a tuple of them, coarse to fine, the last of {width * scale}x{height * scale} "
            "pixels, for LR images of any size: pad the input inside of the network, and cut "
            "the output."
        )

    try:
        with torch.no_grad():
            outputs = network(x)
    except Exception as error:  # whatever a user's code raises
        raise refused(f"fails with {type(error).__name__}: {error}") from error
    if len(outputs) != len(network.output_weights):
        raise refused(
            f"returns {len(outputs)} outputs, and output_weights is {network.output_weights}"
        )
    for output in outputs:
        if not isinstance(output, torch.Tensor) or not output.is_floating_point():
            raise refused(f"returns a {getattr(output, 'dtype', type(output).__name__)}")
        if output.ndim != 4 or output.shape[:2] != x.shape[:2]:
            raise refused(f"returns an output of shape {tuple(output.shape)}")
        if not output.isfinite().all():
            raise refused("returns NaN or infinity")
    if outputs[-1].shape[2:] != (height * scale, width * scale):
        raise refused(f"returns an SR image of shape {tuple(outputs[-1].shape)}")


class _Dumper(yaml.SafeDumper):
    """Writes the runs one line each, and every value in full."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
        node = super().represent_mapping(tag, mapping, flow_style)
        if {"network", "code"} <= {*mapping} or {*mapping} in ({"code", "lrs"}, {"source", "out"}):
            node.flow_style = True
        return node


def _dump(values: dict[str, Any]) -> str:
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def main(argv: Sequence[str] | None = None) -> None:
    """Write params.yaml, or check it with ``--check``."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.configure", description=main.__doc__)
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="profile=NAME, and values on top of it"
    )
    parser.add_argument("--check", action="store_true", help="check params.yaml as it stands")
    arguments = parser.parse_args(argv)
    if arguments.check:
        params = load_params()
        check_names(params)
        try_networks(params)
        return
    if bad := [o for o in arguments.overrides if "=" not in o or not o.isprintable()]:
        raise UserError(f"{bad[0]!r} is not an override; expected key=value, e.g. profile=paper")
    text = compose_params(arguments.overrides)
    with atomic_path(PARAMS) as temporary:
        temporary.write_text(text, encoding="utf-8")
        try_networks(load_params(temporary))
    params = load_params()
    print(f"wrote {PARAMS}: profile {params.profile}, {len(params.trainings)} trainings")


if __name__ == "__main__":
    raise SystemExit(run(main))
