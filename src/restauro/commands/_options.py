"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from restauro.fill.catalogue import find, list_models
from restauro.fill.entries import AUTO, CLASSICAL, DETAIL, SOFT
from restauro.fill.sessions import CPU, DEVICES
from restauro.imports import import_plugins
from restauro.picture.formats import FORMATS
from restauro.places import Place, place_of

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FREE = "patch_match"
"""The best of what has learned from no pictures."""
Command = TypeVar("Command", bound=Callable[..., Any])
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
    default=AUTO,
    show_default=True,
    shell_complete=complete_model,
    help="A name from `restauro models`, such as a model, a method without training "
    f"({', '.join(CLASSICAL)}), or {AUTO}: for each picture the model whose kind of "
    "pictures it looks like; or the path of an .onnx file, and all else of docs/methods.md.",
)

detail_option = click.option(
    "--detail",
    type=click.Choice(["auto", "on", "off"]),
    default="auto",
    show_default=True,
    help="Copy texture from the picture into large holes of a model: as the model's card says, "
    "always or never.",
)


def with_detail(model: str, detail: str) -> str:
    """The name of a model as `--detail` wants it."""
    return model if detail == "auto" else f"{DETAIL if detail == 'on' else SOFT}:{model}"


free_option = click.option(
    "--free-only",
    is_flag=True,
    help="Leave out what has learned from pictures under terms of their own, so that the result "
    f"has none: {AUTO} takes {FREE} then.",
)


def free(model: str) -> str:
    """The name of what takes a model's place with `--free-only`."""
    if model == AUTO:
        return FREE
    if model not in CLASSICAL:
        terms = find(model).description.terms
        raise click.UsageError(
            f"{model} is not free ({terms}); name one of {', '.join(CLASSICAL)}, or leave "
            "--free-only out"
        )
    return model


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


class PlaceType(click.Path):
    """A path of this machine, completed by the shell, or a URL."""

    def convert(  # type: ignore[override]
        self, value: str, parameter: click.Parameter | None, context: click.Context | None
    ) -> Place:
        """The place; only a URL is looked at."""
        return place_of(value)


PLACE = PlaceType()
RAY = "ray"
RECORD = "restauro.csv"

output_option = click.option(
    "--output",
    "-o",
    type=PLACE,
    help="Where results go: a folder, made if missing; for one picture a file, or - for standard "
    "output.",
)

page_option = click.option(
    "--page",
    metavar="N",
    type=click.IntRange(1),
    help="Which page or frame of a file with several, from 1; the result has that alone.",
)


def many_options(command: Command) -> Command:
    """How many pictures are restored, and how it is told."""
    for option in reversed(_MANY_OPTIONS):
        command = option(command)
    return command


_MANY_OPTIONS = (
    click.option(
        "--format",
        "suffix",
        type=click.Choice([chosen.suffixes[0][1:] for chosen in FORMATS if chosen.is_written]),
        callback=lambda context, parameter, value: value and f".{value}",
        help="Format of results in a folder or on standard output.  [default: the picture's own]",
    ),
    click.option("--recursive", "-r", is_flag=True, help="Folders inside folders, too."),
    click.option(
        "--jobs",
        "-j",
        metavar="N",
        type=click.IntRange(1),
        help="Processes for many pictures, of one thread each.  [default: one for each core]",
    ),
    click.option(
        "--engine",
        type=click.Choice(["processes", RAY]),
        help="What runs many pictures: processes of this machine, or Ray, here or on a cluster.  "
        "[default: processes]",
    ),
    click.option(
        "--ray-address",
        metavar="ADDRESS",
        envvar="RAY_ADDRESS",
        help="The cluster of --engine ray, as HOST:PORT or auto.  [default: Ray on this machine]",
    ),
    click.option(
        "--csv",
        "csv_path",
        type=PLACE,
        help="Record of what was done with many pictures, by which a stopped job goes on.  "
        f"[default: {RECORD} in the output's folder]",
    ),
    click.option(
        "--force", is_flag=True, help="Replace outputs that exist. Inputs are always kept."
    ),
    click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each picture."),
)
