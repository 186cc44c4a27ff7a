"""Opens ONNX files; the package imports ONNX Runtime here, inside the function, and in export."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from restauro.errors import BadModelError, RestauroError, UnknownNameError, first_line

_CPU = "CPUExecutionProvider"
_ERRORS_ONLY = 3


def open_session(
    path: Path, threads: int | None = None, providers: Sequence[str] | None = None
) -> Any:
    """An ONNX Runtime session, which may run in several threads at once.

    Args:
        path: The ONNX file.
        threads: How many processor threads one run may use; None = as many as there are cores.
        providers: Names of execution providers, the preferred one first; None = the processor.

    Raises:
        RestauroError: `threads` is below 1.
        UnknownNameError: ONNX Runtime has no such provider.
        BadModelError: The file is missing or cannot be loaded.
    """
    import onnxruntime

    if threads is not None and threads < 1:
        raise RestauroError(f"threads is {threads}; give 1 or more, or None for as many as cores")
    available = onnxruntime.get_available_providers()
    for provider in providers or ():
        if provider not in available:
            raise UnknownNameError(
                f"this ONNX Runtime has no provider {provider!r}; give one of "
                f"{', '.join(available)}, or install the build of ONNX Runtime that has it"
            )
    if not path.is_file():
        raise BadModelError(f"there is no file {path}; check the path")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0  # 0: as many as there are cores
    options.inter_op_num_threads = 1
    # A waiting thread would otherwise spin, and count as processor time of everybody.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(path, options, providers=list(providers or [_CPU]))
    except Exception as error:  # ONNX Runtime's errors share no other base
        raise BadModelError(
            f"{path} cannot be loaded ({first_line(error)}); update onnxruntime or export it again"
        ) from error
