"""Times the frames while a 12-megapixel picture is painted on and zoomed.

`python tests/page/frame_times.py http://127.0.0.1:8000`
"""

from __future__ import annotations

import sys

import numpy as np
import PIL.Image
from playwright.sync_api import Page, sync_playwright
from visitor import Visitor, encoded

SIZE = (3000, 4000)
RECORD = """() => {
  window.frameTimes = [];
  let last = performance.now();
  const tick = (now) => {
    frameTimes.push(now - last);
    last = now;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""


def main(url: str) -> None:
    """Prints median, 90th percentile and longest time between frames."""
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    picture = PIL.Image.fromarray(noise).resize(SIZE[::-1], PIL.Image.Resampling.BICUBIC)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(url)
        visitor = Visitor(page)
        visitor.open(encoded(np.asarray(picture), "JPEG"), "large.jpg")
        page.evaluate(RECORD)
        visitor.drag(*((400 + 25 * x, 1500 + 1000 * np.sin(x / 10)) for x in range(128)))
        tell("painting", page)
        for _ in range(40):
            page.mouse.wheel(0, -60)
        tell("zooming", page)


def tell(action: str, page: Page) -> None:
    """Prints the times since the last call."""
    times = page.evaluate("frameTimes.splice(0)")
    median, high = np.percentile(times, (50, 90))
    print(f"{action}: {median:.0f} ms a frame, 90 % below {high:.0f}, at most {max(times):.0f}")


if __name__ == "__main__":
    main(sys.argv[1])
