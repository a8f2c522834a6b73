"""Reading and writing JSON files that hold a mapping."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.support.errors import UserError
from pipeline.support.files import atomic_path


def read_json(path: Path, remedy: str, names: Iterable[str] = ()) -> dict[str, Any]:
    """Read a JSON file that holds a mapping.

    Raises
    ------
    UserError
        When it is missing, is not JSON, holds something else or lacks one of `names`; `remedy` is
        the command that makes it.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: not found. Run: {remedy}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON ({error}). Write it again: {remedy}") from error
    if not isinstance(facts, dict):
        found = type(facts).__name__
        raise UserError(f"{path}: holds a {found}, expected a mapping. Write it again: {remedy}")
    if absent := [name for name in names if name not in facts]:
        raise UserError(f"{path}: {absent[0]!r} is missing. Write it again: {remedy}")
    return facts


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping as JSON, indented by 2."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
