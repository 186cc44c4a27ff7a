"""A model file as a function on arrays; the tool imports ONNX Runtime here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restauro.errors import BadModelError, first_line
from restauro.images import Image, Mask
from restauro.inference.model_file import ModelCard, read_card

_INPUTS = {"image": 3, "mask": 1}  # name -> channels
_OUTPUT = "prediction"
_ERRORS_ONLY = 3


class Network:
    """A checked model, ready to run; safe to call from several threads at once."""

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self.card: ModelCard = read_card(path)
        self._session = _open_session(path, threads)
        _check_interface(path, self._session)

    def __call__(self, image: Image, mask: Mask) -> NDArray[np.float32]:
        """The prediction, float32 (H, W, 3) in [0, 1], for an image (H, W, 3) of the card's size.

        Hidden pixels are blackened here too: no model file, however it was made, can see them.

        Raises:
            BadModelError: The network fails, or gives another shape or values that are no numbers.
        """
        hole = mask.astype(np.float32)
        visible = image * ((1 - hole) / np.float32(255))[:, :, None]  # (H, W, 3) in [0, 1]
        inputs = {"image": visible.transpose(2, 0, 1)[None], "mask": hole[None, None]}
        try:
            (prediction,) = self._session.run([_OUTPUT], inputs)  # (1, 3, H, W)
        except Exception as error:  # ONNX Runtime's errors share no other base
            raise BadModelError(f"model {self.card.name!r} failed ({first_line(error)})") from error
        if prediction.shape != inputs["image"].shape or not np.isfinite(prediction).all():
            raise BadModelError(
                f"model {self.card.name!r} gave a prediction of the shape {prediction.shape} "
                "or values that are no numbers; export it again"
            )
        return np.asarray(prediction[0].transpose(1, 2, 0).clip(0, 1), dtype=np.float32)


def _open_session(path: Path, threads: int | None) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0  # 0: as many as there are cores
    options.inter_op_num_threads = 1
    # A waiting thread would otherwise spin, and count as processor time of everybody.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no other base
        raise BadModelError(
            f"{path} cannot be loaded ({first_line(error)}); update onnxruntime or export it again"
        ) from error


def _check_interface(path: Path, session: Any) -> None:
    given = {entry.name: entry for entry in session.get_inputs()}
    outputs = [entry.name for entry in session.get_outputs()]
    if set(given) != set(_INPUTS) or _OUTPUT not in outputs:
        raise BadModelError(
            f"{path} takes {', '.join(given)} and gives {', '.join(outputs)}, but must take "
            f"image and mask and give {_OUTPUT}; export it with `restauro export`"
        )
    for name, channels in _INPUTS.items():
        shape = given[name].shape
        if given[name].type != "tensor(float)" or len(shape) != 4 or shape[1] != channels:
            raise BadModelError(
                f"input {name} of {path} is {given[name].type} of the shape {shape}, but must be "
                f"float32 (B, {channels}, H, W); export it with `restauro export`"
            )
