"""Small ONNX files stand for the public exports: each paints FILL where its mask says hole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from restauro.errors import BadModelError, ConfigError
from restauro.fill.onnx_peer import OnnxPeer
from restauro.fill.peers import PEERS, PeerDescription, read_peer
from restauro.picture.types import Image, Mask

onnx = pytest.importorskip("onnx")

FILL = (10, 100, 200)
"""RGB of the holes, 0 to 255."""
Node = tuple[str, list[str], str, dict[str, Any]]


@pytest.fixture
def image() -> Image:
    rows, columns = np.mgrid[0:37, 0:50]
    return np.stack([rows * 6, 60 + rows, columns * 5], axis=2).astype(np.uint8)


@pytest.fixture
def mask() -> Mask:
    hole = np.zeros((37, 50), dtype=bool)
    hole[10:20, 15:30] = True
    hole[30:, 45:] = True
    return hole


def write_model(
    path: Path,
    nodes: list[Node],
    shape: tuple[Any, ...],
    *,
    constants: dict[str, Any],
    kind: str = "FLOAT",
    channels_at: int = 1,
) -> Path:
    """An ONNX file with inputs `image` and `mask` and the output `result`, all of one type."""

    def tensor(name: str, channels: int) -> Any:
        sides = [channels if at == channels_at else side for at, side in enumerate(shape)]
        return onnx.helper.make_tensor_value_info(name, getattr(onnx.TensorProto, kind), sides)

    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(op, inputs, [output], **more) for op, inputs, output, more in nodes],
        "peer",
        inputs=[tensor("image", 3), tensor("mask", 1)],
        outputs=[tensor("result", 3)],
        initializer=[
            onnx.numpy_helper.from_array(np.asarray(value, dtype=np.float32), name)
            for name, value in constants.items()
        ],
    )
    opset = onnx.helper.make_opsetid("", 17)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    return path


def blend(image: str, hole: str, known: str, fill: str, output: str) -> list[Node]:
    return [
        ("Mul", [image, known], "seen", {}),
        ("Mul", [fill, hole], "painted", {}),
        ("Add", ["seen", "painted"], output, {}),
    ]


def lama(path: Path) -> Path:
    """Float in [0, 1], mask 1 = hole, fixed size, answer in [0, 255]."""
    nodes: list[Node] = [
        ("Sub", ["one", "mask"], "known", {}),
        *blend("image", "mask", "known", "fill", "share"),
        ("Mul", ["share", "scale"], "result", {}),
    ]
    fill = np.array(FILL).reshape(1, 3, 1, 1) / 255
    return write_model(
        path,
        nodes,
        ("batch", 0, 512, 512),
        constants={"one": 1, "fill": fill, "scale": 255},
    )


def migan(path: Path) -> Path:
    """uint8 in and out, mask 255 = known, any size."""
    nodes: list[Node] = [
        ("Cast", ["image"], "levels", {"to": onnx.TensorProto.FLOAT}),
        ("Cast", ["mask"], "known255", {"to": onnx.TensorProto.FLOAT}),
        ("Div", ["known255", "scale"], "known", {}),
        ("Sub", ["one", "known"], "hole", {}),
        *blend("levels", "hole", "known", "fill", "blended"),
        ("Cast", ["blended"], "result", {"to": onnx.TensorProto.UINT8}),
    ]
    fill = np.array(FILL).reshape(1, 3, 1, 1)
    return write_model(
        path,
        nodes,
        (1, 0, "height", "width"),
        constants={"one": 1, "fill": fill, "scale": 255},
        kind="UINT8",
    )


def filled(image: Image, mask: Mask) -> Image:
    return np.where(mask[:, :, None], np.array(FILL, dtype=np.uint8), image)


def test_export_like_that_of_migan_is_fed_as_it_expects(
    image: Image, mask: Mask, tmp_path: Path
) -> None:
    peer = OnnxPeer(PEERS["migan"], migan(tmp_path / "migan.onnx"))
    # known pixels too: with the mask upside down they would hold the fill
    np.testing.assert_array_equal(peer(image, mask), filled(image, mask))


def test_export_like_that_of_lama_is_fed_as_it_expects(
    image: Image, mask: Mask, tmp_path: Path
) -> None:
    description = replace(PEERS["lama"], output="result")
    answer = OnnxPeer(description, lama(tmp_path / "lama.onnx"))(image, mask)
    assert answer.shape == image.shape
    inside = np.zeros_like(mask)
    inside[12:18, 17:28] = True  # two pixels off the edge, where scaling mixes hole and known
    assert np.abs(answer[inside].astype(int) - FILL).max() <= 1
    far = ~mask.copy()
    far[7:23, 12:33] = far[27:, 42:] = False
    assert np.abs(answer[far].astype(int) - image[far]).max() <= 2  # there and back through 512


def test_every_hidden_pixel_is_hidden_after_scaling(tmp_path: Path) -> None:
    image = np.zeros((37, 50, 3), dtype=np.uint8)
    mask = np.zeros((37, 50), dtype=bool)
    mask[10:20, 15:30] = True
    image[mask] = 255  # none of it may be in a pixel that is called known
    model = write_model(
        tmp_path / "seen.onnx",
        [("Sub", ["one", "mask"], "known", {}), ("Mul", ["image", "known"], "result", {})],
        (1, 0, 64, 64),
        constants={"one": 1},
    )
    answer = OnnxPeer(PeerDescription("seen", size=(64, 64)), model)(image, mask)
    assert answer.max() == 0


def test_layout_colours_range_and_hidden_value_are_as_described(
    image: Image, mask: Mask, tmp_path: Path
) -> None:
    """A file that takes NHWC, BGR in [-1, 1]; hidden pixels must be -1, and come back."""
    model = write_model(
        tmp_path / "peer.onnx",
        [("Mul", ["mask", "zero"], "nothing", {}), ("Add", ["image", "nothing"], "result", {})],
        (1, "height", "width", 0),
        constants={"zero": 0},
        channels_at=3,
    )
    text = """
    name = "example"
    file = "peer.onnx"
    output = "result"
    layout = "nhwc"
    colours = "bgr"
    image_range = [-1, 1]
    output_range = [-1, 1]
    hidden = -1
    """
    description = tmp_path / "example.toml"
    description.write_text(text)
    peer = read_peer(description)
    assert Path(peer.file) == model
    expected = np.where(mask[:, :, None], np.uint8(0), image)
    np.testing.assert_array_equal(OnnxPeer(peer, peer.file)(image, mask), expected)
    swapped = OnnxPeer(replace(peer, output_range=(1.0, -1.0)), peer.file)(image, mask)
    np.testing.assert_array_equal(swapped, 255 - expected)


def test_sides_are_padded_to_the_multiple_and_the_padding_is_hole(
    image: Image, mask: Mask, tmp_path: Path
) -> None:
    """SpaceToDepth by 8 refuses any other side; the answer shows the mask."""
    model = write_model(
        tmp_path / "blocks.onnx",
        [
            ("SpaceToDepth", ["mask"], "deep", {"blocksize": 8}),
            ("DepthToSpace", ["deep"], "holes", {"blocksize": 8}),
            ("ReduceMean", ["holes"], "share", {"keepdims": 1}),
            ("Mul", ["image", "zero"], "nothing", {}),
            ("Add", ["nothing", "share"], "result", {}),
        ],
        (1, 0, "height", "width"),
        constants={"zero": 0},
    )
    answer = OnnxPeer(PeerDescription("blocks", multiple=8), model)(image, mask)
    padded = 40 * 56 - 37 * 50
    assert answer.shape == image.shape
    assert set(answer.ravel()) == {round(255 * (mask.sum() + padded) / (40 * 56))}


def test_answer_that_is_no_number_is_refused(image: Image, mask: Mask, tmp_path: Path) -> None:
    model = write_model(
        tmp_path / "broken.onnx",
        [
            ("Mul", ["mask", "zero"], "nothing", {}),
            ("Div", ["image", "nothing"], "result", {}),
        ],
        (1, 0, "height", "width"),
        constants={"zero": 0},
    )
    with pytest.raises(BadModelError, match="no numbers; check its description"):
        OnnxPeer(PeerDescription("broken"), model)(image, mask)


def test_size_that_the_file_refuses_is_told(image: Image, mask: Mask, tmp_path: Path) -> None:
    description = replace(PEERS["lama"], size=None)
    peer = OnnxPeer(description, lama(tmp_path / "lama.onnx"))
    with pytest.raises(BadModelError, match="'lama' failed .*check its description"):
        peer(image, mask)


def test_names_that_the_file_does_not_have_are_told(tmp_path: Path) -> None:
    description = PeerDescription("x", image_input="picture")
    with pytest.raises(BadModelError, match="takes image, mask and gives result; name them"):
        OnnxPeer(description, migan(tmp_path / "x.onnx"))


def test_missing_and_damaged_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadModelError, match="there is no file"):
        OnnxPeer(PEERS["lama"], tmp_path / "lama.onnx")
    (tmp_path / "lama.onnx").write_bytes(b"no model")
    with pytest.raises(BadModelError, match="cannot be loaded"):
        OnnxPeer(PEERS["lama"], tmp_path / "lama.onnx")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "a"\nfile = "a.onnx"\nmask_value = [0, 1]', "did you mean 'mask_values'"),
        ('name = "a"', "lacks the key 'file'"),
        ('name = "a"\nfile = "a.onnx"\nsize = 512', "must be a list of 2 numbers"),
        ('name = "a"\nfile = "a.onnx"\nsize = [0, 8]', "must be positive"),
        ('name = "a"\nfile = "a.onnx"\nmultiple = "8"', "must be a whole number"),
        ('name = "a"\nfile = 3', "must be text"),
        ('name = "a"\nfile = "a.onnx"\nlayout = "chw"', "must be one of nchw, nhwc"),
        ('name = "a"\nfile = "a.onnx"\nmask_values = [1, 1]', "must be two numbers that differ"),
        ("name =", "is not valid TOML"),
    ],
)
def test_mistake_in_a_description_is_told(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "peer.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_peer(path)


def test_missing_description_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_peer(tmp_path / "peer.toml")
