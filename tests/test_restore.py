from __future__ import annotations

from pathlib import Path

import pytest

import restauro.restore
from restauro.errors import BadImageError
from restauro.fill.catalogue import load
from restauro.restore import restore


@pytest.mark.parametrize(
    ("picture", "called"), [(Path("in/large.png"), "in/large.png"), (b"bytes", "the upload")]
)
def test_memory_that_runs_out_is_told_of_the_picture(
    picture: Path | bytes, called: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_picture(*arguments: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(restauro.restore, "read_picture", read_picture)
    with pytest.raises(BadImageError, match=f"^{called} needs more memory than there is") as caught:
        restore(picture, b"mask", load("mean"), name="the upload")
    assert caught.value.code == "pixels"
