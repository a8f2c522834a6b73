"""The documentation: each command in it runs, or is understood by the program that it names."""

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import pytest
import typer
from accelerate.commands.launch import launch_command_parser
from dvc.cli import parse_args as parse_dvc
from markdown_it import MarkdownIt
from omegaconf import OmegaConf
from torch.distributed.run import parse_args as parse_torchrun
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.configure import compose_params

ROOT = Path(__file__).parents[1]

# Commands that tests run elsewhere or that belong to somebody else, with the reason.
NOT_PARSED = {
    ". .venv/bin/activate": "part of every virtual environment",
    "accelerate launch": "names the program; the full command is parsed",
    "cd mesr": "the clone",
    "cd reports/build/latex": "a folder of the report; tests/reports/ compile the document",
    "dvc exp": "names a group of commands; the full commands are parsed",
    "git clone <repository> mesr": "git's own",
    "git hash-object FILE": "git's own",
    "git log -SDIGEST -- results/runs.csv": "git's own; tests/reports/ follow it to a commit",
    "latexmk -pdf ieee.tex": "tests/reports/ compile the document",
    "latexmk -pdf report.tex": "tests/reports/ compile the document",
    "pre-commit install": "changes the checkout's git hooks",
    "python -m benchmarks.paper_reading": "has no options; initialises full-size networks",
    "python -m pipeline.configure profile=NAME": "a placeholder; the profiles by name are composed",
    "tensorboard --logdir outputs/tensorboard": "a server, of another project",
}  # fmt: skip
# Run as they are: they are quick and write nothing.
RUN = {"mesr fetch", "python -m pipeline.configure --check"}


class Parsed(BaseException):
    """The command line was understood; what it asks for is not done."""


def make(arguments: Sequence[str]) -> None:
    subprocess.run(["make", "--dry-run", *arguments], cwd=ROOT, check=True, capture_output=True)


def mesr(arguments: Sequence[str]) -> None:
    if shlex.join(["mesr", *arguments]) in RUN:
        result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return
    group: Any = typer.main.get_command(app)
    name, *rest = arguments
    command = group.commands[name]
    if all(word.startswith("--") for word in rest):  # `mesr evaluate --lr` in a sentence
        assert set(rest) <= {option for parameter in command.params for option in parameter.opts}
        return
    command.make_context(name, rest)


def python(arguments: Sequence[str]) -> None:
    if arguments[0] == "-m":
        module, rest = arguments[1], list(arguments[2:])
    else:
        module, rest = arguments[0].removesuffix(".py").replace("/", "."), list(arguments[1:])
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    if module == "pipeline.configure" and rest != ["--check"]:
        compose_params(rest)
        return
    main: Callable[[], None] = import_module(module).main
    original = argparse.ArgumentParser.parse_args

    def parse_only(self: Any, args: Any = None, namespace: Any = None) -> NoReturn:
        original(self, args, namespace)
        raise Parsed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [module, *rest])
        patch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
        if "ArgumentParser" in source:
            with pytest.raises(Parsed):
                main()
        else:
            assert shlex.join(["python", "-m", module, *rest]) in RUN
            main()


def dvc(arguments: Sequence[str]) -> None:
    parsed = parse_dvc(list(arguments))
    stages: Any = OmegaConf.to_container(OmegaConf.load(ROOT / "dvc.yaml"), resolve=False)
    if arguments[0] in ("repro", "commit") or list(arguments[:2]) == ["exp", "run"]:
        for target in parsed.targets:
            assert target.partition("@")[0] in stages["stages"], target
    for override in getattr(parsed, "set_param", None) or ():
        name = override.partition("=")[0]
        assert OmegaConf.select(OmegaConf.load(ROOT / "params.yaml"), name) is not None, name


def accelerate(arguments: Sequence[str]) -> None:
    assert arguments[0] == "launch"
    parsed = launch_command_parser().parse_args(arguments[1:])
    assert parsed.module
    python(["-m", parsed.training_script, *parsed.training_script_args])


def torchrun(arguments: Sequence[str]) -> None:
    parsed = parse_torchrun(list(arguments))
    assert parsed.module
    python(["-m", parsed.training_script, *parsed.training_script_args])


PROGRAMS: dict[str, Callable[[Sequence[str]], None] | None] = {
    "make": make, "mesr": mesr, "python": python, "dvc": dvc, "accelerate": accelerate,
    "torchrun": torchrun,
    # Those of NOT_PARSED:
    ".": None, "cd": None, "git": None, "latexmk": None, "pre-commit": None, "tensorboard": None,
}  # fmt: skip


def commands() -> list[tuple[str, str]]:
    """Every command in a block or a span of code, with the page that has it."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    found = {}
    for page in filter(lambda name: (ROOT / name).is_file(), listed):
        tokens = MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text("utf-8"))
        lines: list[str] = []
        for token in tokens:
            if token.type == "code_block" or (token.type == "fence" and token.info in ("", "sh")):
                lines += token.content.replace("\\\n", " ").splitlines()
            spans = [c.content for c in token.children or () if c.type == "code_inline"]
            lines += [span for span in spans if len(span.split()) > 1]
        for line in lines:
            text = re.sub(r"\s+# .*", "", line)
            for part in filter(None, (p.strip() for p in text.split("&&"))):
                command = re.sub(r"^([A-Z_]+=\S+ )+", "", part)
                if command.split()[0] in PROGRAMS:
                    found[command] = page
    return [(page, command) for command, page in found.items()]


COMMANDS = commands()


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[c for _, c in COMMANDS])
def test_command_is_understood(page: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if command in NOT_PARSED:
        return
    monkeypatch.chdir(ROOT)
    program, *arguments = shlex.split(command)
    parse = PROGRAMS[program]
    assert parse is not None, f"{page}: {command} needs a parser, or a reason in NOT_PARSED"
    parse(arguments)


def test_commands_are_found() -> None:
    names = {command for _, command in COMMANDS}
    assert NOT_PARSED.keys() <= names
    assert {"make repro", "make test"} | RUN <= names


def test_links_lead_to_files() -> None:
    for page in {page for page, _ in COMMANDS} | {"ARCHITECTURE.md", "CHANGELOG.md"}:
        text = (ROOT / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page}: {target}"
