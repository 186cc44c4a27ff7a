"""How sure a filler may be: its calibration, and how well that keeps its promise elsewhere.

No network is trained: a line through logarithms tells which error to expect, and risk control how
much of it to trust. Both on pictures of their own, and over holes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray

from restauro.data.bank import Bank
from restauro.data.batches import to_tensor
from restauro.errors import BadDataError
from restauro.evaluation.groups import groupings
from restauro.evaluation.protocols import choose_protocols
from restauro.evaluation.store import Rows
from restauro.fill.filler import PICTURES_AT_ONCE, Filler
from restauro.fill.trust import Calibration, features, identity_of, surroundings
from restauro.metrics import Comparison, scores
from restauro.picture.types import Image, Mask
from restauro.sheets import sheet, show_hole

PROTOCOLS = ("box", "irregular")
"""Whose holes the pictures have in turn."""
DOUBT = 0.1
"""Probability that a calibration promises too much, by the chance of its pictures."""
FITTED_SHARE = 1 / 3
"""Of the pictures, by which errors are learned; the others tell what to promise of them."""
PIXELS_A_PICTURE = 300
NUM_STEPS = 200
WIDEST, NARROWEST = 50.0, 0.2
"""Halves of the intervals that are tried, in expected errors."""
LEAST_PICTURES = 60
KEPT = ("trusted", "right", "all right", "inside", "width")
"""Columns of `kept_promises` that tables show; the width in levels, the others shares."""

Watch = Callable[[int], object]
"""Is told how many more pictures are done; `int` does nothing with it."""


@dataclass(frozen=True)
class Trial:
    """A bank's picture, its hole, and what a filler made of it."""

    row: int
    image: Image
    hole: Mask
    restored: Image

    @property
    def errors(self) -> NDArray[np.int16]:
        """Of the N pixels of the hole, in levels: (N, 3)."""
        errors = self.restored[self.hole].astype(np.int16) - self.image[self.hole]
        return np.asarray(np.abs(errors))


def drawn(bank: Bank, split: str, limit: int, seed: int) -> NDArray[np.int64]:
    """Positions of so many pictures of a split, in an order of chance.

    Raises:
        BadDataError: There is no such split, or it has too few pictures.
    """
    rows = np.random.default_rng(seed).permutation(bank.split(split))[:limit]
    if len(rows) < LEAST_PICTURES:
        raise BadDataError(
            f"{len(rows)} pictures of {bank.path}:{split} are too few to tell anything; give "
            f"{LEAST_PICTURES} or more, of another split or bank"
        )
    return rows


def calibrate(
    filler: Filler,
    bank: Bank,
    rows: NDArray[np.int64],
    *,
    threshold: float = 25.0,
    promise: float = 0.9,
    seed: int = 0,
    watch: Watch = int,
) -> Calibration:
    """Learns which errors a filler makes on pictures, and what may be promised of them.

    The promise is kept on average over pictures like these, with a probability of 1 - `DOUBT`.
    Source: Bates et al. 2021, arXiv:2101.02703 (intervals), and Angelopoulos et al. 2021,
    arXiv:2110.01052, fixed sequence testing (trust, whose risk need not be monotone). Both with the
    bound of Waudby-Smith and Ramdas, where Hoeffding's would give points away.
    """
    num_fitted, side = round(FITTED_SHARE * len(rows)), max(bank.size)
    start = Calibration(
        filler=identity_of(filler),
        side=side,
        weights=_fitted(restorations(filler, bank, rows[:num_fitted], seed, watch), side),
        threshold=threshold,
        most_expected=0.0,
        stretch=WIDEST,
        promise=promise,
        pictures=f"{len(rows)} of {bank.path.resolve().name}, seed {seed}",
    )
    expected, errors = [], []
    for one in restorations(filler, bank, rows[num_fitted:], seed, watch):
        expected.append(start.expected_error(one.restored, one.hole)[one.hole])
        errors.append(one.errors)
    risk = 1 - promise
    return replace(
        start,
        most_expected=_boldest(_trusted(expected, errors, threshold), risk, 0.0),
        stretch=_boldest(_outside(expected, errors), risk, WIDEST),
    )


