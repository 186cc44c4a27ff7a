"""The page that sets the Catania paper's numbers beside our runs: tables, curves and sheets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from restauro.data.batches import to_tensor
from restauro.masks import draw_holes
from restauro.metrics import backlight_of, lightness, subject_lightness
from restauro.metrics.areas import composite
from restauro.report.page import render
from restauro.report.plots import save
from restauro.report.runs import ERROR, curriculum_of, curves
from restauro.reproduction.runs import ScoredRun, mean
from restauro.seeds import seed_of
from restauro.sheets import sheet, show_hole
from restauro.training.validation import to_uint8

NUM_PICTURES = 6
LATENTS = ("reference_32", "reference_128", "reference_512")
AIRCRAFT = "reference_aircraft"
SHORT = {"latent 512, Huber": "512, Huber", "latent 512, aircraft": "prediction"}
"""Titles that are too long above a picture."""


def write_page(runs: Mapping[str, ScoredRun], output: Path, *, share: float, command: str) -> Path:
    """Writes tables, plots and sheets to the folder `output`; returns the page.

    Args:
        runs: By name of the config.
        output: The folder.
        share: Share of a pass over the training pictures that made an epoch, in (0, 1].
        command: What a reader types to get the page again.
    """
    output.mkdir(parents=True, exist_ok=True)
    faces = {name: run for name, run in runs.items() if name != AIRCRAFT}
    histories = {run.reference.title: run.history for run in faces.values()}
    save(curves(histories, *ERROR), output / "curves.svg")
    save(curriculum_of(next(iter(runs.values())).config), output / "curriculum.svg")
    text = render(
        "page.md.j2",
        folder=Path(__file__).parent,
        command=command,
        share=share,
        runs=runs,
        latents=LATENTS,
        verdict=_verdict(runs),
        sheets=_sheets(faces, runs.get(AIRCRAFT), output),
        mean=mean,
    )
    page = output / "README.md"
    page.write_text(text)
    return page


def _verdict(runs: Mapping[str, ScoredRun]) -> str:
    small, middle, large = (runs[name].validation_scores["sse"] for name in LATENTS)
    changes = {"32 to 128": _change(small, middle), "128 to 512": _change(middle, large)}
    falls = all(change < -error for change, error in changes.values())
    words = "; ".join(f"from {name} by {c:+.1f} ± {e:.1f}" for name, (c, e) in changes.items())
    steps = ", ".join(f"{runs[name].history[-1]['step']:,}" for name in LATENTS)
    common = min(len(runs[name].history) for name in LATENTS)
    at_common = ", ".join(f"{runs[name].history[common - 1]['mse']:.5f}" for name in LATENTS)
    return (
        f"{'Yes, at each step.' if falls else 'Not at every step.'} The validation SSE changes "
        f"{words} (mean over the same pictures, 95 % interval). Ratios: "
        f"{mean(small) / mean(large):.3f}, {mean(middle) / mean(large):.3f} and 1 here, 1.151, "
        f"1.052 and 1 in the paper. The runs took {steps} optimizer steps: with the paper's "
        f"epochs, 128 trains longer than the others. After {common} epochs each, the MSE of the "
        f"validation pictures scored in training was {at_common}, in that order."
    )


def _change(before: Tensor, after: Tensor) -> tuple[float, float]:
    """Mean change of the error of the same pictures, and half of its 95 % interval."""
    difference = after - before
    return float(difference.mean()), 1.96 * float(difference.std()) / len(difference) ** 0.5


def _sheets(
    faces: Mapping[str, ScoredRun], aircraft: ScoredRun | None, output: Path
) -> dict[str, str]:
    """Writes every sheet; returns their captions by name."""
    validation = faces["reference_512"].validation
    images = to_tensor(torch.from_numpy(validation.bank.images[validation.rows]))
    tone, backlight = subject_lightness(images), backlight_of(lightness(images))
    first = torch.arange(NUM_PICTURES)
    choices = {
        "faces": (faces, first, "The first validation pictures."),
        "dark": (
            faces,
            tone.argsort()[:NUM_PICTURES],
            f"The darkest faces: mean L* of the middle {float(tone.min()):.0f} and up, "
            f"where the median is {float(tone.median()):.0f}.",
        ),
        "backlit": (
            faces,
            backlight.argsort(descending=True)[:NUM_PICTURES],
            "The most backlit: surroundings up to "
            f"{float(backlight.max()):.0f} L* lighter than the middle.",
        ),
    }
    if aircraft:
        choices["aircraft"] = ({AIRCRAFT: aircraft}, first, "Aircraft.")
    for name, (runs, positions, _) in choices.items():
        _write_sheet(runs, positions, output / f"{name}.jpg")
    return {name: caption for name, (_, _, caption) in choices.items()}


@torch.no_grad()
def _write_sheet(runs: Mapping[str, ScoredRun], positions: Tensor, path: Path) -> None:
    """One row a picture: damaged, every run's prediction, the last latent's restored, original."""
    chosen = runs.get("reference_512") or next(iter(runs.values()))
    validation = chosen.validation
    rows = validation.rows[positions.numpy()]
    images = to_tensor(torch.from_numpy(validation.bank.images[rows]))
    rng = torch.Generator().manual_seed(seed_of(0, 0, "sheet"))
    masks = draw_holes(validation.limits, len(rows), validation.bank.size, rng).float()
    predictions = {
        run.reference.title: run.validation.predict(run.network, images, masks).clamp(0, 1)
        for run in runs.values()
    }
    restored = composite(predictions[chosen.reference.title], images, masks)
    originals, holes = to_uint8(images), masks[:, 0].bool().numpy()
    damaged = [show_hole(*pair) for pair in zip(originals, holes, strict=True)]
    columns = [damaged, *map(to_uint8, [*predictions.values(), restored]), originals]
    grid = list(map(list, zip(*columns, strict=True)))
    labels = ["damaged", *(SHORT.get(title, title) for title in predictions)]
    sheet(grid, [*labels, "restored", "original"]).save(path, quality=88)
