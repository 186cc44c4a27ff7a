"""`restauro export`."""

from __future__ import annotations

from pathlib import Path

import click

from restauro.commands._options import PATH, import_option
from restauro.errors import OutputExistsError


@click.command("export")
@click.argument("run", type=PATH)
@click.option("--output", "-o", required=True, type=PATH, help="NAME.onnx")
@click.option("--name", help="How users call the model. Default: the output's name.")
@click.option("--version", default="1", show_default=True, help="Version of these weights.")
@click.option("--domain", default="", help="What the pictures show, such as 'aligned faces'.")
@click.option("--training-data", default="", help="What it was trained on.")
@click.option("--terms", default="", help="Under which terms the weights may be used.")
@click.option(
    "--half/--no-half",
    default=True,
    show_default=True,
    help="Store weights as float16: half the file, computed in float32 all the same.",
)
@click.option(
    "--detail",
    is_flag=True,
    help="Give large holes texture from the picture's known part (docs/tool.md): for networks "
    "whose fill is soft.",
)
@click.option("--force", is_flag=True, help="Overwrite OUTPUT.")
@import_option
def command(
    run: Path, output: Path, name: str | None, half: bool, detail: bool, force: bool, **said: str
) -> None:
    """Turn the best weights of the training run in folder RUN into a model file."""
    from restauro.data.damage import KINDS
    from restauro.export import export_onnx
    from restauro.files import file_sha256
    from restauro.fill.model_file import ModelCard
    from restauro.models import CodeModel, InpaintingModel
    from restauro.models.variational import Variational
    from restauro.training.run_folder import RunFolder
    from restauro.training.weights import load_best

    if output.exists() and not force:
        raise OutputExistsError(
            f"{output} exists; overwrite it with --force or choose another name"
        )
    config, model = load_best(run)
    folder = RunFolder(run)
    record = folder.best_record()
    scores = {
        key: round(record[key], 4)
        for key in record
        if key.startswith(("hole_", "composite_", "recall", "precision", "marked_"))
    }
    card = ModelCard(
        name=name or output.stem,
        architecture=config.model.name,
        size=model.size,
        multiple=model.multiple,
        parameters=model.count_parameters(),
        scores={"validation": scores},
        kinds=tuple(KINDS) if config.task == "find" else (),
        checkpoint_sha256=file_sha256(folder.weights),
        detail=detail,
        sees_copies=isinstance(model, InpaintingModel) and model.sees_copies,
        noise_dim=model.noise_dim if isinstance(model, InpaintingModel) else 0,
        latent_dim=model.latent_dim if isinstance(model, CodeModel) else 0,
        has_prior=isinstance(model, Variational),
        **said,
    )
    for comparison in export_onnx(model, card, output, half=half):
        height, width = comparison.size
        click.echo(
            f"{width}x{height}: differs from PyTorch by {255 * comparison.largest_difference:.3f} "
            f"levels of 255 at most, {255 * comparison.mean_difference:.4f} on average"
        )
    click.echo(f"wrote {output} ({output.stat().st_size / 1e6:.1f} MB)")
