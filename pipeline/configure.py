"""Write params.yaml: every training of a profile, one line each.

``python -m pipeline.configure profile=paper`` writes another profile;
``python -m pipeline.configure profile=quick groups.main.seeds=[0,1] tune.lrs=[0.001]`` changes
values on top; ``python -m pipeline.configure --check`` checks params.yaml as it stands.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import torch
import yaml
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ConfigDict

from pipeline.assets.registry import registry
from pipeline.models.counting import weightless
from pipeline.models.networks import build_network, code_of
from pipeline.models.published_weights import PublishedWeights, find_published, published_weights
from pipeline.study.params import FORMAT, Params, Scale, Variant, load_params
from pipeline.study.paths import PARAMS
from pipeline.study.runs import parse_scale, run_key
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path
from pipeline.support.names import suggestion
from pipeline.support.validation import validated

CONF = Path("conf")
FILES = Path("pipeline/assets/files.csv")  # lists the files of the project's own assets
LARGEST_NETWORK = 1_000_000_000  # parameters
TRIED = ((24, 24), (23, 37))  # LR sizes that every network is tried on
REMEDY = "conf/study.yaml explains each setting."
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
    changes = [override for override in overrides if not override.startswith("profile=")]
    try:
        with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
            composed = compose("study", [*changes, f"profile={chosen}"])
        profile: Any = OmegaConf.to_container(composed, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        unknown = re.search(r"Could not override '([^']+)'", str(error))
        if unknown is None:
            raise UserError(f"the profile could not be composed: {error}") from error
        known = _settings(OmegaConf.to_container(OmegaConf.load(conf / "study.yaml")))
        raise UserError(
            f"{unknown[1]}: no such setting.{suggestion(unknown[1], known)} conf/study.yaml "
            f"lists all; `+{unknown[1]}=...` adds an entry of groups, variants or networks."
        ) from error
    params = validated(Params, write_out(profile), f"profile {chosen}", REMEDY)
    check_names(params)
    values = params.model_dump(mode="json")
    text = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
    return HEADER.format(overrides=" ".join(overrides) or "profile=quick") + text


def _settings(values: Any, prefix: str = "") -> list[str]:
    """Dotted names of the settings in nested mappings."""
    if not isinstance(values, dict):
        return [prefix]
    return [s for name, v in values.items() for s in _settings(v, f"{prefix}.{name}".strip("."))]


class Group(BaseModel):
    """Trainings of a profile: each network with each variant, scale and seed."""

    model_config = ConfigDict(strict=True, extra="forbid")

    networks: list[str] = []
    variants: list[str] = [""]
    scales: list[Scale] | None = None
    seeds: list[int] = [0]


class Profile(BaseModel):
    """What a profile says of its trainings; the rest of it becomes params.yaml as it is."""

    model_config = ConfigDict(strict=True)

    scales: list[Scale]
    groups: dict[str, Group | None] | None
    variants: dict[str, Variant | None]
    code: dict[str, str] | None


def write_out(profile: dict[str, Any]) -> dict[str, Any]:
    """Turn a composed profile into the content of params.yaml: its trainings written out.

    Raises
    ------
    UserError
        For a group, a variant or published weights that are not what they should be, by name.
    """
    given = validated(Profile, profile, f"profile {profile['profile']}", REMEDY)
    groups = [group or Group() for group in (given.groups or {}).values()]
    variants = {"": Variant()} | {n: own or Variant() for n, own in given.variants.items()}
    names = list(dict.fromkeys(name for group in groups for name in group.networks))
    code = {name: (given.code or {}).get(name) or code_of(name) for name in names}
    asked: set[tuple[Any, ...]] = set()
    for group in groups:
        scales = group.scales or given.scales
        for network, variant in product(group.networks, group.variants):
            known = [name for name, own in variants.items() if own.network in ("", network)]
            if variant not in known:
                raise UserError(
                    f"groups: {variant!r} is no variant of {network}. Defined under `variants`: "
                    f"{', '.join(known[1:]) or 'none'}."
                )
        if odd := [scale for scale in scales if scale not in given.scales]:
            raise UserError(f"groups: scale {odd[0]!r} is not listed in scales")
        asked |= {*product(scales, group.variants, group.networks, group.seeds)}

    def entry(network: str, variant: str, scale: str, **more: Any) -> tuple[str, dict[str, Any]]:
        key = run_key(network, variant, parse_scale(scale), more.get("seed"))
        own = code.get(network) or code_of(network)
        return key, {"network": network, "variant": variant, "code": own, "scale": scale, **more}

    # In the order of the tables: by scale, the networks themselves before their variants.
    trainings = dict(
        entry(network, variant, scale, seed=seed, settings=own.settings, train=own.train)
        for scale, (variant, own), network, seed in product(
            given.scales, variants.items(), names, sorted({seed for *_, seed in asked})
        )
        if (scale, variant, network, seed) in asked
    )
    bicubic = dict(
        entry("bicubic", "", scale, weights="none", source="mesr/common/imresize.py", settings={})
        for scale in given.scales
    )
    weights = [find_published(name) for name in profile["published"]]
    published = dict(
        entry(
            own.model,
            f"{own.variant.replace('-', '_')}-published".removeprefix("-"),
            f"x{own.scale}",
            weights="published",
            source=f"data/raw/{min(own.assets)}",
            settings=own.settings,
        )
        for own in weights
    )
    # At each scale bicubic and what was trained, then published weights.
    evaluated = sorted(
        (bicubic | trainings).items(), key=lambda run: given.scales.index(run[1]["scale"])
    )
    networks = list(dict.fromkeys(entry["network"] for entry in trainings.values()))
    used = {entry["variant"] for entry in trainings.values()} - {""}
    data, tune = profile["data"], profile["tune"]
    lrs, own_lrs = tune.pop("lrs"), tune.pop("lrs_by_network")
    usual = "Set14" if "Set14" in data["test"] else next(iter(data["test"]), None)
    degraded = {entry["scale"] for entry in trainings.values()}
    return {
        "format": FORMAT,
        **{name: value for name, value in profile.items() if name in Params.model_fields},
        "tables": {name: value or usual for name, value in profile["tables"].items()},
        "fetched": _fetched(profile, weights, bool(trainings)),
        "degraded": sorted(degraded | {tune["scale"]}) if trainings else [],
        "networks": {name: profile["networks"].get(name) or {} for name in networks},
        "tuned": {name: {"code": code[name], "lrs": own_lrs.get(name, lrs)} for name in networks},
        "trainings": trainings,
        "imports": bicubic | published,
        "evaluated": [*dict(evaluated), *published],
        "variants": {name: own.model_dump() for name, own in variants.items() if name in used},
        "comparisons": [
            {"name": name, "datasets": data["test"], **(pair or {})}
            for name, pair in (profile["comparisons"] or {}).items()
        ],
    }


def _fetched(
    profile: Mapping[str, Any], weights: Sequence[PublishedWeights], trained: bool
) -> dict[str, dict[str, str]]:
    """Return what the study downloads: images, published weights, MATLAB's LR images."""
    data, certify = profile["data"], profile["certify"]
    images = [*([data["train"]] if trained else []), *data["test"], *certify["datasets"]]
    certified = [w for name in certify["networks"] for w in published_weights(name)]
    released = {asset for entry in (*weights, *certified) for asset in entry.assets}
    outputs = {name: f"data/hr/{name}.h5" for name in images}
    outputs |= {name: f"data/raw/{name}" for name in sorted(released)}
    outputs |= {f"{name}_MATLAB_LR": f"data/lr/{name}_MATLAB_LR.h5" for name in certify["lr"]}
    own = {name: Path("datasets", name) for name in outputs}
    return {
        name: {"source": str(own[name] if own[name].is_dir() else FILES), "out": out}
        for name, out in outputs.items()
    }


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
                f"data, published or certify: {name!r} is no known asset."
                f"{suggestion(name, assets)} Known: {', '.join(sorted(assets))}."
            )
    for name in params.certify.networks:
        code_of(name)
    if params.subject not in {entry.network for entry in params.runs().values()}:
        code_of(params.subject)
    for key, entry in params.runs().items():
        network = weightless(partial(build_network, entry.code, entry.scale, **entry.settings))
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
    tried: list[Any] = []
    for wanted in params.runs().values():
        what = (wanted.code, wanted.scale, wanted.settings)
        if wanted.kind == "trained" and what not in tried:
            tried.append(what)
            for size in TRIED:
                try_network(*what, *size)


