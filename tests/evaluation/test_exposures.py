from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from restauro.errors import ConfigError, UnknownNameError
from restauro.evaluation.protocols import Protocol, choose_protocols
from restauro.metrics import luminance
from restauro.registry import PROTOCOLS

GREYS = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)[None]


def box_at(stops: float) -> Protocol:
    return replace(PROTOCOLS.create("box"), exposure=stops)


def light_of(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    tensor = torch.from_numpy(images).permute(0, 3, 1, 2).double() / 255
    return np.asarray(luminance(tensor))


def test_a_stop_less_halves_the_light() -> None:
    darker = box_at(-1).pictures(GREYS)
    bright = light_of(GREYS) > 0.05  # below, 8 bits are too coarse to tell
    np.testing.assert_allclose(
        light_of(darker)[bright], light_of(GREYS)[bright] / 2, rtol=0.02, atol=1e-3
    )


def test_no_exposure_changes_nothing() -> None:
    assert box_at(0).pictures(GREYS) is GREYS


def test_more_light_ends_at_white() -> None:
    brighter = box_at(2).pictures(GREYS)
    assert brighter.max() == 255
    assert (np.diff(brighter[0, 0, :, 0].astype(int)) >= 0).all()


@pytest.mark.parametrize(
    ("exposure", "name"), [(0, "box"), (-1, "box_-1EV"), (-1.5, "box_-1.5EV"), (2, "box_+2EV")]
)
def test_name_tells_the_exposure(exposure: float, name: str) -> None:
    assert box_at(exposure).task == name


def test_hash_tells_the_exposure() -> None:
    box = PROTOCOLS.create("box")
    plain, dark = (box_at(stops).hash((32, 32), {0: "a"}, "b", 0) for stops in (0, -2))
    assert plain == box.hash((32, 32), {0: "a"}, "b", 0)
    assert dark == f"{plain}-2EV"


def test_exposures_are_probes_of_the_first_protocol() -> None:
    names = [one.task for one in choose_protocols(["large", "box", "large"], [-2, 0, -1, -2])]
    assert names == ["large", "box", "large_-1EV", "large_-2EV"]


def test_unknown_protocol_suggests_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'irregular'"):
        choose_protocols(["iregular"])


def test_exposure_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match="-20 stops is out of range; give -8 to 4"):
        choose_protocols(["box"], [-20])
