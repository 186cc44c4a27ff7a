"""The network that a run folder released: its config and its best weights together."""

from __future__ import annotations

from pathlib import Path

from restauro.errors import BadModelError
from restauro.fill.catalogue import model_path
from restauro.models import MODELS, InpaintingModel
from restauro.training.checkpoint import load_weights
from restauro.training.config import Config, load_config
from restauro.training.exported import exported_weights
from restauro.training.run_folder import RunFolder


def load_best(run: Path) -> tuple[Config, InpaintingModel]:
    """The config of the run folder `run` and its network with the best weights, on the processor.

    Raises:
        ConfigError: The folder holds no config that can be read.
        BadModelError: Its weights are missing, damaged or those of another network.
    """
    folder = RunFolder(run)
    config = load_config(folder.config)
    model = MODELS.create(config.model.name, **config.model.arguments)
    remedy = f"correct {folder.config}"
    load_weights_into(model, str(folder.weights), name=repr(config.model.name), remedy=remedy)
    return config, model


def load_weights_into(model: InpaintingModel, source: str, *, name: str, remedy: str) -> None:
    """Fills `model` with the weights in `source`; errors call it `name` and end with `remedy`.

    `source` is the path of a `.safetensors` file or of an exported `.onnx` file, or the name of
    an installed model such as `faces`.

    Raises:
        BadModelError: The weights are missing, damaged or those of another network.
        UnknownNameError: No such model is installed.
    """
    is_plain = source.endswith(".safetensors")
    weights = load_weights(Path(source)) if is_plain else exported_weights(model_path(source))
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise BadModelError(
            f"{source} holds weights of another network than {name}; {remedy}"
        ) from error
