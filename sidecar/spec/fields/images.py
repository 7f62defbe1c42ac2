"""The fields of `images`: where images come from."""

from __future__ import annotations

from sidecar.spec import field_types as types
from sidecar.spec.records import IMAGE_SOURCES, ImageSettings
from sidecar.spec.scalars import Choice
from sidecar.spec.sections import Field, Section

IMAGES = Section(
    ImageSettings,
    (
        Field(
            "prefix",
            types.MIRROR,
            "mirror's name, put before the official names of base and agent",
            ImageSettings.prefix,
            "mirror.example.com/dockerhub/",
        ),
        Field(
            "source",
            Choice(IMAGE_SOURCES),
            "what `sidecar images` does: pull, build from source, or whatever works",
            ImageSettings.source,
            "build",
        ),
    ),
)
