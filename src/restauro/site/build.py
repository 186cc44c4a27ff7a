"""Writes a site: the page of `restauro serve`, with an engine of its own in the service's place."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from restauro.errors import BadModelError, OutputExistsError
from restauro.fill.catalogue import find
from restauro.fill.finder import SHIPPED
from restauro.fill.model_file import read_card
from restauro.repairing import SOFT_EDGE_PX
from restauro.server.offers import SAMPLES, SAMPLES_DIR, Model, mask_of

HERE = Path(__file__).parent
PAGE_DIR = HERE.parent / "server" / "static"
WORKER = "offline.js"
"""By this file an earlier site is known."""

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
)
"""What the page may do: that of the service, and to compute and to work offline."""

_MANIFEST = {
    "name": "restauro",
    "short_name": "restauro",
    "start_url": "./",
    "display": "standalone",
    "icons": [{"src": "static/icon.svg", "sizes": "any", "type": "image/svg+xml"}],
}
_PLACES = {
    "<title>": f'<meta http-equiv="Content-Security-Policy" content="{POLICY}" />\n'
    '    <link rel="manifest" href="manifest.json" />\n    <title>',
    '<p class="aside" id="model-line">': '<p class="aside" data-text="loads_once"></p>\n'
    '        <p class="aside" id="model-line">',
    '<span id="elapsed"': '<span id="loading"></span> <span id="elapsed"',
    '<p class="hint"': '<label class="check" id="gpu-line" hidden>'
    '<input type="checkbox" id="gpu" /><span id="gpu-said"></span></label>\n'
    '        <p class="hint"',
}
"""What is added to the page, and before what."""


class Site(NamedTuple):
    """A site that was written."""

    first_bytes: int
    """Of all that a browser loads before the first restoration with the first model."""
    all_bytes: int


def write_site(folder: Path, names: Sequence[str], runtime: Mapping[str, bytes]) -> Site:
    """Writes a site that offers these models, the first of them unless another one is chosen.

    `runtime` is what `restauro.site.runtime.runtime` gives. An earlier site makes room.

    Raises:
        OutputExistsError: The folder holds something else.
        UnknownNameError: There is no such model.
        BadModelError: It has no model file with a card, or that is damaged.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / WORKER).exists():
        raise OutputExistsError(f"{folder} holds other files; choose a new folder")
    large: dict[str, bytes] = {}
    models = [_offered(name, large, is_default=name == names[0]) for name in names]
    wasm = _added(large, "runtime/ort-wasm", runtime["ort-wasm.wasm"])
    wasm |= {"ort": "runtime/ort.js", "paths": "runtime/ort-wasm.js"}
    first = [large[wasm["file"]], large[models[0]["file"]]]
    gpu = _added(large, "runtime/ort-gpu-wasm", runtime["ort-gpu-wasm.wasm"])
    for part, name in (("ort", "ort-gpu"), ("paths", "ort-gpu-wasm")):
        gpu[part] = _named(f"runtime/{name}", runtime[f"{name}.js"], ".js")
        large[gpu[part]] = runtime[f"{name}.js"]
    gpu_files = [gpu[part] for part in ("ort", "paths", "file")]
    card = read_card(SHIPPED)
    finder = _added(large, "models/damage", SHIPPED.read_bytes())
    finder |= {"name": "damage", "multiple": card.multiple, "softEdge": SOFT_EDGE_PX}
    files = {f"static/{path.name}": path.read_bytes() for path in PAGE_DIR.iterdir()}
    files |= {f"engine/{path.name}": path.read_bytes() for path in (HERE / "engine").iterdir()}
    files["static/engine.js"] = files.pop("engine/engine.js")
    files["static/refusals.js"] = files.pop("engine/words.js")
    files |= {f"runtime/{name}": runtime[name] for name in ("ort.js", "ort-wasm.js")}
    samples = [*SAMPLES, *map(mask_of, SAMPLES)]
    files |= {f"samples/{name}": (SAMPLES_DIR / name).read_bytes() for name in samples}
    files["manifest.json"] = json.dumps(_MANIFEST, indent=2).encode()
    files["index.html"] = _page(files.pop("static/index.html").decode()).encode()
    first_bytes = sum(map(len, [*first, *files.values()]))
    files["engine/offers.js"] = _constants(
        MODELS=models,
        SAMPLES=[
            {
                "name": Path(file).stem,
                "url": f"samples/{file}",
                "mask": f"samples/{mask_of(file)}",
                "credit": credit,
            }
            for file, credit in SAMPLES.items()
        ],
        RUNTIME=wasm,
        GPU=gpu,
        GPU_MEGABYTES=math.ceil(sum(len(large[name]) for name in gpu_files) / 1e6),
        FINDER=finder,
        MEGABYTES=math.ceil(first_bytes / 1e6),
    )
    files[WORKER] = _offline(files, large, gpu_files)
    _replace(folder, files | large)
    return Site(first_bytes, sum(map(len, [*files.values(), *large.values()])))


def _offered(name: str, large: dict[str, bytes], *, is_default: bool) -> dict[str, Any]:
    """What the page is told of a model, whose file joins the `large` ones."""
    entry = find(name)
    described = entry.description
    if not entry.file or described.kind != "network" or described.several:
        raise BadModelError(
            f"{name} cannot run in a browser; give models that have a file in `restauro models`, "
            "and one fill for a hole"
        )
    model = Model(**dataclasses.asdict(described), default=is_default)
    card = read_card(entry.file)
    stored = _added(large, f"models/{model.name}", entry.file.read_bytes())
    return dataclasses.asdict(model) | {"multiple": card.multiple} | stored


def _added(large: dict[str, bytes], name: str, data: bytes) -> dict[str, Any]:
    """Adds a file under a name that tells its content, compressed, as few hosts would do it."""
    packed = gzip.compress(data, 9, mtime=0)
    file = _named(name, packed, ".gzip")
    large[file] = packed
    return {"file": file, "bytes": len(packed)}


def _named(name: str, data: bytes, ending: str) -> str:
    return f"{name}-{hashlib.sha256(data).hexdigest()[:12]}{ending}"


def _page(page: str) -> str:
    for place, replacement in _PLACES.items():
        assert page.count(place) == 1, f"index.html has {place} {page.count(place)} times"
        page = page.replace(place, replacement)
    return page


def _offline(files: Mapping[str, bytes], large: Mapping[str, bytes], gpu: Sequence[str]) -> bytes:
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(name.encode() + data)
    pages = ["", *sorted(set(files) - {"index.html"})]  # "" is the page's own address
    lists = _constants(VERSION=digest.hexdigest()[:12], FILES=pages, LARGE=sorted(large), GPU=gpu)
    return lists.replace(b"export ", b"") + (HERE / WORKER).read_bytes()


def _constants(**values: Any) -> bytes:
    """A module of JavaScript."""
    lines = (
        f"export const {name} = /** @type {{any}} */ ({json.dumps(value)});\n"
        for name, value in values.items()
    )
    return "".join(lines).encode()


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes the files aside, then in the folder's place."""
    aside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        for name, data in files.items():
            path = aside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if folder.exists():
            shutil.rmtree(folder)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
