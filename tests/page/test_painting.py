"""Painting holes: tools, undo, mask files, keys, fingers."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_array_equal
from playwright.sync_api import expect
from visitor import Visitor, encoded, patch_on_grey

from restauro import find_damage
from restauro.commands.demo import SAMPLES_DIR
from restauro.picture.holes import grown
from restauro.picture.masks import marked_by_picture
from restauro.picture.read import read_image
from restauro.picture.types import Mask
from restauro.repairing import SOFT_EDGE_PX

HEIGHT, WIDTH = 60, 80


@pytest.fixture
def painter(visitor: Visitor) -> Visitor:
    """Somebody with a picture of 80 x 60 pixels open."""
    visitor.open(encoded(patch_on_grey(HEIGHT, WIDTH)), "patch.png")
    return visitor


def set_brush(painter: Visitor, slider: int) -> None:
    painter.page.locator("#brush-size").fill(str(slider))


def around(left: float, top: float, right: float, bottom: float) -> Mask:
    """A hole of the pixels whose centres lie in the area."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return np.asarray((rows > top) & (rows < bottom) & (columns > left) & (columns < right))


def test_a_stroke_is_a_line_with_round_ends(painter: Visitor) -> None:
    set_brush(painter, 68)
    expect(painter.page.locator("#brush-size-shown")).to_have_text("10 px")
    painter.drag((20, 20), (60, 40))
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    along = np.clip(((columns - 20) * 40 + (rows - 20) * 20) / (40**2 + 20**2), 0, 1)
    distance = np.hypot(columns - 20 - 40 * along, rows - 20 - 20 * along)
    mask = painter.mask()
    assert mask[distance < 4].all()
    assert not mask[distance > 6].any()
    share = f"{mask.mean():.0%}"
    expect(painter.page.get_by_role("status")).to_have_text(f"Hole: {share} of the picture.")


def test_the_eraser_makes_pixels_known_again(painter: Visitor) -> None:
    painter.drag((20, 30), (60, 30))
    before = painter.mask()
    painter.press("Eraser")
    painter.drag((40, 10), (40, 50))
    after = painter.mask()
    assert before[30, 40]
    assert not after[30, 40]
    assert after[30, 25]


def test_a_rectangle_has_its_corners_where_the_mouse_was(painter: Visitor) -> None:
    painter.press("Rectangle")
    painter.drag((50.5, 40.5), (10.5, 20.5))
    assert_array_equal(painter.mask(), around(10, 20, 51, 41))


def test_a_brush_of_one_pixel_paints_the_pixel_under_it(painter: Visitor) -> None:
    set_brush(painter, 0)
    corners = [(10.05, 10.05), (20.95, 10.05), (30.05, 20.95), (40.95, 20.95), (50.5, 30.5)]
    for corner in corners:
        painter.drag(corner, corner)
    rows, columns = np.nonzero(painter.mask())
    assert set(zip(columns.tolist(), rows.tolist(), strict=True)) == {
        (int(x), int(y)) for x, y in corners
    }


def test_the_hole_grows_as_the_service_would_grow_it_and_shrinks_again(painter: Visitor) -> None:
    painter.press("Rectangle")
    painter.drag((10.5, 20.5), (30.5, 40.5))
    painter.drag((60.5, 0), (79.9, 10.5))  # at the picture's edges
    painted = painter.mask()
    painter.press("Grow")
    painter.press("Grow")
    assert_array_equal(painter.mask(), grown(painted, 2))
    painter.page.keyboard.press("s")
    painter.page.keyboard.press("s")
    assert_array_equal(painter.mask(), painted)
    for _ in range(11):
        painter.press("Shrink")
    expect(painter.page.get_by_role("status")).to_have_text("Paint over what should be restored.")
    expect(painter.page.get_by_role("button", name="Shrink")).to_be_disabled()


