"""The service: what it answers at which path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, File, Form, Request, Response, Security, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from restauro import __version__
from restauro.picture.formats import FORMATS
from restauro.picture.holes import DamageOptions
from restauro.pool import Pool
from restauro.repairing import SOFT_EDGE_PX
from restauro.server.events import MEDIA_TYPE
from restauro.server.following import count, patches_of, told
from restauro.server.guard import Access, Guard, answer_to, unless_gone
from restauro.server.limits import Limits
from restauro.server.messages import ErrorMessage, Health, Models, Sample
from restauro.server.offers import SAMPLES, SAMPLES_DIR, Model, mask_of
from restauro.server.refusals import KINDS, Refusal, as_javascript
from restauro.server.restoring import Answer, Work, answer_of, events_of, is_preferred
from restauro.server.watch import Metrics, Watch

STATIC_DIR = Path(__file__).parent / "static"
_REVALIDATED = {"Cache-Control": "no-cache"}
EXPOSED_HEADERS = ("Retry-After", "Server-Timing", "X-Restauro-Model", "X-Restauro-Remark")

_OF_ROUTING = {400: "body", 404: "path", 405: "method"}
"""Status -> code, where the framework refuses."""


def create_app(
    pool: Pool[Work, Answer],
    models: Sequence[Model],
    limits: Limits,
    access: Access,
) -> ASGIApp:
    """The service over `pool`, which must be ready as long as it serves.

    The first of `models` marked as default restores what names no model.
    """
    metrics = Metrics()
    app = _application()
    bearer = Security(HTTPBearer(auto_error=False))  # for OpenAPI alone: the guard checks it
    protected = APIRouter(dependencies=[bearer] if access.token else [])
    _add_inpaint(protected, pool, models, metrics)
    _add_lists(protected, models)
    _add_metrics(protected, pool, metrics)
    app.include_router(protected)
    _add_open_paths(app)
    guarded = Guard(app, limits, access, pool.is_full)
    across = CORSMiddleware(
        guarded,
        allow_origins=access.origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization"],
        expose_headers=EXPOSED_HEADERS,
    )
    return Watch(across if access.origins else guarded, metrics)


def _application() -> FastAPI:
    app = FastAPI(
        title="restauro",
        version=__version__,
        description="Fills the holes of pictures. What it fills in is invented.",
        docs_url=None,  # these pages would load scripts from other hosts
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    app.add_exception_handler(Exception, _failed)
    return app


def _add_inpaint(
    router: APIRouter, pool: Pool[Work, Answer], models: Sequence[Model], metrics: Metrics
) -> None:
    default = next(model.name for model in models if model.default)
    names = [model.name for model in models]

    @router.post("/v1/inpaint", response_class=Response, responses=_inpaint_responses())
    async def inpaint(
        request: Request,
        image: Annotated[UploadFile, File(description="The picture, in any format.")],
        mask: Annotated[
            UploadFile | None,
            File(
                description="A picture of the same size; white or transparent is the hole. "
                "Without one, patches alone are laid on the image."
            ),
        ] = None,
        model: Annotated[str, Form(description="A name from /v1/models.")] = default,
        grow: Annotated[
            int, Form(ge=0, le=1000, description="The hole grows by as many pixels.")
        ] = 0,
        seed: Annotated[
            int | None,
            Form(ge=0, description="Which fill of a model with several: always the same one."),
        ] = None,
        page: Annotated[
            int | None, Form(ge=1, description="Of an image with several pages or frames.")
        ] = None,
        patch: Annotated[
            list[UploadFile], File(description="What earlier answers filled, the oldest first.")
        ] = [],  # noqa: B006  FastAPI copies it
        patch_mask: Annotated[
            list[UploadFile], File(description="For each patch the mask of its box.")
        ] = [],  # noqa: B006
        patch_at: Annotated[
            list[str], Form(description="For each patch LEFT,TOP of its box.")
        ] = [],  # noqa: B006
    ) -> Response:
        """Fills the hole of a picture; everything else of it stays as it is."""
        if model not in names:
            raise Refusal(
                "model", f"no model {model[:50]!r} is offered; choose one of {', '.join(names)}"
            )
        if mask is None and not patch:
            raise Refusal("fields", "a field is missing (mask); send image and mask as files")
        accept = ",".join(request.headers.getlist("accept"))
        work = Work(
            await image.read(),
            await mask.read() if mask else None,
            model,
            grow,
            page,
            accept,
            await patches_of(patch, patch_mask, patch_at),
            in_steps=is_preferred(MEDIA_TYPE, "image/*", accept),
            seed=seed,
        )
        if work.in_steps:
            if pool.is_full():
                raise Refusal("busy")
            events = told(events_of(pool, work), metrics, request.scope["restauro"])
            return StreamingResponse(events, media_type=MEDIA_TYPE)
        return await _answered(request, pool, work, metrics)

    @router.post("/v1/mask", response_class=Response, responses=_mask_responses())
    async def mask(
        request: Request,
        image: Annotated[UploadFile, File(description="The picture, in any format.")],
        strength: Annotated[
            float, Form(ge=0, le=1, description="0 marks what is certain, 1 all that might be.")
        ] = 0.5,
        kinds: Annotated[
            str,
            Form(
                description="Of scratch, dust, stain, date and text, with commas; empty is all "
                "but text."
            ),
        ] = "",
        grow: Annotated[
            int, Form(ge=0, le=1000, description="The mask grows by as many pixels.")
        ] = SOFT_EDGE_PX,
        page: Annotated[
            int | None, Form(ge=1, description="Of an image with several pages or frames.")
        ] = None,
    ) -> Response:
        """Marks the damage of a picture, white on black: a mask for /v1/inpaint."""
        chosen = tuple(filter(None, kinds.split(",")))
        damage = DamageOptions(strength, chosen, mask_only=True)
        work = Work(await image.read(), None, default, grow, page, damage=damage)
        return await _answered(request, pool, work, metrics)


async def _answered(
    request: Request, pool: Pool[Work, Answer], work: Work, metrics: Metrics
) -> Response:
    answer = await unless_gone(request.receive, answer_of(pool, work))
    count(answer, metrics, request.scope["restauro"])
    steps = (f"{step};dur={1000 * value:.1f}" for step, value in answer.seconds.items())
    headers = {"Server-Timing": ", ".join(steps), "X-Restauro-Model": quote(answer.model)}
    if answer.remark:
        headers["X-Restauro-Remark"] = quote(answer.remark)
    return Response(answer.body, media_type=answer.media_type, headers=headers)


def _add_lists(router: APIRouter, models: Sequence[Model]) -> None:
    @router.head("/v1/models", include_in_schema=False)
    @router.get("/v1/models", responses=_refusals(401))
    async def list_models() -> Models:
        """What can restore a picture."""
        return Models(models=list(models))

    @router.head("/v1/samples", include_in_schema=False)
    @router.get("/v1/samples", responses=_refusals(401))
    async def list_samples() -> list[Sample]:
        """Pictures to try."""
        return [
            Sample(
                name=Path(file).stem,
                url=f"/samples/{file}",
                mask=f"/samples/{mask_of(file)}",
                credit=credit,
            )
            for file, credit in SAMPLES.items()
        ]


def _add_metrics(router: APIRouter, pool: Pool[Work, Answer], metrics: Metrics) -> None:
    metrics.admitted.set_function(lambda: pool.num_admitted)
    metrics.restoring.set_function(lambda: pool.num_busy)
    metrics.renewed.set_function(lambda: pool.num_renewed)

    @router.head("/metrics", include_in_schema=False)
    @router.get(
        "/metrics",
        response_class=Response,
        responses=_refusals(401) | {200: {"content": {"text/plain": {}}}},
    )
    async def prometheus() -> Response:
        """Numbers for Prometheus."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _add_open_paths(app: FastAPI) -> None:
    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz")
    async def health() -> Health:
        """Whether the service answers."""
        return Health(status="ok", version=__version__)

    @app.head("/samples/{file_name}", include_in_schema=False)
    @app.get(
        "/samples/{file_name}",
        response_class=FileResponse,
        responses=_refusals(404) | {200: {"content": {"image/png": {}}}},
    )
    async def sample(file_name: str) -> FileResponse:
        """A picture to try, or with `_mask` in its name a mask for it."""
        known = {*SAMPLES, *map(mask_of, SAMPLES)}
        if file_name not in known:
            raise Refusal("path", f"no sample {file_name[:50]!r}; see /v1/samples")
        return FileResponse(SAMPLES_DIR / file_name)

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC_DIR / "index.html", headers=_REVALIDATED)

    @app.api_route("/static/refusals.js", methods=["GET", "HEAD"], include_in_schema=False)
    async def refusals() -> Response:
        return Response(as_javascript(), media_type="text/javascript", headers=_REVALIDATED)

    app.mount("/static", _Static(directory=STATIC_DIR))


