"""How much one request, and all of them together, may ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Beyond each of these a request is refused, before it costs more than that."""

    request_bytes: int = 50_000_000
    """Of a whole request, image and mask together; counted while it comes in."""
    pixels: int = 40_000_000
    """Of the image, and of the mask; read from the file's header, before it is decoded."""
    hole_pixels: int = 4_000_000
    """What a network fills, and so what takes time."""
    seconds: float = 60.0
    """For restoring one picture; the process that takes longer is ended."""
    upload_seconds: float = 60.0
    """For a request to come in."""
    requests: int = 64
    """At once, from the first byte of a body to the last of its answer: memory must hold them."""
    connections: int = 256
    """At once, whatever they are used for."""
    header_seconds: float = 10.0
    """For the headers of a request to come in."""
    stall_seconds: float = 60.0
    """That a client may take nothing of its answer before it is cut off."""
    end_seconds: float = 60.0
    """For what is under way when the service ends."""
    processes: int = 1
    """Pictures that are restored at once, each by a process of one thread."""
    waiting: int = 1
    """Requests that wait for a process. With half as many as processes, nobody waits much longer
    than half of what a picture takes; others are better told to come again."""
