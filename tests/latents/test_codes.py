"""Codes in people's hands: written, read, decoded, walked through and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from tinycodes import SIZE, write_run_with_codes

from restauro.cli import cli
from restauro.data.bank import Bank
from restauro.errors import BadDataError, BadImageError, BadModelError, OutputExistsError
from restauro.latents import Coder, NamedCodes, Population, load_codes, save_codes
from restauro.sheets import GAP_PX
from tinyfolders import textured, write_bank

DIM = 3

Picture: TypeAlias = NDArray[np.uint8]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run_with_codes(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def plain_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run_with_codes(tmp_path_factory.mktemp("runs") / "plain", "conv_autoencoder")


@pytest.fixture(scope="module")
def coder(run: Path) -> Coder:
    return Coder(run)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three pictures of the network's size, and a note."""
    folder = tmp_path_factory.mktemp("pictures")
    for number, image in enumerate(textured(3, SIZE)):
        PIL.Image.fromarray(image).save(folder / f"{number}.png")
    (folder / "note.txt").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def codes_path(run: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("codes") / "codes.npy"
    latent("encode", run, pictures, "-o", path)
    return path


def latent(*words: object) -> str:
    arguments = ["latent", *map(str, words)]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    return result.output


def tile(sheet: Path, row: int, column: int, label_width: int = 0) -> Picture:
    """A picture of a sheet without labels at its left, counted from its lower right corner."""
    pixels = np.asarray(PIL.Image.open(sheet).convert("RGB"))
    bottom = len(pixels) - GAP_PX - row * (SIZE[0] + GAP_PX)
    right = pixels.shape[1] - GAP_PX - column * (SIZE[1] + GAP_PX)
    return pixels[bottom - SIZE[0] : bottom, right - SIZE[1] : right]


def assert_alike(one: Picture, other: Picture) -> None:
    """Checks that two pictures differ by a level at most.

    Codes are decoded in batches of other sizes here than there, which add up in another order.
    """
    assert np.abs(one.astype(int) - other).max() <= 1


def test_codes_are_read_by_numpy_alone(coder: Coder, codes_path: Path) -> None:
    rows = np.load(codes_path)
    assert rows["name"].tolist() == ["0.png", "1.png", "2.png"]
    assert_allclose(rows["code"], coder.encode(textured(3, SIZE)), rtol=1e-5)
    assert set(rows["model"]) == {coder.checksum}


def test_codes_of_a_bank_have_its_names(run: Path, coder: Coder, tmp_path: Path) -> None:
    images = textured(5, SIZE)
    splits = ["train", "test", "test", "val", "train"]
    bank = write_bank(tmp_path / "bank", images, split=splits)
    assert "2 codes of 3 numbers" in latent("encode", run, bank, "-o", tmp_path / "a.npy")
    named = load_codes(tmp_path / "a.npy", coder)
    assert named.names == [row["name"] for row in Bank.open(bank).index[1:3]]
    assert_allclose(named.codes, coder.encode(images[1:3]), rtol=1e-5)
    latent("encode", run, bank, "--split", "val", "-o", tmp_path / "b.npy")
    assert_allclose(
        load_codes(tmp_path / "b.npy", coder).codes, coder.encode(images[3:4]), rtol=1e-5
    )


def test_other_sizes_are_cut_to_the_middle(coder: Coder, tmp_path: Path) -> None:
    """Twice as wide as high, where the network takes 32x48: a quarter goes."""
    wide = np.zeros((64, 128, 3), dtype=np.uint8)
    wide[:, 16:112] = 200
    PIL.Image.fromarray(wide).save(tmp_path / "wide.png")
    names, images = coder.read([tmp_path / "wide.png"])
    assert names == ["wide.png"]
    assert images.shape == (1, *SIZE, 3)
    assert (images > 190).mean() > 0.9  # but for the rim, where sizes are halved


def test_decoding_gives_the_pictures_of_the_codes(
    run: Path, coder: Coder, codes_path: Path, tmp_path: Path
) -> None:
    assert "3 pictures" in latent("decode", run, codes_path, "-o", tmp_path / "out")
    expected = coder.decode(load_codes(codes_path, coder).codes)
    for number, image in enumerate(expected):
        assert_alike(np.asarray(PIL.Image.open(tmp_path / "out" / f"{number}.png")), image)
    with pytest.raises(OutputExistsError, match="--force"):
        latent("decode", run, codes_path, "-o", tmp_path / "out")
    latent("decode", run, codes_path, "-o", tmp_path / "out", "--force")


def test_names_lead_to_no_other_folder(run: Path, coder: Coder, tmp_path: Path) -> None:
    codes = np.zeros((2, DIM), dtype=np.float32)
    save_codes(tmp_path / "codes.npy", NamedCodes(["../up", "/root/x.png"], codes), coder)
    latent("decode", run, tmp_path / "codes.npy", "-o", tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {".._up.png", "_root_x.png"}
    assert not (tmp_path / "up.png").exists()


def test_codes_of_another_model_are_refused(
    codes_path: Path, coder: Coder, plain_run: Path, tmp_path: Path
) -> None:
    sentence = f"codes of the weights {coder.checksum}, but these are"
    with pytest.raises(BadDataError, match=sentence):
        latent("decode", plain_run, codes_path, "-o", tmp_path / "out")


def test_what_is_no_file_of_codes_is_refused(run: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "plain.npy", np.zeros((2, DIM)))
    (tmp_path / "text.npy").write_text("no array")
    np.savez(tmp_path / "many.npz", np.zeros(3))
    (tmp_path / "empty.npy").touch()
    for name in ("plain.npy", "text.npy", "many.npz", "empty.npy"):
        with pytest.raises(BadDataError, match=f"{name} holds no named codes; make such with"):
            latent("decode", run, tmp_path / name, "-o", tmp_path / "out")


def test_traversal_moves_one_number_alone(run: Path, coder: Coder, tmp_path: Path) -> None:
    latent("traverse", run, "-o", tmp_path / "sheet.png", "--steps", 5)
    for row, number in ((0, 2), (2, 0)):
        for column, value in ((0, 2.0), (1, 1.0), (4, -2.0)):
            code = np.zeros((1, DIM), dtype=np.float32)
            code[0, number] = value
            assert_alike(tile(tmp_path / "sheet.png", row, column), coder.decode(code)[0])


def test_traversal_around_a_picture_starts_at_its_code(
    run: Path, coder: Coder, pictures: Path, tmp_path: Path
) -> None:
    latent("traverse", run, pictures / "1.png", "-o", tmp_path / "sheet.png", "--steps", 3)
    code = coder.encode(textured(3, SIZE)[1:2])
    code[0, 2] = 2.0
    assert_alike(tile(tmp_path / "sheet.png", 0, 0), coder.decode(code)[0])


def test_walks_go_where_given_codes_lie(plain_run: Path, pictures: Path, tmp_path: Path) -> None:
    coder, codes = Coder(plain_run), tmp_path / "codes.npy"
    latent("encode", plain_run, pictures, "-o", codes)
    latent("traverse", plain_run, "-o", tmp_path / "s.png", "--codes", codes, "--steps", 3)
    values = load_codes(codes, coder).codes.astype(float)
    code = values.mean(axis=0)
    code[2] += 2 * values[:, 2].std(ddof=1)
    expected = coder.decode(code[None].astype(np.float32))[0]
    assert_alike(tile(tmp_path / "s.png", 0, 0), expected)
    for command in ("traverse", "sample"):
        with pytest.raises(BadModelError, match="'conv_autoencoder' is not variational.* --codes"):
            latent(command, plain_run, "-o", tmp_path / "other.png")


def test_population_is_that_of_the_codes() -> None:
    rng = np.random.default_rng(0)
    mixing = np.array([[2.0, 0.0], [1.0, 0.5]])
    codes = (rng.normal(size=(20_000, 2)) @ mixing.T + [3.0, -1.0]).astype(np.float32)
    drawn = Population.of(codes).draw(20_000, seed=1)
    assert drawn.mean(axis=0) == pytest.approx([3.0, -1.0], abs=0.1)
    assert np.cov(drawn.T) == pytest.approx(mixing @ mixing.T, abs=0.1)
    assert_array_equal(drawn, Population.of(codes).draw(20_000, seed=1))
    with pytest.raises(BadDataError, match="1 code has no spread"):
        Population.of(codes[:1])


def test_drawn_pictures_are_those_of_the_prior(run: Path, coder: Coder, tmp_path: Path) -> None:
    for name, seed in (("a.png", 1), ("b.png", 1), ("c.png", 2)):
        latent("sample", run, "-o", tmp_path / name, "--count", 10, "--seed", seed)
    a, b, c = ((tmp_path / name).read_bytes() for name in ("a.png", "b.png", "c.png"))
    assert a == b != c
    expected = coder.decode(Population.standard(DIM).draw(10, seed=1))
    # eight in the first row, two in the second
    assert_alike(tile(tmp_path / "a.png", 1, 0), expected[7])
    assert_alike(tile(tmp_path / "a.png", 0, 6), expected[9])


def test_interpolation_goes_from_picture_to_picture(
    run: Path, coder: Coder, pictures: Path, tmp_path: Path
) -> None:
    latent("interpolate", run, pictures, "-o", tmp_path / "sheet.png", "--steps", 3)
    images = textured(3, SIZE)
    codes = coder.encode(images)
    middle = coder.decode(codes[1:2] + (codes[2:3] - codes[1:2]) * np.float32(0.5))[0]
    assert_array_equal(tile(tmp_path / "sheet.png", 0, 0), images[2])
    assert_alike(tile(tmp_path / "sheet.png", 0, 2), middle)
    assert_alike(tile(tmp_path / "sheet.png", 0, 3), coder.decode(codes[1:2])[0])
    assert_array_equal(tile(tmp_path / "sheet.png", 1, 4), images[0])
    assert "give two or more" in latent(
        "interpolate", run, pictures / "0.png", "-o", tmp_path / "one.png"
    )


def test_bad_pictures_and_outputs_are_one_sentence(
    run: Path, pictures: Path, codes_path: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadImageError, match=r"note.txt cannot be used: no picture"):
        latent("encode", run, pictures / "note.txt", "-o", tmp_path / "codes.npy")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(BadImageError, match="no picture in .*nothing"):
        latent("encode", run, tmp_path / "nothing", "-o", tmp_path / "codes.npy")
    small = write_bank(tmp_path / "small", textured(2, (16, 16)))
    with pytest.raises(BadImageError, match="pictures of 16x16 do not fit"):
        latent("encode", run, pictures, small, "-o", tmp_path / "codes.npy")
    with pytest.raises(OutputExistsError, match="exists"):
        latent("encode", run, pictures, "-o", codes_path)
    with pytest.raises(BadImageError, match="ends in no known format"):
        latent("sample", run, "-o", tmp_path / "sheet.npy")
