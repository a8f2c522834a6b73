"""The photographs of profile `quick`: image files that installed packages carry.

They need no download. `photos_train` and `photos_test` (see assets.csv) show different scenes; the
two views of the motorcycle are both in the training set. Left out are files without a licence
statement (moon, page), drawings, very small or blurred pictures, the retina (nothing above a
quarter of the sampling rate to restore), and the scientific pictures hubble_deep_field and ihc:
with them in the training set, a small network gained less on every held-out photograph
(docs/data.md).
"""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from pipeline.assets.registry import AssetFile
from pipeline.support.errors import UserError


def locate_photograph(file: AssetFile) -> Path:
    """Find a photograph among the files of an installed package and verify it.

    Parameters
    ----------
    file : AssetFile
        Its URL reads ``pkg:pypi/<distribution>@<version>#<path>``.

    Returns
    -------
    Path
        The file, inside the installed package.

    Raises
    ------
    UserError
        When the package is not installed, does not carry the file, or carries another picture
        under its name.
    """
    match = re.fullmatch(r"pkg:pypi/(?P<name>[^@]+)@(?P<version>[^#]+)#(?P<path>.+)", file.url)
    if match is None:
        raise UserError(f"{file.key}: {file.url} is not the URL of a file in an installed package")
    wanted = f"{match['name']}=={match['version']}"
    remedy = f"Install the version the registry was made with: python -m pip install {wanted}"
    try:
        package = distribution(match["name"])
    except PackageNotFoundError as error:
        raise UserError(
            f"{file.key}: package {match['name']} is not installed. {remedy}"
        ) from error
    path = Path(str(package.locate_file(match["path"])))
    installed = f"{match['name']} {package.version}"
    if not path.is_file():
        raise UserError(f"{file.key}: the installed {installed} has no file {path}. {remedy}")
    problem = file.mismatch(path)
    if problem:
        raise UserError(
            f"{file.key}: {path} of the installed {installed} is not the picture of {wanted} "
            f"({problem}). {remedy} (to study the new picture instead, put its digest into "
            "pipeline/assets/files.csv; results are then not comparable with earlier ones)"
        )
    return path
