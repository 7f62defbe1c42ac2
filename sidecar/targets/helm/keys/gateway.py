"""The keys of the gateway and its token."""

from __future__ import annotations

from sidecar.targets.helm.records import Key
from sidecar.targets.helm.value_types import (
    FLAG,
    HOST,
    LABEL,
    PORT,
    REVISION,
    SECRET,
    TEXT,
    positive,
)

GATEWAY = (
    Key("region", LABEL, "The region's id, as a label; spans go to the gateway below."),
    Key("gateway.host", HOST, "The region's gateway; empty: the stand-in."),
    Key("gateway.port", PORT, "Its gRPC port."),
    Key("gateway.tls", FLAG, "Whether that port expects TLS; needs agent 1.18.0 or later."),
    Key(
        "gateway.waitSeconds",
        positive(3600, 0),
        "Seconds that a pod, with images.gateway, waits for it before its agent starts; 0: none.",
        0,
    ),
    Key(
        "existingSecret",
        SECRET,
        "A Secret that `sidecar token set` wrote. Preferred.",
    ),
    Key(
        "existingSecretCheck",
        FLAG,
        "Refuse to install while that Secret or its key is missing.",
        True,
    ),
    Key(
        "token",
        TEXT,
        "The token itself: Helm keeps it in the release's record. Prefer existingSecret.",
        "",
    ),
    Key(
        "tokenRevision",
        REVISION,
        "Any text. Change it after the Secret has changed, to roll the pods.",
        "",
    ),
)