def test_undo_and_redo_give_back_every_state(painter: Visitor) -> None:
    states = []
    for top in (10, 25, 40):
        painter.drag((20, top), (60, top))
        states.append(painter.mask())
    painter.press("Invert")
    assert_array_equal(painter.mask(), ~states[-1])
    painter.press("Undo")
    painter.page.keyboard.press("Control+z")
    assert_array_equal(painter.mask(), states[1])
    painter.page.keyboard.press("Control+Shift+z")
    assert_array_equal(painter.mask(), states[2])
    painter.press("Clear")
    expect(painter.page.get_by_role("button", name="Restore")).to_be_disabled()
    painter.press("Undo")
    painter.press("Undo")
    painter.drag((20, 50), (60, 50))
    expect(painter.page.get_by_role("button", name="Redo")).to_be_disabled()
    assert_array_equal(painter.mask()[:30], states[1][:30])


def test_what_is_undone_is_no_longer_seen(painter: Visitor) -> None:
    painter.drag((30, 30), (50, 30))
    painter.page.locator("#undo").hover()
    painted = painter.colour_at((40, 30))
    painter.press("Undo")
    assert painter.colour_at((40, 30)) == (0, 220, 0)
    painter.press("Redo")
    assert painter.colour_at((40, 30)) == painted != (0, 220, 0)


def test_undo_forgets_the_oldest_steps_when_memory_is_short(visitor: Visitor) -> None:
    undone = visitor.page.evaluate(
        """async () => {
          const { History } = await import("/static/history.js");
          const { Mask } = await import("/static/mask.js");
          const mask = new Mask(80, 60);
          const history = new History(mask, 3 * 80 * 60 / 8);
          for (let i = 0; i < 10; i++) history.commit("invert", [mask.invert()]);
          let undone = 0;
          while (history.undo()) undone++;
          return undone;
        }"""
    )
    assert undone == 3


def test_a_saved_mask_can_be_loaded_again(painter: Visitor) -> None:
    painter.drag((20, 20), (60, 40))
    name, data = painter.saved("Save mask")
    picture = PIL.Image.open(BytesIO(data))
    assert (name, picture.mode, picture.size) == ("patch_mask.png", "1", (WIDTH, HEIGHT))
    painter.press("Clear")
    painter.choose(data, name, into="mask")
    expect(painter.page.get_by_role("button", name="Restore")).to_be_enabled()
    assert_array_equal(painter.mask(), marked_by_picture(picture).hole)


def test_a_mask_file_means_what_it_means_to_the_command_line(painter: Visitor) -> None:
    ramp = np.linspace(0, 255, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint8)
    half = ramp // 2
    label = (ramp > 200).astype(np.uint8)
    transparent = np.dstack([half, half, half, ramp])
    for pixels in (ramp, transparent, label, np.dstack([0 * label, 0 * label, 120 * label])):
        data = encoded(pixels)
        painter.choose(data, "mask.png", into="mask")
        expect(painter.page.get_by_role("button", name="Undo")).to_be_enabled()
        assert_array_equal(painter.mask(), marked_by_picture(PIL.Image.open(BytesIO(data))).hole)
        painter.press("Undo")


def test_a_mask_with_soft_edges_is_said(painter: Visitor) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[20:40, 20:60] = 255
    mask[19] = 90
    painter.choose(encoded(mask), "mask.png", into="mask")
    painter.expect_problem("soft edges: 80 of its pixels")
    assert_array_equal(painter.mask(), mask > 127)


def test_a_mask_that_cannot_be_used_is_one_sentence(painter: Visitor) -> None:
    painter.drag((20, 20), (60, 40))
    painted = painter.mask()
    white = np.full((HEIGHT, WIDTH, 3), 255)
    in_part = np.dstack([white, np.eye(HEIGHT, WIDTH) * 255]).astype(np.uint8)
    for data, sentence in (
        (encoded(np.zeros((37, 50), np.uint8)), "mask has 50×37 pixels, but the picture has 80×60"),
        (b"no picture", "mask.png is no picture that this browser can show"),
        (encoded(in_part), "white on transparent"),
        (encoded(np.eye(HEIGHT, WIDTH, dtype=np.uint8) + np.uint8(1)), "all of them dark"),
    ):
        painter.choose(data, "mask.png", into="mask")
        painter.expect_problem(sentence)
        assert_array_equal(painter.mask(), painted)
    painter.press("Close")
    expect(painter.page.get_by_role("alert")).to_have_text("")


