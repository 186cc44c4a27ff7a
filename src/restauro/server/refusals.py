"""Every way in which the service says no: one table of codes, and an exception that carries one.

The codes of `BadImageError` are among them. The page takes its sentences from here, too.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse


class Kind(NamedTuple):
    """What all refusals of one code share."""

    status: int
    english: str
    """What is wrong and what to do; an answer often says it with the numbers at hand."""
    italian: str


KINDS = {
    "body": Kind(
        400,
        "the body is no intact multipart form; send the fields image and mask as files",
        "Il corpo della richiesta non è un modulo multipart integro; invia image e mask come file.",
    ),
    "host": Kind(
        400,
        "the Host header names another machine; ask the IP address, "
        "or start the service with --allowed-host for that name",
        "L’intestazione Host indica un’altra macchina; chiedi all’indirizzo IP, "
        "o avvia il servizio con --allowed-host per quel nome.",
    ),
    "http": Kind(
        400,
        "the request is no intact HTTP; ask as HTTP/1.1 says",
        "La richiesta non è HTTP integro; chiedi come vuole HTTP/1.1.",
    ),
    "token": Kind(
        401,
        "the bearer token is missing or wrong; send Authorization: Bearer TOKEN",
        "Il token manca o è sbagliato; inserisci quello del servizio.",
    ),
    "origin": Kind(
        403,
        "a page of another origin asks; start the service with --cors for it",
        "Chiede una pagina di un altro sito; avvia il servizio con --cors per quel sito.",
    ),
    "path": Kind(
        404,
        "nothing is at this path; see /openapi.json",
        "A questo indirizzo non c’è nulla; vedi /openapi.json.",
    ),
    "method": Kind(
        405,
        "the path does not take this method; see /openapi.json",
        "Questo indirizzo non accetta il metodo; vedi /openapi.json.",
    ),
    "header_time": Kind(
        408,
        "the headers did not arrive in time; send them at once",
        "Le intestazioni della richiesta non sono arrivate in tempo; riprova.",
    ),
    "upload_time": Kind(
        408,
        "the body did not arrive in time; send a smaller picture",
        "L’immagine non è arrivata in tempo; inviane una più piccola.",
    ),
    "bytes": Kind(
        413,
        "the body has too many bytes; send a smaller picture",
        "L’immagine ha troppi byte per questo servizio; usane una più piccola.",
    ),
    "pixels": Kind(
        413,
        "image or mask has too many pixels; cut out the part to restore",
        "L’immagine ha troppi pixel per questo servizio; usane una più piccola.",
    ),
    "hole_pixels": Kind(
        413,
        "the hole has too many pixels; restore a smaller area, or part of it first",
        "La lacuna ha troppi pixel per questo servizio; dipingine una più piccola.",
    ),
    "media_type": Kind(
        415,
        "the body is no multipart form; send image and mask as multipart/form-data",
        "La richiesta non è un modulo multipart; invia image e mask come multipart/form-data.",
    ),
    "picture_format": Kind(
        415,
        "image or mask is no picture that restauro reads; send PNG, JPEG, TIFF or WebP",
        "Il servizio non legge questo formato; usa un file PNG, JPEG, TIFF o WebP.",
    ),
    "fields": Kind(
        422,
        "a field is missing or of the wrong kind; "
        "send image and mask as files, and grow, page and seed, if at all, as numbers: "
        "grow from 0 to 1000, page from 1, seed from 0",
        "Un campo manca o è del tipo sbagliato; "
        "invia image e mask come file, e grow, page e seed, se servono, come numeri: "
        "grow da 0 a 1000, page da 1, seed da 0.",
    ),
    "image": Kind(
        422,
        "the image is damaged, animated or of a kind that cannot be restored; use another",
        "L’immagine è rovinata o animata, o di un tipo che non si può restaurare; usane un’altra.",
    ),
    "mask": Kind(
        422,
        "the mask is damaged, or may mean two things; "
        "make what is to be filled white and all else black",
        "La maschera è rovinata o ambigua; dipingi di bianco la lacuna e di nero tutto il resto.",
    ),
    "patch": Kind(
        422,
        "a patch is damaged, or does not fit the image; send patches as they were given",
        "Una pezza è danneggiata o non è adatta all’immagine; invia le pezze come erano.",
    ),
    "mask_size": Kind(
        422,
        "image and mask have different sizes; send a mask of the image’s size",
        "Immagine e maschera hanno misure diverse; usa una maschera della stessa misura.",
    ),
    "mask_full": Kind(
        422,
        "the mask covers the whole picture; leave some of it black",
        "La lacuna copre tutta l’immagine; lascia qualcosa che si conosce.",
    ),
    "model": Kind(
        422,
        "no such model is offered; choose one of /v1/models",
        "Il servizio non offre questo modello; scegline un altro.",
    ),
    "gone": Kind(
        499,
        "the client went away; only the log and the metrics see it",
        "Chi chiedeva se n’è andato; riprova.",
    ),
    "internal": Kind(
        500,
        "restauro made a mistake; its log says more, please report it",
        "restauro ha commesso un errore; il suo registro dice di più, per favore segnalalo.",
    ),
    "model_failed": Kind(
        500,
        "the model gave no picture; choose another",
        "Il modello non ha dato un’immagine; scegline un altro.",
    ),
    "process_died": Kind(
        500,
        "the process that restored the picture ended, perhaps for lack of memory; "
        "send a smaller picture",
        "Il processo che restaurava è terminato, forse per mancanza di memoria; "
        "usa un’immagine più piccola.",
    ),
    "busy": Kind(
        503,
        "all places are taken; ask again in a second",
        "Il servizio è occupato; riprova tra poco.",
    ),
    "time": Kind(
        504,
        "restoring took too long and was ended; restore a smaller area, or part of it first",
        "Il restauro è durato troppo ed è stato interrotto; dipingi una lacuna più piccola.",
    ),
}
"""Code in the answer -> its status and sentences."""

RETRY_AFTER_SECONDS = 1

_HEADERS = {
    "busy": {"Retry-After": str(RETRY_AFTER_SECONDS)},
    "token": {"WWW-Authenticate": "Bearer"},
}


class Refusal(HTTPException):
    """A request is refused; `message` is one sentence: value, rule, what to do."""

    def __init__(self, code: str, message: str = "") -> None:
        """The message is that of the table, unless the numbers at hand say more."""
        kind = KINDS[code]
        self.code, self.message = code, message or kind.english
        super().__init__(kind.status, self.message, _HEADERS.get(code))

    def answer(self) -> JSONResponse:
        """What the client gets."""
        error = {"code": self.code, "message": self.message}
        return JSONResponse({"error": error}, self.status_code, self.headers)

    def __reduce__(self) -> tuple[type[Refusal], tuple[str, str]]:  # processes send it pickled
        return Refusal, (self.code, self.message)


def as_javascript() -> str:
    """The sentences that the service itself does not say, as a module for the page."""
    lines = (
        f'  "service_{code}": [null, {json.dumps(kind.italian, ensure_ascii=False)}],\n'
        for code, kind in KINDS.items()
    )
    return (
        "/** By `service_` and the code of an answer; in English they come with it. */\n"
        f"export const SENTENCES = {{\n{''.join(lines)}}};\n"
    )
