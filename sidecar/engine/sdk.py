"""What the Docker SDK raises, gathered in one place."""

from __future__ import annotations

from docker.errors import APIError, DockerException, StreamParseError
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

SDK_ERRORS = (DockerException, RequestException, HTTPError, StreamParseError)
"""The SDK's own errors, and those of the layers below that it lets through, most of all while a stream is read."""


def words_of(error: Exception) -> str:
    """Return the engine's own words, without the SDK's URL around them; else the error's."""
    if isinstance(error, APIError) and error.explanation:
        return str(error.explanation).strip().rstrip(".")
    return str(error)
