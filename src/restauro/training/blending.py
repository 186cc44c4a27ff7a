"""Weights between two runs, or beyond one of them: a dial between PSNR and sharpness."""

from __future__ import annotations

import json
from pathlib import Path

from lightning_fabric import Fabric

from restauro.data.bank import Bank
from restauro.errors import ConfigError, OutputExistsError
from restauro.files import file_sha256
from restauro.losses import LOSSES
from restauro.models import MODELS, TaskModel
from restauro.training.config import Config
from restauro.training.run import choose_precision, make_validation
from restauro.training.run_folder import RunFolder
from restauro.training.weights import load_best, load_weights_into, save_weights


def blend(run: Path, other: Path, share: float, output: Path) -> dict[str, float]:
    """Writes the run `output`: (1 - share) times the weights of `run` plus share of `other`'s.

    `other` is a run too, or a file of weights: exported, or `.safetensors`. One should have gone on
    from the other: unrelated weights blend to noise. A share below 0 goes beyond `run`, away from
    `other`. The new folder has the config of `run`, `blend.json` with what it was made of, and a
    history of one line: the scores on `run`'s validation pictures, which are also returned.

    Source: Wortsman et al. 2022, arXiv:2109.01903, between two trainings; going beyond is ours.

    Raises:
        OutputExistsError: There is something at `output`.
        ConfigError: The runs are of different networks.
        BadModelError: Weights are missing, damaged or, in a file, of another network.
        BadDataError: The bank of `run` cannot be used.
    """
    if output.exists():
        raise OutputExistsError(f"{output} exists; remove it or choose another folder")
    config, model = load_best(run)
    other_model = _load_other(other, run, config)
    weights = model.state_dict()
    for name, values in other_model.state_dict().items():
        if values.is_floating_point():
            weights[name].lerp_(values, share)  # in place: the model itself is blended
    precision = choose_precision(config.training.precision, "auto")
    fabric = Fabric(accelerator="auto", devices=1, precision=precision)
    criterion = LOSSES.create(config.loss.name, **config.loss.arguments).to(fabric.device)
    validation = make_validation(fabric, config, Bank.open(Path(config.data.bank)), criterion)
    scores = validation.scores(model.to(fabric.device))
    output.mkdir(parents=True)
    parts = {str(path): file_sha256(_weights_in(path)) for path in (run, other)}
    (output / "blend.json").write_text(json.dumps({"share": share, "of": parts}, indent=2) + "\n")
    folder = RunFolder(output)
    folder.describe(config)
    folder.append({"epoch": 0, "step": 0, **scores})
    validation.write_sheet(model, folder.samples / "blend.png")
    save_weights(folder.weights, weights)
    return scores


def _load_other(other: Path, run: Path, config: Config) -> TaskModel:
    """The network of `other`, which must be that of `run`, whose config this is."""
    if _weights_in(other) == other:
        model = MODELS.create(config.model.name, **config.model.arguments)
        remedy = "choose other weights"
        load_weights_into(model, str(other), name=f"{_network(config)} of {run}", remedy=remedy)
        return model
    other_config, model = load_best(other)
    if _network(config) != _network(other_config):
        raise ConfigError(
            f"{run} holds {_network(config)} and {other} {_network(other_config)}, but only "
            "weights of one network can be blended; choose another run"
        )
    return model


def _weights_in(path: Path) -> Path:
    """The file of weights that `path` is, or that the run `path` released."""
    return path if path.suffix in (".onnx", ".safetensors") else RunFolder(path).weights


def _network(config: Config) -> str:
    """The network of a run with its arguments, as an error names it."""
    arguments = ", ".join(f"{name}={value}" for name, value in config.model.arguments.items())
    return f"{config.model.name}({arguments})"
