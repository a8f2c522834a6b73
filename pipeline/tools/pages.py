"""Markdown pages out of the templates beside this module."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, **values: object) -> str:
    """Fill a template of ``pipeline/tools/templates``; a value that it lacks is an error."""
    environment = Environment(
        loader=PackageLoader("pipeline.tools"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(template).render(**values)
