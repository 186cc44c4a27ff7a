"""The page on training runs, in Markdown: scores, curves, curriculum and the last pictures."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from restauro.errors import BadDataError
from restauro.report.page import render
from restauro.report.plots import Line, plot_curriculum, plot_lines, save
from restauro.training.config import Config, load_config
from restauro.training.run_folder import RunFolder

ERROR = ("mse", "mean squared error")
"""In one unit for all losses."""


def write_run_report(runs: Sequence[Path], output: Path) -> Path:
    """Writes `output`/README.md with plots of all `runs` together; returns its path.

    Raises:
        BadDataError: A folder is no run, or its run has finished no epoch.
    """
    configs = {path.name: _config_of(path) for path in runs}
    folders = {path.name: RunFolder(path) for path in runs}
    histories = {name: folder.records() for name, folder in folders.items()}
    best = {name: folder.best_record() for name, folder in folders.items()}
    output.mkdir(parents=True, exist_ok=True)
    save(curves(histories, *ERROR), output / "curves.svg")
    has_sharpness = all("sharpness" in row for rows in histories.values() for row in rows)
    if has_sharpness:  # runs from before it was scored lack it
        sharpness = curves(histories, "sharpness", "sharpness, 1 is right")
        save(sharpness, output / "sharpness.svg")
    last_sheets = {}
    for path in runs:
        name = path.name
        save(curriculum_of(configs[name]), output / f"{name}_curriculum.svg")
        sheets = sorted((path / "samples").glob("*.png"))
        if sheets:
            shutil.copyfile(sheets[-1], output / f"{name}_samples.png")
        last_sheets[name] = sheets[-1].stem if sheets else ""
    page = output / "README.md"
    text = render("runs.md.j2", best=best, has_sharpness=has_sharpness, sheets=last_sheets)
    page.write_text(text)
    return page


def curves(histories: dict[str, list[dict[str, Any]]], score: str, label: str) -> Any:
    """A score of the validation pictures of every run against its epochs."""
    lines: dict[str, Line] = {
        name: ([row["epoch"] for row in rows], [row[score] for row in rows])
        for name, rows in histories.items()
    }
    return plot_lines(lines, x_label="epoch", y_label=label, title="validation pictures")


def curriculum_of(config: Config) -> Any:
    """The plot of a config's curriculum."""
    num_epochs = max(1, math.ceil(config.training.epochs))
    return plot_curriculum(config.curriculum, num_epochs, title=f"curriculum of {config.name}")


def _config_of(path: Path) -> Config:
    if not (path / "config.toml").exists():
        raise BadDataError(f"{path} is no run folder, for it holds no config.toml; check the path")
    config = load_config(path / "config.toml")
    if config.task != "fill":
        raise BadDataError(
            f"{path} is a run that finds damage, and reports are of runs that fill holes; see its "
            "history.jsonl and samples/"
        )
    return config
