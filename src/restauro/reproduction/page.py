"""The page that sets the Catania paper's numbers beside our runs: tables, curves and sheets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from restauro.data.batches import to_tensor
from restauro.masks import draw_holes
from restauro.metrics import backlight_of, lightness, subject_lightness
from restauro.metrics.areas import composite
from restauro.report.page import render
from restauro.report.plots import save
from restauro.report.runs import curriculum_of, loss_curves
from restauro.reproduction.runs import ScoredRun, mean
from restauro.seeds import seed_of
from restauro.sheets import sheet, show_hole
from restauro.training.validation import Validation, to_uint8

NUM_PICTURES = 6
LATENTS = ("reference_32", "reference_128", "reference_512")
AIRCRAFT = "reference_aircraft"


@dataclass(frozen=True)
class Reproduction:
    """All runs and how they were asked for."""

    runs: Mapping[str, ScoredRun]
    """By name of the config."""
    share: float
    """Share of a pass over the training pictures that made an epoch, in (0, 1]."""
    command: str
    """What a reader types to get the page again."""


def write_page(reproduction: Reproduction, output: Path) -> Path:
    """Writes tables, plots and sheets to the folder `output`; returns the page."""
    output.mkdir(parents=True, exist_ok=True)
    runs = reproduction.runs
    faces = {name: run for name, run in runs.items() if name != AIRCRAFT}
    histories = {run.reference.title: run.history for run in faces.values()}
    save(loss_curves(histories), output / "curves.svg")
    save(curriculum_of(next(iter(runs.values())).config), output / "curriculum.svg")
    text = render(
        "page.md.j2",
        folder=Path(__file__).parent,
        command=reproduction.command,
        share=reproduction.share,
        runs=runs,
        latents=LATENTS,
        verdict=_verdict(runs),
        sheets=_sheets(runs, output),
        mean=mean,
    )
    page = output / "README.md"
    page.write_text(text)
    return page


def _verdict(runs: Mapping[str, ScoredRun]) -> str:
    small, middle, large = (runs[name].validation_scores["sse"] for name in LATENTS)
    ratios = (
        f"{mean(small) / mean(large):.3f}, {mean(middle) / mean(large):.3f} and 1 here, 1.151, "
        "1.052 and 1 in the report"
    )
    changes = "; ".join(
        f"from {name} by {change:+.1f} ± {error:.1f}"
        for name, (change, error) in {
            "32 to 128": _change(small, middle),
            "128 to 512": _change(middle, large),
        }.items()
    )
    falls = all(
        change < -error for change, error in (_change(small, middle), _change(middle, large))
    )
    steps = ", ".join(f"{runs[name].history[-1]['step']:,}" for name in LATENTS)
    common = min(len(runs[name].history) for name in LATENTS)
    at_common = ", ".join(f"{runs[name].history[common - 1]['mse']:.5f}" for name in LATENTS)
    return (
        f"{'Yes, at each step.' if falls else 'Not at every step.'} The validation SSE changes "
        f"{changes} (mean over the same pictures, 95 % interval). Ratios: {ratios}. The runs took "
        f"{steps} optimizer steps: with the report's epochs, 128 trains longer than the others. "
        f"After {common} epochs each, the MSE of the validation pictures scored in training was "
        f"{at_common}, in that order."
    )


def _change(before: Tensor, after: Tensor) -> tuple[float, float]:
    """Mean change of the error of the same pictures, and half of its 95 % interval."""
    difference = after - before
    return float(difference.mean()), 1.96 * float(difference.std()) / len(difference) ** 0.5


def _sheets(runs: Mapping[str, ScoredRun], output: Path) -> dict[str, str]:
    """Writes every sheet; returns their captions by name."""
    faces = {name: run for name, run in runs.items() if name != AIRCRAFT}
    validation = runs["reference_512"].validation
    images = to_tensor(torch.from_numpy(validation.bank.images[validation.rows]))
    tone, backlight = subject_lightness(images), backlight_of(lightness(images))
    choices = {
        "faces": ("The first validation pictures.", torch.arange(NUM_PICTURES)),
        "dark": (
            f"The darkest faces: mean L* of the middle {float(tone.min()):.0f} and up, "
            f"where the median is {float(tone.median()):.0f}.",
            tone.argsort()[:NUM_PICTURES],
        ),
        "backlit": (
            "The most backlit: surroundings up to "
            f"{float(backlight.max()):.0f} L* lighter than the middle.",
            backlight.argsort(descending=True)[:NUM_PICTURES],
        ),
    }
    for name, (_, positions) in choices.items():
        _write_sheet(faces, validation, positions, output / f"{name}.jpg")
    captions = {name: caption for name, (caption, _) in choices.items()}
    if AIRCRAFT in runs:
        aircraft = {AIRCRAFT: runs[AIRCRAFT]}
        positions = torch.arange(NUM_PICTURES)
        _write_sheet(aircraft, runs[AIRCRAFT].validation, positions, output / "aircraft.jpg")
        captions["aircraft"] = "Aircraft."
    return captions


@torch.no_grad()
def _write_sheet(
    runs: Mapping[str, ScoredRun], validation: Validation, positions: Tensor, path: Path
) -> None:
    """One row a picture: damaged, every run's prediction, the last latent's restored, original."""
    rows = validation.rows[positions.numpy()]
    images = to_tensor(torch.from_numpy(validation.bank.images[rows]))
    rng = torch.Generator().manual_seed(seed_of(0, 0, "sheet"))
    masks = draw_holes(validation.limits, len(rows), validation.bank.size, rng).float()
    predictions = [
        run.validation.predict(run.network, images, masks).clamp(0, 1) for run in runs.values()
    ]
    names = list(runs)
    best = predictions[names.index("reference_512")] if "reference_512" in names else predictions[0]
    restored = to_uint8(composite(best, images, masks))
    originals, holes = to_uint8(images), masks[:, 0].bool().numpy()
    columns = [to_uint8(prediction) for prediction in predictions]
    grid = [
        [show_hole(originals[i], holes[i]), *(c[i] for c in columns), restored[i], originals[i]]
        for i in range(len(rows))
    ]
    short = [_short(run.reference.title) for run in runs.values()]
    sheet(grid, ["damaged", *short, "restored", "original"]).save(path, quality=88)


def _short(title: str) -> str:
    return {"latent 512, Huber": "512, Huber", "latent 512, aircraft": "prediction"}.get(
        title, title
    )
