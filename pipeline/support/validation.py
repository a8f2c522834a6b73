"""What people write, checked against a schema: one message that names every problem."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from pipeline.support.errors import UserError
from pipeline.support.names import suggestion

Kind = TypeVar("Kind")

SIZE = r"^[1-9]\d{0,4}x[1-9]\d{0,4}$"
Size = Annotated[str, Field(pattern=SIZE)]

# What a text has to be, where its pattern says it to machines only.
PATTERNS = {
    r"^[A-Za-z0-9_]{1,64}$": "letters, digits and _",
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$": "letters, digits, - and _",
    r"^[0-9a-f]{64}$": "64 hexadecimal digits",
    SIZE: "WIDTHxHEIGHT in pixels, as 1280x720",
    r"^https?://\S+$": "a web address, https://...",
    r"^[^\x00-\x1f\x7f-\x9f]*$": "one line of printable characters",
}


def validated(kind: type[Kind], values: Any, where: str, remedy: str) -> Kind:
    """Check values and return them with their types.

    Parameters
    ----------
    kind : type
        A pydantic model or dataclass.
    values : Any
        Plain containers as read from YAML, or a text in JSON, whose lists may stand for tuples.
    where, remedy : str
        What holds the values, and what to do where they do not fit.

    Raises
    ------
    UserError
        Naming each field that is missing, unknown or has a value that it cannot have.
    """
    adapter = TypeAdapter(kind)
    check = adapter.validate_json if isinstance(values, str) else adapter.validate_python
    try:
        return check(values)
    except ValidationError as error:
        schema = adapter.json_schema()
        parts = [schema, *schema.get("$defs", {}).values()]
        known = [name for part in parts for name in part.get("properties", ())]
        problems = "\n".join(f"  {_told(problem, known)}" for problem in error.errors())
        raise UserError(
            f"{where}: does not fit what is expected:\n{problems}\nCorrect it. {remedy}"
        ) from error


def _told(problem: Mapping[str, Any], known: Iterable[str]) -> str:
    """One line for people: which field, what was expected, what was found."""
    place, found = problem["loc"], problem["input"]
    message = problem["msg"].removeprefix("Value error, ").replace("Input should", "should")
    if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        message = f"no such setting.{suggestion(str(place[-1]), known)}"
    elif problem["type"] == "string_pattern_mismatch":
        pattern = problem["ctx"]["pattern"]
        message = f"should be {PATTERNS.get(pattern, f'a text as {pattern} has it')}"
    if found is None:
        message = f"is empty. {message}"
    elif problem["type"] != "missing" and not isinstance(found, (dict, list)):
        message += f" (found {str(found)[:80]!r})"
    return ": ".join(filter(None, (".".join(str(p) for p in place if p != "[key]"), message)))
