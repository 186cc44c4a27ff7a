"""The page that sets the report beside our runs of it: tables, curves and sheets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from restauro.data.batches import to_tensor
from restauro.evaluation.reproduction import ScoredRun, mean
from restauro.masks import draw_holes
from restauro.metrics import backlight_of, lightness, subject_lightness
from restauro.metrics.areas import composite
from restauro.reports.plots import save
from restauro.reports.run_report import curriculum_of, loss_curves
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
    sections = [
        "# The report, run again",
        _what_was_run(reproduction),
        "## Does the loss fall with the latent?",
        _latent_table(runs),
        _verdict(runs),
        "## Scores",
        "Means over the validation pictures, and over as many training pictures, all with holes "
        "of the curriculum's last limits and without dropout. `SSE` is the sum of squared errors "
        "over the 49,152 values of a picture in [0, 1]. Plain columns count the network's whole "
        "prediction, `hole` its hole alone, `restored` the picture with its known pixels put "
        "back. PSNR in dB.",
        _score_table(runs),
        "![mean squared error of the validation pictures against epochs](curves.svg)",
        "![the curriculum](curriculum.svg)",
        "## Pictures",
        *_sheets(runs, output),
        "## What is kept",
        "`runs/NAME/` holds each run's config, history, environment, per-picture scores "
        "(`scores.csv`) and the SHA-256 of its weights, which are too large for the repository. "
        "Pictures: CelebA (validation split, non-commercial research only) and the aircraft set.",
    ]
    page = output / "README.md"
    page.write_text("\n\n".join(sections) + "\n")
    return page


def _what_was_run(reproduction: Reproduction) -> str:
    share = reproduction.share
    shortened = (
        "Every epoch is a whole pass over the training pictures, as in the report."
        if share == 1
        else f"The whole did not fit the machine at hand: every epoch is {share:g} of a pass over "
        "the training pictures, each going on where the one before ended; number of epochs, "
        "curriculum and schedule are the report's."
    )
    lines = [
        f"Made by `{reproduction.command}`. {shortened} The report trained on ten times as many "
        "pictures (the whole of CelebA).",
        "",
        "| run | epochs | training pictures | pictures seen | steps | minutes | machine | "
        "precision | weights' SHA-256 |",
        "| --- " * 9 + "|",
    ]
    for run in reproduction.runs.values():
        last, place = run.history[-1], run.environment
        lines.append(
            f"| {run.reference.title} | {run.config.training.epochs:g} | "
            f"{len(run.validation.bank.split('train')):,} | {last['pictures']:,} | "
            f"{last['step']:,} | {last['seconds'] / 60:.0f} | {place['device']}, "
            f"{place['threads']} threads | {place['precision']} | `{run.checkpoint_sha256[:12]}` |"
        )
    return "\n".join(lines)


def _latent_table(runs: Mapping[str, ScoredRun]) -> str:
    lines = [
        "| latent | report: training | report: validation | ratio to 512 | ours: training SSE | "
        "ours: validation SSE | ratio to 512 | validation / training: report | ours |",
        "| --- " * 9 + "|",
    ]
    base = mean(runs["reference_512"].validation_scores["sse"])
    for name in LATENTS:
        run = runs[name]
        reported = (run.reference.training_loss or 0.0, run.reference.validation_loss or 0.0)
        ours = (mean(run.training_scores["sse"]), mean(run.validation_scores["sse"]))
        lines.append(
            f"| {name.removeprefix('reference_')} | {reported[0]:.2e} | {reported[1]:.2e} | "
            f"{reported[1] / 1.72e5:.3f} | {ours[0]:.1f} | {ours[1]:.1f} | {ours[1] / base:.3f} | "
            f"{reported[1] / reported[0]:.3f} | {ours[1] / ours[0]:.3f} |"
        )
    return "\n".join(lines)


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


def _score_table(runs: Mapping[str, ScoredRun]) -> str:
    columns = {
        "SSE": ("sse", "{:.1f}"),
        "MSE": ("mse", "{:.5f}"),
        "PSNR": ("psnr", "{:.2f}"),
        "SSIM": ("ssim", "{:.3f}"),
        "hole MSE": ("hole_mse", "{:.5f}"),
        "hole PSNR": ("hole_psnr", "{:.2f}"),
        "hole SSIM": ("hole_ssim", "{:.3f}"),
        "restored PSNR": ("composite_psnr", "{:.2f}"),
        "restored SSIM": ("composite_ssim", "{:.3f}"),
    }
    lines = ["| run | pictures | " + " | ".join(columns) + " |", "| --- " * 11 + "|"]
    for run in runs.values():
        for split, scores in (("training", run.training_scores), ("val", run.validation_scores)):
            cells = [text.format(mean(scores[key])) for key, text in columns.values()]
            lines.append(f"| {run.reference.title} | {split} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _sheets(runs: Mapping[str, ScoredRun], output: Path) -> list[str]:
    """Writes every sheet; returns the page's sections that show them."""
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
    sections = []
    for name, (caption, positions) in choices.items():
        _write_sheet(faces, validation, positions, output / f"{name}.jpg")
        sections.append(f"**{caption}**\n\n![{name}]({name}.jpg)")
    if AIRCRAFT in runs:
        aircraft = {AIRCRAFT: runs[AIRCRAFT]}
        positions = torch.arange(NUM_PICTURES)
        _write_sheet(aircraft, runs[AIRCRAFT].validation, positions, output / "aircraft.jpg")
        sections.append("**Aircraft.**\n\n![aircraft](aircraft.jpg)")
    return sections


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
