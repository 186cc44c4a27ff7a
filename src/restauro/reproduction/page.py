"""The page on the paper's trainings run again: made from what is kept of those that finished."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from restauro.fill.catalogue import list_models, load
from restauro.picture.types import Image
from restauro.report.page import NONE, render
from restauro.report.plots import Line, plot_lines, save
from restauro.report.runs import ERROR, curriculum_of, curves
from restauro.reproduction.findings import change, extremes, findings, gap, interval, mean
from restauro.reproduction.record import RunRecord, Shown, num_values, shown
from restauro.reproduction.runs import (
    CELEBA_TRAINING_PICTURES,
    CELEBA_VALIDATION_PICTURES,
    LARGEST,
    LATENTS,
    LEAST_FALL,
    MOST_EPOCHS,
    fall_of,
    has_plateaued,
)
from restauro.reproduction.units import likely_batch, paper_over, units
from restauro.sheets import sheet, show_hole
from restauro.training.validation import to_uint8

AIRCRAFT, ON, DROPOUT = "reference_aircraft", "reference_512_plateau", "reference_512_dropout"
OTHERS = (LARGEST, "reference_512_huber", "reference_fc", ON, DROPOUT)
"""Beside each other on the sheet of what else was tried."""
SHORT = {
    "reference_512_huber": "512, Huber",
    AIRCRAFT: "prediction",
    ON: "512, on",
    DROPOUT: "512, dropout",
}
"""Names of runs whose titles are too long above a picture."""


def write_page(
    records: Mapping[str, RunRecord],
    missing: Sequence[str],
    output: Path,
    *,
    share: float,
    command: str,
) -> Path:
    """Writes tables, plots and sheets of the finished runs, by name; returns the page.

    `missing` are titles of the runs that have not finished. `share` of a pass over the training
    pictures, in (0, 1], made an epoch; `command` is what a reader types to get the page again.
    """
    output.mkdir(parents=True, exist_ok=True)
    faces = {name: record for name, record in records.items() if name != AIRCRAFT}
    first = next(iter((faces or records).values()))
    own = {r.reference.title: r.history for r in faces.values() if not r.reference.parts}
    on = {name: record for name, record in faces.items() if record.reference.is_to_plateau}
    if own:
        save(curves(own, *ERROR), output / "curves.svg")
    if on:
        save(_long_curves([*on.values()]), output / "plateau.svg")
    save(curriculum_of(first.config), output / "curriculum.svg")
    seen = shown(first.bank, first.config)
    for name, kind in {"faces": "first", "dark": "dark", "backlit": "backlit"}.items():
        _write_sheet(records, LATENTS, seen, kind, "faces", output / f"{name}.jpg")
    _write_sheet(records, OTHERS, seen, "first", "", output / "others.jpg")
    if AIRCRAFT in records:
        planes = shown(records[AIRCRAFT].bank, records[AIRCRAFT].config)
        _write_sheet(records, [AIRCRAFT], planes, "first", "aircraft", output / "aircraft.jpg")
    latents = {name: records[name] for name in LATENTS if name in records}
    text = render(
        "reproduction.md.j2",
        command=command,
        share=share,
        missing=missing,
        records=records,
        latents=latents,
        findings=findings(records, seen),
        **(_unit_tables([*latents.values()]) if latents else {}),
        num_values=num_values(first.bank),
        starts=_starts(records),
        holes=_growing_and_full(records),
        on=on,
        long=[
            r for r in faces.values() if r.reference.name in LATENTS or r.reference.is_to_plateau
        ],
        others=(output / "others.jpg").exists(),
        aircraft=AIRCRAFT,
        celeba=CELEBA_TRAINING_PICTURES,
        most_epochs=MOST_EPOCHS,
        least_fall=LEAST_FALL,
        fall_of=fall_of,
        has_plateaued=has_plateaued,
        parting=_parting,
        shown=seen,
        darkest=extremes(seen.tone)[0],
        mean=mean,
        interval=interval,
        change=change,
        gap=gap,
    )
    page = output / "README.md"
    page.write_text(text)
    return page


def _unit_tables(latents: Sequence[RunRecord]) -> dict[str, Any]:
    """Our losses in every reading of the paper's: what the template needs to show them."""
    paper = [record.reference.validation_loss or 0.0 for record in latents]
    ours = [mean(record.validation["sse"]) for record in latents]
    sizes = {
        "our validation pictures": len(latents[0].validation["sse"]),
        "the paper's validation pictures": CELEBA_VALIDATION_PICTURES,
    }
    found = {
        unit: paper_over(paper, unit.of(ours)) for unit in units(num_values(latents[0].bank), sizes)
    }
    factors: dict[str, list[str]] = {}
    for unit, factor in found.items():
        factors.setdefault(unit.scale, [unit.scale]).append(f"{factor:.3g}")
    by_distance = sorted(found, key=lambda unit: abs(math.log(found[unit])))
    return {
        "sums": list(dict.fromkeys(unit.pictures for unit in found)),
        "factors": [*factors.values()],
        "nearest": [
            [one.scale, one.pictures, *(f"{x:.2e}" for x in one.of(ours)), f"{found[one]:.2f}"]
            for one in by_distance
            if 0.5 <= found[one] <= 2
        ],
        "paper_over_ours": [f"{a / b:.0f}" for a, b in zip(paper, ours, strict=True)],
        "likely": likely_batch(paper, ours),
    }