def kept_promises(
    filler: Filler,
    calibration: Calibration,
    bank: Bank,
    rows: NDArray[np.int64],
    seed: int = 0,
    watch: Watch = int,
) -> Rows:
    """What became of the promises on other pictures, a row each.

    `trusted`, the share of the hole; `right`, the share of that whose error is within the
    threshold, nan where nothing is trusted; `all right`, that of the whole hole; `inside`, the
    share of the hole's values in their intervals; `width` of these in levels; and what pictures are
    grouped by.
    """
    values: dict[str, list[float]] = {}
    for one in restorations(filler, bank, rows, seed, watch):
        trusted = calibration.trust(one.restored, one.hole)[one.hole]
        ends = calibration.interval(one.restored, one.hole)
        lower, upper = (end[one.hole].astype(np.int16) for end in ends)
        truth = one.image[one.hole]
        right = one.errors.mean(axis=1) <= calibration.threshold
        told = {
            "trusted": trusted.mean(),
            "right": right[trusted].mean() if trusted.any() else np.nan,
            "all right": right.mean(),
            "inside": ((lower <= truth) & (truth <= upper)).mean(),
            "width": (upper - lower).mean(),
            **_described(one),
        }
        for name, value in told.items():
            values.setdefault(name, []).append(float(value))
    index = [bank.index[row] for row in rows]
    labels = {name: [row[name] for row in index] for name in index[0]}
    columns = {name: np.array(column) for name, column in values.items()}
    return Rows(rows, labels.pop("name"), labels, columns)


def table(kept: Rows) -> Iterator[tuple[str, ...]]:
    """A heading, and a line for all pictures and for each group of them."""
    yield "grouping", "group", "pictures", *KEPT
    groups = [("", "all", np.arange(len(kept)))]
    for grouping in groupings(kept):
        of_picture = np.array(grouping.group_of_picture)
        for name in grouping.names_in_order:
            groups.append((grouping.name, name, np.flatnonzero(of_picture == name)))
    for grouping_name, name, chosen in groups:
        means = {column: np.nanmean(kept.values[column][chosen]) for column in KEPT}
        shares = [f"{mean:.1%}" for column, mean in means.items() if column != "width"]
        yield grouping_name, name, str(len(chosen)), *shares, f"{means['width']:.0f}"


