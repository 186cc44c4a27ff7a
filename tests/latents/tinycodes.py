"""Folders of runs whose networks have codes, with random weights that are always the same."""

from __future__ import annotations

from pathlib import Path

import torch

from restauro.models import MODELS
from restauro.training.config import config_to_dict, dump_toml, load_config
from restauro.training.weights import save_weights
from tinyfolders import CONFIG

SIZE = (32, 48)


def write_run_with_codes(path: Path, model: str = "vae", seed: int = 0) -> Path:
    """A run of `model` with a code of 3 numbers, for pictures of `SIZE`, that was never trained."""
    path.mkdir(parents=True)
    (path / "config.toml").write_text(CONFIG)
    small = ("latent_dim=3", f"size={list(SIZE)}", "channels=4", "first_width=16")
    overrides = [f"model.name={model}", *(f"model.arguments.{argument}" for argument in small)]
    config = load_config(path / "config.toml", overrides)
    (path / "config.toml").write_text(dump_toml(config_to_dict(config)))
    torch.manual_seed(seed)
    network = MODELS.create(model, **config.model.arguments).train()
    with torch.no_grad():  # batch normalisation learns its scales, so that codes make a difference
        for _ in range(50):
            network(torch.rand(16, 3, *SIZE), torch.zeros(16, 1, *SIZE))
    save_weights(path / "best.safetensors", network.state_dict())
    return path