def _starts(records: Mapping[str, RunRecord]) -> list[list[str]]:
    """Validation SSE of the latents, a row for each seed, and last their largest difference."""
    columns: list[list[float | None]] = [
        [
            mean(records[name].validation["sse"]) if name in records else None
            for name in (latent, f"{latent}_seed1", f"{latent}_seed2")
        ]
        for latent in LATENTS
    ]
    rows = []
    for seed, errors in enumerate(zip(*columns, strict=True)):
        known = [error for error in errors if error is not None]
        falls = known == sorted(known, reverse=True)
        verdict = NONE if len(known) < 2 else "yes" if falls else "no"
        numbers = (NONE if error is None else f"{error:.1f}" for error in errors)
        rows += [[str(seed), *numbers, verdict]] if known else []
    known_of = [[error for error in column if error is not None] for column in columns]
    spreads = (f"{max(one) - min(one):.1f}" if one else NONE for one in known_of)
    return [*rows, ["largest difference", *spreads, ""]] if len(rows) > 1 else []


def _growing_and_full(records: Mapping[str, RunRecord]) -> dict[int, tuple[RunRecord, RunRecord]]:
    """By seed, latent 512 with growing and with full holes, where both are there."""
    names = {
        0: (LARGEST, "reference_512_full_seed0"),
        1: ("reference_512_seed1", "reference_512_full_seed1"),
    }
    return {
        seed: (records[growing], records[full])
        for seed, (growing, full) in names.items()
        if growing in records and full in records
    }


def _long_curves(records: Sequence[RunRecord]) -> Any:
    lines: dict[str, Line] = {
        f"{record.reference.title}: {split}": (
            [row["epoch"] for row in record.history],
            [row[f"{split}_loss"] for row in record.history],
        )
        for record in records
        for split in ("training", "validation")
    }
    return plot_lines(lines, x_label="epoch", y_label="mean squared error", title="to the plateau")


def _parting(record: RunRecord) -> int | None:
    """The epoch from which on validation errs more than training does; None if it never does."""
    last = None
    for row in reversed(record.history):
        if row["validation_loss"] <= row["training_loss"]:
            break
        last = int(row["epoch"])
    return last


def _write_sheet(
    records: Mapping[str, RunRecord],
    names: Sequence[str],
    seen: Shown,
    kind: str,
    model: str,
    path: Path,
) -> None:
    """One row a picture: damaged, the predictions of the runs `names`, fills and original.

    With `model` the fills: the last run's with known pixels put back, Telea's and that model's.
    """
    runs = [records[name] for name in names if name in records]
    if not runs:
        return
    kinds = [one for one, positions in seen.positions.items() for _ in positions]
    rows = [i for i, one in enumerate(kinds) if one == kind]
    originals, holes = to_uint8(seen.images[rows]), seen.masks[rows, 0].bool().numpy()
    columns: dict[str, Sequence[Image]] = {"damaged": [*map(show_hole, originals, holes)]}
    for run in runs:
        title = SHORT.get(run.reference.name, run.reference.title)
        columns[title] = [run.predictions[i] for i in rows]
    if model:
        last = [runs[-1].predictions[i] for i in rows]
        restored = np.where(holes[..., None], np.stack(last), originals)
        columns["restored"] = [*restored]
        for filler in ("telea", model):
            if not list_models()[filler]:  # nothing is missing here
                fill = load(filler)
                columns[filler] = [fill(*pair) for pair in zip(originals, holes, strict=True)]
    columns["original"] = [*originals]
    grid = [[*row] for row in zip(*columns.values(), strict=True)]
    sheet(grid, [*columns]).save(path, quality=88)
