"""onnxruntime-web, which computes the networks in the browser: from npm, checked by its hash."""

from __future__ import annotations

import base64
import hashlib
import tarfile
import urllib.request
from io import BytesIO
from pathlib import Path

from restauro.errors import BadDataError, RestauroError, first_line
from restauro.files import whole_file
from restauro.fill.catalogue import cache_dir

VERSION = "1.22.0"
"""Its runtime is the smallest of those tried: 1.24 adds 0.3 MB to the first load, 1.30 0.8 MB."""
INTEGRITY = (
    "Ud/+EBo6mhuaQWt/OjaOk0iNWjXqJoeeMFr6xQEERZdIZH2OWpGzuujz7lfuOBjUa6TEE/sc4nb7Da5dNL34fg=="
)
"""The SHA-512 that npm's registry names, in base64."""
NAME = f"onnxruntime-web-{VERSION}.tgz"
URL = f"https://registry.npmjs.org/onnxruntime-web/-/{NAME}"
TIMEOUT_S = 60

FILES = {
    "ort.js": "ort.wasm.min.mjs",
    "ort-wasm.js": "ort-wasm-simd-threaded.mjs",
    "ort-wasm.wasm": "ort-wasm-simd-threaded.wasm",
    "ort-gpu.js": "ort.webgpu.min.mjs",
    "ort-gpu-wasm.js": "ort-wasm-simd-threaded.jsep.mjs",
    "ort-gpu-wasm.wasm": "ort-wasm-simd-threaded.jsep.wasm",
}
"""Name in a site -> name in the package; `.js`, as not every host knows what `.mjs` is."""


def runtime(package: Path | None = None) -> dict[str, bytes]:
    """The files of the runtime by their names in a site.

    Args:
        package: The package as npm has it; None = from the cache, or else from npm.

    Raises:
        RestauroError: npm's registry cannot be reached.
        BadDataError: The package is another than the one that restauro was tested with.
    """
    cached = cache_dir().parent / NAME
    source = package or cached
    is_fetched = not package and not cached.exists()
    data = _fetched() if is_fetched else source.read_bytes()
    if integrity(data) != INTEGRITY:
        raise BadDataError(
            f"{URL if is_fetched else source} is not onnxruntime-web {VERSION} as npm has it; "
            f"remove it, and fetch {URL} again"
        )
    if is_fetched:
        cached.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(cached) as aside:
            aside.write_bytes(data)
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        members = {name: archive.extractfile(f"package/dist/{own}") for name, own in FILES.items()}
        return {name: member.read() for name, member in members.items() if member}


def integrity(data: bytes) -> str:
    """The SHA-512 in base64, as npm writes it."""
    return base64.b64encode(hashlib.sha512(data).digest()).decode()


def _fetched() -> bytes:
    try:
        with urllib.request.urlopen(URL, timeout=TIMEOUT_S) as answer:
            data: bytes = answer.read()
    except OSError as error:
        raise RestauroError(
            f"onnxruntime-web could not be fetched ({first_line(error)}); fetch {URL} elsewhere "
            "and give it by --runtime"
        ) from error
    return data
