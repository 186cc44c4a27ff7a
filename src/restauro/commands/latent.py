"""`restauro latent`: codes of pictures by the network of a run or of an exported model."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from restauro.commands._options import PATH, import_option

if TYPE_CHECKING:
    import PIL.Image

    from restauro.latents import Coder, Population

run_argument = click.argument("run", metavar="RUN_OR_MODEL", type=PATH)
output_option = click.option("--output", "-o", required=True, type=PATH, help="What is written.")
force_option = click.option("--force", is_flag=True, help="Replace what is written, if it exists.")
steps_option = click.option(
    "--steps", default=7, show_default=True, type=click.IntRange(2, 50), help="Pictures a walk."
)
codes_option = click.option(
    "--codes",
    "codes_path",
    type=PATH,
    help="A file of `encode`: go where these codes lie, instead of the standard normal "
    "distribution; needed for a network that is not variational.",
)


@click.group("latent")
def command() -> None:
    """Codes of pictures, by an autoencoder: the folder of a run, or an exported model."""


@command.command("measure")
@run_argument
@click.argument("bank", type=PATH)
@click.option("--seed", default=0, show_default=True, help="Of the votes of the FactorVAE score.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@import_option
def measure_command(run: Path, bank: Path, seed: int, as_json: bool) -> None:
    """Measure how the code's numbers part the factors that the index of BANK tells.

    Without factors, as of photographs, only how they depend on each other, and how exactly
    pictures are reconstructed.
    """
    from restauro.data.bank import Bank
    from restauro.latents import Coder, measure

    values = measure(Coder(run), Bank.open(bank), seed)
    if as_json:
        click.echo(json.dumps(values))
        return
    width = max(map(len, values))
    for name, value in values.items():
        click.echo(f"{name:{width}}  {value:.4g}")


@command.command("encode")
@run_argument
@click.argument("pictures", nargs=-1, required=True, type=PATH)
@output_option
@click.option("--split", default="test", show_default=True, help="Of a bank.")
@force_option
@import_option
def encode_command(
    run: Path, pictures: tuple[Path, ...], output: Path, split: str, force: bool
) -> None:
    """Write the codes of PICTURES, files and folders or one bank, as .npy with names."""
    from restauro.errors import OutputExistsError
    from restauro.latents import Coder, NamedCodes, save_codes

    if output.exists() and not force:
        raise OutputExistsError(f"{output} exists; choose another output or add --force")
    coder = Coder(run)
    names, images = coder.read(pictures, split)
    save_codes(output, NamedCodes(names, coder.encode(images)), coder)
    click.echo(f"wrote {output}: {len(names)} codes of {coder.latent_dim} numbers")


@command.command("decode")
@run_argument
@click.argument("codes_path", metavar="CODES", type=PATH)
@output_option
@force_option
@import_option
def decode_command(run: Path, codes_path: Path, output: Path, force: bool) -> None:
    """Write the pictures of CODES, a file of `encode`, into the folder OUTPUT as PNG."""
    import PIL.Image

    from restauro.latents import Coder, load_codes
    from restauro.picture.write import check_output, write_picture

    coder = Coder(run)
    named = load_codes(codes_path, coder)
    output.mkdir(parents=True, exist_ok=True)
    # a name may be a path, and that of a stranger
    stems = [re.sub(r"[/\\]", "_", name).removesuffix(".png") for name in named.names]
    paths = [output / f"{stem}.png" for stem in stems]
    for path in paths:
        check_output(path, [], force=force)
    for path, picture in zip(paths, coder.decode(named.codes), strict=True):
        write_picture(path, PIL.Image.fromarray(picture))
    click.echo(f"wrote {len(paths)} pictures into {output}")


@command.command("traverse")
@run_argument
@click.argument("picture", required=False, type=PATH)
@output_option
@codes_option
@steps_option
@force_option
@import_option
def traverse_command(
    run: Path, picture: Path | None, output: Path, codes_path: Path | None, steps: int, force: bool
) -> None:
    """Write a sheet with a row for each number of the code, which alone changes.

    The others stay as in the code of PICTURE, or else at their means.
    """
    from restauro.latents import Coder, traversal

    coder = Coder(run)
    population = _population(coder, codes_path)
    start = coder.encode(coder.read([picture])[1])[0] if picture else population.centre
    _write_sheet(output, traversal(coder, start, population, num_steps=steps), force)


@command.command("interpolate")
@run_argument
@click.argument("pictures", nargs=-1, required=True, type=PATH)
@output_option
@steps_option
@force_option
@import_option
def interpolate_command(
    run: Path, pictures: tuple[Path, ...], output: Path, steps: int, force: bool
) -> None:
    """Write a sheet with what lies between the codes of each of PICTURES and the next."""
    from restauro.latents import Coder, interpolation

    coder = Coder(run)
    _, images = coder.read(pictures)
    if len(images) < 2:
        raise click.UsageError("one picture has nothing to go to; give two or more")
    _write_sheet(output, interpolation(coder, images, num_steps=steps), force)


@command.command("sample")
@run_argument
@output_option
@click.option("--count", "-n", default=32, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@codes_option
@force_option
@import_option
def sample_command(
    run: Path, output: Path, count: int, seed: int, codes_path: Path | None, force: bool
) -> None:
    """Write a sheet of the pictures of codes that are drawn at random."""
    from restauro.latents import Coder, gallery

    coder = Coder(run)
    codes = _population(coder, codes_path).draw(count, seed)
    _write_sheet(output, gallery(coder.decode(codes)), force)


@command.command("map")
@run_argument
@click.argument("pictures", nargs=-1, required=True, type=PATH)
@output_option
@click.option("--split", default="test", show_default=True, help="Of a bank.")
@click.option(
    "--limit",
    default=300,
    show_default=True,
    type=click.IntRange(2),
    help="Pictures, taken evenly.",
)
@force_option
@import_option
def map_command(
    run: Path, pictures: tuple[Path, ...], output: Path, split: str, limit: int, force: bool
) -> None:
    """Write a page, OUTPUT in HTML, with PICTURES where their codes lie.

    By principal components, and by UMAP where `pip install umap-learn` has brought it.
    """
    import numpy as np

    from restauro.errors import OutputExistsError
    from restauro.files import whole_file
    from restauro.latents import Coder, map_page

    if output.exists() and not force:
        raise OutputExistsError(f"{output} exists; choose another output or add --force")
    coder = Coder(run)
    names, images = coder.read(pictures, split)
    if len(names) < 2:
        raise click.UsageError("one picture makes no map; give two or more")
    chosen = np.unique(np.linspace(0, len(names) - 1, limit).round().astype(int))
    images, names = images[chosen], [names[i] for i in chosen]
    page = map_page(f"Codes of {run.name}", names, list(images), coder.encode(images))
    with whole_file(output) as aside:
        aside.write_text(page, encoding="utf-8")
    click.echo(f"wrote {output}: {len(names)} pictures")


def _population(coder: Coder, codes_path: Path | None) -> Population:
    from restauro.latents import Population, load_codes

    return Population.of(load_codes(codes_path, coder).codes) if codes_path else coder.prior()


def _write_sheet(path: Path, sheet: PIL.Image.Image, force: bool) -> None:
    from restauro.picture.write import check_output, write_picture

    check_output(path, [], force=force)
    write_picture(path, sheet)
    click.echo(f"wrote {path}")
