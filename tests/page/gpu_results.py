"""Compares what a site fills in on the graphics card with what it does without one.

`PYTHONPATH=tests python tests/page/gpu_results.py [FLAG ...]`: flags of Chromium. Without a
graphics card its own emulation does, very slowly: `--enable-unsafe-webgpu
--use-webgpu-adapter=swiftshader --enable-features=Vulkan`
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import PIL.Image
from local_engine import KEPT, filled_in, served
from playwright.sync_api import sync_playwright

from restauro.server.offers import SAMPLES_DIR, mask_of
from restauro.site.build import write_site
from restauro.site.runtime import runtime

SAMPLE = "hat.png"
EMULATION_COUNTS = """
Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", {get: () => false});
"""


def main(flags: list[str]) -> None:
    """Prints seconds with and without the card, and how far the results are apart."""
    image = np.asarray(PIL.Image.open(SAMPLES_DIR / SAMPLE).convert("RGB"))
    mask = np.asarray(PIL.Image.open(SAMPLES_DIR / mask_of(SAMPLE)).convert("1"))
    results = []
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        site = Path(temporary) / "site"
        write_site(site, ["faces"], runtime())
        with served(site, Path(temporary) / "log") as url:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", *flags]
            )
            page = browser.new_page()
            page.set_default_timeout(0)
            page.add_init_script(EMULATION_COUNTS)
            page.goto(url)
            page.get_by_role("button", name="hat").click()
            page.evaluate(KEPT, 3)
            for _ in range(2):
                page.reload()
                page.wait_for_selector("#gpu-line", state="visible")
                filled, seconds = filled_in(page, image, mask, "faces")
                results.append(filled)
                print(f"{page.locator('#gpu-said').text_content()} {seconds:.1f} s", flush=True)
                page.locator("#gpu").uncheck()  # the next visit computes without it
                page.evaluate(KEPT, 0)
            browser.close()
    levels = np.abs(results[0].astype(int) - results[1]).max(axis=2)[mask]
    print(
        f"{len(levels):,} pixels of holes: at most {levels.max()} levels apart, "
        f"{(levels == 0).mean():.3%} equal"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
