"""What a form brings: bounded, read whole, and each field once. Nothing of it is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from firmware_bridge import ConfigError

_MOST_BYTES = 16_384
"""Of a form: a note of 500 characters, each of which takes up to 12 bytes, with room to spare."""
MOST_FIELDS = 32
_MEDIA = "application/x-www-form-urlencoded"


async def fields_of(request: Request) -> Mapping[str, str]:
    """Return the fields of a form; of several with one name the last.

    Raises:
        ConfigError: it is no form, is too long, or was cut short.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA:
        raise ConfigError("that is not what the form of the diary sends; nothing was noted")
    data = bytearray()
    try:
        async for part in request.stream():
            data += part
            if len(data) > _MOST_BYTES:
                raise ConfigError(
                    "that is more than a note can hold; nothing was noted. Go back: your text is still there, to be "
                    "shortened"
                )
    except ClientDisconnect as error:
        raise ConfigError("the form was cut short; nothing was noted") from error
    try:
        return dict(
            parse_qsl(data.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
        )
    except ValueError as error:
        raise ConfigError("the form cannot be read; nothing was noted") from error
