"""Reading YAML that people write: plain values, each name once."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from pipeline.support.errors import UserError

LARGEST_FILE = 10_000_000  # bytes; a study of a thousand trainings has 0.2 MB


class _Loader(yaml.SafeLoader):
    """Refuses names that stand twice, of which YAML would keep the last in silence, and aliases."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            problem = f"an alias (*{event.anchor}); write the value out"
            raise yaml.MarkedYAMLError(None, None, problem, event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        found = super().construct_mapping(node, deep)
        if len(found) < len(node.value):
            names = [key.value for key, _ in node.value]
            problem = f"{max(names, key=names.count)!r} stands twice"
            raise yaml.MarkedYAMLError(None, None, problem, node.start_mark)
        return found


def read_yaml(path: Path, remedy: str) -> dict[str, Any]:
    """Read a YAML file that holds a mapping.

    Raises
    ------
    UserError
        When it is missing, larger than 10 MB, no YAML, no mapping, or holds a name twice or an
        alias; `remedy` says what to do.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UserError(f"{path}: more than {LARGEST_FILE:,} bytes. {remedy}")
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError as error:
        raise UserError(f"{path}: not found in {Path.cwd()}. {remedy}") from error
    except (yaml.YAMLError, ValueError, RecursionError, OSError) as error:
        raise UserError(f"{path}: not readable as YAML ({error}). {remedy}") from error
    if not isinstance(values, dict):
        raise UserError(f"{path}: holds no mapping of names to values. {remedy}")
    return values