def test_painting_needs_no_mouse(painter: Visitor) -> None:
    """Keys only: the brush starts in the middle and moves by a quarter of its size."""
    page = painter.page
    expect(page.locator("#stage")).to_be_focused()
    set_brush(painter, 68)
    page.locator("#stage").focus()
    page.keyboard.press("Space")
    assert_array_equal(painter.mask(), painter.mask() & around(34, 24, 46, 36))
    page.locator("#stage").focus()
    for _ in range(8):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("b")
    line = painter.mask()
    assert line[30, 40:62].all()
    assert not line[:, 70:].any()
    page.keyboard.press("Control+z")  # the line was one edit
    page.locator("#stage").focus()
    page.keyboard.press("Delete")
    page.keyboard.press("r")
    page.keyboard.press("Space")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    page.keyboard.press("Space")
    assert_array_equal(painter.mask(), around(34, 24, 40, 30))


def test_keys_work_wherever_the_focus_is_unless_one_types(painter: Visitor) -> None:
    page = painter.page
    page.locator("#invert").focus()
    page.keyboard.press("r")
    expect(page.locator("#rectangle")).to_have_attribute("aria-pressed", "true")
    page.locator("#brush-size").focus()
    page.keyboard.press("e")
    expect(page.locator("#eraser")).to_have_attribute("aria-pressed", "true")
    page.locator("#model").focus()
    page.keyboard.press("b")
    expect(page.locator("#eraser")).to_have_attribute("aria-pressed", "true")
    page.locator("#invert").focus()
    page.keyboard.press("Space")  # presses the button
    expect(page.get_by_role("status")).to_have_text("Hole: 100% of the picture.")


def test_a_question_mark_tells_all_keys(painter: Visitor) -> None:
    sheet = painter.page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_hidden()
    painter.page.keyboard.press("?")
    expect(sheet).to_contain_text("BBrush")
    expect(sheet.get_by_role("term")).to_have_count(5 + painter.page.locator("[data-key]").count())
    painter.page.set_viewport_size({"width": 844, "height": 390})
    expect(sheet.get_by_role("heading")).to_be_focused()
    expect(sheet.get_by_role("heading")).to_be_in_viewport()
    painter.page.keyboard.press("r")
    expect(painter.page.locator("#brush")).to_have_attribute("aria-pressed", "true")
    painter.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    painter.press("Keys")
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()


def test_space_and_drag_move_the_picture(painter: Visitor) -> None:
    page = painter.page
    for _ in range(4):
        page.keyboard.press("+")
    page.mouse.move(*painter.on_screen((40, 30)))
    assert painter.colour_at((66, 30)) == (0, 220, 0)
    page.keyboard.down("Space")
    page.mouse.down()
    page.mouse.move(*painter.on_screen((20, 30)), steps=4)
    page.mouse.up()
    page.keyboard.up("Space")
    expect(painter.steps()).to_have_count(1)  # nothing was painted
    assert painter.colour_at((66, 30)) == (128, 128, 128)
    painter.drag((20, 20), (25, 20))
    expect(painter.steps()).to_have_count(2)


