"""The option of every command that looks names up: which plug-ins it imports first."""

from __future__ import annotations

import click

from restauro.imports import import_plugins


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