def trust_sheet(calibration: Calibration, trials: Iterable[Trial]) -> PIL.Image.Image:
    """A row for each picture: damaged, restored, as it was, the error, and what is trusted.

    Errors are the darker, the larger, black from 64 levels on; what is not trusted is grey.
    """
    rows = []
    for one in trials:
        error = np.abs(one.restored.astype(np.int16) - one.image).mean(axis=2)
        darkness = np.repeat(255 - (4 * error).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
        doubted = one.hole & ~calibration.trust(one.restored, one.hole)
        trusted = show_hole(one.restored, doubted)
        rows.append([show_hole(one.image, one.hole), one.restored, one.image, darkness, trusted])
    return sheet(rows, ["damaged", "restored", "original", "error", "trusted"])


def restorations(
    filler: Filler, bank: Bank, rows: NDArray[np.int64], seed: int = 0, watch: Watch = int
) -> Iterator[Trial]:
    """Pictures at these positions of a bank, each restored in a hole of its own."""
    protocols = choose_protocols(PROTOCOLS)
    for start in range(0, len(rows), PICTURES_AT_ONCE):
        some = rows[start : start + PICTURES_AT_ONCE].tolist()
        images = bank.images[some]
        holes = np.stack(
            [protocols[row % len(protocols)].hole(bank.size, row, seed) for row in some]
        )
        for each in zip(some, images, holes, filler.batch(images, holes), strict=True):
            yield Trial(*each)
        watch(len(some))


def chance_of(losses: NDArray[np.floating], most: float) -> float:
    """At most how likely losses (N,) in [0, 1] are so low if their mean is above `most`.

    By betting against that: Waudby-Smith and Ramdas 2020, arXiv:2010.09686.
    """
    counts = np.arange(1, len(losses) + 1)
    means = (0.5 + np.cumsum(losses)) / (1 + counts)
    variances = (0.25 + np.cumsum((losses - means) ** 2)) / (1 + counts)
    before = np.concatenate([[0.25], variances[:-1]])
    bets = np.minimum(1, np.sqrt(2 * np.log(1 / DOUBT) / len(losses) / before))
    wealth = np.cumsum(np.log1p(-bets * (losses - most)))
    return float(min(1.0, np.exp(-wealth.max(initial=0))))


def _fitted(examples: Iterable[Trial], side: int) -> tuple[float, ...]:
    """The weights by which features tell the logarithm of the error, by least squares."""
    rng = np.random.default_rng(0)
    found, targets = [], []
    for one in examples:
        errors = np.zeros(one.hole.shape)
        errors[one.hole] = one.errors.mean(axis=1)
        for _, around in surroundings(one.hole, side):
            hole = one.hole[around.slices]
            pixels = rng.permutation(np.flatnonzero(hole))[:PIXELS_A_PICTURE]
            layers = features(one.restored[around.slices], hole)
            found.append(layers.reshape(len(layers), -1)[:, pixels].T)
            targets.append(np.log(errors[around.slices].flat[pixels] + 1))
    weights, *_ = np.linalg.lstsq(np.concatenate(found), np.concatenate(targets), rcond=None)
    return tuple(round(float(weight), 6) for weight in weights)


def _trusted(
    expected: Sequence[NDArray[np.float32]], errors: Sequence[NDArray[np.int16]], threshold: float
) -> Iterator[tuple[float, NDArray[np.float64]]]:
    """Expected errors up to which is trusted, from few to all, and what each costs.

    That is, of pictures with something trusted, the share of it that is wrong. Starts where half
    of the pictures have something; by what is expected alone, so that no truth is used.
    """
    ordered = []
    for one, error in zip(expected, errors, strict=True):
        order = np.argsort(one)
        ordered.append((one[order], np.cumsum(error.mean(axis=1)[order] > threshold)))
    least = float(np.median([one.min() for one in expected]))
    for most in np.geomspace(least, max(one.max() for one in expected), NUM_STEPS):
        counts = [(np.searchsorted(one, most, "right"), wrong) for one, wrong in ordered]
        yield float(most), np.array([wrong[n - 1] / n for n, wrong in counts if n])


def _outside(
    expected: Sequence[NDArray[np.float32]], errors: Sequence[NDArray[np.int16]]
) -> Iterator[tuple[float, NDArray[np.float64]]]:
    """Halves of intervals from wide to narrow, and the share of values outside of each."""
    ordered = [
        np.sort((error / one[:, None]).ravel()) for one, error in zip(expected, errors, strict=True)
    ]
    for stretch in np.geomspace(WIDEST, NARROWEST, NUM_STEPS):
        outside = [1 - np.searchsorted(one, stretch, "right") / len(one) for one in ordered]
        yield float(stretch), np.array(outside)


def _boldest(
    steps: Iterable[tuple[float, NDArray[np.float64]]], most: float, before: float
) -> float:
    """The last step whose risk is surely below `most`, and that of all steps before it."""
    for step, losses in steps:
        if chance_of(losses, most) > DOUBT:
            break
        before = step
    return before


def _described(one: Trial) -> dict[str, float]:
    """By what pictures are grouped."""
    image, restored = (
        to_tensor(torch.from_numpy(np.ascontiguousarray(x[None])))
        for x in (one.image, one.restored)
    )
    compared = Comparison(restored, image, torch.from_numpy(one.hole[None, None]))
    found = scores(compared, ["hole_lightness", "ita"])
    return {name: float(value) for name, value in found.items()}
