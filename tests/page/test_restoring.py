"""From a painted hole to a saved picture, and all that can go wrong on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal
from playwright.sync_api import Route, expect
from visitor import Visitor, encoded, patch_on_grey

import restauro
from restauro.commands.demo import SAMPLES_DIR
from restauro.picture.read import read_image

GREY, GREEN = (128, 128, 128), (0, 220, 0)
TWICE_THE_PATCH = ((18, 12), (62, 48))
LEFT, RIGHT = (35, 30), (45, 30)  # points of the patch


@pytest.fixture
def painter(visitor: Visitor) -> Visitor:
    """Somebody who has painted over the green patch of a grey picture; telea will fill it."""
    visitor.open(encoded(patch_on_grey()), "patch.png")
    visitor.page.locator("#model").select_option("telea")
    visitor.press("Rectangle")
    visitor.drag(*TWICE_THE_PATCH)
    return visitor


def decoded(data: bytes) -> Any:
    return np.asarray(PIL.Image.open(BytesIO(data)))


def remember_what_is_sent(visitor: Visitor) -> None:
    """From now on `sent_image` knows the image of the last request."""
    visitor.page.evaluate(
        """() => {
          const real = window.fetch;
          window.fetch = (path, options) => {
            window.sentImage = options?.body?.get("image");
            window.sentPatches = options?.body?.getAll("patch").length;
            return real(path, options);
          };
        }"""
    )


def sent_image(visitor: Visitor) -> bytes:
    return bytes(
        visitor.page.evaluate("async () => [...new Uint8Array(await sentImage.arrayBuffer())]")
    )


def num_sent_patches(visitor: Visitor) -> int:
    return int(visitor.page.evaluate("sentPatches"))


def refusal(status: int, code: str, **headers: str) -> Callable[[Route], None]:
    """An answer as the service gives it."""
    error = {"error": {"code": code, "message": f"the sentence of {code}"}}
    return lambda route: route.fulfill(status=status, json=error, headers=headers)


def test_a_painted_sample_is_restored_and_the_rest_untouched(visitor: Visitor) -> None:
    visitor.open_sample("astronaut")
    visitor.drag((45, 64), (85, 64))
    mask = visitor.mask()
    visitor.restore()
    expect(visitor.page.get_by_role("status")).to_contain_text("Restored by faces")
    name, data = visitor.saved("Download")
    sample = read_image(SAMPLES_DIR / "astronaut.png")
    assert name == "astronaut_restored.png"
    assert_array_equal(decoded(data)[~mask], sample[~mask])
    assert (decoded(data)[mask] != sample[mask]).any()


def test_a_sample_comes_with_a_hole_to_try(open_page: Any) -> None:
    visitor: Visitor = open_page(locale="it")
    page = visitor.page
    visitor.open_sample("hat")
    offer = page.get_by_role("button", name="Usa la lacuna proposta")
    offer.click()
    expect(visitor.steps()).to_have_count(2)
    expect(page.locator("#stage")).to_be_focused()
    expect(offer).to_be_hidden()
    _, data = visitor.saved("Salva maschera")
    assert_array_equal(decoded(data), decoded((SAMPLES_DIR / "hat_mask.png").read_bytes()))
    page.keyboard.press("Control+z")
    page.reload()
    offer.click()
    expect(visitor.steps()).to_have_count(2)
    page.keyboard.press("i")
    visitor.choose(encoded(patch_on_grey()), "own.png")
    page.locator("#replace").get_by_role("button", name="Lasciala").click()
    expect(visitor.steps()).to_have_count(1)
    expect(offer).to_be_hidden()


def test_a_restoration_shows_after_and_before_while_it_is_asked_for(painter: Visitor) -> None:
    page = painter.page
    painter.restore()
    assert painter.colour_at(LEFT) == GREY
    page.locator("#before").hover()
    page.mouse.down()
    assert painter.colour_at(LEFT) == GREEN
    page.mouse.up()
    assert painter.colour_at(LEFT) == GREY
    page.keyboard.down("o")
    assert painter.colour_at(LEFT) == GREEN
    page.keyboard.up("o")
    assert painter.colour_at(LEFT) == GREY
    page.locator("#before").focus()
    page.keyboard.down("Enter")
    assert painter.colour_at(LEFT) == GREEN
    page.keyboard.up("Enter")
    assert painter.colour_at(LEFT) == GREY


def test_the_divider_starts_beside_the_hole_and_can_be_dragged(painter: Visitor) -> None:
    painter.restore()
    painter.press("Compare")
    slider = painter.page.get_by_role("slider", name="Divider")
    expect(slider).to_be_visible()
    assert painter.colour_at(LEFT) == painter.colour_at(RIGHT) == GREY
    middle = painter.page.locator("#divider svg").bounding_box()
    assert middle is not None
    x, y = middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] / 2
    assert painter.on_screen((0, 0))[0] < x < painter.on_screen(TWICE_THE_PATCH[0])[0]
    painter.page.mouse.move(x, y)
    painter.page.mouse.down()
    painter.page.mouse.move(painter.on_screen((40, 30))[0], y + 50, steps=4)
    painter.page.mouse.up()
    assert painter.colour_at(LEFT) == GREEN
    assert painter.colour_at(RIGHT) == GREY
    expect(painter.steps()).to_have_count(3)  # no stroke was painted
    slider.fill("100")
    assert painter.colour_at(RIGHT) == GREEN
    painter.drag((5, 5), (15, 9))  # tools stay live
    expect(painter.steps()).to_have_count(4)
    painter.press("Compare")
    assert painter.colour_at(LEFT) == GREY


def test_what_is_invented_can_be_marked(painter: Visitor) -> None:
    painter.restore()
    width = [painter.colour_at((30 + step / 10, 30)) for step in range(10)]
    painter.page.get_by_label("Mark what is invented").check()
    marked = [painter.colour_at((30 + step / 10, 30)) for step in range(10)]
    assert set(width) == {GREY}
    assert len(set(marked)) > 1
    expect(painter.page.locator("#unsure-line")).to_be_hidden()  # telea cannot tell


def test_what_the_model_is_not_sure_of_is_filled_with_colour(visitor: Visitor) -> None:
    visitor.open_sample("hat")
    visitor.press("Rectangle")
    visitor.drag((30, 30), (90, 90))
    mask = visitor.mask()
    visitor.page.locator("#model").select_option("faces")
    visitor.restore()
    trusted = restauro.load("faces").trust(read_image(SAMPLES_DIR / "hat.png"), mask)
    tried = [(x, y) for y in range(36, 84, 12) for x in range(36, 84, 12)]
    points = {
        is_sure: [
            (x, y) for x, y in tried if (trusted[y - 2 : y + 3, x - 2 : x + 3] == is_sure).all()
        ]
        for is_sure in (True, False)
    }
    assert points[True]
    assert points[False]

    def redness() -> dict[bool, float]:
        """What the marks add to red, less what they take from green, on average."""
        return {
            is_sure: float(np.mean([np.dot(visitor.colour_at(at), (1, -1, 0)) for at in some]))
            for is_sure, some in points.items()
        }

    before = redness()
    visitor.page.get_by_label("Mark what is invented").check()
    expect(visitor.page.locator("#unsure-line")).to_be_visible()
    after = redness()
    assert after[False] - before[False] > 60
    assert after[True] - before[True] < 40


def test_undo_and_redo_go_over_restorations(painter: Visitor) -> None:
    mask = painter.mask()
    painter.restore()
    _, first = painter.saved("Download")
    painter.drag((2, 1), (10, 4))
    remember_what_is_sent(painter)
    painter.restore()
    assert sent_image(painter) == encoded(patch_on_grey())  # never the result of the one before
    assert num_sent_patches(painter) == 1
    painter.press("Undo")  # the second restoration
    assert painter.mask()[2, 5]
    painter.press("Undo")  # the stroke
    painter.expect_phase("restored")
    assert painter.saved("Download")[1] == first
    painter.page.keyboard.press("Control+z")  # the first restoration
    painter.expect_phase("painting")
    assert_array_equal(painter.mask(), mask)
    expect(painter.page.get_by_role("button", name="Download")).to_be_hidden()
    painter.page.locator("#save-mask").hover()  # so that no brush lies on the picture
    painter.press("Clear")
    assert painter.colour_at(LEFT) == GREEN
    painter.press("Undo")
    painter.press("Redo")
    painter.press("Undo")
    assert_array_equal(painter.mask(), mask)


def test_small_pictures_of_all_steps_lead_back_and_forth(painter: Visitor) -> None:
    painter.restore()
    painter.drag((2, 1), (10, 4))
    expect(painter.steps()).to_have_count(4)
    names = [step.get_attribute("aria-label") for step in painter.steps().all()]
    assert names == ["0: opened", "1: rectangle", "2: restored", "3: rectangle"]
    middles = painter.page.evaluate(
        """() => [...document.querySelectorAll("#steps canvas")].map((canvas) => [
          ...canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data
        ].slice(0, 3))"""
    )
    assert [tuple(middle) for middle in (middles[0], middles[2])] == [GREEN, GREY]
    assert middles[1] not in middles[::2]
    painter.press("0: opened")
    expect(painter.steps().nth(0)).to_have_attribute("aria-current", "step")
    assert painter.colour_at(LEFT) == GREEN
    painter.press("2: restored")
    assert painter.colour_at(LEFT) == GREY
    painter.press("1: rectangle")
    painter.press("Eraser")
    painter.drag((40, 30), (45, 30))
    expect(painter.steps()).to_have_count(3)


def test_another_model_can_be_tried_for_the_same_hole(painter: Visitor) -> None:
    remember_what_is_sent(painter)
    painter.restore()
    first = sent_image(painter)
    painter.page.locator("#model").select_option("faces")
    expect(painter.page.locator("#panel")).to_contain_text("non-commercial research only")
    for again in (3, 4):
        painter.press("Restore again")
        expect(painter.steps()).to_have_count(again + 1)
        expect(painter.page.get_by_role("status")).to_contain_text("Restored by faces")
        assert sent_image(painter) == first
        assert num_sent_patches(painter) == 0
    painter.press("Undo")
    painter.press("Undo")
    expect(painter.page.get_by_role("status")).to_contain_text("Restored by telea")


def test_again_is_another_fill_where_a_model_has_several(visitor: Visitor) -> None:
    def several(route: Route) -> None:
        answer = route.fetch()
        offered = answer.json()
        for model in offered["models"]:
            model["several"] = model["name"] == "telea"
        route.fulfill(response=answer, json=offered)

    page = visitor.page
    page.route("**/v1/models", several)
    page.reload()
    page.evaluate(
        """() => {
          const real = window.fetch;
          window.seeds = [];
          window.fetch = (path, options) => {
            if (options?.body?.get("mask")) window.seeds.push(options.body.get("seed"));
            options?.body?.delete("seed"); // which telea itself would refuse
            return real(path, options);
          };
        }"""
    )
    visitor.open(encoded(patch_on_grey()), "patch.png")
    page.locator("#model").select_option("telea")
    visitor.press("Rectangle")
    visitor.drag(*TWICE_THE_PATCH)
    visitor.restore()
    for again in (3, 4, 5):
        if again == 5:
            page.locator("#model").select_option("faces")
        visitor.press("Restore again")
        expect(visitor.steps()).to_have_count(again + 1)
    assert page.evaluate("window.seeds") == [None, "1", "2", None]


def test_answers_of_all_models_can_be_chosen_from(painter: Visitor) -> None:
    page = painter.page
    answers = page.locator("#choices button")
    painter.press("Try all models")
    expect(answers).to_have_text(["faces", "aircraft", "telea"])
    expect(painter.steps()).to_have_count(2)
    painter.press("telea")
    expect(page.get_by_role("status")).to_contain_text("Restored by telea")
    expect(answers.nth(2)).to_have_attribute("aria-pressed", "true")
    assert painter.colour_at(LEFT) == GREY
    painter.press("faces")
    expect(page.get_by_role("status")).to_contain_text("Restored by faces")
    _, data = painter.saved("Download")
    remember_what_is_sent(painter)
    painter.press("Restore again")
    expect(painter.steps()).to_have_count(5)
    assert sent_image(painter) == encoded(patch_on_grey())
    assert num_sent_patches(painter) == 0
    painter.press("2: restored")
    expect(page.get_by_role("status")).to_contain_text("Restored by telea")
    painter.press("1: rectangle")
    expect(answers).to_have_count(3)
    painter.drag((2, 1), (10, 4))
    expect(answers).to_have_count(0)  # they are for another hole
    painter.press("Undo")
    painter.page.locator("#model").select_option("faces")
    painter.restore()
    assert painter.saved("Download")[1] == data


def test_trying_models_can_be_cancelled_and_keeps_what_has_come(painter: Visitor) -> None:
    status = painter.page.get_by_role("status")
    asked: list[Route] = []

    def answer(route: Route) -> None:
        asked.append(route)
        expect(status).to_have_text(f"Asking {['faces', 'aircraft', 'telea'][len(asked) - 1]}…")
        if len(asked) == 1:
            refusal(500, "model_failed")(route)
        elif len(asked) == 2:
            route.continue_()  # and the last answer never comes

    painter.page.route("**/v1/inpaint", answer)
    answers = painter.page.locator("#choices button")
    painter.page.keyboard.press("a")
    expect(answers).to_have_text(["aircraft"])
    expect(status).to_have_text("Asking telea…")
    painter.press("Cancel")
    painter.expect_phase("painting")
    expect(answers).to_have_text(["aircraft"])
    painter.press("aircraft")
    painter.expect_phase("restored")


def test_leaving_asks_where_nothing_can_be_kept(open_page: Any) -> None:
    visitor = open_page()
    visitor.page.evaluate("() => { indexedDB.open = () => { throw new DOMException('full') } }")
    visitor.open_sample("hat")
    visitor.drag((45, 64), (50, 64))
    with visitor.page.expect_event("dialog") as dialog:
        visitor.page.close(run_before_unload=True)
    assert dialog.value.type == "beforeunload"
    dialog.value.accept()


def test_known_pixels_of_a_jpeg_are_shown_as_they_were(visitor: Visitor) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    visitor.open(encoded(noise, "JPEG", quality=30), "noise.jpg")
    visitor.page.locator("#model").select_option("telea")
    beside = [(x + 0.5, y + 0.5) for x in (35, 38, 41, 44) for y in (17, 22, 33, 38)]
    visitor.press("Rectangle")
    visitor.page.locator("#save-mask").hover()
    before = [visitor.colour_at(point) for point in beside]
    visitor.drag((30, 20), (34, 24))
    visitor.drag((46, 31), (50, 35))
    visitor.restore()
    visitor.page.locator("#download").hover()
    assert [visitor.colour_at(point) for point in beside] == before


def test_the_session_survives_a_reload(painter: Visitor) -> None:
    page = painter.page
    painter.restore()
    _, restored = painter.saved("Download")
    painter.drag((2, 1), (10, 4))
    painter.press("Invert")
    mask = painter.mask()
    painter.press("Undo")
    expect(page.locator("body")).to_have_attribute("data-kept", "true")
    page.reload()
    painter.expect_phase("painting")
    expect(painter.steps()).to_have_count(5)
    expect(painter.steps().nth(3)).to_have_attribute("aria-current", "step")
    painter.press("Redo")
    assert_array_equal(painter.mask(), mask)
    painter.press("1: rectangle")
    painter.press("2: restored")
    assert painter.saved("Download")[1] == restored
    expect(page.locator("body")).to_have_attribute("data-kept", "true")
    page.reload()
    painter.expect_phase("restored")
    painter.drag((2, 20), (10, 24))
    expect(painter.steps()).to_have_count(4)


def test_a_closed_picture_is_forgotten(painter: Visitor) -> None:
    painter.press("Close the picture")
    painter.press("Stay here")
    painter.expect_phase("painting")
    painter.press("Close the picture")
    painter.press("Leave it")
    painter.expect_phase("empty")
    expect(painter.page.locator("body")).to_have_attribute("data-kept", "true")
    painter.page.reload()
    expect(painter.page.locator("#samples button")).not_to_have_count(0)
    painter.expect_phase("empty")
    records = painter.page.evaluate(
        """() => new Promise((resolve) => {
          indexedDB.open("restauro", 1).onsuccess = ({ target }) => {
            const stores = ["session", "steps"];
            const kept = stores.map(
              (store) => target.result.transaction(stores).objectStore(store).count(),
            );
            kept[1].onsuccess = () => resolve(kept.map(({ result }) => result));
          };
        })"""
    )
    assert records == [0, 0]


def test_a_jpeg_is_sent_as_it_is_and_stays_a_jpeg(visitor: Visitor) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    data = encoded(patch_on_grey(), "JPEG", exif=exif, quality=90)
    visitor.open(data, "my.photo.jpg")
    visitor.drag((30, 40), (31, 40))
    remember_what_is_sent(visitor)
    visitor.restore()
    assert sent_image(visitor) == data
    name, restored = visitor.saved("Download")
    picture = PIL.Image.open(BytesIO(restored))
    assert name == "my.photo_restored.jpg"
    assert (picture.format, picture.size) == ("JPEG", (80, 60))
    assert picture.getexif()[0x0112] == 6


def test_a_restoration_can_be_cancelled(painter: Visitor) -> None:
    mask = painter.mask()
    painter.page.route("**/v1/inpaint", lambda route: None)  # an answer that never comes
    painter.press("Restore")
    painter.expect_phase("restoring")
    expect(painter.page.get_by_role("button", name="Cancel")).to_be_focused()
    painter.press("Cancel")
    painter.expect_phase("painting")
    assert_array_equal(painter.mask(), mask)


def test_one_can_paint_on_while_a_hole_is_restored(painter: Visitor) -> None:
    def answer(route: Route) -> None:
        painter.expect_phase("restoring")
        painter.drag((2, 1), (10, 4))
        expect(painter.steps()).to_have_count(3)
        route.continue_()

    painter.page.route("**/v1/inpaint", answer)
    painter.press("Restore")
    expect(painter.steps()).to_have_count(4)
    mask = painter.mask()
    assert mask[2, 5]
    assert not mask[30, 40]


def test_undoing_a_restoration_ends_the_one_that_builds_on_it(painter: Visitor) -> None:
    painter.restore()
    painter.drag((2, 1), (10, 4))
    painter.page.route("**/v1/inpaint", lambda route: None)  # an answer that never comes
    painter.press("Restore")
    painter.expect_phase("restoring")
    painter.press("Undo")
    painter.expect_phase("restoring")
    painter.press("Undo")
    painter.expect_phase("painting")


def test_a_stroke_can_be_restored_when_it_ends(painter: Visitor) -> None:
    painter.press("Clear")
    painter.page.get_by_label("Restore when I let go").check()
    painter.drag(*TWICE_THE_PATCH)
    painter.expect_phase("restored")
    assert painter.colour_at(LEFT) == GREY
    painter.press("Undo")
    painter.expect_phase("painting")  # what is undone stays so
    painter.press("Eraser")
    painter.drag((20, 14), (22, 16))
    expect(painter.steps()).to_have_count(5)
    painter.expect_phase("painting")


def test_the_services_remark_is_shown(open_page: Any) -> None:
    visitor = open_page(locale="it")
    visitor.open(encoded(patch_on_grey()), "patch.png")
    visitor.page.locator("#model").select_option("telea")
    visitor.press("Rettangolo")
    visitor.drag((2, 2), (78, 58))
    visitor.restore()
    expect(visitor.page.locator("#remark")).to_contain_text("la lacuna copre il 93%")
    expect(visitor.page.locator("#remark")).to_have_attribute("lang", "it")


def test_a_full_service_is_asked_again_without_the_picture(painter: Visitor) -> None:
    posted: list[int] = []

    def answer(route: Route) -> None:
        posted.append(len(route.request.post_data_buffer or b""))
        if len(posted) < 4:
            expect(painter.page.get_by_role("status")).to_have_text("Waiting for a free place…")
            refusal(503, "busy", **{"Retry-After": "1"})(route)
        else:
            route.continue_()

    def first(route: Route) -> None:
        posted.append(len(route.request.post_data_buffer or b""))
        refusal(503, "busy", **{"Retry-After": "1"})(route)

    painter.page.route("**/v1/inpaint", answer)
    painter.page.route("**/v1/inpaint", first, times=1)
    painter.restore()
    assert [size > 100 for size in posted] == [True, False, False, False, True]
    expect(painter.page.locator("#elapsed")).to_have_text("")


def test_what_goes_wrong_is_said_in_place(painter: Visitor) -> None:
    answers: list[tuple[Callable[[Route], None], str, str]] = [
        (refusal(413, "bytes"), "the sentence of bytes", "troppi byte"),
        (refusal(418, "new"), "the sentence of new", "the sentence of new"),
        (lambda route: route.fulfill(status=502, body="?"), "status 502", "stato 502"),
        (lambda route: route.abort(), "The service does not answer", "Il servizio non risponde"),
    ]
    for answer, english, italian in answers:
        painter.page.route("**/v1/inpaint", answer, times=1)
        painter.page.locator("#restore").click()
        painter.expect_problem(english)
        painter.expect_phase("painting")
        painter.press("Italiano")
        painter.expect_problem(italian)
        painter.press("English")
    painter.restore()
    expect(painter.page.get_by_role("alert")).to_have_text("")


def test_the_service_itself_refuses_a_hole_that_covers_all(painter: Visitor) -> None:
    painter.press("Clear")
    painter.press("Invert")
    painter.press("Restore")
    painter.expect_problem("the mask covers the whole picture")


@pytest.mark.parametrize(
    ("file_format", "sentence"),
    [
        ("TIFF", "is a TIFF, which browsers do not show"),
        ("GIF", "holds several pictures"),
        ("PNG", "holds several pictures"),
        ("WEBP", "holds several pictures"),
    ],
)
def test_what_browsers_show_wrongly_is_said_at_opening(
    visitor: Visitor, file_format: str, sentence: str
) -> None:
    frames = [PIL.Image.new("RGB", (80, 60), colour) for colour in (GREY, GREEN)]
    buffer = BytesIO()
    frames[0].save(buffer, file_format, save_all=True, append_images=frames[1:])
    visitor.choose(buffer.getvalue(), f"two.{file_format.lower()}")
    visitor.expect_problem(f"two.{file_format.lower()} {sentence}")
    visitor.expect_phase("empty")
    still = BytesIO()
    frames[0].save(still, "PNG" if file_format == "TIFF" else file_format)
    visitor.open(still.getvalue(), f"one.{file_format.lower()}")


def test_squares_are_seen_through_a_transparent_picture(visitor: Visitor) -> None:
    image = np.zeros((60, 80, 4), np.uint8)
    image[:, 40:] = (0, 220, 0, 255)
    visitor.open(encoded(image), "half.png")
    visitor.page.locator("#load-mask").hover()
    seen = {visitor.colour_at((10 + step / 5, 30)) for step in range(20)}
    assert seen >= {(255, 255, 255), (200, 200, 204)}
    assert visitor.colour_at((60, 30)) == GREEN


def test_a_file_that_is_no_picture_leaves_everything_as_it_is(painter: Visitor) -> None:
    mask = painter.mask()
    painter.choose(b"%PDF-1.7", "letter.pdf")
    painter.press("Leave it")
    painter.expect_problem("letter.pdf is no picture that this browser can show")
    assert_array_equal(painter.mask(), mask)


def test_work_is_not_lost_without_asking(painter: Visitor) -> None:
    mask = painter.mask()
    painter.choose(encoded(np.zeros((20, 30), np.uint8)), "other.png")
    painter.press("Stay here")
    assert_array_equal(painter.mask(), mask)
    painter.choose(encoded(np.zeros((20, 30), np.uint8)), "other.png")
    painter.press("Leave it")
    expect(painter.page.get_by_role("button", name="Restore")).to_be_disabled()


def test_a_file_dragged_over_the_page_is_greeted(painter: Visitor) -> None:
    def drag(kind: str) -> None:
        painter.page.evaluate(
            "(kind) => document.body.dispatchEvent(new DragEvent(kind, { bubbles: true }))", kind
        )

    place = painter.page.get_by_text("Let go to open")
    expect(place).to_be_hidden()
    drag("dragover")
    expect(place).to_be_visible()
    drag("dragleave")
    expect(place).to_be_hidden()


def test_a_second_page_leaves_the_session_of_the_first_alone(painter: Visitor) -> None:
    expect(painter.page.locator("body")).to_have_attribute("data-kept", "true")
    other = painter.page.context.new_page()
    other.goto(painter.page.url)
    second = Visitor(other)
    expect(other.locator("#samples button")).not_to_have_count(0)
    second.expect_phase("empty")
    second.open_sample("hat")
    expect(second.steps()).to_have_count(1)
    other.close()
    painter.page.reload()
    painter.expect_phase("painting")
    expect(painter.steps()).to_have_count(2)


def test_a_picture_can_be_dropped_or_pasted(visitor: Visitor) -> None:
    for way, name in (("drop", "hat"), ("paste", "child")):
        visitor.page.evaluate(
            """async ([way, url]) => {
              const bytes = await (await fetch(url)).blob();
              const data = new DataTransfer();
              data.items.add(new File([bytes], "image.png", { type: "image/png" }));
              const event = way === "drop"
                ? new DragEvent(way, { dataTransfer: data, bubbles: true })
                : new ClipboardEvent(way, { clipboardData: data, bubbles: true });
              document.body.dispatchEvent(event);
            }""",
            [way, f"/samples/{name}.png"],
        )
        visitor.expect_phase("painting")
        zoom = {"hat": "506 %", "child": "147 %"}[name]
        expect(visitor.page.locator("#zoom")).to_have_text(zoom)


def test_a_service_with_a_token_asks_for_it(open_page: Any) -> None:
    visitor = open_page()
    page = visitor.page

    def guard(route: Route) -> None:
        if route.request.headers.get("authorization") == "Bearer secret":
            route.continue_()
        else:
            refusal(401, "token")(route)

    page.route(re.compile("/v1/"), guard)
    page.reload()
    visitor.expect_problem("This service asks for its token")
    page.get_by_label("Token of this service").fill("secret")
    visitor.press("Use token")
    visitor.open_sample("hat")
    visitor.drag((45, 64), (50, 64))
    visitor.restore()
