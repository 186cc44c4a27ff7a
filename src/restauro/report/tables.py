"""The numbers of an evaluation as lines of CSV tables, all that pages are made of, and in print."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from restauro.errors import BadDataError
from restauro.evaluation.groups import FIFTHS
from restauro.files import whole_file
from restauro.metrics import METRICS, SET_METRICS
from restauro.report.page import NONE, Cell, Table

TABLES = ("facts", "scores", "pairs", "groups", "gaps", "methods", "failures")
STATED = "stated.txt"
"""Behind a set's name, the file of `SetTables.stated`."""
ALL = "all"
"""The bin of all pictures, among those of hole ratios."""
BETTER, WORSE, TIED = "better than", "worse than", "not told apart from"
"""What a pair's first method is beside the second."""
UNMATCHED, MATCHED = "gap", "gap after matching"
SKIN_METRIC = "ita_error"
"""Only for groups of people, in sets that are grouped by tone."""
TITLES = FIFTHS | {"ita": "apparent skin tone", "exposure": "exposure (stops)"}
"""Grouping -> what tables call it."""
Line = dict[str, str]


@dataclass(frozen=True)
class SetTables:
    """What is known of some methods on a set of pictures.

    facts: what was asked, and the machine. scores: every task, bin of hole ratios, metric and
    method. pairs: the same with two methods, one minus the other. groups: every grouping, group,
    metric and method; the grouping `exposure` has the same pictures at several. gaps: best group
    against worst. methods: size and time. failures: pictures that a method gave up on.
    """

    name: str
    """That files begin with, such as `celeba-test`."""
    lines: Mapping[str, Sequence[Line]]
    """By table."""

    @property
    def facts(self) -> Line:
        """By name."""
        return {line["fact"]: line["value"] for line in self.lines["facts"]}

    @property
    def title(self) -> str:
        """Such as `celeba, test`."""
        return f"{self.facts['bank']}, {self.facts['split']}"

    @property
    def tasks(self) -> dict[str, Line]:
        """A line of every task that is of all its pictures, by name."""
        found: dict[str, Line] = {}
        for line in self.scores(hole_ratio=ALL):
            found.setdefault(line["task"], line)
        return found

    @property
    def plain_tasks(self) -> list[str]:
        """Those whose pictures are as they are."""
        return [name for name, line in self.tasks.items() if float(line["exposure"]) == 0]

    @property
    def stated(self) -> str:
        """What decides the numbers, a line each, to be pasted beside them."""
        tasks = [
            f"task {name}: {line['hash']}, {num_pictures(line):,} pictures"
            for name, line in self.tasks.items()
        ]
        weights = [
            f"weights of {line['name']}: SHA-256 {line['file_sha256']}"
            for line in self.lines["methods"]
            if line["file_sha256"]
        ]
        facts = [f"{name}: {value}" for name, value in self.facts.items()]
        return "\n".join([*facts, *tasks, *weights])

    def scores(self, **wanted: str) -> list[Line]:
        """The lines with these values."""
        return chosen(self.lines["scores"], **wanted)

    def write(self, folder: Path) -> None:
        """Writes a file a table, of one without lines none, and what is to be stated."""
        folder.mkdir(parents=True, exist_ok=True)
        for table in TABLES:
            path = table_path(folder, self.name, table)
            columns = dict.fromkeys(name for line in self.lines[table] for name in line)
            if not columns:
                path.unlink(missing_ok=True)
                continue
            with whole_file(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(columns), lineterminator="\n", restval="")
                writer.writeheader()
                writer.writerows(self.lines[table])
        with whole_file(folder / f"{self.name}_{STATED}") as aside:
            aside.write_text(self.stated + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path, name: str) -> SetTables:
        """Reads what `write` wrote.

        Raises:
            BadDataError: There are no such tables.
        """
        found: dict[str, list[Line]] = dict.fromkeys(TABLES, [])
        for table in TABLES:
            path = table_path(folder, name, table)
            if path.exists():
                with path.open(newline="", encoding="utf-8") as file:
                    found[table] = list(csv.DictReader(file))
        if not (found["facts"] and found["scores"]):
            raise BadDataError(
                f"{folder} has no tables of {name}; make them with `restauro report`"
            )
        return cls(name, found)


def table_path(folder: Path, name: str, table: str) -> Path:
    """Where a table of a set lies."""
    return folder / f"{name}_{table}.csv"


def chosen(lines: Iterable[Line], **wanted: str) -> list[Line]:
    """The lines with these values."""
    return [line for line in lines if all(line[key] == wanted[key] for key in wanted)]


def num_pictures(line: Line) -> int | None:
    """How many pictures a line of scores or groups is of, if it says so."""
    counts = [line[name] for name in ("num_finite", "num_infinite", "num_missing")]
    return sum(map(int, counts)) if all(counts) else None


@dataclass(frozen=True)
class Column:
    """How tables print a metric."""

    title: str
    digits: int
    is_signed: bool = False
    """Whether values lie on both sides of the best, 0."""


