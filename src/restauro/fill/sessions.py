"""Opens ONNX files on a device; the package imports ONNX Runtime here, inside functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from restauro.errors import BadModelError, RestauroError, UnknownNameError, first_line
from restauro.typed import nearest

Device: TypeAlias = str | Sequence[str]
"""Names in `DEVICES`, or of ONNX Runtime's execution providers, the preferred one first.

Several in one text have commas between them.
"""
CPU = "cpu"
DEVICES = {
    CPU: ("CPUExecutionProvider", "onnxruntime"),
    "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
    "tensorrt": ("TensorrtExecutionProvider", "onnxruntime-gpu"),
    "migraphx": ("MIGraphXExecutionProvider", "onnxruntime-migraphx"),
    "openvino": ("OpenVINOExecutionProvider", "onnxruntime-openvino"),
    "directml": ("DmlExecutionProvider", "onnxruntime-directml"),
    "coreml": ("CoreMLExecutionProvider", "onnxruntime"),
}
"""Name of a device -> ONNX Runtime's provider for it, and the package that has it."""
_ERRORS_ONLY = 3


def providers_on(device: Device) -> list[str]:
    """ONNX Runtime's providers for a device; what it cannot compute, the processor does.

    Raises:
        UnknownNameError: There is no such device here.
    """
    if device == CPU:  # spares the import for methods that need no ONNX Runtime
        return [DEVICES[CPU][0]]
    import onnxruntime

    offered = onnxruntime.get_available_providers()
    names = _names(device)
    providers = [DEVICES[name][0] if name in DEVICES else name for name in names]
    for name, provider in zip(names, providers, strict=True):
        if provider not in offered:
            raise UnknownNameError(_not_here(name, provider, offered))
    return list(dict.fromkeys([*providers, DEVICES[CPU][0]]))


def on_device(device: Device) -> str:
    """Such as ` on cuda`, which belongs to an identity; empty for the processor."""
    names = _names(device)
    return "" if names == [CPU] else f" on {','.join(names)}"


def open_session(path: Path | bytes, threads: int | None = None, device: Device = CPU) -> Any:
    """An ONNX Runtime session of a file, or of what it holds; several threads may run it at once.

    One run uses as many processor `threads`; None = as many as there are cores.

    Raises:
        RestauroError: `threads` is below 1, or the device does not start.
        UnknownNameError: There is no such device here.
        BadModelError: The file is missing or cannot be loaded.
    """
    import onnxruntime

    check_threads(threads)
    providers = providers_on(device)
    if isinstance(path, Path) and not path.is_file():
        raise BadModelError(f"there is no file {path}; check the path")
    name = path if isinstance(path, Path) else "the network"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0  # 0: as many as there are cores
    options.inter_op_num_threads = 1
    # A waiting thread would otherwise spin, and count as processor time of everybody.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _ERRORS_ONLY
    try:
        session = onnxruntime.InferenceSession(path, options, providers=providers)
    except Exception as error:  # ONNX Runtime's errors share no other base
        raise BadModelError(
            f"{name} cannot be loaded ({first_line(error)}); update onnxruntime or export it again"
        ) from error
    if providers[0] not in session.get_providers():  # it goes on without one that does not start
        raise RestauroError(
            f"the device{on_device(device).removeprefix(' on')} does not start: onnxruntime has "
            f"{providers[0]}, but not the driver or libraries that it needs; install them or "
            "leave --device"
        )
    return session


def check_threads(threads: int | None) -> None:
    """Refuses what is no number of threads.

    Raises:
        RestauroError: It is below 1, or no whole number.
    """
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise RestauroError(f"threads is {threads}; give 1 or more, or None for as many as cores")


def _names(device: Device) -> list[str]:
    if not isinstance(device, Sequence) or not all(isinstance(one, str) for one in device):
        raise UnknownNameError(f"the device is {device!r}; give a name such as {CPU!r}, or several")
    return device.split(",") if isinstance(device, str) else list(device)


def _not_here(name: str, provider: str, offered: Sequence[str]) -> str:
    """Why there is no such device, and what to do."""
    package = next((package for own, package in DEVICES.values() if own == provider), "")
    advice = f"install {package} or leave --device" if package else nearest(name, DEVICES)
    usable = ", ".join(one for one in offered if one != "AzureExecutionProvider")  # a remote one
    return f"no such device {name!r}: onnxruntime offers {usable}; {advice}"