class _Static(StaticFiles):
    """Files that browsers ask about each time, so that a new version shows at once."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update(_REVALIDATED)
        return response


def _inpaint_responses() -> dict[int | str, dict[str, Any]]:
    file = {"schema": {"type": "string", "format": "binary"}}
    pictures = {chosen.media_type: file for chosen in FORMATS if chosen.is_written}
    as_json = {"schema": {"$ref": "#/components/schemas/RestoredPicture"}}
    done = {
        "description": "The restored picture in its own format, or JSON that holds it.",
        "content": pictures | {"application/json": as_json},
    }
    return _refusals(400, 401, 403, 408, 413, 415, 422, 500, 503, 504) | {200: done}


def _mask_responses() -> dict[int | str, dict[str, Any]]:
    file = {"schema": {"type": "string", "format": "binary"}}
    done = {"description": "The mask, as large as the picture.", "content": {"image/png": file}}
    return _refusals(400, 401, 403, 408, 413, 415, 422, 500, 503, 504) | {200: done}


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers of these statuses, for OpenAPI."""
    return {
        status: {
            "model": ErrorMessage,
            "description": "; ".join(
                f"`{code}`: {kind.english}" for code, kind in KINDS.items() if kind.status == status
            ),
        }
        for status in statuses
    }


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not isinstance(error, Refusal):
        headers = error.headers  # which methods are allowed
        error = Refusal(_OF_ROUTING.get(error.status_code, "path"))
        error.headers = headers
    return answer_to(error, request.scope)


async def _misunderstood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return answer_to(Refusal("media_type"), request.scope)
    fields = ", ".join(sorted({str(problem["loc"][-1]) for problem in error.errors()}))
    problem, advice = KINDS["fields"].english.split("; ")
    sentence = f"{problem} ({fields}); {advice}"
    return answer_to(Refusal("fields", sentence), request.scope)


async def _failed(request: Request, error: Exception) -> Response:
    return answer_to(Refusal("internal"), request.scope)
