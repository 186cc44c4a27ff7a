"""`restauro prepare`: a source of pictures becomes a bank."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restauro.commands._options import PATH, import_option

if TYPE_CHECKING:
    from restauro.data.prepare import Prepared


@click.command("prepare")
@click.argument("source")
@click.argument("bank", type=PATH)
@click.option(
    "--from",
    "path",
    type=PATH,
    help="Folder or archive that holds the source; `samples` and `factors` need none.",
)
@click.option(
    "--size",
    default=128,
    show_default=True,
    help="Side of every picture, in pixels.",
    type=click.IntRange(8, 1024),
)
@click.option(
    "--split-file",
    type=PATH,
    help="celeba: list_eval_partition.txt, where it is not beside the pictures.",
)
@click.option(
    "--count",
    type=click.IntRange(10),
    help="samples, factors: number of pictures  [default: 2000, 20000]",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    help="samples, factors: number that decides them  [default: 0]",
)
@click.option("--workers", type=click.IntRange(1), help="Decoding threads  [default: one a core]")
@click.option("--force", is_flag=True, help="Replace another bank in the folder BANK.")
@import_option
def command(
    source: str, bank: Path, size: int, workers: int | None, force: bool, **options: Any
) -> None:
    """Turn pictures into BANK, a folder that training reads.

    SOURCE is celeba, fgvc-aircraft, folder (any folder, zip or tar of pictures), samples
    (pictures that restauro draws itself) or factors (shapes whose position, size, hue, shape,
    light and orientation the index tells).
    """
    from restauro.data.prepare import Recipe, prepare
    from restauro.data.sources import SourceOptions

    recipe = Recipe(source, SourceOptions(**options), size)
    prepared = prepare(recipe, bank, workers=workers, force=force, progress=True)
    click.echo(_summary(prepared))


def _summary(prepared: Prepared) -> str:
    facts = prepared.description
    splits = ", ".join(f"{number} {split}" for split, number in facts["counts"].items())
    total = _pictures(sum(facts["counts"].values()))
    verb = "wrote" if prepared.is_new else "nothing to do: already made from the same arguments:"
    lines = [f"{verb} {prepared.path}: {total} ({splits})"]
    if missing := facts["num_missing"]:
        lines.append(f"{_pictures(missing)} of the official list not found in the source")
    if rejected := facts["num_rejected"]:
        reasons = prepared.path / "rejected.csv"
        lines.append(f"{_pictures(rejected)} could not be used; {reasons} says why")
    return "\n".join(lines)


def _pictures(number: int) -> str:
    return f"{number} picture{'' if number == 1 else 's'}"
