"""What the Docker SDK raises, and its translation into the kit's errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from docker.errors import APIError, DockerException, ImageNotFound, StreamParseError
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from sidecar.engine.errors import EngineError, ImageMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

SDK_ERRORS = (DockerException, RequestException, HTTPError, StreamParseError)
"""The SDK's own errors, and those that it does not catch, above all while a stream is read."""


def message_of(error: Exception) -> str:
    """Return the engine's message, without the SDK's URL around it; else the error's text."""
    if isinstance(error, APIError) and error.explanation:
        return str(error.explanation).strip().rstrip(".")
    return str(error)


@contextmanager
def translated(subject: str) -> Iterator[None]:
    """Raise EngineError for what the SDK raises in the block, ImageMissingError for an image."""
    try:
        yield
    except ImageNotFound as error:
        raise ImageMissingError(subject, message_of(error), "See `sidecar images`") from error
    except SDK_ERRORS as error:
        raise EngineError(subject, message_of(error)) from error
