"""`restauro calibrate`: how sure a model may be of its fills."""

from __future__ import annotations

from pathlib import Path

import click

from restauro.commands._options import PATH, complete_model, device_option, import_option
from restauro.errors import OutputExistsError
from restauro.fill.catalogue import WEIGHTS_DIR, load
from restauro.progress import progress_bar

WIDTHS = 15, 22, 8, 7, 6, 9, 6, 5
"""Letters of the columns of `--check`."""
NUM_SHOWN = 6
EPILOG = """\b
Examples:
  restauro calibrate mine.onnx --data banks/celeba
  restauro calibrate mine.onnx --data banks/celeba --check
"""


@click.command("calibrate", epilog=EPILOG)
@click.argument("model", shell_complete=complete_model)
@click.option("--data", required=True, type=PATH, help="A bank of pictures it has not learned.")
@click.option("--split", help="Part of the bank.  [default: val; with --check test]")
@click.option(
    "--threshold",
    default=25.0,
    show_default=True,
    type=click.FloatRange(0, 255),
    help="Largest error of a pixel that is right, in levels of 255.",
)
@click.option(
    "--promise",
    default=0.9,
    show_default=True,
    type=click.FloatRange(0.5, 0.99),
    help="Share of the trusted pixels that are right, and of values inside their intervals.",
)
@click.option("--limit", default=1200, show_default=True, type=click.IntRange(1), help="Pictures.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the holes.")
@click.option(
    "--output",
    "-o",
    type=PATH,
    help="NAME.trust.json.  [default: beside the model's file; of a name among the user's models]",
)
@click.option("--check", is_flag=True, help="Write nothing: tell how promises are kept there.")
@click.option(
    "--sheet",
    "sheet_path",
    type=PATH,
    help=f"With --check: a sheet of the first {NUM_SHOWN} pictures, and what is trusted in each.",
)
@click.option("--force", is_flag=True, help="Replace what is written.")
@device_option
@import_option
def command(
    model: str,
    data: Path,
    split: str | None,
    output: Path | None,
    check: bool,
    sheet_path: Path | None,
    force: bool,
    device: str,
    limit: int,
    seed: int,
    **wanted: float,
) -> None:
    """Measure what MODEL may promise of its fills, for `--trust`; no network is trained.

    MODEL is anything that fills holes (docs/methods.md). It restores pictures of a bank in the
    holes of the protocols box and irregular.
    """
    from restauro.data.bank import Bank
    from restauro.evaluation import calibration
    from restauro.fill.trust import calibration_of, places
    from restauro.picture.write import check_output, write_picture

    filler, bank = load(model, device), Bank.open(data)
    if check:
        given = calibration_of(filler)
        rows = calibration.drawn(bank, split or "test", limit, seed)
        with progress_bar(len(rows), " pictures") as bar:
            kept = calibration.kept_promises(filler, given, bank, rows, seed, bar.update)
        for line in calibration.table(kept):
            click.echo(
                "  ".join(
                    f"{cell:{width}}" for cell, width in zip(line, WIDTHS, strict=True)
                ).rstrip()
            )
        if sheet_path:
            check_output(sheet_path, [], force=force)
            shown = calibration.restorations(filler, bank, rows[:NUM_SHOWN], seed)
            write_picture(sheet_path, calibration.trust_sheet(given, shown))
        return
    if output is None:
        in_cache, *beside, _ = places(filler)
        output = next((path for path in beside if path.parent != WEIGHTS_DIR), in_cache)
    if output.exists() and not force:
        raise OutputExistsError(f"{output} exists; replace it with --force, or give --output")
    rows = calibration.drawn(bank, split or "val", limit, seed)
    with progress_bar(len(rows), " pictures") as bar:
        found = calibration.calibrate(filler, bank, rows, **wanted, seed=seed, watch=bar.update)
    found.save(output)
    click.echo(f"wrote {output}")
