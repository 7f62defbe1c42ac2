"""Types of a cron's schedule and its time zone."""

from __future__ import annotations

from sidecar.spec.field_types.mistakes import EXPANDED
from sidecar.spec.scalars import Mistake, PatternText

_FIELD = r"[0-9A-Za-z*/,?-]+"
_NAMED = "@(yearly|annually|monthly|weekly|daily|midnight|hourly)"
SCHEDULE = PatternText(
    rf"{_NAMED}|{_FIELD}( {_FIELD}){{4}}",
    "a schedule",
    'Give minute, hour, day, month and weekday, such as "30 4 * * *", or @daily',
    (
        EXPANDED,
        Mistake("^(CRON_)?TZ=", "names a time zone", "Give it as time_zone"),
        Mistake("^@reboot", "is of a machine, and a cluster has no reboot", "Use kind: job"),
        Mistake(r"^(\S+ ){5,}\S+$", "has more than five fields", "Leave out seconds and year"),
    ),
)
TIME_ZONE = PatternText(
    "(?!Local$)[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*",
    "a time zone",
    "Give one such as Asia/Shanghai or Etc/UTC",
    (EXPANDED,),
)
