"""One corpus of values with the answers that every reader must give.

The rules answer it (tests/sidecar/rules), and so must whoever asks them: init, validate,
`token check`, masking and the chart.
"""

from __future__ import annotations

from typing import NamedTuple

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
OTHER = "abc123@fedcba9876543210_abc123@0000000000000000"
CANARY = "canary-that-nobody-may-see"
"""A token of no known shape."""
ENDPOINT = "http://tracing-analysis-dc-sz.aliyuncs.com"

TOKENS = {
    "alone": (TOKEN, [TOKEN]),
    "in a sentence": (f"the token {TOKEN}!", [TOKEN]),
    "another separator": ("abc@123@def", ["abc@123@def"]),
    "with $ + ~ in it": ("ab$c@1+2_ab~c@3", ["ab$c@1+2_ab~c@3"]),
    "quoted for a URL": ("abc%401_abc%402", ["abc%401_abc%402"]),
    "with look-alikes": ("abc\uff201_abc\uff202", ["abc\uff201_abc\uff202"]),
    "after its key": (f"Authentication={CANARY}", [CANARY]),
    "after its key in small letters": (f"authentication={CANARY}", [CANARY]),
    "after its key in capitals": (f"AUTHENTICATION={CANARY}", [CANARY]),
    "with blanks around `=`": (f"Authentication = {CANARY}", [CANARY]),
    "in double quotes": (f'Authentication="{CANARY}"', [CANARY]),
    "in single quotes": (f"'Authentication={CANARY}'", [CANARY]),
    "as JSON": (f'{{"Authentication": "{CANARY}"}}', [CANARY]),
    "as a dictionary": (f"{{'Authentication': '{CANARY}'}}", [CANARY]),
    "after a letter": (f"%3DAuthentication={CANARY}", [CANARY]),
    "after an escaped line break": (rf"a\nAuthentication={CANARY}", [CANARY]),
    "as the agent's flag": (f"--agent.tags=Authentication={CANARY}", [CANARY]),
    "as the old agent's flag": (f"--jaeger.tags=Authentication={CANARY} &", [CANARY]),
    "before another tag": (f"Authentication={CANARY},team=shop", [CANARY]),
    "after another tag": (f"team=shop,Authentication={CANARY}", [CANARY]),
    "two tags": (f"Authentication={CANARY},Authentication={TOKEN}", [CANARY, TOKEN]),
    "with a comma": (f"Authentication={CANARY},{CANARY}", [f"{CANARY},{CANARY}"]),
    "as a variable": ("Authentication=${TRACING_TOKEN}", ["${TRACING_TOKEN}"]),
    "in an endpoint": (f"{ENDPOINT}/adapt_{TOKEN}/api/traces", [TOKEN]),
    "in an endpoint, any shape": (f"{ENDPOINT}/adapt_{CANARY}/api/traces", [CANARY]),
    "in an endpoint, quoted": (f"{ENDPOINT}/adapt_a%401_a%402/api/traces", ["a%401_a%402"]),
    "in a path": (f"adapt_{CANARY}/api/otlp/traces", [CANARY]),
    "two endpoints": (
        f"{ENDPOINT}/adapt_{TOKEN}/api/traces,{ENDPOINT}/adapt_{OTHER}/api/traces",
        [TOKEN, OTHER],
    ),
}
"""Form → (text, the tokens in it)."""

NO_TOKENS = {
    "an e-mail address": "user@example.com in agent.tags",
    "two e-mail addresses": "ada@example.com,bob@example.com",
    "an address with a password": "postgres://me:secret@db.example.com/x",
    "an image's digest": "web@sha256:0123456789abcdef",
    "the kit's own words": "`--agent.tags=Authentication=...`",
    "the kit's own words as YAML": 'agent: {tags: "Authentication=..."} and nothing else',
    "the kit's word for a token's shape": "has the shape name@hash_name@hash. Compare it",
    "the key without a value": "`Authentication=` and the agent's flag",
    "a masked token": "Authentication=***",
    "a masked endpoint": f"{ENDPOINT}/adapt_***/api/traces",
    "the setting of another program": "ssh -o PasswordAuthentication=no host",
    "a sentence": "Authentication: failed",
}


