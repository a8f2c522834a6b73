"""Compose conf/ into params.yaml.

``python -m pipeline.configure profile=paper`` writes another profile;
``python -m pipeline.configure profile=quick seeds=[s0,s1] tune.lrs=[0.001]`` changes values on top;
``python -m pipeline.configure --check`` checks params.yaml as it stands.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pipeline.assets.registry import registry
from pipeline.models.networks import NETWORKS, build_network, network_class
from pipeline.models.published_weights import published_weights
from pipeline.study.keys import ABLATION_MODEL, Key, parse_scale
from pipeline.study.params import Params, load_params, validate_params
from pipeline.study.paths import PARAMS
from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path

CONF = Path("conf")
LARGEST_NETWORK = 1_000_000_000  # parameters
HEADER = """\
# Composed from conf/ by: python -m pipeline.configure {overrides}
# Change conf/ and compose again, or try values with: dvc exp run -S 'tune.lrs=[0.001]'
"""


def compose_params(overrides: Sequence[str], conf: Path = CONF) -> str:
    """Compose a profile and return the text of params.yaml.

    Parameters
    ----------
    overrides : sequence of str
        Hydra overrides, the profile first: ``["profile=quick", "tune.lrs=[0.001]"]``.
    conf : Path
        Folder of the configuration groups.

    Raises
    ------
    UserError
        For an unknown profile, key, network, dataset, variant or scale, by name.
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
        values = OmegaConf.to_container(composed, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(f"the profile could not be composed: {error}") from error
    check_names(validate_params(values, f"profile {chosen}"))
    header = HEADER.format(overrides=" ".join(overrides) or "profile=quick")
    return header + OmegaConf.to_yaml(OmegaConf.create(values))


def check_names(params: Params) -> None:
    """Refuse names of networks, settings and assets that do not exist, and networks of any size.

    Raises
    ------
    UserError
        Naming the parameter, the value and the values it may have.
    """
    assets = registry()
    for field, names in (
        ("data.images", params.data.images),
        ("data.weights", params.data.weights),
        ("certify.lr", [f"{dataset}_MATLAB_LR" for dataset in params.certify.lr]),
    ):
        for name in names:
            if name not in assets:
                raise UserError(
                    f"{field}: {name!r} is no known asset. Known: {', '.join(sorted(assets))}."
                )
    for name in params.certify.networks:
        network_class(name)
    released = [
        Key.published(w.model, w.variant, w.scale)
        for model in NETWORKS
        for w in published_weights(model)
    ]
    for key in params.evaluations():
        if key.kind == "published" and key not in released:
            known = sorted(str(k).removeprefix("published_") for k in released)
            raise UserError(
                f"evaluate.published: {str(key).removeprefix('published_')!r} is no known "
                f"published weights. Known: {', '.join(known)}."
            )
    readings = [(ABLATION_MODEL, params.reading_settings(name)) for name in params.readings.changes]
    for name, settings in (*params.networks.items(), *readings):
        for scale in map(parse_scale, params.scales):
            with torch.device("meta"):  # checks the settings without allocating the weights
                network = build_network(name, scale, **settings)
            size = sum(parameter.numel() for parameter in network.parameters())
            if size > LARGEST_NETWORK:
                raise UserError(
                    f"networks.{name}: {size:,} parameters at x{scale} with settings {settings}; "
                    f"expected at most {LARGEST_NETWORK:,}. Choose smaller settings."
                )


def main(argv: Sequence[str] | None = None) -> None:
    """Write params.yaml, or check it with ``--check``."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.configure", description=main.__doc__)
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="profile=NAME, and values on top of it"
    )
    parser.add_argument("--check", action="store_true", help="check params.yaml as it stands")
    arguments = parser.parse_args(argv)
    if arguments.check:
        check_names(load_params())
        return
    if bad := [o for o in arguments.overrides if "=" not in o or not o.isprintable()]:
        raise UserError(f"{bad[0]!r} is not an override; expected key=value, e.g. profile=paper")
    text = compose_params(arguments.overrides)
    with atomic_path(PARAMS) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"wrote {PARAMS}: profile {load_params().profile}")


if __name__ == "__main__":
    raise SystemExit(run(main))
