"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from restauro.fill.catalogue import DEFAULT_MODEL, list_models
from restauro.fill.entries import AUTO, CLASSICAL
from restauro.fill.sessions import CPU, DEVICES
from restauro.imports import import_plugins

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PATH = click.Path(path_type=Path)
"""A path of this machine."""


def complete_model(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names that `--model` takes; the shell's own files where none fits."""
    from click.shell_completion import CompletionItem

    names = [name for name in list_models() if name.startswith(incomplete)]
    return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="file")]


model_option = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    shell_complete=complete_model,
    help="A name from `restauro models`, such as a model, a method without training "
    f"({', '.join(CLASSICAL)}), or {AUTO}: for each picture what explains best what is known "
    "beside the hole; or the path of an .onnx file, and all else of docs/methods.md.",
)

device_option = click.option(
    "--device",
    default=CPU,
    show_default=True,
    help=f"Where networks compute: {', '.join(DEVICES)}, or names of ONNX Runtime's execution "
    "providers; of several between commas the first is preferred.",
)

accelerator_option = click.option(
    "--accelerator",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where networks are trained.",
)


def _import(context: click.Context, parameter: click.Parameter, origins: tuple[str, ...]) -> None:
    if not context.resilient_parsing:  # the shell asks only how an option may be completed
        import_plugins(origins)


import_option = click.option(
    "--import",
    metavar="MODULE_OR_FILE",
    multiple=True,
    callback=_import,
    expose_value=False,
    help="Import a module, or a .py file, that brings methods, models, losses, metrics, protocols "
    "or sources of its own (CONTRIBUTING.md); may come again.",
)
