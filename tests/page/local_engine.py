"""A site of `restauro site` behind `python -m http.server` alone, and its engine asked directly."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from subprocess import PIPE

import numpy as np
import PIL.Image
from playwright.sync_api import Page

from restauro.picture.types import Image, Mask
from started import started

FILL = """async ({image, mask, model}) => {
  const [{Engine}, {Picture}, {readMask}] = await Promise.all(
    ["engine", "picture", "mask_file"].map((name) => import(`./static/${name}.js`)));
  const decoded = (bytes) => new Blob(
    [Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], {type: "image/png"});
  window.engine ??= new Engine();
  const picture = await Picture.open(decoded(image), "picture.png");
  const {hole} = (await readMask(decoded(mask), picture)).mask;
  const request = {picture, fills: [], hole, model};
  const options = {signal: new AbortController().signal, onEvent() {}};
  const answer = await window.engine.fill(request, options);
  const bytes = new Uint8Array(await answer.bytes.arrayBuffer());
  const letters = bytes.reduce((text, byte) => text + String.fromCharCode(byte), "");
  return {bytes: btoa(letters), area: hole.area, seconds: answer.seconds};
}"""

KEPT = """async (count) => {
  for (;;) {
    const name = (await caches.keys()).find((one) => one.endsWith(" large"));
    const kept = name ? await (await caches.open(name)).keys() : [];
    if (kept.filter(({url}) => url.includes("ort-gpu")).length === count) return;
    await new Promise(requestAnimationFrame);
  }
}"""
"""Waits until so many files are kept that compute on the graphics card."""


@contextmanager
def served(folder: Path, log: Path) -> Iterator[str]:
    """Address at which Python's own server serves a folder; a line in `log` tells each answer."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with (
        log.open("w") as file,
        started([*command, "--directory", folder], stdout=PIPE, stderr=file) as server,
    ):
        assert server.stdout is not None
        yield server.stdout.readline().split("(")[1].split(")")[0]


def filled_in(page: Page, image: Image, mask: Mask, model: str) -> tuple[Image, float]:
    """The image (H, W, 3) or (H, W, 4) as the site fills it, and in how many seconds."""
    given = {"image": _png(image), "mask": _png(mask), "model": model}
    answer = page.evaluate(FILL, given)
    data = PIL.Image.open(BytesIO(base64.b64decode(answer["bytes"]))).convert("RGBA")
    area, result = answer["area"], image.copy()
    place = np.s_[area["top"] : area["bottom"], area["left"] : area["right"]]
    here = mask[place]
    result[place][here] = np.asarray(data)[..., : image.shape[2]][here]
    return result, answer["seconds"]


def _png(array: Image | Mask) -> str:
    buffer = BytesIO()
    PIL.Image.fromarray(array).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
