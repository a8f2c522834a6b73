"""Networks by the file or folder that defines them. Importing this module imports no torch."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.support.errors import UserError
from pipeline.support.names import suggestion
from pipeline.support.provenance import ROOT, code_digest

if TYPE_CHECKING:
    from mesr.common.base import SRNetwork

CODE = r"(?:[A-Za-z_]\w*/)*[A-Za-z_]\w*(?:\.py)?"  # relative, below the project's root
SHARED = ("mesr/__init__.py", "mesr/common")  # what a network may import beside its own code
READERS = ("baselines/__init__.py", "baselines/weights")  # and one of the benchmark's own

# Sizes that a network's paper publishes, as constructor settings. The first is the one that other
# papers' tables mean. Networks of one size are not listed.
SIZES: dict[str, dict[str, dict[str, Any]]] = {
    "a2f": {name: {"variant": name} for name in ("L", "M", "S", "SD")},
    "defian": {name: {"variant": name} for name in ("S", "L")},
    "msrn": {"rgb": {}, "eccv": {"version": "eccv"}},
    "srcnn": {"9-5-5": {"variant": "9-5-5"}, "9-1-5": {"variant": "9-1-5"}},
}


def published_sizes(network: str) -> dict[str, dict[str, Any]]:
    """Return name and constructor settings of each size that a network's paper publishes."""
    return SIZES.get(network, {"": {}})


def size_of(network: str, settings: Mapping[str, Any]) -> str:
    """Return the published size that constructor settings start from."""
    sizes = published_sizes(network)
    for size, required in sizes.items():
        if required and all(settings.get(key) == value for key, value in required.items()):
            return size
    return next(iter(sizes))


def size_name(network: str, settings: Mapping[str, Any]) -> str:
    """Return what `--variant` calls a network itself: its size, "full" of MESR with all blocks."""
    return "full" if network == "mesr" else size_of(network, settings)


def network_names() -> list[str]:
    """Return the names of the benchmark's own networks: MESR and the files of ``baselines/``."""
    return ["mesr", *sorted(path.stem for path in (ROOT / "baselines").glob("[a-z]*.py"))]


def code_of(network: str) -> str:
    """Return the code of one of the benchmark's own networks.

    Raises
    ------
    UserError
        When there is no network of that name.
    """
    names = network_names()
    if network not in names:
        raise UserError(
            f"network {network!r} is unknown.{suggestion(network, names)} Known networks: "
            f"{', '.join(names)}. Correct the name; the profile names the file of a network of "
            "your own under `code`, e.g. {mynet: nets/mynet.py}."
        )
    return "mesr" if network == "mesr" else f"baselines/{network}.py"


def network_digest(code: str) -> str:
    """Return the SHA-256 digest, in hexadecimal, of a network's own code."""
    return code_digest([code])


def load_class(code: str) -> type[SRNetwork]:
    """Import the code of a network and return its class, the only public `SRNetwork` in it.

    Parameters
    ----------
    code : str
        A Python file, or a folder whose ``network.py`` holds the class, relative to the project's
        root: ``"baselines/vdsr.py"``, ``"mesr"``. It is executed.

    Raises
    ------
    UserError
        When there is no such file, it lies outside of the project or behind a link, imports code
        of the project beside its own and `mesr.common`, cannot be imported, or does not define
        exactly one network.
    """
    from mesr.common.base import SRNetwork  # noqa: PLC0415

    path = _checked_path(code)
    for file in _files(path):
        _check_imports(file, path, code)
    module_file = path / "network.py" if path.is_dir() else path
    name = ".".join(module_file.relative_to(ROOT).with_suffix("").parts)
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    try:
        module = importlib.import_module(name)
    except (ImportError, SyntaxError) as error:
        raise UserError(f"{code}: cannot be imported ({type(error).__name__}: {error})") from error
    if Path(str(module.__file__)).resolve() != module_file:
        raise UserError(
            f"{code}: Python finds {module.__file__} under the name {name}; rename the file or "
            "its folder"
        )
    found = [
        kind
        for key, kind in inspect.getmembers(module, inspect.isclass)
        if not key.startswith("_") and issubclass(kind, SRNetwork) and kind.__module__ == name
    ]
    if len(found) != 1:
        names = ", ".join(kind.__name__ for kind in found) or "none"
        raise UserError(
            f"{code}: defines {names}; expected one public class derived from "
            "mesr.common.base.SRNetwork, which declares scale and input format. Begin the names "
            "of others with an underscore."
        )
    return found[0]