def test_a_long_stroke_is_a_step_of_few_bits(visitor: Visitor) -> None:
    """Of the tiles that it touches, not of the box around it: here 12 megapixels."""
    num_bytes = visitor.page.evaluate(
        """async () => {
          const { History } = await import("/static/history.js");
          const { Mask } = await import("/static/mask.js");
          const mask = new Mask(4000, 3000);
          const history = new History(mask);
          const areas = [];
          for (let i = 0; i < 100; i++) {
            const at = (k) => ({ x: 40 * k, y: 30 * k });
            areas.push(mask.line(at(i), at(i + 1), 20, 1));
          }
          const { flips } = history.commit("brush", areas);
          const isSettled = history.settled.pixels.every((value, i) => value === mask.pixels[i]);
          const count = mask.pixels.reduce((sum, value) => sum + value, 0);
          if (!isSettled || count !== mask.count) return -1;
          return flips.reduce((sum, { bits }) => sum + bits.length, 0);
        }"""
    )
    assert 0 < num_bytes < 4000 * 3000 / 8 / 10


def test_two_fingers_zoom_and_do_not_paint(open_page: Any) -> None:
    visitor = open_page(has_touch=True, viewport={"width": 390, "height": 844})
    visitor.open(encoded(patch_on_grey(HEIGHT, WIDTH)), "patch.png")
    browser = visitor.page.context.new_cdp_session(visitor.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [visitor.on_screen(point) for point in points]
        fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        browser.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    zoom = visitor.page.locator("#zoom")
    before = zoom.text_content()
    touch("touchStart", (30, 30))
    touch("touchMove", (32, 30))
    touch("touchStart", (32, 30), (50, 30))
    for spread in range(5, 25, 5):
        touch("touchMove", (32 - spread, 30), (50 + spread, 30))
    touch("touchEnd")
    expect(zoom).not_to_have_text(before or "")
    expect(visitor.page.get_by_role("button", name="Restore")).to_be_disabled()

    visitor.press("Show all")
    expect(zoom).to_have_text(before or "")
    touch("touchStart", (20, 20))
    touch("touchMove", (60, 20))
    touch("touchEnd")
    assert visitor.mask()[20, 20:60].all()


def test_zooming_and_moving_keep_the_hole_under_the_brush(painter: Visitor) -> None:
    painter.page.mouse.move(*painter.on_screen((60, 30)))
    painter.page.mouse.wheel(0, -1000)
    expect(painter.page.locator("#zoom")).not_to_have_text("1094 %")
    painter.page.mouse.down()
    painter.page.mouse.up()
    mask = painter.mask()
    assert mask[30, 60]
    assert not mask[:, :50].any()
    painter.press("Move")
    painter.drag((60, 30), (40, 30))
    assert_array_equal(painter.mask(), mask)


def test_the_mask_of_a_turned_photograph_is_upright(visitor: Visitor) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    visitor.open(encoded(patch_on_grey(HEIGHT, WIDTH), "JPEG", exif=exif), "photo.jpg")
    visitor.drag((30, 10), (30, 20))
    mask = visitor.mask()
    assert mask.shape == (WIDTH, HEIGHT)
    assert mask[15, 30]


def scratched(name: str = "hat") -> Any:
    """A sample with a white scratch across."""
    image = read_image(SAMPLES_DIR / f"{name}.png").copy()
    for row in range(20, 110):
        image[row, 30 + row // 2 : 32 + row // 2] = 250
    return image


def test_damage_is_found_and_painted_over(visitor: Visitor) -> None:
    """Beside what is painted already; what was filled since is not found again."""
    image = scratched()
    visitor.open(encoded(image), "scan.png")
    visitor.page.locator("#model").select_option("telea")
    visitor.press("Rectangle")
    visitor.drag((2, 2), (12, 12))
    visitor.press("Find damage")
    expect(visitor.steps()).to_have_count(3)
    expected = grown(find_damage(image), SOFT_EDGE_PX)
    assert expected.sum() > 180, "it is found"
    expected[2:12, 2:12] = True
    assert_array_equal(visitor.mask(), expected)
    visitor.page.keyboard.press("Control+z")
    assert visitor.mask().sum() == 100
    visitor.page.keyboard.press("Control+y")
    visitor.restore()
    visitor.page.keyboard.press("f")
    visitor.expect_problem("No more damage was found")
    expect(visitor.steps()).to_have_count(4)