class Variable(NamedTuple):
    """A variable of a traced service, and the ids of its problems."""

    name: str
    value: str
    ids: frozenset[str]


def _variables(*rows: tuple[str, str, str]) -> list[Variable]:
    return [Variable(name, value, frozenset(ids.split())) for name, value, ids in rows]


VARIABLES = [
    *(
        Variable("X_ENDPOINT", text, frozenset({"token-in-environment"}))
        for text, _ in TOKENS.values()
    ),
    *(
        Variable("X_TEXT", text, frozenset())
        for form, text in NO_TOKENS.items()
        if "password" not in form
    ),
    *_variables(
        ("TRACING_TOKEN", "canary-123456", "token-in-environment"),
        ("TOKEN", "canary-123456", "token-in-environment"),
        ("auth_token", "canary-123456", "token-in-environment"),
        ("OTEL_EXPORTER_AUTH", "canary-123456", "token-in-environment"),
        ("JAEGER_TAGS", f"Authentication={CANARY}", "token-in-environment"),
        ("TRACING_TOKEN_FILE", "/run/secrets/token", ""),
        ("USE_TRACING_AUTH", "true", ""),
        ("JAEGER_TAGS", "a=b,c=d", ""),
        ("JAEGER_TAGS", "a=b=c", "unreadable-jaeger-tags"),
        ("JAEGER_TAGS", "a=b,c", "unreadable-jaeger-tags"),
        ("DB_PASSWORD", "hunter2", "secret-in-clear"),
        ("DATABASE_URL", "postgres://me:secret@db.example.com/x", "secret-in-clear"),
        ("DB_PASSWORD_FILE", "/run/secrets/db", ""),
        ("DB_HOST", "db", ""),
        ("JAEGER_SERVICE_NAME", "shop", "variable-read-by-sidecar-tracing-only"),
        ("JAEGER_PROPAGATION", "b3", "variable-read-by-sidecar-tracing-only"),
        ("JAEGER_RPC_METRICS", "expvar", "unread-jaeger-variable"),
        ("JAEGER_TRACEID_128BIT", "true", ""),
    ),
]

IMAGES = {
    "web": "floating-image-tag",
    "registry.example.com:5000/team/web": "floating-image-tag",
    "web:latest": "floating-image-tag",
    "web:stable": "floating-image-tag",
    "web:edge": "floating-image-tag",
    "web:nightly": "floating-image-tag",
    "web:main": "floating-image-tag",
    "web:master": "floating-image-tag",
    "web:1.0": "",
    "web:1.0-latest": "",
    "registry.example.com:5000/team/web:1.0": "",
    "web@sha256:0123456789abcdef": "",
    "web:latest@sha256:0123456789abcdef": "",
}
"""Image → the id of its problem; empty: none."""

SAMPLERS = {
    ("const", "1"): "",
    ("const", "true"): "",
    ("const", "0"): "sampler-hides-traces",
    ("const", "false"): "sampler-hides-traces",
    ("const", "2"): "unknown-sampler",
    ("probabilistic", "1"): "",
    ("probabilistic", "0.1"): "sampler-hides-traces",
    ("probabilistic", "50"): "unknown-sampler",
    ("probabilistic", "half"): "unknown-sampler",
    ("probabilistic", "nan"): "unknown-sampler",
    ("ratelimiting", "2"): "sampler-hides-traces",
    ("rate_limiting", "2"): "sampler-hides-traces",
    ("RateLimiting", "2"): "sampler-hides-traces",
    ("remote", "1"): "sampler-hides-traces",
    ("adaptive", "1"): "unknown-sampler",
    (None, "0"): "sampler-hides-traces",
    ("remote", None): "sampler-hides-traces",
    ("probabilistic", None): "",
    ("", ""): "",
    (None, None): "",
}
"""(JAEGER_SAMPLER_TYPE, JAEGER_SAMPLER_PARAM), None: unset → the id of the problem; empty: none."""

