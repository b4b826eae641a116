"""What a person says of a run on the page: noted as `insole note` notes it, with the verdicts that follow."""

from __future__ import annotations

import time as clock
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from firmware_bridge import ConfigError, Log, Unavailable
from service.diary.note_entry import accept
from service.records.rows import Note
from service.records.timestamps import parse_iso
from service.web.api.response_models import row_json, row_model
from service.web.api.rows import require_wearer


class NoteAsked(BaseModel):
    """A note as a page brings it."""

    model_config = ConfigDict(extra="forbid")

    wearer: str = Field(min_length=1, max_length=200)
    topic: str = Field(max_length=40)
    text: str | None = Field(None, max_length=4000, description="what is said; null where the topic says it all")
    time: str | None = Field(None, description="ISO 8601; the same moment and topic again corrects a note; null: now")
    withdraw: bool = False


class NoteTaken(BaseModel):
    """A note that was taken, and what follows from it."""

    note: row_model(Note)  # type: ignore[valid-type]
    changed: int = Field(description="how many verdicts it changed")
    parting: str = Field(description="how a note takes effect that needs more than being said; else empty")


def telling(log: Log) -> APIRouter:
    """Return the route by which notes come in. Who may call it is the gate's matter."""
    router = APIRouter(prefix="/api")
    refusals = {404: "nothing is stored of this wearer", 422: "it cannot be noted", 503: "the store takes nothing now"}

    @router.post(
        "/notes",
        response_model=NoteTaken,
        summary="Note something about a run or walk",
        responses={status: {"description": text} for status, text in refusals.items()},
    )
    def take_note(asked: NoteAsked) -> dict[str, Any]:
        require_wearer(log, asked.wearer)
        try:
            time = clock.time_ns() if asked.time is None else parse_iso(asked.time)
            told = accept(log, asked.wearer, asked.topic, asked.text, time, withdraw=asked.withdraw)
        except Unavailable:
            raise
        except (ConfigError, ValueError) as error:
            raise HTTPException(422, str(error)) from error
        return {"note": row_json(told.note), "changed": len(told.changes), "parting": told.parting}

    return router
