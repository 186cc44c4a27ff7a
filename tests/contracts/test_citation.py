from __future__ import annotations

from pathlib import Path

import restauro

CITATION = Path(__file__).parents[2] / "CITATION.cff"


def test_citation_has_the_version_and_the_licence_of_the_package() -> None:
    fields = dict(
        line.split(": ", 1) for line in CITATION.read_text().splitlines() if ": " in line[:20]
    )
    assert fields["version"] == restauro.__version__
    assert fields["license"] == "MIT"
    assert {"cff-version", "message", "title"} <= fields.keys()
