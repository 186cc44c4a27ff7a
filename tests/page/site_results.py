"""Compares what a site fills in with what Python does, on twenty pictures.

`PYTHONPATH=tests python tests/page/site_results.py FOLDER`, with a folder of fourteen photographs
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
from local_engine import filled_in, served
from playwright.sync_api import sync_playwright

import restauro
from restauro.picture.types import Image, Mask, Size
from restauro.server.offers import SAMPLES_DIR
from restauro.site.build import write_site
from restauro.site.runtime import runtime

MODELS = ("faces", "aircraft")
SIDES = (128, 250, 400, 640, 900, 1200, 1600)


def main(folder: str) -> None:
    """Prints for each picture how far both results are apart in levels of 255, then for all."""
    apart = []
    fillers = {name: restauro.load(f"soft:{name}") for name in MODELS}  # a site has no patches
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        site = Path(temporary) / "site"
        write_site(site, MODELS, runtime())
        with served(site, Path(temporary) / "log") as url:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox"]
            )
            page = browser.new_page()
            page.set_default_timeout(0)
            page.goto(url)
            page.evaluate("navigator.serviceWorker.ready")
            page.reload()  # with the headers of a second visit
            for number, (name, image, mask) in enumerate(pictures(Path(folder))):
                model = MODELS[number % 2]
                filled, seconds = filled_in(page, image, mask, model)
                picture = PIL.Image.fromarray(image)
                expected = np.asarray(fillers[model](picture, PIL.Image.fromarray(mask)))
                seen = mask & (image[..., 3:] > 0).all(axis=2)  # what is transparent has no colour
                levels = np.abs(filled.astype(int) - expected).max(axis=2)[seen]
                apart.append(levels)
                size = f"{image.shape[1]}x{image.shape[0]}"
                print(
                    f"{name:12} {size:>9}, hole {mask.mean():4.0%}, {model:8}: at most "
                    f"{levels.max()}, equal {(levels == 0).mean():.3%}, {seconds:.1f} s",
                    flush=True,
                )
            browser.close()
    levels = np.concatenate(apart)
    print(
        f"{len(apart)} pictures, {len(levels):,} pixels of holes: at most {levels.max()} levels "
        f"apart, {(levels <= 2).mean():.3%} within 2, {(levels == 0).mean():.3%} equal"
    )


def pictures(folder: Path) -> Iterator[tuple[str, Image, Mask]]:
    """Twenty pictures (H, W, 3) or (H, W, 4), and their holes."""
    rng = np.random.default_rng(0)
    for name in ("child", "astronaut", "hat", "pearls"):
        sample = PIL.Image.open(SAMPLES_DIR / f"{name}.png").convert("RGB")
        marked = PIL.Image.open(SAMPLES_DIR / f"{name}_mask.png").convert("1")
        yield name, np.asarray(sample), np.asarray(marked)
    paths = [path for path in sorted(folder.iterdir()) if path.suffix in (".png", ".jpg")]
    for number, path in enumerate(paths[:14]):
        picture = PIL.Image.open(path).convert("RGB")
        picture.thumbnail((SIDES[number % len(SIDES)],) * 2, PIL.Image.Resampling.LANCZOS)
        if number % 5 == 2:
            picture = picture.convert("L").convert("RGB")
        image = np.asarray(picture)
        if number % 5 == 4:  # the left third fades away, and its upper half is gone
            height, width = image.shape[:2]
            alpha = np.full((height, width), 255, dtype=np.uint8)
            alpha[:, : width // 3] = 128
            alpha[: height // 2, : width // 3] = 0
            image = np.dstack([image, alpha])
        yield path.stem, image, hole(image.shape[:2], ("strokes", "large", "box")[number % 3], rng)
    paper = PIL.Image.new("RGB", (360, 240), (250, 248, 240))
    draw = PIL.ImageDraw.Draw(paper)
    for line in range(8):
        draw.line((0, 40 * line, 360, 25 * line + 30), fill=(20, 20, 30), width=4)
    yield "line art", np.asarray(paper), hole((240, 360), "box", rng)
    flat = np.full((300, 420, 3), (190, 60, 40), dtype=np.uint8)
    flat[:, 240:] = rng.integers(0, 256, (300, 180, 3))
    mask = np.zeros((300, 420), dtype=bool)
    mask[60:150, 50:170] = mask[100:180, 280:360] = True
    yield "one colour", flat, mask


def hole(size: Size, kind: str, rng: np.random.Generator) -> Mask:
    """A box of a ninth, seven strokes, or a box of 30 % in the middle of a picture."""
    mask = PIL.Image.new("1", size[::-1])
    draw = PIL.ImageDraw.Draw(mask)
    width, height = mask.size
    if kind == "strokes":
        for _ in range(7):
            points = rng.uniform(0, 1, (4, 2)) * (width, height)
            draw.line(points.ravel().tolist(), fill=1, width=max(width // 40, 3))
    else:
        share = 0.55 if kind == "large" else 1 / 3
        left, top = ((1 - share) * rng.uniform(0.2, 0.8, 2) * (width, height)).round().astype(int)
        draw.rectangle((left, top, left + share * width, top + share * height), fill=1)
    return np.asarray(mask)


if __name__ == "__main__":
    main(sys.argv[1])
