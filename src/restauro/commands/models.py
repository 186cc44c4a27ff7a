"""`restauro models`: what is installed."""

from __future__ import annotations

import json
from typing import Any

import click


@click.command("models")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def command(as_json: bool) -> None:
    """List the models that are installed: what they restore, and under which terms.

    Those that ship with restauro, and those in the user's cache.

    PSNR is that of the hole, on pictures of the model's domain that it has not seen; --json has
    all scores. `restauro inpaint --model` takes a name of this list.
    """
    rows = _rows()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        click.echo("no model is installed; `restauro export` makes one from a training run")
        return
    table = [["name", "version", "size", "domain", "PSNR", "weights", "file", "terms"]]
    for row in rows:
        height, width = row["size"]
        weights, megabytes = row["parameters"] / 1e6, row["file_bytes"] / 1e6
        shape = f"{width}x{height}"
        figures = [_psnr(row["scores"]), f"{weights:.1f} M", f"{megabytes:.1f} MB"]
        table.append([row["name"], row["version"], shape, row["domain"], *figures, row["terms"]])
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    for cells in table:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        click.echo(line.rstrip())


def _psnr(scores: dict[str, Any]) -> str:
    """That of the hole on the model's own pictures, which says more than that of whole pictures."""
    value = scores.get("validation", scores).get("hole_psnr")
    return "" if value is None else f"{value:.1f} dB"


def _rows() -> list[dict[str, Any]]:
    from restauro.fill.catalogue import list_models, model_path
    from restauro.fill.model_file import read_card

    rows = []
    for name in list_models():
        path = model_path(name)
        card = json.loads(read_card(path).to_json())
        rows.append({**card, "name": name, "file": str(path), "file_bytes": path.stat().st_size})
    return rows
