"""Times a restoration of a photograph of 12 megapixels with a hole of 10 %.

`python tests/page/coarse_time.py http://127.0.0.1:8000 [MODEL]`
"""

from __future__ import annotations

import sys

import numpy as np
import PIL.Image
from playwright.sync_api import expect, sync_playwright
from visitor import Visitor, encoded

from restauro.commands.demo import SAMPLES_DIR

SIZE = (4000, 3000)
WATCH = """() => {
  window.times = {};
  const mark = (name) => { times[name] ??= performance.now(); };
  const [fetched, decoded] = [window.fetch, window.createImageBitmap];
  window.fetch = (...given) => { mark("asked"); return fetched(...given); };
  window.createImageBitmap = async (...given) => {
    mark("coarse answer in the page");
    const image = await decoded(...given);
    requestAnimationFrame(() => requestAnimationFrame(() => mark("coarse answer shown")));
    return image;
  };
  document.getElementById("restore").addEventListener("click", () => mark("pressed"), true);
}"""


def main(url: str, model: str = "") -> None:
    """Prints seconds from pressing Restore."""
    photograph = PIL.Image.open(SAMPLES_DIR / "pier.jpg").resize(SIZE)
    expect.set_options(timeout=600_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(url)
        visitor = Visitor(page)
        visitor.open(encoded(np.asarray(photograph), "JPEG", quality=90), "large.jpg")
        if model:
            page.locator("#model").select_option(model)
        visitor.press("Rectangle")
        visitor.drag((1450, 950), (2550, 2050))
        page.evaluate(WATCH)
        visitor.restore()
        times = page.evaluate("times")
        times["done"] = page.evaluate("performance.now()")
        print(page.locator("#status").text_content())
        for name, at in times.items():
            print(f"{name}: {(at - times['pressed']) / 1000:.2f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
