"""The documentation: each command in it is understood by the program that it names.

Those that neither train nor change the checkout are run.
"""

import argparse
import os
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
from dvc.cli import parse_args as parse_dvc
from markdown_it import MarkdownIt
from omegaconf import OmegaConf
from PIL import Image
from skimage import data
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.configure import compose_params

ROOT = Path(__file__).parents[1]

# Commands that are neither parsed nor run, with the reason.
NOT_PARSED = {
    ". .venv/bin/activate": "part of every virtual environment",
    "cd mesr": "the clone",
    "cd reports/build/latex": "a folder of the report; tests/reports/ compile the document",
    "git clean -fdX runs evaluations tuning checkpoints": "git's own",
    "git clone <repository> mesr": "git's own",
    "git hash-object FILE": "git's own",
    "git log -SDIGEST -- results/runs.csv": "git's own; tests/reports/ follow it to a commit",
    "latexmk -pdf report.tex": "tests/reports/ compile the document",
    "nvidia-cuda-mps-control -d": "a service for GPUs, of another project",
    "pip install -e '.[export]'": "changes the environment",
    "pre-commit install": "changes the checkout's git hooks",
    "python -m benchmarks.paper_reading": "has no options; initialises full-size networks",
    "python -m pipeline.configure profile=mine": "tests/test_end_to_end.py composes it",
    "python -m pipeline.configure profile=NAME": "a placeholder; the profiles by name are composed",
}  # fmt: skip
# Run in a folder that has what they name, in this order.
RUN = [
    "mesr fetch",
    "mesr fetch photos_test",
    "mesr fetch Set5 PAN",
    "mesr evaluate bicubic --scale 4 --data Set5 --protocol y",
    "mesr evaluate pan --scale 4 --data Set5 --weights published",
    "mesr evaluate images:MY_SR_FOLDER --scale 4 --data MY_HR_FOLDER",
    "mesr evaluate mesr --scale 4 --weights shipped --data photos_test",
    "mesr audit MY_SR_FOLDER --scale 4 --data MY_HR_FOLDER --psnr 28.95",
    "mesr register my_photos MY_HR_FOLDER",
    "mesr upscale photo.jpg --scale 4",
]
FROM_MIRROR = ("Set5", "PAN", "published")


class Parsed(BaseException):
    """The command line was understood; what it asks for is not done."""


def make(arguments: Sequence[str]) -> None:
    subprocess.run(["make", "--dry-run", *arguments], cwd=ROOT, check=True, capture_output=True)


def mesr(arguments: Sequence[str]) -> None:
    group: Any = typer.main.get_command(app)
    name, *rest = arguments
    command = group.get_command(None, name)
    if all(word.startswith("--") for word in rest):  # `mesr evaluate --lr` in a sentence
        assert set(rest) <= {option for parameter in command.params for option in parameter.opts}
        return
    command.make_context(name, rest)


def python(arguments: Sequence[str]) -> None:
    if arguments[0] == "-c" or arguments[:2] == ["-m", "pytest"]:
        return
    if arguments[0] == "-m":
        module, rest = arguments[1], list(arguments[2:])
    else:
        module, rest = arguments[0].removesuffix(".py").replace("/", "."), list(arguments[1:])
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    if module == "pipeline.configure" and rest != ["--check"]:
        with pytest.MonkeyPatch.context() as patch:  # its tests build each profile's networks
            patch.setattr("pipeline.configure.check_names", lambda _: None)
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
        elif rest == ["--check"]:
            main()


def dvc(arguments: Sequence[str]) -> None:
    parsed = parse_dvc(list(arguments))
    stages: Any = OmegaConf.to_container(OmegaConf.load(ROOT / "dvc.yaml"), resolve=False)
    if arguments[0] in ("repro", "commit") or list(arguments[:2]) == ["exp", "run"]:
        for target in parsed.targets:
            assert target.partition("@")[0] in stages["stages"], target
    for override in getattr(parsed, "set_param", None) or ():
        name = override.partition("=")[0]
        parent = name.removeprefix("+").rpartition(".")[0]  # a leading + adds what is not there
        known = parent if name.startswith("+") else name
        assert OmegaConf.select(OmegaConf.load(ROOT / "params.yaml"), known) is not None, name


def launched(arguments: Sequence[str]) -> None:
    """A module behind the options of accelerate or torchrun."""
    python(arguments[list(arguments).index("-m") :])


PROGRAMS: dict[str, Callable[[Sequence[str]], None]] = {
    "make": make, "mesr": mesr, "python": python, "dvc": dvc, "accelerate": launched,
    "torchrun": launched,
}  # fmt: skip
OTHERS = (".", "cd", "git", "latexmk", "nvidia-cuda-mps-control", "pip", "pre-commit")


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
                command = re.sub(r"^([A-Z_]+=\S+ )+", "", part).removeprefix(".venv/bin/")
                if command.split()[0] in (*PROGRAMS, *OTHERS):
                    found[command] = page
    return [(page, command) for command, page in found.items()]


COMMANDS = commands()


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[c for _, c in COMMANDS])
def test_command_is_understood(page: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if command in NOT_PARSED:
        return
    monkeypatch.chdir(ROOT)
    program, *arguments = shlex.split(command)
    assert program in PROGRAMS, f"{page}: {command} needs a parser, or a reason in NOT_PARSED"
    PROGRAMS[program](arguments)


def test_the_lists_above_name_commands_of_the_documents() -> None:
    names = {command for _, command in COMMANDS}
    assert NOT_PARSED.keys() <= names
    assert {"make repro", "make test", *RUN} <= names


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a photo, two HR images and their SR images."""
    folder = tmp_path_factory.mktemp("workplace")
    photo = Image.fromarray(data.astronaut()[:96, :120])
    photo.save(folder / "photo.jpg")
    for name in ("MY_HR_FOLDER", "MY_SR_FOLDER"):
        (folder / name).mkdir()
    for name, left in (("a", 0), ("b", 40)):
        hr = photo.crop((left, 0, left + 80, 64))
        hr.save(folder / f"MY_HR_FOLDER/{name}.png")
        hr.resize((20, 16)).resize(hr.size).save(folder / f"MY_SR_FOLDER/{name}.png")
    return folder


@pytest.mark.parametrize("command", RUN)
def test_command_runs(command: str, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if any(word in command for word in FROM_MIRROR) and "MESR_MIRROR" not in os.environ:
        pytest.skip("MESR_MIRROR is not set")
    monkeypatch.chdir(workplace)
    result = CliRunner().invoke(app, shlex.split(command)[1:], catch_exceptions=False)
    assert result.exit_code == 0, result.output


def test_links_lead_to_files() -> None:
    for page in {page for page, _ in COMMANDS} | {"ARCHITECTURE.md", "CHANGELOG.md"}:
        text = (ROOT / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page}: {target}"