def build_network(network: str, scale: int, **settings: Any) -> SRNetwork:
    """Build a network; without settings it has the size its paper gives.

    Parameters
    ----------
    network : str
        Name of one of the benchmark's own, or the code of any, see `load_class`.
    scale : {2, 3, 4}
        Upscaling factor.
    **settings
        Keyword arguments of the network's constructor. ``image_skip="bilinear"`` adds the enlarged
        input to the output of a network that has no such setting of its own.

    Raises
    ------
    UserError
        For an unknown network, scale or setting.
    """
    is_code = "/" in network or network.endswith(".py") or (ROOT / network).is_dir()
    code = network if is_code else code_of(network)
    factory = load_class(code)
    skip = "none"
    if "image_skip" not in inspect.signature(factory).parameters:
        skip = settings.pop("image_skip", skip)
    if skip not in ("none", "bilinear"):
        raise UserError(f"image_skip is {skip!r}; expected 'none' or 'bilinear'")
    try:
        built = factory(scale, **settings)
        built.register_forward_hook(_as_tuple)
        if skip == "bilinear":
            built.add_image_skip()
    except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
        raise UserError(
            f"network {network!r} at scale {scale} with settings {settings}: {error}"
        ) from error
    return built


def _as_tuple(network: Any, inputs: Any, output: Any) -> Any:
    """Let a network with a single output return it as it is."""
    return output if isinstance(output, (tuple, list)) else (output,)


def _checked_path(code: str) -> Path:
    path = ROOT / code
    if not re.fullmatch(CODE, code, re.ASCII):
        raise UserError(
            f"code {code!r}: expected a .py file or a folder below the project's root, e.g. "
            "nets/mynet.py; names of files and folders hold letters, digits and underscores"
        )
    wanted = path / "network.py" if path.is_dir() else path
    if not wanted.is_file():
        raise UserError(f"code {code!r}: {wanted} is no file; name the file or folder of a network")
    linked = [file for file in (path, *_files(path)) if file.resolve() != file]
    if linked:
        raise UserError(f"code {code!r}: {linked[0]} is a link; put the file itself there")
    return path


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _check_imports(file: Path, own: Path, code: str) -> None:
    """Refuse imports of project code that no stage which uses the network would depend on."""
    allowed = [own, *(ROOT / path for path in SHARED)]
    if code.startswith("baselines/"):
        allowed += [ROOT / path for path in READERS]
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{code}: {file} is no Python code ({error})") from error
    for module, line in _imported(tree, file):
        found = _project_file(module)
        if found and not any(found == a or found.is_relative_to(a) for a in allowed):
            raise UserError(
                f"{code}: {file.relative_to(ROOT)}, line {line}, imports {module} of the project. "
                "A network may import its own folder and mesr.common, so that it is trained again "
                "when its code changes, and only then. Put both into one folder with a "
                "network.py, and name the folder."
            )


def _imported(tree: ast.Module, file: Path) -> Iterator[tuple[str, int]]:
    package = file.relative_to(ROOT).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *filter(None, [node.module])])
            yield from ((f"{module}.{alias.name}".lstrip("."), node.lineno) for alias in node.names)


def _project_file(module: str) -> Path | None:
    """File or folder of the project that a name stands for: that of its longest known beginning."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        if path.with_suffix(".py").is_file():
            return path.with_suffix(".py")
        if path.is_dir():
            return path
    return None