def try_network(code: str, scale: int, settings: dict[str, Any], height: int, width: int) -> None:
    """Run a network on two random LR images of a size; raises like `try_networks`."""
    torch.manual_seed(0)
    network = build_network(code, scale, **settings).eval()
    enlarged = scale if network.preupsampled else 1
    x = torch.rand(2, 1 if network.domain == "y" else 3, height * enlarged, width * enlarged)
    problem = ""
    try:
        with torch.no_grad():
            outputs = network(x)
        shapes = [tuple(output.shape) for output in outputs]
        expected = (*x.shape[:2], height * scale, width * scale)
        if len(outputs) != len(network.output_weights):
            problem = (
                f"returns {len(outputs)} outputs, and output_weights is {network.output_weights}"
            )
        elif shapes[-1] != expected or any(shape[:2] != expected[:2] for shape in shapes):
            problem = f"returns images of shape {shapes}"
        elif not all(o.is_floating_point() and o.isfinite().all() for o in outputs):
            problem = "returns integers, NaN or infinity"
    except Exception as error:  # whatever a user's code raises
        problem = f"fails with {type(error).__name__}: {error}"
    if problem:
        raise UserError(
            f"{code}, x{scale}, settings {settings}: of two LR images of {width}x{height} pixels, "
            f"{tuple(x.shape)}, it {problem}. Its forward must return an image tensor, or a tuple "
            f"of them, coarse to fine, the last of {width * scale}x{height * scale} pixels, for "
            "LR images of any size: pad the input inside of the network, and cut the output."
        )


class _Dumper(yaml.SafeDumper):
    """Writes the runs one line each, and every value in full."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
        node = super().represent_mapping(tag, mapping, flow_style)
        if {"network", "code"} <= {*mapping} or {*mapping} in ({"code", "lrs"}, {"source", "out"}):
            node.flow_style = True
        return node


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
