"""The network that a run folder released: its config and its best weights together."""

from __future__ import annotations

from pathlib import Path

from restauro.errors import BadModelError
from restauro.models import MODELS, InpaintingModel
from restauro.training.checkpoint import load_weights
from restauro.training.config import Config, load_config

BEST_WEIGHTS = "best.safetensors"


def load_best(run: Path) -> tuple[Config, InpaintingModel]:
    """The config of the run folder `run` and its network with the best weights, on the processor.

    Raises:
        ConfigError: The folder holds no config that can be read.
        BadModelError: Its weights are missing, damaged or those of another network.
    """
    config = load_config(run / "config.toml")
    model = MODELS.create(config.model.name, **config.model.arguments)
    remedy = f"correct {run / 'config.toml'}"
    load_weights_into(model, run / BEST_WEIGHTS, name=repr(config.model.name), remedy=remedy)
    return config, model


def load_weights_into(model: InpaintingModel, path: Path, *, name: str, remedy: str) -> None:
    """Fills `model` with the weights in `path`; errors call it `name` and end with `remedy`.

    Raises:
        BadModelError: The weights are missing, damaged or those of another network.
    """
    try:
        model.load_state_dict(load_weights(path))
    except RuntimeError as error:
        raise BadModelError(
            f"{path} holds weights of another network than {name}; {remedy}"
        ) from error
