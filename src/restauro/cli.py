"""The command line: finds commands lazily and turns errors into one sentence.

Each command lives in `restauro.commands`, and imports what it needs inside its function, so that
`restauro --help` and `restauro inpaint` never wait for PyTorch.
"""

from __future__ import annotations

import importlib
import logging
import sys

import click

from restauro import __version__
from restauro.errors import RestauroError

# name -> module in restauro.commands; the module holds a click command of the same name
COMMANDS = {
    "blend": "blend",
    "demo": "demo",
    "download": "download",
    "evaluate": "evaluate",
    "export": "export",
    "inpaint": "inpaint",
    "latent": "latent",
    "models": "models",
    "prepare": "prepare",
    "report": "report",
    "reproduce": "reproduce",
    "serve": "serve",
    "train": "train",
}


class LazyGroup(click.Group):
    """Imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All command names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called `cmd_name`, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"restauro.commands.{COMMANDS[cmd_name]}")
        command: click.Command = module.command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("--debug", is_flag=True, help="Show the full traceback of an error.")
def cli(debug: bool) -> None:
    """Restores pictures with missing parts; trains and evaluates the networks that do it."""
    if debug:
        logging.getLogger("restauro").setLevel(logging.DEBUG)


def main() -> None:
    """Runs the command line; a user's mistake ends it with one sentence and exit status 1."""
    try:
        cli.main(standalone_mode=True)
    except (RestauroError, OSError, ModuleNotFoundError) as error:
        sentence = sentence_for(error)
        if "--debug" in sys.argv or sentence is None:
            raise
        click.echo(f"restauro: {sentence}", err=True)
        sys.exit(1)


def sentence_for(error: Exception) -> str | None:
    """What the user is told: value, rule, what to do; None for a mistake of ours."""
    if isinstance(error, RestauroError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        if error.name is None or error.name.split(".")[0] == "restauro":
            return None
        return f"this command needs {error.name}; install it with `pip install 'restauro[train]'`"
    if isinstance(error, OSError) and error.filename is not None:
        return (
            f"{error.filename} cannot be used: {error.strerror}; check the place, its room and "
            "its rights"
        )
    return None
