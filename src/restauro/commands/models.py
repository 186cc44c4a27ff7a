"""`restauro models`: what can fill holes here."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click

from restauro.commands._options import import_option

HEADINGS = (
    *("name", "kind", "version", "size", "domain", "PSNR", "weights", "file", "needs", "terms"),
)


@click.command("models")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@import_option
def command(as_json: bool) -> None:
    """List what `--model` takes by name: what it restores, what it needs, under which terms.

    The models that ship with restauro, those in the user's cache, methods without training, and
    known peers. Where something is missing, `needs` says how to get it.

    PSNR is that of the hole, on pictures of the model's domain that it has not seen; --json has
    all scores.
    """
    rows = _rows()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = [HEADINGS, *map(_cells, rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    for cells in table:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        click.echo(line.rstrip())


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table; what a row does not have stays empty."""
    height, width = row["size"] or (None, None)
    return (
        row["name"],
        row["kind"],
        row["version"] or "",
        f"{width}x{height}" if width else "",
        row["domain"],
        _psnr(row.get("scores", {})),
        f"{row['parameters'] / 1e6:.1f} M" if row["parameters"] is not None else "",
        f"{row['file_bytes'] / 1e6:.1f} MB" if "file_bytes" in row else "",
        row["needs"],
        row["terms"],
    )


def _psnr(scores: dict[str, Any]) -> str:
    """That of the hole on the model's own pictures, which says more than that of whole pictures."""
    value = scores.get("validation", scores).get("hole_psnr")
    return "" if value is None else f"{value:.1f} dB"


def _rows() -> list[dict[str, Any]]:
    from restauro.fill.catalogue import find, list_models
    from restauro.fill.model_file import read_card

    rows = []
    for entry in map(find, list_models()):
        row = dataclasses.asdict(entry.description) | {"needs": entry.needs}
        if entry.file:
            card = json.loads(read_card(entry.file).to_json())
            file = {"file": str(entry.file), "file_bytes": entry.file.stat().st_size}
            row = {**card, **row, **file}
        rows.append(row)
    return rows
