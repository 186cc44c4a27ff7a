"""The JSON that goes out, as OpenAPI describes it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from restauro.server.offers import Model


class Error(BaseModel):
    """Why a request was refused."""

    code: str = Field(description="For programs; the list is in docs/service.md.")
    message: str = Field(description="For people: one sentence.")


class ErrorMessage(BaseModel):
    """The body of every answer that is not 200."""

    error: Error


class RestoredPicture(BaseModel):
    """A restored picture, for those who accept application/json."""

    model: str = Field(description="What restored it; with `auto` the one that was chosen.")
    format: str = Field(description="Such as PNG or JPEG.")
    width: int
    height: int
    hole_pixels: int
    remark: str = Field(
        description="What you should know, such as a mask without a hole; or empty."
    )
    seconds: dict[str, float] = Field(description="Wall time of decode, inpaint and encode.")
    trust: str | None = Field(
        description="A PNG in base64, white where the fill can be trusted; null if what restored "
        "it cannot tell.",
        json_schema_extra={"format": "byte"},
    )
    image: str = Field(description="The file in base64.", json_schema_extra={"format": "byte"})


class Models(BaseModel):
    """What can be asked for."""

    models: list[Model]


class Sample(BaseModel):
    """A picture to try."""

    name: str
    url: str
    mask: str
    """URL of a hole to try with it."""
    credit: str


class Health(BaseModel):
    """The service answers."""

    status: str
    version: str
