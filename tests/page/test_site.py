"""The page without a server: `restauro site` behind `python -m http.server` and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest
from local_engine import KEPT, filled_in, served
from playwright.sync_api import Browser, expect
from visitor import Visitor, encoded

import restauro
from restauro import site
from restauro.commands.demo import SAMPLES_DIR
from restauro.errors import RestauroError
from restauro.picture.holes import grown
from restauro.repairing import SOFT_EDGE_PX
from restauro.site.build import Site, write_site
from restauro.site.runtime import runtime
from started import PATIENCE

ENGINE_DIR = Path(site.__file__).parent
FIRST_LOAD_BYTES = 15_000_000


CARD = "GPU.prototype.requestAdapter = async () => ({info: {}})"
"""Makes the page see a graphics card; its worker still finds none."""
SAVING = "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
LOST = b"""
import * as plain from "./ort.js";
export const { Tensor, env } = plain;
export const InferenceSession = {
  create: async () => ({ async run() { throw new Error("the device is lost"); } }),
};
"""
"""A runtime whose networks open, and then fail."""


class Served(NamedTuple):
    """A site and who serves it."""

    url: str
    folder: Path
    log: Path
    written: Site

    def answered(self) -> list[str]:
        """The files that were sent so far."""
        return re.findall(r'"GET /(\S*) HTTP/1.1" 200', self.log.read_text())


@pytest.fixture(scope="module")
def served_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    try:
        files = runtime()
    except RestauroError as error:
        pytest.skip(f"npm's registry is not reached: {error}")
    written = write_site(folder / "site", ["faces"], files)
    with served(folder / "site", folder / "log") as url:
        yield Served(url, folder / "site", folder / "log", written)


@pytest.fixture(scope="module")
def service_url(served_site: Served) -> str:
    """What `open_page` opens here."""
    return served_site.url


def test_a_visit_from_the_first_load_to_one_without_a_network(
    open_page: Any, served_site: Served
) -> None:
    visitor = open_page()
    page = visitor.page
    expect(page.locator("#welcome")).to_contain_text("Opening a picture loads 15 MB, once")
    assert not [name for name in served_site.answered() if name.endswith(".gzip")]

    visitor.open_sample("hat")
    visitor.press("Use the suggested hole")
    mask = visitor.mask()
    visitor.restore()
    _, data = visitor.saved("Download")
    restored = np.asarray(PIL.Image.open(BytesIO(data)).convert("RGB"))
    hat = PIL.Image.open(served_site.folder / "samples" / "hat.png")
    expected = np.asarray(restauro.load("faces")(hat, mask))
    assert np.abs(restored.astype(int) - expected)[mask].max() <= 2
    np.testing.assert_array_equal(restored[~mask], np.asarray(hat)[~mask])

    page.evaluate("navigator.serviceWorker.ready")
    answered = served_site.answered()
    sizes = [(served_site.folder / (name or "index.html")).stat().st_size for name in answered]
    assert served_site.written.first_bytes <= sum(sizes) < FIRST_LOAD_BYTES
    errors = page.context.new_cdp_session(page).send("Page.getInstallabilityErrors")
    found = {error["errorId"] for error in errors["installabilityErrors"]}
    assert found == {"in-incognito"}  # as every context of Playwright is

    page.context.set_offline(True)
    page.reload()
    visitor.expect_phase("restored")
    page.locator("#restore").click()
    visitor.expect_phase("restoring")
    visitor.expect_phase("restored")
    assert page.evaluate("crossOriginIsolated")  # several threads
    assert served_site.answered() == answered


@pytest.mark.parametrize("broken", [{}, {"ort-gpu.js": LOST}], ids=["no adapter", "lost"])
def test_a_graphics_card_that_fails_is_left(
    browser: Browser, served_site: Served, tmp_path: Path, broken: dict[str, bytes]
) -> None:
    """At the visit after the one that loaded what it takes."""
    write_site(tmp_path / "site", ["faces"], runtime() | broken)
    with (
        served(tmp_path / "site", tmp_path / "log") as url,
        browser.new_context(locale="en-GB") as context,
    ):
        context.set_default_timeout(1000 * PATIENCE)
        context.add_init_script(CARD)
        page = context.new_page()
        page.goto(url)
        visitor = Visitor(page)
        visitor.open_sample("hat")
        expect(page.locator("#gpu-line")).to_contain_text("loads 6 MB more")
        expect(page.locator("#gpu")).to_be_checked()
        page.evaluate(KEPT, 3)
        page.reload()
        visitor.press("Use the suggested hole")
        visitor.restore()
        expect(page.locator("#gpu")).not_to_be_checked()
        page.evaluate(KEPT, 0)
        page.reload()
        expect(page.locator("#gpu-line")).to_be_visible()
        expect(page.locator("#gpu")).not_to_be_checked()  # it is not tried again


def test_who_saves_data_is_asked_before_more_is_loaded(
    browser: Browser, served_site: Served
) -> None:
    with browser.new_context(locale="it-IT") as context:
        context.set_default_timeout(1000 * PATIENCE)
        context.add_init_script(f"{CARD}; {SAVING}")
        page = context.new_page()
        page.goto(served_site.url)
        Visitor(page).open_sample("hat")
        expect(page.locator("#gpu-line")).to_contain_text("Calcola sulla scheda grafica")
        expect(page.locator("#gpu")).not_to_be_checked()
        assert not [name for name in served_site.answered() if "ort-gpu" in name]
        page.locator("#gpu").check()
        page.evaluate(KEPT, 3)
        page.locator("#gpu").uncheck()
        page.evaluate(KEPT, 0)


@pytest.mark.parametrize("kind", ["photograph", "drawing", "one colour", "transparent"])
def test_each_way_to_fill_gives_what_python_gives(open_page: Any, kind: str) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (12, 20, 3), dtype=np.uint8)
    image = np.asarray(PIL.Image.fromarray(noise).resize((400, 240), PIL.Image.Resampling.BICUBIC))
    mask = np.zeros((240, 400), dtype=bool)
    mask[60:150, 30:150] = mask[20:60, 300:330] = mask[100:108, 200:390] = True
    if kind == "drawing":
        image = np.where(np.indices(mask.shape).sum(0)[..., None] % 40 < 4, 20, 250)
        image = np.broadcast_to(image.astype(np.uint8), (*mask.shape, 3)).copy()
    elif kind == "one colour":
        image = np.where(np.arange(400)[None, :, None] < 180, 90, image).astype(np.uint8)
    elif kind == "transparent":
        image = np.dstack([image, 255 * (np.indices(mask.shape)[0] < 120).astype(np.uint8)])
    filled, _ = filled_in(open_page().page, image, mask, "faces")
    soft = restauro.load("soft:faces")  # a site has no patches
    expected = np.asarray(soft(PIL.Image.fromarray(image), PIL.Image.fromarray(mask)))
    seen = mask & (image[..., 3:] > 0).all(axis=2)  # what is transparent has no colour
    apart = np.abs(filled.astype(int) - expected)[seen]
    assert apart.max() <= 1
    assert (apart == 0).mean() > 0.99


def test_damage_is_found_as_python_finds_it(open_page: Any) -> None:
    """In several windows, at sizes that the network's multiple does not divide."""
    visitor: Visitor = open_page()
    pier = PIL.Image.open(SAMPLES_DIR / "pier.jpg").resize((1003, 669))
    PIL.ImageDraw.Draw(pier).line((100, 40, 990, 560), fill=(250, 250, 245), width=3)
    visitor.open(encoded(np.asarray(pier)), "scan.png")
    visitor.press("Find damage")
    expect(visitor.steps()).to_have_count(2)
    expected = grown(restauro.find_damage(np.asarray(pier)), SOFT_EDGE_PX)
    found = visitor.mask()
    assert expected.sum() > 5000
    assert (found != expected).mean() < 1e-4  # likelihoods just at the threshold


def test_what_cannot_be_restored_is_said(open_page: Any) -> None:
    visitor: Visitor = open_page(locale="it-IT")
    visitor.open(encoded(np.zeros((40, 60, 3), dtype=np.uint8)), "black.png")
    visitor.page.keyboard.press("i")
    visitor.page.locator("#restore").click()
    visitor.expect_problem("La lacuna copre l’intera immagine")


def test_the_engine_is_small() -> None:
    files = [path for path in ENGINE_DIR.rglob("*.js") if path.is_file()]
    assert len(files) > 10
    assert sum(path.stat().st_size for path in files) < 84_000
