"""A bad and a good value for each rule about tokens and their files."""

from __future__ import annotations

from rule_examples import Call, example

from sidecar.rules import recognition, token_files, tokens
from sidecar.rules.token_files import Status

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
PASTED = {
    "empty-token": "",
    "token-with-nul": f"{TOKEN}\0",
    "token-with-line-break": f"{TOKEN}\n{TOKEN}",
    "token-with-space": f"{TOKEN} {TOKEN}",
    "token-with-invisible-character": f"{TOKEN}\u200b",
    "token-with-control-character": f"{TOKEN}\x1b[0m",
    "token-beyond-ascii": f"{TOKEN}\uff20",
    "token-in-quotes": f'"{TOKEN}"',
    "token-with-quote": f"{TOKEN}'x",
    "token-with-comma": f"{TOKEN},x",
    "token-is-variable": "$TRACING_TOKEN",
    "token-with-doubled-dollar": f"{TOKEN}$$x",
    "token-is-placeholder": "<token>",
    "token-is-endpoint": f"http://gateway.example.com/adapt_{TOKEN}/api/traces",
    "token-begins-with-dash": f"-{TOKEN}",
    "token-too-long": "a" * 1025,
}
AGENT = "10001:10001"


def _rights(mode: int) -> Call:
    return Call(Status(mode, uid=0, gid=0), AGENT, "agent.yaml")


EXAMPLES = {
    **{
        rule: example(tokens.broken_rules, Call(token), Call(TOKEN))
        for rule, token in PASTED.items()
    },
    "public-token": example(tokens.warnings, Call(recognition.LOCAL_TOKEN), Call(TOKEN)),
    "unusual-token-shape": example(tokens.warnings, Call("abc123@0123"), Call(TOKEN)),
    "token-in-environment": example(
        tokens.in_environment,
        Call("ENDPOINT", f"http://gateway.example.com/adapt_{TOKEN}/api/traces"),
        Call("TRACING_TOKEN_FILE", "/run/secrets/token"),
    ),
    "token-in-arguments": example(
        tokens.in_arguments,
        Call(f"--agent.tags=Authentication={TOKEN}"),
        Call("--agent.tags=team=shop"),
    ),
    "token-in-field": example(
        tokens.in_field, Call("./canary-1:/data", ["canary-1"]), Call("./data:/data", ["canary-1"])
    ),
    "token-not-set": example(
        token_files.rendered, Call("sidecar token set", exists=False), Call("", exists=True)
    ),
    "missing-token-file": example(
        token_files.file, Call("sidecar token set", exists=False), Call("", exists=True)
    ),
    "unreadable-token-file": example(
        token_files.readable, Call("cannot be read: Permission denied"), Call("")
    ),
    "not-a-token-file": example(token_files.content, Call(None), Call("agent.tags")),
    "tags-key-of-another-version": example(
        token_files.tags_key, Call("agent.tags", "jaeger.tags"), Call("agent.tags", "agent.tags")
    ),
    "token-file-closed-to-agent": example(token_files.rights, _rights(0o400), _rights(0o444)),
    "token-file-writable-by-others": example(token_files.rights, _rights(0o464), _rights(0o444)),
    "token-folder-open": example(
        token_files.folder_mode, Call(0o750, "secrets"), Call(0o700, "secrets")
    ),
    "token-source-readable-by-others": example(
        token_files.source_mode, Call(0o640, "token.txt"), Call(0o600, "token.txt")
    ),
}
