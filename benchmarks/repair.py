"""How well damage is found and repaired that another hand has drawn than the training's.

    python benchmarks/repair.py ../shared/data --banks banks --output docs/repair

Draws with OpenCV on pictures that no training has seen (the test splits of `photos` and `celeba`,
Kodak's and CLIC's), 256 to 1,500 pixels wide, and prints Markdown. Needs the extras
`classical` and `report`. `--old NUMBER` writes a sheet of real old photographs instead.
"""

from __future__ import annotations

import resource
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import cv2
import numpy as np
import PIL.Image
from drawn_damage import KINDS, damaged
from matplotlib import pyplot as plt
from PIL import ImageDraw, ImageFont

from restauro.data.bank import Bank
from restauro.errors import RestauroError
from restauro.fill.catalogue import load
from restauro.fill.finder import load_finder
from restauro.picture.holes import grown
from restauro.picture.types import Image, Mask
from restauro.repairing import find_damage, repair
from restauro.sheets import sheet

TOLERANCE = 3
GROW = 2


# Pictures


def pictures(data: Path, banks: Path, count: int) -> Iterator[tuple[str, Image]]:
    """Names of sets, and pictures of 256 to 1,500 pixels."""
    rng = np.random.default_rng(7)
    for name in ("photos", "celeba"):
        bank = Bank.open(banks / name)
        rows = bank.split("test")
        for row in rows[
            np.linspace(0, len(rows) - 1, count if name == "photos" else count // 2).astype(int)
        ]:
            yield name, _wide(PIL.Image.fromarray(bank.images[row]), int(rng.integers(256, 450)))
    for path in sorted((data / "samples").glob("kodim*.png")):
        yield "kodak", _wide(PIL.Image.open(path), 500)
    for path in sorted((data / "samples").glob("*.jpg")):
        yield "clic", _wide(PIL.Image.open(path), int(rng.integers(700, 1500)))


def _wide(picture: PIL.Image.Image, width: int) -> Image:
    size = (width, round(picture.height * width / picture.width))
    return np.asarray(picture.convert("RGB").resize(size, PIL.Image.Resampling.LANCZOS))


# Scores


def near(mask: Mask) -> Mask:
    """All within `TOLERANCE` pixels of a mask."""
    if not mask.any():
        return mask
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) <= TOLERANCE


def recall(truth: Mask, found: Mask) -> float:
    """Share of the truth that was found."""
    return float((truth & near(found)).sum() / max(truth.sum(), 1))


def precision(truth: Mask, found: Mask) -> float:
    """Share of what was found that is true; 1 if nothing was."""
    return float((found & near(truth)).sum() / found.sum()) if found.any() else 1.0


def psnr(one: Image, other: Image, mask: Mask) -> float:
    """Over the pixels of the mask, in dB."""
    error = (one[mask].astype(np.float64) - other[mask]) ** 2
    return float(10 * np.log10(255**2 / max(error.mean(), 1e-3)))


def top_hat(scan: Image) -> Mask:
    """Thin bright and dark structures, by Otsu's threshold with a floor."""
    grey = cv2.cvtColor(scan, cv2.COLOR_RGB2GRAY)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
    found = np.zeros(grey.shape, bool)
    for operation in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
        response = cv2.morphologyEx(grey, operation, kernel)
        level, _ = cv2.threshold(response, 0, 255, cv2.THRESH_OTSU)
        found |= response > max(level, 40)
    return found


