"""The fields of `build`: how a service's image is built."""

from __future__ import annotations

from sidecar.spec import field_types as types
from sidecar.spec.fields.variables import VARIABLES
from sidecar.spec.sections import Field, Section
from sidecar.spec.service_records import Build

BUILD = Section(
    Build,
    (
        Field(
            "context",
            types.CONTEXT,
            "folder to build from, relative to the spec, or a repository's address",
            None,
            "./orders",
            required=True,
        ),
        Field(
            "dockerfile",
            types.FILE_PATH,
            "Dockerfile, relative to the context; Dockerfile if not given",
            None,
            "deploy/Dockerfile",
        ),
        Field("target", types.TARGET, "stage to build; the last if not given", None, "runtime"),
        Field(
            "args",
            VARIABLES,
            "build arguments; they stay in the image's history, so no secrets",
            None,
            {"PYTHON": "3.12"},
        ),
    ),
)
