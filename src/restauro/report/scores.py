"""From the rows of an evaluation to its tables: estimates, pairs and ranks, groups and gaps."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restauro.errors import BadDataError
from restauro.evaluation.groups import FIFTHS, group_scores, groupings, undamaged
from restauro.evaluation.protocols import ratio_bin, ratio_bins
from restauro.evaluation.store import Evaluation, Rows, TaskRecord
from restauro.metrics import METRICS, SET_METRICS
from restauro.metrics.statistics import GroupGap, estimate, paired_differences
from restauro.report.tables import (
    ALL,
    BETTER,
    MATCHED,
    SKIN_METRIC,
    TIED,
    UNMATCHED,
    WORSE,
    Line,
    SetTables,
)

RATIOS = ("sharpness", "seam")
"""Metrics with a long tail, which a mean would follow: these have quartiles and no ranks."""
SCORED = (
    "hole_psnr",
    "hole_ssim",
    "hole_ms_ssim",
    "hole_ciede2000",
    "hole_l1",
    "composite_psnr",
    "composite_ssim",
    "hole_feature_distance",
    "hole_st_lpips",
    "hole_st_lpips_vgg",
    *RATIOS,
)
"""Metrics of the scores, in their order; those of plug-ins follow. Without any, all that judge."""
GROUPED = (
    "hole_psnr",
    "hole_snr",
    "hole_ssim",
    "hole_feature_distance",
    "hole_st_lpips",
    "relative_error",
    "lightness_error",
    "ita_error",
)
"""Metrics of the groups."""
PAIRED = "paired differences on the same pictures, 95 % intervals that hold for all pairs together"
"""The fact that tells how methods are ranked."""
_SEED = re.compile(r"\.seed\d+$")
"""Trainings that differ in their seed alone are one method: `unet.seed0`, `unet.seed1`: `unet`."""
Values = NDArray[np.float64]


def tables_of(name: str, evaluation: Evaluation) -> SetTables:
    """All tables of an evaluation.

    Groups are of the first task alone: they tell of methods more than of holes.

    Raises:
        BadDataError: The rows of a method are missing, damaged or of other pictures, or no metric
            judges what was restored.
    """
    groups, gaps, facts = _toned(evaluation, evaluation.tasks[0].name)
    for protocol in dict.fromkeys(task.protocol for task in evaluation.tasks):
        tasks = [task for task in evaluation.tasks if task.protocol == protocol]
        if len(tasks) > 1:
            groups += _probed(evaluation, sorted(tasks, key=lambda task: -task.exposure))
    scored = [_scored(evaluation, task) for task in evaluation.tasks]
    if not any(scores for scores, _ in scored):
        raise BadDataError(
            f"{evaluation.path} has no value by which restored pictures are judged; evaluate with "
            "one more metric, such as --metrics hole_psnr"
        )
    timing = {method: asdict(one) for method, one in evaluation.timing.items()}
    return SetTables(
        name,
        {
            "facts": _facts(evaluation, facts),
            "scores": [line for scores, _ in scored for line in scores],
            "pairs": [line for _, pairs in scored for line in pairs],
            "groups": groups,
            "gaps": gaps,
            "methods": [
                _line(asdict(method) | timing.get(method.name, {})) for method in evaluation.methods
            ],
            "failures": [_line(asdict(failure)) for failure in evaluation.failures],
        },
    )


def ranks(methods: Sequence[str], pairs: Sequence[Line]) -> dict[str, int]:
    """One more than the number of methods that are better; nobody has one where none is.

    So methods that cannot be told apart from the best are all first. Those that are in no pair of
    enough pictures have no rank.
    """
    judged = {
        name for pair in pairs if pair["low"] != "nan" for name in (pair["method"], pair["other"])
    }
    worse = [
        pair["other"] if pair["verdict"] == BETTER else pair["method"]
        for pair in pairs
        if pair["verdict"] != TIED
    ]
    return {name: 1 + worse.count(name) for name in methods if name in judged} if worse else {}


def _facts(evaluation: Evaluation, more: Mapping[str, str]) -> list[Line]:
    height, width = evaluation.size
    known = {
        "bank": evaluation.bank,
        "bank sha256": evaluation.bank_sha256,
        "split": evaluation.split,
        "size": f"{width} x {height}",
        "seed": evaluation.seed,
        "ranks": PAIRED,
        "command": evaluation.command,
        **more,
        **evaluation.environment,
    }
    return [_line({"fact": name, "value": value}) for name, value in known.items() if value != ""]


def _scored(evaluation: Evaluation, task: TaskRecord) -> tuple[list[Line], list[Line]]:
    """The scores of all methods on a task, and of their pairs, by bins of hole ratios."""
    seeds = _rows_of_seeds(evaluation, task.name)
    tables, names = _mean_rows(seeds), _by_method(list(seeds))
    asked = {"task": task.name, "exposure": f"{task.exposure:g}", "hash": task.hash}
    scores, pairs = [], []
    for ratios, inside in _bins(tables).items():
        for metric in _judging(tables):
            what = asked | {"hole_ratio": ratios, "metric": metric}
            values = {name: rows.values_of(metric)[inside] for name, rows in tables.items()}
            found = (
                [] if metric in RATIOS else [what | pair for pair in compared_pairs(metric, values)]
            )
            ranked = ranks(list(tables), found)
            pairs += found
            for name, column in values.items():
                line = what | {"method": name, "better": str(METRICS.create(metric).better)}
                line |= _line(asdict(estimate(column))) | {"rank": str(ranked.get(name, ""))}
                line |= _line(_spread([seeds[n].values_of(metric)[inside] for n in names[name]]))
                scores.append(line | (_quartiles(column) if metric in RATIOS else {}))
    of_sets = {one.method: one for one in evaluation.sets if one.task == task.name}
    for metric, (name, seeded) in itertools.product(SET_METRICS, names.items()):
        found_sets = [of_sets[seed] for seed in seeded if seed in of_sets]
        found_values = [getattr(one, metric) for one in found_sets]
        if found_values and None not in found_values:
            what = asked | {"hole_ratio": ALL, "metric": metric, "method": name}
            count = min(one.num_pictures for one in found_sets)
            counts = {"num_finite": count, "num_missing": task.num_pictures - count}
            what |= {"better": SET_METRICS[metric].better, "num_infinite": "0"}
            mean = {"mean": float(np.mean(found_values)), **counts}
            of_seeds = _spread([np.array([value]) for value in found_values])
            scores.append(what | _line(mean | of_seeds))
    return scores, pairs


def compared_pairs(metric: str, values: Mapping[str, Values]) -> Iterator[Line]:
    """Every pair of methods; where near to a value is better, by the distances from it."""
    reading = METRICS.create(metric)
    if reading.better == "near":
        assert reading.best is not None
        values = {name: np.abs(column - reading.best) for name, column in values.items()}
    verdicts = {0: TIED, 1: BETTER, -1: WORSE}
    for (name, other), found in paired_differences(values).items():
        verdict = verdicts[found.sign if reading.better == "higher" else -found.sign]
        yield {"method": name, "other": other, "verdict": verdict} | _line(asdict(found))


def _bins(tables: Mapping[str, Rows]) -> dict[str, Any]:
    """Which pictures, (N,), are in all, and in each bin of hole ratios that is not empty."""
    ratios = np.fmax.reduce([rows.values_of("hole_ratio") for rows in tables.values()])
    found = np.array([ratio_bin(ratio) if ratio >= 0 else "" for ratio in ratios])
    binned = {name: found == name for name in ratio_bins() if (found == name).any()}
    return {ALL: slice(None), **binned}


def _quartiles(values: Values) -> Line:
    """Of the finite values; nan if there is none."""
    finite = values[np.isfinite(values)]
    found = np.quantile(finite, [0.25, 0.5, 0.75]) if len(finite) else [np.nan] * 3
    return _line(dict(zip(("first_quartile", "median", "third_quartile"), found, strict=True)))


def _toned(evaluation: Evaluation, task: str) -> tuple[list[Line], list[Line], Line]:
    """Groups and gaps of a task, by every grouping of its pictures, and what is not known."""
    tables = _mean_rows(_rows_of_seeds(evaluation, task))
    truth = undamaged(list(tables.values()))
    groups, gaps, found = [], [], groupings(truth)
    is_of_people = any(grouping.name == "ita" for grouping in found)
    for grouping in found:
        for metric in _known(GROUPED, tables):
            if metric == SKIN_METRIC and (not is_of_people or grouping.name in FIFTHS):
                continue
            for name, rows in tables.items():
                one = group_scores(rows, grouping, metric)
                what = {"task": task, "grouping": grouping.name, "metric": metric, "method": name}
                groups += [
                    what | {"group": group} | _line(asdict(mean))
                    for group, mean in one.estimates.items()
                ]
                gaps += [
                    what | {"kind": kind} | _gap(gap)
                    for kind, gap in ((UNMATCHED, one.gap), (MATCHED, one.matched))
                    if gap
                ]
    if "ita" not in truth.values:
        return groups, gaps, {}
    unknown = int(np.isnan(truth.values["ita"]).sum())
    return groups, gaps, {"skin tone unknown": f"{unknown:,} of {len(truth):,} pictures"}


def _probed(evaluation: Evaluation, tasks: Sequence[TaskRecord]) -> list[Line]:
    """The same pictures at every exposure, brightest first, and the change of each from 0.

    Of the pictures that all tasks have; one without a value at some exposure counts as missing.
    """
    exposures = [task.exposure for task in tasks]
    groups = [f"{stops:+g} EV" if stops else "0 EV" for stops in exposures]
    start = int(np.argmin(np.abs(exposures)))
    by_task = [_mean_rows(_rows_of_seeds(evaluation, task.name)) for task in tasks]
    common: NDArray[np.int64] = reduce(
        np.intersect1d, [next(iter(tables.values())).index for tables in by_task]
    )
    lines = []
    for metric in _known(GROUPED, by_task[0]):
        if metric == SKIN_METRIC:
            continue
        for name in by_task[0]:
            values = _paired(metric, [tables[name] for tables in by_task], common)
            found = dict(zip(groups, map(estimate, values), strict=True))
            found[f"{groups[-1]} minus {groups[start]}"] = estimate(values[-1] - values[start])
            what = {"task": tasks[0].protocol, "grouping": "exposure", "metric": metric}
            lines += [
                what | {"method": name, "group": group} | _line(asdict(one))
                for group, one in found.items()
            ]
    return lines


def _paired(metric: str, tables: Sequence[Rows], common: NDArray[np.int64]) -> Values:
    """Values of the common pictures, nan unless finite at every exposure: (exposures, pictures)."""
    places = [np.intersect1d(rows.index, common, return_indices=True)[1] for rows in tables]
    values = np.stack(
        [rows.values_of(metric)[place] for rows, place in zip(tables, places, strict=True)]
    )
    return np.where(np.isfinite(values).all(axis=0), values, np.nan)


def _rows_of_seeds(evaluation: Evaluation, task: str) -> dict[str, Rows]:
    return {method.name: evaluation.rows(task, method.name) for method in evaluation.methods}


def _by_method(names: Sequence[str]) -> dict[str, list[str]]:
    """The names of every method's seeds; most methods have but themselves."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(_SEED.sub("", name), []).append(name)
    return found


