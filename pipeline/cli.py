"""The command `mesr`: single jobs beside the DVC stages. Each command is imported when named."""

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pipeline.support.console import run
from pipeline.support.errors import UserError
from pipeline.support.names import suggestion

# Name -> function with the command's options, and what `mesr --help` says of it.
COMMANDS = {
    "fetch": ("pipeline.tools.fetching:fetch", "Download datasets and published weights."),
    "register": ("pipeline.tools.fetching:register", "Make a folder of images a dataset."),
    "evaluate": ("pipeline.tools.evaluating:evaluate", "Measure PSNR and SSIM image by image."),
    "audit": ("pipeline.tools.audit:audit", "Say which evaluation gives a claimed figure."),
    "upscale": ("pipeline.tools.upscale:upscale", "Enlarge photos and other images."),
    "export": ("pipeline.tools.exporting:export", "Write a network as ONNX or PyTorch program."),
    "count": ("pipeline.tools.counts:count", "Count parameters and Multi-Adds."),
    "card": ("pipeline.tools.sharing:card", "Write a model card of a trained network."),
    "ship": ("pipeline.tools.sharing:ship", "Take a study's weights into the code's folder."),
    "submit": ("pipeline.tools.submitting:submit", "Give results of a network to the tables."),
    "archive": ("pipeline.tools.archiving:archive", "Keep a finished study as a folder."),
    "verify": ("pipeline.tools.verification:verify", "Say whether the study reproduced."),
    "repro": ("pipeline.scheduling.repro:repro", "Run the stages that are out of date."),
}


class Commands(TyperGroup):
    """The commands of `COMMANDS`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return their names."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return a command.

        Raises
        ------
        UserError
            When there is none of that name.
        """
        if cmd_name not in COMMANDS:
            raise UserError(
                f"mesr has no command {cmd_name!r}.{suggestion(cmd_name, COMMANDS)} "
                f"Commands: {', '.join(COMMANDS)}; mesr --help describes them."
            )
        module, _, function = COMMANDS[cmd_name][0].partition(":")
        single = typer.Typer(**PLAIN)
        single.command(cmd_name)(getattr(import_module(module), function))
        return typer.main.get_command(single)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List them without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


PLAIN: dict[str, Any] = {"add_completion": False, "rich_markup_mode": None}
app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, **PLAIN)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"mesr {version('mesr-benchmark')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="show the version")
    ] = False,
) -> None:
    """Reproduction benchmark of MESR and the super-resolution networks it is compared with."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the command `mesr`."""
    raise SystemExit(run(lambda: app(arguments, prog_name="mesr")))


if __name__ == "__main__":
    main()
