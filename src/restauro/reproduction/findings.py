"""What the paper says of its networks, and whether ours agree: numbers with 95 % intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from restauro.reproduction.record import RunRecord, Shown
from restauro.reproduction.runs import LARGEST, LATENTS, LEAST_FALL, fall_of

FIFTH = 0.2
Interval = tuple[float, float]
"""A number and half of its 95 % interval."""


@dataclass(frozen=True)
class Finding:
    """A claim of the paper, beside our numbers."""

    claim: str
    here: str
    agrees: bool


def findings(records: Mapping[str, RunRecord], shown: Shown) -> list[Finding]:
    """Those that the finished runs, by name, can say something about."""
    found = [*_of_latents(records), *_of_other_networks(records)]
    return found + ([*_of_pictures(records[LARGEST], shown)] if LARGEST in records else [])


def _of_latents(records: Mapping[str, RunRecord]) -> Iterator[Finding]:
    latents = [records[name] for name in LATENTS if name in records]
    if len(latents) == len(LATENTS):
        errors = [record.validation["sse"] for record in latents]
        steps = [change(*pair) for pair in zip(errors, errors[1:], strict=False)]
        yield Finding(
            "the loss falls as the latent grows (ratios 1.151, 1.052, 1)",
            "validation SSE {:+.1f} ± {:.1f} from 32 to 128, {:+.1f} ± {:.1f} from 128 to 512 "
            "(ratios {:.3f}, {:.3f}, 1)".format(
                *steps[0], *steps[1], *(mean(one) / mean(errors[-1]) for one in errors[:-1])
            ),
            all(step < -half for step, half in steps),
        )
        gaps = [gap(record) for record in latents]
        (first, first_half), (last, last_half) = gaps[0], gaps[-1]
        yield Finding(
            "training and validation loss come closer (1.119, 1.058, 1.030)",
            "validation over training " + ", ".join("{:.3f} ± {:.3f}".format(*one) for one in gaps),
            first - last > (first_half**2 + last_half**2) ** 0.5,
        )
    if latents:
        falls = {
            record.reference.title: fall_of(record.history, record.config) for record in latents
        }
        yield Finding(
            "no run reached its plateau",
            "in the last period the validation loss fell by "
            + ", ".join(f"{100 * fall:.1f} % ({title})" for title, fall in falls.items()),
            min(falls.values()) >= LEAST_FALL,
        )


def _of_other_networks(records: Mapping[str, RunRecord]) -> Iterator[Finding]:
    errors = {name: record.validation["sse"] for name, record in records.items()}
    floor, huber, smallest = "reference_fc", "reference_512_huber", LATENTS[0]
    if {LARGEST, floor, huber} <= errors.keys():
        lost = change(errors[LARGEST], errors[huber])
        at_the_floor = change(errors[LARGEST], errors[floor])
        yield Finding(
            "Huber is poor, comparable to the fully connected network",
            "beside latent 512, Huber changes the validation SSE by {:+.1f} ± {:.1f}, the fully "
            "connected network by {:+.1f} ± {:.1f}".format(*lost, *at_the_floor),
            lost[0] > at_the_floor[0] / 2 > 0,
        )
    if {smallest, floor} <= errors.keys():
        step, half = change(errors[smallest], errors[floor])
        yield Finding(
            "the fully connected network is the floor",
            f"its validation SSE is {step:+.1f} ± {half:.1f} beside that of latent 32",
            step > half,
        )


def _of_pictures(record: RunRecord, shown: Shown) -> Iterator[Finding]:
    scores = record.validation
    darkest, lightest = extremes(shown.tone)
    bias = [interval(scores["lightness_error"][part]) for part in (darkest, lightest)]
    error = [interval(scores["relative_error"][part]) for part in (darkest, lightest)]
    yield Finding(
        "dark tones are done badly",
        "on the darkest fifth of the faces, latent 512 fills {:+.1f} ± {:.1f} L* too light, on the "
        "lightest {:+.1f} ± {:.1f}; it errs by {:.2f} ± {:.2f} of the light there, and by "
        "{:.2f} ± {:.2f}".format(*bias[0], *bias[1], *error[0], *error[1]),
        bias[0][0] > bias[0][1] and error[0][0] - error[0][1] > error[1][0] + error[1][1],
    )
    least, most = (interval(scores["hole_mse"][part]) for part in extremes(shown.backlight))
    yield Finding(
        "backlit pictures are done badly",
        "hole MSE of the most backlit fifth {:.4f} ± {:.4f}, of the least {:.4f} ± {:.4f}".format(
            *most, *least
        ),
        most[0] - most[1] > least[0] + least[1],
    )
    middle, half = interval(scores["log2_sharpness"])
    low, high = 2 ** (middle - half), 2 ** (middle + half)
    yield Finding(
        "results are blurry",
        f"the fills of latent 512 have {2**middle:.3f} ({low:.3f} to {high:.3f}) of the truth's "
        "gradient energy",
        high < 1,
    )


def mean(values: Tensor) -> float:
    """Mean of the finite values: one perfect picture must not make a mean infinite."""
    return float(values[values.isfinite()].mean())


def interval(values: Tensor) -> Interval:
    """Mean of the finite values."""
    finite = values[values.isfinite()]
    return float(finite.mean()), 1.96 * float(finite.std()) / len(finite) ** 0.5


def change(before: Tensor, after: Tensor) -> Interval:
    """Mean change of the error of the same pictures."""
    return interval(after - before)


def gap(record: RunRecord) -> Interval:
    """Validation SSE over training SSE, of other pictures."""
    (above, above_half), (below, below_half) = (
        interval(scores["sse"]) for scores in (record.validation, record.training)
    )
    ratio = above / below
    return ratio, ratio * ((above_half / above) ** 2 + (below_half / below) ** 2) ** 0.5


def extremes(values: Tensor) -> tuple[Tensor, Tensor]:
    """Positions of the lowest and the highest fifth."""
    order, count = values.argsort(), max(1, round(FIFTH * len(values)))
    return order[:count], order[-count:]