def _mean_rows(seeds: Mapping[str, Rows]) -> dict[str, Rows]:
    """By method, the mean of its seeds' values of every picture; nan where one has none."""
    found = {}
    for method, names in _by_method(list(seeds)).items():
        several = [seeds[name] for name in names]
        known = [metric for metric in several[0].values if all(metric in r.values for r in several)]
        values = {metric: np.mean([r.values[metric] for r in several], axis=0) for metric in known}
        first = several[0]
        found[method] = Rows(first.index, first.names, first.labels, values) if names[1:] else first
    return found


def _spread(values: Sequence[Values]) -> dict[str, float]:
    """Number of the seeds and standard deviation of their means; nothing for one.

    `values` are those of each seed, (N,), of which the finite count.
    """
    if len(values) < 2:
        return {}
    means = [column[np.isfinite(column)].mean() for column in values]
    return {"num_seeds": len(means), "spread": float(np.std(means, ddof=1))}


def _judging(tables: Mapping[str, Rows]) -> list[str]:
    """The metrics of the scores."""
    names = dict.fromkeys(name for rows in tables.values() for name in rows.values)
    found = _known((*SCORED, *filter(METRICS.code_files, names)), tables)
    others = [name for name in names if name in METRICS and METRICS.create(name).better]
    return found or _known(others, tables)


def _known(metrics: Sequence[str], tables: Mapping[str, Rows]) -> list[str]:
    """Those of which some method has a number for some picture."""
    return [
        metric
        for metric in metrics
        if any(not np.isnan(rows.values_of(metric)).all() for rows in tables.values())
    ]


def _gap(gap: GroupGap) -> Line:
    names = ("gap", "low", "high", "chance", "best", "worst", "covered")
    return _line({name: getattr(gap, name) for name in names})


def _line(values: Mapping[str, object]) -> Line:
    """As CSV has them: numbers to six digits, nothing for None."""
    return {
        name: f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)
        for name, value in values.items()
    }
