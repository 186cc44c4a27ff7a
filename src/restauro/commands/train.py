"""`restauro train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from restauro.commands._options import PATH, accelerator_option, import_option
from restauro.interrupt import INTERRUPTED


@click.command("train")
@click.argument("config", type=PATH)
@click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change one value of the config, such as training.learning_rate=3e-4; repeatable.",
)
@click.option("--run", "run_dir", type=PATH, help="Default: runs/NAME.")
@click.option("--resume", is_flag=True, help="Go on where the run in this folder stopped.")
@accelerator_option
@click.option("--devices", default=1, show_default=True, help="Processes, one per device.")
@click.option("--num-nodes", default=1, show_default=True, help="Machines; see docs/training.md.")
@click.option("--tensorboard", is_flag=True, help="Also log to TensorBoard in the run folder.")
@import_option
def command(config: Path, overrides: tuple[str, ...], run_dir: Path | None, **options: Any) -> None:
    """Train the network that CONFIG, a TOML file, describes.

    Ctrl-C or SIGTERM saves, says how to go on, and exits with status 130.
    """
    from restauro.training.config import load_config
    from restauro.training.run import train

    loaded = load_config(config, overrides)
    path = run_dir or Path("runs") / loaded.name
    run = train(loaded, path, **options)
    if not run.fabric.is_global_zero:
        return
    if run.is_out_of_patience:
        click.echo(
            f"ended at step {run.step}, as the validation loss has stopped falling for as long as "
            f"training.patience allows; the weights are {path / 'best.safetensors'}, and "
            "--resume --set training.patience=0 goes on"
        )
    elif run.is_finished:
        click.echo(f"trained {run.step} steps; the weights are {path / 'best.safetensors'}")
    else:
        click.echo(f"stopped at step {run.step}; go on with the same command and --resume")
        sys.exit(INTERRUPTED)
