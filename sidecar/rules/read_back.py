"""Why marked spans cannot be read back from a region, or do not come back whole."""

from __future__ import annotations

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules.vendor import vendor_answer

_NOT_COUNTED = "The last hop is not counted: it is not known whether the spans arrive."


def _error(rule: str, summary: str, fix: str, example: str, why: str = _NOT_COUNTED) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


NOT_INSTALLED = _error(
    "read-back-not-installed",
    "The vendor's library for its API is not installed.",
    "Run `pip install 'sidecar-kit[readback]'`",
    "sidecar verify --read-back cn-shanghai, after pip install sidecar-kit",
)
NO_KEY = _error(
    "read-back-without-key",
    "There is no access key for the vendor's API.",
    "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or give"
    " --read-back-key FILE, which sets both",
    "sidecar verify --read-back cn-shanghai, without the two variables",
)
KEY_FILE_OPEN = Rule(
    "read-back-key-file-open",
    Severity.WARNING,
    "Other users of the host can read the file with the access key.",
    "They can use the vendor's API in your name.",
    "Run `chmod 0600` on the file",
    "chmod 0644 ~/.sidecar-key, which --read-back-key names",
)
KEY_REFUSED = _error(
    "read-back-key-refused",
    "The vendor's API does not accept the access key.",
    "Check id and secret in the vendor's console (RAM), and the clock of this machine",
    "a key that was deleted: InvalidAccessKeyId.NotFound",
)
FORBIDDEN = _error(
    "read-back-forbidden",
    "The owner of the access key may not read traces.",
    "Grant the RAM user the policy AliyunTracingAnalysisReadOnlyAccess",
    "HTTP 403, NoPermission",
)
THROTTLED = _error(
    "read-back-throttled",
    "The vendor's API throttled every request until the deadline.",
    "Verify again later; other clients of the account share the limit",
    "HTTP 429, Throttling.User",
)
UNREACHABLE = _error(
    "read-back-unreachable",
    "The vendor's API does not answer.",
    "Open the network to xtrace.REGION.aliyuncs.com:443, or name another host with"
    " --read-back-endpoint",
    "a machine without Internet access",
)
FAILED = _error(
    "read-back-failed",
    "The vendor's API answers with another error.",
    "See the code in the vendor's documentation of GetTrace (version 2019-08-08)",
    "HTTP 400, InvalidRegion",
)
ABSENT = _error(
    "trace-not-read-back",
    "A marked trace is not in the region, or only a part of it.",
    "Check the token, the collection switch and the quota of that region in the console",
    "0 of 100 spans after 60 s",
    "Spans that the agent handed over are lost at the gateway, or need longer to be stored.",
)
UNLINKED = _error(
    "spans-without-parent",
    "Spans of a marked trace came back without their parent.",
    "Verify again; see whether the region stores every span",
    "2 of 100 spans name a parent that is not in the trace",
    "The trace falls apart in the console.",
)

_KEY_CODES = (
    "InvalidAccessKeyId",
    "InvalidCredentials",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidSecurityToken",
    "InvalidTimeStamp",
    "MissingAccessKeyId",
)
_RIGHT_CODES = ("Forbidden", "NoPermission", "NotAuthorized")
_THROTTLED_CODES = ("Throttling", "ServiceUnavailable")


def key(*, given: bool) -> Problem | None:
    """Judge whether there is an access key."""
    return None if given else NO_KEY.problem("has no access key")


def key_file(mode: int) -> Problem | None:
    """Judge the permission bits of the file with the key."""
    if not mode & 0o044:
        return None
    return KEY_FILE_OPEN.problem(f"others on this host can read it ({mode:04o})")


def not_installed() -> Problem:
    """Return the problem of the vendor's library that is not there."""
    return NOT_INSTALLED.problem("needs the vendor's library")


def is_throttled(status: int, code: str) -> bool:
    """Tell whether an error of the API asks for patience."""
    return status in (429, 503) or code.startswith(_THROTTLED_CODES)


def answered(status: int, code: str) -> Problem:
    """Judge an error of the API by its HTTP status and code; its message may show the key."""
    cause = f"the vendor's API answers {vendor_answer(status)}, {code}"
    if is_throttled(status, code):
        return THROTTLED.problem(cause)
    if status == 401 or code.startswith(_KEY_CODES):
        return KEY_REFUSED.problem(f"the access key is refused: {cause}")
    if code.startswith(_RIGHT_CODES):
        return FORBIDDEN.problem(f"the access key lacks the right: {cause}")
    return FAILED.problem(cause)


def out_of_reach(host: str, error: str) -> Problem:
    """Return the problem of an API that does not answer."""
    return UNREACHABLE.problem(f"{host} does not answer: {error}")


def trace(
    arrived: int, expected: int, unlinked: int, seconds: float, others: int
) -> Problem | None:
    """Judge a marked trace that was read back; `others` are further traces of the service."""
    if arrived < expected:
        cause = f"{arrived} of {expected} spans of the trace came back within {seconds:.0f} s"
        if arrived == 0:
            found = f"{others} other traces" if others else "no other trace"
            cause += f", and {found} of the service in the last 10 minutes"
        return ABSENT.problem(cause)
    if unlinked:
        cause = f"{unlinked} of {arrived} spans name a parent that is not in the trace"
        return UNLINKED.problem(cause)
    return None
