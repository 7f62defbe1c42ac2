"""A bad and a good value for each rule of reading back."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules import read_back as rules


def _answered(status: int, code: str):
    return rules.answered(status, code) if status != 200 else None


def _reached(error: str):
    return rules.out_of_reach("xtrace.cn-shanghai.aliyuncs.com", error) if error else None


def _library(*, installed: bool):
    return None if installed else rules.not_installed()


FINE = Call(200, "")
WHOLE = Call(100, 100, 0, 60, 0)

EXAMPLES = {
    "read-back-not-installed": example(_library, Call(installed=False), Call(installed=True)),
    "read-back-without-key": example(rules.key, Call(given=False), Call(given=True)),
    "read-back-key-file-open": example(rules.key_file, Call(0o644), Call(0o600)),
    "read-back-key-refused": example(_answered, Call(404, "InvalidAccessKeyId.NotFound"), FINE),
    "read-back-forbidden": example(_answered, Call(403, "NoPermission"), FINE),
    "read-back-throttled": example(_answered, Call(429, "Throttling.User"), FINE),
    "read-back-failed": example(_answered, Call(400, "InvalidRegion"), FINE),
    "read-back-unreachable": example(_reached, Call("the connection is refused"), Call("")),
    "trace-not-read-back": example(rules.trace, Call(0, 100, 0, 60, 0), WHOLE),
    "spans-without-parent": example(rules.trace, Call(100, 100, 2, 60, 0), WHOLE),
}
