"""`restauro evaluate`."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import click

from restauro.commands._options import PATH, device_option, import_option
from restauro.imports import imported
from restauro.interrupt import INTERRUPTED
from restauro.progress import progress_bar


def words(text: str) -> list[str]:
    """The words between commas, without blanks around them."""
    return [word.strip() for word in text.split(",") if word.strip()]


def numbers(text: str) -> list[float]:
    """The numbers between commas."""
    try:
        return list(map(float, words(text)))
    except ValueError as error:
        message = f"{text!r} are not all numbers; write them like -1,-2"
        raise click.BadParameter(message) from error


EPILOG = """\b
Example:
  restauro evaluate --methods faces,telea --data banks/celeba --protocol box,irregular
"""


@click.command("evaluate", epilog=EPILOG)
@click.option(
    "--methods",
    required=True,
    multiple=True,
    type=words,
    help="Names or paths, see docs/methods.md; NAME=PATH gives another name. May be repeated.",
)
@device_option
@click.option("--data", required=True, type=PATH, help="A bank.")
@click.option(
    "--protocol",
    "protocols",
    default="box,irregular",
    show_default=True,
    type=words,
    help="Which holes, see docs/protocols.md.",
)
@click.option("--split", default="test", show_default=True, help="Part of the bank.")
@click.option(
    "--output",
    "-o",
    default=None,
    type=PATH,
    help="Folder to write to; one from an earlier call is taken up where it stopped.  "
    "[default: evaluations/BANK-SPLIT]",
)
@click.option(
    "--metrics", default="", type=words, help="By default all whose packages are installed."
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first pictures of the split.")
@click.option(
    "--exposures",
    default="",
    type=numbers,
    help="Stops by which the first protocol's pictures are darkened as well, such as -1,-2,-3.",
)
@click.option(
    "--probe-limit",
    default=300,
    show_default=True,
    type=click.IntRange(min=1),
    help="Pictures at each exposure.",
)
@click.option(
    "--timing-rounds",
    default=7,
    show_default=True,
    type=click.IntRange(min=0),
    help="Pictures on which all methods are timed in turn; 0 = no timing.",
)
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Seed of the holes."
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Processes side by side; 1 = in this one.  [default: the number of cores]",
)
@click.option("--fresh", is_flag=True, help="Forget what earlier calls have computed.")
@import_option
def command(
    methods: tuple[list[str], ...],
    device: str,
    data: Path,
    split: str,
    protocols: list[str],
    exposures: list[float],
    metrics: list[str],
    output: Path | None,
    jobs: int | None,
    fresh: bool,
    **limits: int,
) -> None:
    """Score methods on the pictures of a bank, all on the same holes.

    Writes one row a picture (CSV) and a summary; `restauro report` makes the page. After Ctrl-C the
    same command continues; adding a method or protocol computes only what is new.
    """
    from restauro.evaluation.evaluate import evaluate
    from restauro.evaluation.plan import EvaluationPlan, choose_metrics, find_methods
    from restauro.evaluation.protocols import choose_protocols

    plan = EvaluationPlan(
        data,
        split,
        find_methods([origin for given in methods for origin in given], device),
        tuple(choose_protocols(protocols, exposures)),
        choose_metrics(metrics),
        **limits,
        command=shlex.join(["restauro", *sys.argv[1:]]),
        imports=imported(),
    )
    folder = output or Path("evaluations") / f"{data.resolve().name}-{split}"
    if fresh:
        shutil.rmtree(folder / "cache", ignore_errors=True)
    with progress_bar(None, " pictures", desc=folder.name) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        evaluation = evaluate(plan, folder, processes=jobs, on_progress=show)
    if evaluation is None:
        click.echo("stopped; the same command goes on from here")
        sys.exit(INTERRUPTED)
    gave_up = {failure.method for failure in evaluation.failures}
    if gave_up:
        click.echo(
            f"{len(evaluation.failures)} pictures could not be restored by {', '.join(gave_up)}; "
            f"{folder / 'failures.csv'} says why",
            err=True,
        )
    click.echo(f"wrote {folder}; `restauro report {folder} -o PAGE` makes a page of it")