def measure(data: Path, banks: Path, count: int, model: str, strength: float) -> None:
    """Prints what was found and repaired."""
    finder, filler, telea = load_finder(), load(model), load("telea")
    rows, cleans = [], []
    rng = np.random.default_rng(11)
    for name, clean in pictures(data, banks, count):
        marked = finder.find(PIL.Image.fromarray(clean), strength)
        cleans.append((name, float(marked.mean())))
        kinds = list(rng.choice(list(KINDS), rng.integers(1, 4), replace=False))
        scan, masks, sound = damaged(clean, kinds, rng)
        truth = np.logical_or.reduce(list(masks.values()))
        if not truth.any():
            continue
        found = finder.find(PIL.Image.fromarray(scan), strength)
        hats = top_hat(scan)
        fills = {
            "found": filler(scan, grown(found, GROW)),
            "true": filler(scan, grown(truth, GROW)),
        }
        rows.append(
            {
                "set": name,
                "kinds": "+".join(kinds),
                "recall": recall(truth, found),
                "precision": precision(truth, found),
                "damaged": float(truth.mean()),
                "marked": float(found.mean()),
                "before": psnr(scan, sound, truth),
                "after": psnr(fills["found"], sound, truth),
                "true": psnr(fills["true"], sound, truth),
                "hat_recall": recall(truth, hats),
                "hat_precision": precision(truth, hats),
                "hat": psnr(telea(scan, grown(hats, GROW)), sound, truth)
                if hats.mean() < 0.5
                else psnr(scan, sound, truth),
            }
        )
        print(
            *(f"{k}={v:.3f}" if isinstance(v, float) else v for k, v in rows[-1].items()),
            flush=True,
        )
    print(
        "\n| set | pictures | recall | precision | before | repaired | true mask "
        "| top-hat and Telea | its recall | its precision |"
    )
    print("| --- " + "| ---: " * 9 + "|")
    for name in ("photos", "celeba", "kodak", "clic", "all"):
        some = [row for row in rows if name in (row["set"], "all")]
        means = [
            np.mean([row[key] for row in some])
            for key in (
                "recall",
                "precision",
                "before",
                "after",
                "true",
                "hat",
                "hat_recall",
                "hat_precision",
            )
        ]
        print(f"| {name} | {len(some)} | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")
    shares = np.array([share for _, share in cleans])
    print(
        f"\nclean: {shares.mean():.3%} marked, nine of ten below "
        f"{np.percentile(shares, 90):.3%}, most {shares.max():.2%}"
    )


def curves(data: Path, banks: Path, output: Path, count: int) -> None:
    """Precision against recall of every kind, drawn alone, at every threshold."""
    finder, thresholds = load_finder(), np.arange(8, 250, 11)
    figure, axes = plt.subplots(figsize=(6, 4.5))
    print("\n| kind | recall | precision |\n| --- | ---: | ---: |")
    chosen = list(pictures(data, banks, count))[::5]
    for number, kind in enumerate(KINDS):
        points: list[list[tuple[float, float]]] = []
        for index, (_, clean) in enumerate(chosen):
            scan, masks, _ = damaged(clean, [kind], np.random.default_rng([number, index]))
            if masks[kind].sum() < 10:
                continue
            likely = finder.likelihood(PIL.Image.fromarray(scan))
            points.append(
                [
                    (recall(masks[kind], likely > t), precision(masks[kind], likely > t))
                    for t in thresholds
                ]
            )
        means = np.mean(points, axis=0)
        axes.plot(*means.T, label=kind)
        print(
            f"| {kind} | "
            + " | ".join(f"{value:.2f}" for value in means[np.abs(thresholds - 127).argmin()])
            + " |",
            flush=True,
        )
    axes.set(
        xlabel="recall",
        ylabel="precision",
        xlim=(0, 1),
        ylim=(0, 1.02),
        title="damage of one kind, within 3 pixels",
    )
    axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    figure.savefig(output / "curves.svg")


