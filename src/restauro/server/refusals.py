"""Every way in which the service says no: one table of codes, and an exception that carries one."""

from __future__ import annotations

from typing import NamedTuple

from starlette.exceptions import HTTPException


class Kind(NamedTuple):
    """What all refusals of one code share."""

    status: int
    meaning: str


KINDS = {
    "body": Kind(400, "the body is no intact multipart form"),
    "host": Kind(400, "the Host header names another machine"),
    "token": Kind(401, "the bearer token is missing or wrong"),
    "origin": Kind(403, "a page of another origin asks, and --cors does not name it"),
    "path": Kind(404, "nothing is at this path"),
    "method": Kind(405, "the path does not take this method"),
    "upload_time": Kind(408, "the body did not arrive in time"),
    "bytes": Kind(413, "the body has too many bytes"),
    "pixels": Kind(413, "image or mask has too many pixels"),
    "hole_pixels": Kind(413, "the hole has too many pixels"),
    "media_type": Kind(415, "the body is no multipart form"),
    "picture_format": Kind(415, "image or mask is no picture that restauro reads"),
    "fields": Kind(422, "a field is missing or of the wrong kind"),
    "image": Kind(422, "the image is damaged, animated or of a kind that cannot be restored"),
    "mask": Kind(422, "the mask is damaged, or white on transparent"),
    "mask_size": Kind(422, "image and mask have different sizes"),
    "mask_full": Kind(422, "the mask covers the whole picture"),
    "model": Kind(422, "no such model is offered"),
    "gone": Kind(499, "the client went away"),
    "internal": Kind(500, "a fault of restauro"),
    "model_failed": Kind(500, "the model gave no picture"),
    "process_died": Kind(500, "the process that restored the picture ended"),
    "busy": Kind(503, "all places are taken; Retry-After says when to ask again"),
    "time": Kind(504, "restoring took too long and was ended"),
}
"""Code in the answer -> its status and meaning."""

RETRY_AFTER_SECONDS = 1

_HEADERS = {
    "busy": {"Retry-After": str(RETRY_AFTER_SECONDS)},
    "token": {"WWW-Authenticate": "Bearer"},
}


class Refusal(HTTPException):
    """A request is refused; `message` is one sentence: value, rule, what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(KINDS[code].status, message, _HEADERS.get(code))
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type[Refusal], tuple[str, str]]:  # processes send it pickled
        return Refusal, (self.code, self.message)
