"""params.yaml as it stands, for stages whose imports must stay few: its checks lie elsewhere."""

from pathlib import Path
from typing import Any

from pipeline.study.paths import PARAMS
from pipeline.support.errors import UserError
from pipeline.support.yaml import read_yaml

REMEDY = "Compose it afresh: python -m pipeline.configure profile=quick"


def read_params(path: Path = PARAMS) -> dict[str, Any]:
    """Read params.yaml.

    Raises
    ------
    UserError
        When the file is missing, is no YAML, or was written by an earlier version.
    """
    values = read_yaml(path, REMEDY)
    if "format" not in values:
        raise UserError(f"{path}: has no `format`: an earlier version wrote it. {REMEDY}")
    return values