VERSIONS = ("1.15.0", "1.16.0", "1.18.0", "1.20.0", "1.22.0", "1.26.0", "1.62.0")
FLAGS = {
    "agent.tags": ("1.16.0", "1.18.0", "1.20.0", "1.22.0", "1.26.0", "1.62.0"),
    "jaeger.tags": ("1.15.0", "1.16.0", "1.18.0", "1.20.0"),
    "admin.http.host-port": ("1.18.0", "1.20.0", "1.22.0", "1.26.0", "1.62.0"),
    "admin-http-port": ("1.15.0", "1.16.0", "1.18.0", "1.20.0"),
    "health-check-http-port": ("1.15.0", "1.16.0", "1.18.0", "1.20.0"),
    "collector.host-port": (),
    "reporter.tchannel.host-port": (),
    "discovery.min-peers": ("1.15.0", "1.16.0"),
    "processor.jaeger-compact.server-socket-buffer-size": (
        "1.20.0",
        "1.22.0",
        "1.26.0",
        "1.62.0",
    ),
    "reporter.grpc.host-port": VERSIONS,
    "config-file": VERSIONS,
}
"""Flag → the versions in which it is right; two flags are known to some, but speak TChannel."""
TCHANNEL = ("1.15.0", "1.16.0")
"""The versions that know these two flags: they find `tchannel-flag`, the others an unknown flag."""


def flag_ids(flag: str, version: str) -> set[str]:
    """Return the ids of the problems of a flag in a version."""
    if version in FLAGS[flag]:
        return set()
    if not FLAGS[flag] and version in TCHANNEL:
        return {"tchannel-flag"}
    return {"unknown-agent-flag"}


PASTED = {
    TOKEN: "",
    f"  {TOKEN}\r\n": "",
    f"\ufeffAuthentication={TOKEN}\n": "",
    f"authentication=Authentication={TOKEN}": "",
    f"./jaeger-agent --a=b --jaeger.tags=Authentication={TOKEN} &": "",
    f"--agent.tags 'Authentication={TOKEN}' --c=d": "",
    "Authentication=": "empty-token",
    f"{TOKEN}\0": "token-with-nul",
    f"{TOKEN}\n{TOKEN}": "token-with-line-break",
    f"{TOKEN} {TOKEN}": "token-with-space",
    f"{TOKEN}\u3000{TOKEN}": "token-with-space",
    f"{TOKEN}\u200b.": "token-with-invisible-character",
    f"{TOKEN}\x1b[0m": "token-with-control-character",
    TOKEN.replace("@", "\uff20"): "token-beyond-ascii",
    f'"{TOKEN}"': "token-in-quotes",
    f"{TOKEN}'x": "token-with-quote",
    f"{TOKEN},x": "token-with-comma",
    "${TRACING_TOKEN}": "token-is-variable",
    "$TRACING_TOKEN": "token-is-variable",
    f"{TOKEN}$$": "token-with-doubled-dollar",
    "<token>": "token-is-placeholder",
    "xxxxxxxx": "token-is-placeholder",
    f"{ENDPOINT}/adapt_{TOKEN}/api/traces": "token-is-endpoint",
    f"--{TOKEN}": "token-begins-with-dash",
    f"{TOKEN}@{'a' * 1024}": "token-too-long",
    "local@stand-in_local@public-constant": "public-token",
    "abc123@0123": "unusual-token-shape",
    CANARY: "unusual-token-shape",
}
"""What is pasted as a token → the id of its one problem; empty: none."""
