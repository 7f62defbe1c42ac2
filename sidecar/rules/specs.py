"""What is wrong with the files of a spec and of regions, and with what they say together."""

from __future__ import annotations

from sidecar.findings import Rule, Severity


def _error(rule: str, summary: str, why: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


_NOT_READ = "Nothing is planned from a spec that is not understood as a whole."


# Files ----------------------------------------------------------------------------------------

UNREADABLE_FILE = _error(
    "unreadable-file",
    "A file cannot be read, or is not text.",
    _NOT_READ,
    "Check the path and its permissions",
    "--file typo.yaml",
)
BROKEN_YAML = _error(
    "broken-yaml",
    "A file is not YAML, or not YAML that the kit reads.",
    _NOT_READ,
    "Correct the line, or the line before it",
    "region: 'cn-shanghai",
)
NOT_A_SPEC = _error(
    "not-a-spec",
    "A file is not one map.",
    _NOT_READ,
    "The smallest spec is `region: cn-shanghai`",
    "[cn-shanghai]",
)
INVALID_REGIONS = _error(
    "invalid-regions-file",
    "A file of regions has an entry that is not a region.",
    "A token goes to the hosts of this file, so none of it is guessed.",
    "Give regions: [{id: ID, public: HOST}]",
    "regions: [{id: shop, public: 'https://gw.example.com'}]",
)

# Keys and values ------------------------------------------------------------------------------

UNKNOWN_KEY = _error(
    "unknown-key",
    "A spec has no such key.",
    "A mistyped key would leave its default in place silently.",
    "docs/spec.md lists the keys",
    "regoin: cn-shanghai",
)
MISSING_KEY = _error(
    "missing-key",
    "A required key is missing.",
    "No default could be right.",
    "Give the key",
    "services: [{image: web:1.0}]",
)
DUPLICATE_KEY = _error(
    "duplicate-key",
    "A map has the same key twice.",
    "YAML parsers disagree on which of the two wins.",
    "Keep one",
    "region: cn-shanghai on one line, region: cn-beijing on the next",
)
INVALID_KEY = _error(
    "invalid-key",
    "A key is not text, or merges maps.",
    "Not every YAML parser reads such a key.",
    "Write the keys out as text",
    "gateway: {<<: *base}",
)
INVALID_VALUE = _error(
    "invalid-value",
    "A value is not valid for its key.",
    "Compose, Helm or the agent would refuse it later, or read something else.",
    "docs/spec.md says what each key takes",
    "services: [{name: web, image: web:1.0, port: 70000}]",
)
UNQUOTED_TEXT = _error(
    "unquoted-text",
    "A text without quotes is a number, a boolean, a time or null to some YAML parser.",
    "The versions of YAML disagree, so the value could change silently.",
    "Put it in quotes",
    "environment: {DEBUG: no}",
)
CONFLICTING_VALUES = _error(
    "conflicting-values",
    "Two values of a spec exclude each other.",
    "Only one of them can hold.",
    "Keep one of them",
    "services: [{name: web, image: web:1.0, build: {context: .}}]",
)

# Regions and gateways -------------------------------------------------------------------------

MISSING_REGION = _error(
    "missing-region",
    "No region is given.",
    "The region decides the gateway.",
    "Give --region ID, or `region: ID` in a spec, with --file sidecar.yaml",
    "sidecar render without --region and without a spec",
)
UNKNOWN_REGION = _error(
    "unknown-region",
    "The region is not in the catalogue.",
    "There is no gateway to report to.",
    "`sidecar regions` lists them",
    "region: cn-shangai",
)
NO_SUCH_HOST = _error(
    "network-without-host",
    "The region has no gateway on the network.",
    "There is no gateway to report to.",
    "Use the other network",
    "region: local with gateway: {network: vpc}",
)
NO_SUCH_PORT = _error(
    "protocol-without-port",
    "The region has no port for the protocol of the agents' kind.",
    "There is no gateway to report to.",
    "Give the port in a file of regions, with --regions",
    "agent: {kind: collector} in a region whose ports lack otlp-grpc",
)
HOST_NOT_ALLOWED = _error(
    "gateway-not-allowed",
    "The gateway's host is neither in the catalogue nor in gateway.allow.",
    "The agents would send the token there.",
    "If you trust the host, add it to gateway.allow",
    "gateway: {host: gateway.example.com}",
)
STAND_IN_CONFLICT = _error(
    "stand-in-conflict",
    "In `local`, a value takes a name or port of the stand-in gateway, or needs what it lacks.",
    "The stand-in gateway could not start, or would not be reached.",
    "Change the value, or name another region",
    "region: local with services: [{name: gateway, image: web:1.0}]",
)
