from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from restauro.errors import BadModelError
from restauro.fill import model_file
from restauro.fill.model_file import ModelCard, read_card
from restauro.fill.restorer import Network

MakeModel = Callable[..., Path]


def test_a_card_comes_back_from_its_file_as_it_was_written(make_model: MakeModel) -> None:
    scores = {"psnr": 21.5, "bins": {"0-20 %": 30.25}}
    card = read_card(make_model(card={"size": [24, 32], "multiple": 8, "scores": scores}))
    assert card.size == (24, 32)
    assert card.multiple == 8
    assert card.scores == scores
    assert ModelCard.from_json(card.to_json()) == card
    assert json.loads(card.to_json())["format"] == 1


def test_keys_that_this_version_does_not_know_are_ignored(make_model: MakeModel) -> None:
    assert read_card(make_model(card={"colour": "blue"})) == read_card(make_model())


def test_a_card_made_by_hand_is_checked_too(make_model: MakeModel) -> None:
    card = read_card(make_model())
    with pytest.raises(
        BadModelError, match="parameters of the model card is -1, but must be a number"
    ):
        dataclasses.replace(card, parameters=-1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format 2, but this restauro reads 1; update restauro"),
        (
            {"size": [0, 128]},
            r"size of the model card is \(0, 128\), but must be \[height, width\]",
        ),
        ({"size": [32, True]}, "in the model card size is True, but must be a whole number"),
        ({"multiple": 7}, "multiple of the model card is 7, but must be a divisor of the size"),
        ({"multiple": 0}, "multiple of the model card is 0, but must be a divisor of the size"),
        ({"name": ""}, "name of the model card is '', but must be not empty"),
        ({"terms": None}, "in the model card terms is None, but must be text"),
        ({"scores": [1]}, "in the model card scores is .*, but must be a table"),
    ],
)
def test_a_wrong_card_is_one_sentence(
    make_model: MakeModel, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadModelError, match=message):
        read_card(make_model(card=change))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "the model card is no JSON"),
        ("[1]", "format None"),
        (
            '{"format": 1, "name": "x"}',
            "in the model card the keys 'version', 'architecture', 'size'",
        ),
        ('{"format": 1, "size": 7}', "the keys 'name', .* are missing; export the model again"),
    ],
)
def test_text_that_is_no_card_is_one_sentence(text: str, message: str) -> None:
    with pytest.raises(BadModelError, match=message):
        ModelCard.from_json(text)


def test_an_onnx_file_of_somebody_else_is_refused(make_model: MakeModel) -> None:
    with pytest.raises(BadModelError, match="without a restauro card"):
        read_card(make_model(metadata={"author": "somebody"}))


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + bytes(50), b"hello world"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(BadModelError, match="no intact ONNX file"):
        read_card(path)


def test_a_file_cut_anywhere_is_refused(make_model: MakeModel, tmp_path: Path) -> None:
    whole = make_model().read_bytes()
    path = tmp_path / "cut.onnx"
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(BadModelError):
            read_card(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModelError, match=r"no\.onnx cannot be read: No such file"):
        read_card(tmp_path / "no.onnx")


def test_a_file_that_is_too_large_is_refused(
    make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_file, "MAX_MODEL_BYTES", 100)
    with pytest.raises(BadModelError, match="export a smaller model"):
        read_card(make_model())


@pytest.mark.parametrize(
    ("opsets", "message"),
    [
        ({"": 6}, "uses the operators ONNX 6, but only those of ONNX 7 or newer"),
        ({"": 17, "somebody": 1}, "uses the operators ONNX 17, somebody 1, but"),
        ({}, "uses the operators of no set, but"),
    ],
)
def test_operators_that_are_too_old_or_of_somebody_else_are_refused(
    make_model: MakeModel, tmp_path: Path, opsets: dict[str, int], message: str
) -> None:
    import onnx

    model = onnx.load(make_model())
    del model.opset_import[:]
    model.opset_import.extend(onnx.helper.make_opsetid(*item) for item in opsets.items())
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(BadModelError, match=message):
        read_card(tmp_path / "other.onnx")


def test_inputs_that_contradict_the_card_are_refused(make_model: MakeModel, tmp_path: Path) -> None:
    import onnx

    model = onnx.load(make_model())
    sides = model.graph.input[0].type.tensor_type.shape.dim
    path = tmp_path / "fixed.onnx"
    for axis, side in [(0, 1), (2, 64)]:
        given = sides[axis].dim_param
        sides[axis].dim_value = side
        onnx.save(model, path)
        with pytest.raises(BadModelError, match=r"with any B and the size \(32, 32\) of its card"):
            Network(path)
        sides[axis].dim_param = given


def test_other_input_names_are_refused(make_model: MakeModel) -> None:
    with pytest.raises(BadModelError, match="takes picture, mask and gives prediction, but must"):
        Network(make_model(image_input="picture"))


def test_a_damaged_graph_is_refused(make_model: MakeModel, tmp_path: Path) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(make_model().read_bytes().replace(b"ReduceSum", b"ReduceXyz"))
    with pytest.raises(BadModelError, match=r"cannot be loaded \(.*\); update onnxruntime"):
        Network(path)