COLUMNS = {
    "hole_psnr": Column("PSNR", 2),
    "hole_ssim": Column("SSIM", 3),
    "hole_ms_ssim": Column("MS-SSIM", 3),
    "hole_ciede2000": Column("ΔE00", 2),
    "hole_l1": Column("L1", 4),
    "composite_psnr": Column("whole PSNR", 2),
    "composite_ssim": Column("whole SSIM", 4),
    "hole_feature_distance": Column("feature distance", 3),
    "hole_st_lpips": Column("ST-LPIPS", 3),
    "hole_st_lpips_vgg": Column("ST-LPIPS (VGG)", 3),
    "frechet_feature_distance": Column("Fréchet", 1),
    "frechet_st_lpips": Column("Fréchet (ST-LPIPS)", 4),
    "p_ids_st_lpips": Column("P-IDS (ST-LPIPS)", 3),
    "u_ids_st_lpips": Column("U-IDS (ST-LPIPS)", 3),
    "sharpness": Column("sharpness", 2),
    "seam": Column("seam", 2),
    "hole_snr": Column("SNR", 2),
    "relative_error": Column("relative error of light", 2),
    "lightness_error": Column("lightness error", 1, is_signed=True),
    SKIN_METRIC: Column("skin tone error", 1, is_signed=True),
}


def column_of(metric: str) -> Column:
    """How a metric is printed, a plug-in's too."""
    return COLUMNS.get(metric, Column(metric, 3))


def heading(metric: str) -> str:
    """Title, unit and which way is better, such as `PSNR (dB) ↑`."""
    title, better = column_of(metric).title, {"higher": "↑", "lower": "↓"}
    if metric in SET_METRICS:
        return f"{title} {better[SET_METRICS[metric].better]}"
    reading = METRICS.create(metric)
    unit = f" ({reading.unit})" if reading.unit not in ("", title) else ""
    return f"{title}{unit} {better.get(str(reading.better), f'→ {reading.best:g}')}"


def pivot(
    title: str,
    lines: Sequence[Line],
    column: str,
    cell: Callable[[Line], Cell],
    note: str = "",
    *,
    is_counted: bool = False,
) -> Table:
    """Lines as a table: a row a method, and a column for each value of `column`, in their order.

    With `is_counted` the heads say of how many pictures a column is.
    """
    firsts = {line[column]: line for line in reversed(lines)}
    names = dict.fromkeys(line[column] for line in lines)
    places = {(line["method"], line[column]): cell(line) for line in lines}
    rows = [
        [Cell(method), *(places.get((method, name), Cell(NONE)) for name in names)]
        for method in dict.fromkeys(line["method"] for line in lines)
    ]
    heads = []
    for name in names:
        count = num_pictures(firsts[name]) if is_counted else None
        words = heading(name) if column == "metric" else name
        words = TITLES.get(name, name) if column == "grouping" else words
        heads.append(Cell(words, (f"n = {count:,}",) if count else ()))
    return Table(title, [Cell("method"), *heads], rows, note)


def shown(line: Line) -> Cell:
    """The mean, bold if nobody is better, above its interval, rank, seeds and what it leaves out.

    Of a ratio the median above its quartiles.
    """
    digits = column_of(line["metric"]).digits
    names = ("median", "first_quartile", "third_quartile")
    middle, low, high = (number(line, name) for name in names)
    if math.isnan(middle):
        middle, low, high = (number(line, name) for name in ("mean", "low", "high"))
    infinite, missing = (int(line[name] or 0) for name in ("num_infinite", "num_missing"))
    if not math.isfinite(middle):
        return Cell("all perfect" if infinite else NONE)
    beneath = []
    if math.isfinite(low):
        beneath.append(f"{low:z.{digits}f} to {high:z.{digits}f}")  # z: no -0.00
    if line.get("rank"):
        beneath.append(f"#{line['rank']}")
    small = [" · ".join(beneath)] if beneath else []
    if line.get("num_seeds"):
        small.append(f"{line['num_seeds']} seeds ± {number(line, 'spread'):.{digits}f}")
    small += [f"{infinite:,} perfect"] * (infinite > 0) + [f"{missing:,} missing"] * (missing > 0)
    return Cell(f"{middle:z.{digits}f}", tuple(small), line.get("rank") == "1")


def short(line: Line) -> Cell:
    """The mean and half of its interval, bold if no method is better."""
    digits = column_of(line["metric"]).digits
    mean, low, high = (number(line, name) for name in ("mean", "low", "high"))
    if not math.isfinite(mean):
        return Cell(NONE)
    half = f" ± {(high - low) / 2:.{digits}f}" if math.isfinite(low) else ""
    return Cell(f"{mean:z.{digits}f}", (half,), line.get("rank") == "1")


def number(line: Line, name: str) -> float:
    """A number of a line; nan where it has none."""
    return float(line.get(name) or "nan")
