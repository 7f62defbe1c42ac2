"""Where a pod runs and as whom: the keys of workloads, and of the chart's own pods."""

from __future__ import annotations

from typing import Any

from sidecar.targets.helm.records import Key
from sidecar.targets.helm.value_types import OBJECT, OBJECTS, TEXT, TEXTS, Schema, positive

_Rows = tuple[tuple[str, Schema, Any], ...]
"""Names, schemas and defaults."""

_OF_ALL: _Rows = (
    ("serviceAccountName", TEXT, ""),
    ("priorityClassName", TEXT, ""),
    ("nodeSelector", TEXTS, {}),
    ("tolerations", OBJECTS, []),
)
_APART: _Rows = (("affinity", OBJECT, {}), ("topologySpreadConstraints", OBJECTS, []))
"""How pods of one service stand to each other: the chart's own pods do not take part."""

OF_WORKLOAD = (
    Key(
        "terminationGracePeriodSeconds",
        positive(3600),
        "Seconds until SIGKILL; absent: as for every pod.",
    ),
    Key("podSecurityContext", OBJECT, "Merged into the pod's securityContext, e.g. fsGroup."),
    *(Key(name, schema, "Replaces the one for every pod.") for name, schema, _ in _OF_ALL + _APART),
)


def of_charts_own(section: str) -> tuple[Key, ...]:
    """Return the keys of one of the chart's own pods: the stand-in, the forwarder, a relay."""
    return (
        *(
            Key(f"{section}.{name}", schema, "Empty: the top-level value.", default)
            for name, schema, default in _OF_ALL
        ),
        *(
            Key(f"{section}.{name}", schema, "Not taken from the top level.", default)
            for name, schema, default in _APART
        ),
    )