def text(data: Path, banks: Path, output: Path, count: int) -> None:
    """Captions drawn on pictures: what of the letters is found, and what else is marked."""
    rng, rows = np.random.default_rng(5), []
    shown: list[list[Image]] = []
    for number, (_, clean) in enumerate(pictures(data, banks, count)):
        picture = PIL.Image.fromarray(clean)
        sound = find_damage(clean, kinds=["text"])  # letters that the picture has itself
        ink = PIL.Image.new("L", picture.size)
        size = int(rng.uniform(0.04, 0.1) * picture.width)
        words = ["12 May 1987", "Anna and Luigi", "SAMPLE PHOTO", "(c) 2026", "No. 4711"][
            number % 5
        ]
        place = picture.width * rng.uniform(0.05, 0.4), picture.height * rng.uniform(0.05, 0.85)
        ImageDraw.Draw(ink).text(place, words, 255, ImageFont.load_default(size))
        truth = np.asarray(ink) > 127
        color = [(255, 255, 255), (0, 0, 0), (250, 220, 60), (220, 40, 40)][rng.integers(4)]
        opacity = rng.uniform(0.5, 1)
        picture.paste(color, mask=ink.point(lambda level, by=opacity: round(level * by)))
        image = np.asarray(picture)
        found = find_damage(image, kinds=["text"]) & ~sound
        box = grown(truth, 1)
        lines = np.outer(box.any(axis=1), box.any(axis=0))
        rows.append((recall(truth, found), precision(truth, found), truth.sum() / lines.sum()))
        if clean.shape[1] > 499 and len(shown) < 6:
            marked = image.copy()
            marked[found] = (255, 0, 80)
            repaired = repair(image, kinds=["text"], model="telea", keep=sound)
            tiles = (image, marked, repaired)
            shown.append(
                [np.asarray(PIL.Image.fromarray(tile).resize((288, 240))) for tile in tiles]
            )
    means = np.mean(rows, axis=0)
    print(
        f"{len(rows)} captions: recall {means[0]:.2f}, precision {means[1]:.2f}; letters are ",
        end="",
    )
    print(f"{means[2]:.2f} of the rectangle around them; ", end="")
    print(f"of {np.mean([row[0] > 0.5 for row in rows]):.0%} more than half is found")
    sheet(shown, ["picture", "marked", "repaired"]).save(output / "text.webp", quality=80)


def old(source: Path, path: Path, model: str, numbers: Sequence[int]) -> None:
    """Real old photographs: as they are, what was marked, and repaired."""
    rows, labels = [], []
    with zipfile.ZipFile(source) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        for number in numbers:
            picture = PIL.Image.open(archive.open(names[number])).convert("RGB")
            image = np.array(
                picture.crop((0, 0, min(picture.size), min(picture.size))).resize(
                    (384, 384), PIL.Image.Resampling.LANCZOS
                )
            )
            found = load_finder().find(PIL.Image.fromarray(image))
            shown = image.copy()
            shown[found] = (255, 0, 80)
            try:
                repaired = repair(image, model=model)
            except RestauroError as error:
                print(names[number], error)
                repaired = image
            rows.append([image, shown, repaired])
            labels.append(f"{number}: {found.mean():.2%}")
    sheet(rows, ["scan", "marked", "repaired"], labels).save(path)


def speed() -> None:
    """Processor time and memory of a scan of 12 megapixels."""
    image = np.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    scan = PIL.Image.fromarray(image).resize((4000, 3000), PIL.Image.Resampling.BICUBIC)
    finder = load_finder(1)
    started = time.process_time()
    finder.find(scan)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"12 megapixels: {time.process_time() - started:.1f} s, {megabytes:.0f} MB")


@click.command()
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option("--banks", type=click.Path(path_type=Path), default=Path("banks"))
@click.option("--output", type=click.Path(path_type=Path), default=Path("docs/repair"))
@click.option("--count", default=40, help="Pictures of `photos`; of `celeba` half as many.")
@click.option("--model", default="telea", help="What fills.")
@click.option("--strength", default=0.5)
@click.option("--old", "numbers", type=int, multiple=True, help="Numbers of real old photographs.")
@click.option("--text", "is_text", is_flag=True, help="Measure letters instead.")
@click.option("--speed", "is_timed", is_flag=True, help="Time a scan of 12 megapixels instead.")
def main(
    data: Path,
    banks: Path,
    output: Path,
    count: int,
    model: str,
    strength: float,
    numbers: tuple[int, ...],
    is_text: bool,
    is_timed: bool,
) -> None:
    """Measures on pictures in the folder DATA."""
    output.mkdir(parents=True, exist_ok=True)
    if is_timed:
        speed()
    elif is_text:
        text(data, banks, output, count)
    elif numbers:
        old(data / "old_photos.zip", output / "old.webp", model, numbers)
    else:
        measure(data, banks, count, model, strength)
        curves(data, banks, output, count)


if __name__ == "__main__":
    main()
