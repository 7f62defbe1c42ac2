"""Bad tokens: what is wrong → the bytes that are pasted. CANARY must never be shown."""

from __future__ import annotations

CANARY = "canary@0123456789abcde_canary@53df7ad2afe8301"

TOKENS = {
    "empty": b"",
    "blanks": b" \t \r\n",
    "a byte order mark alone": b"\xef\xbb\xbf",
    "the key alone": b"Authentication=",
    "the flag alone": b"--agent.tags=",
    "a NUL character": f"{CANARY}\0".encode(),
    "two lines": f"{CANARY}\n{CANARY}\n".encode(),
    "two lines of Windows": f"{CANARY}\r\n{CANARY}\r\n".encode(),
    "a blank inside": f"{CANARY} {CANARY}".encode(),
    "a wide blank inside": f"{CANARY}\u3000{CANARY}".encode(),
    "a byte order mark inside": f"{CANARY}\ufeff".encode(),
    "a zero-width blank": f"{CANARY}\u200b".encode(),
    "a control character": f"{CANARY}\x1b[0m".encode(),
    "a look-alike": CANARY.replace("@", "\uff20").encode(),
    "another script": f"{CANARY}\u5bc6".encode(),
    "UTF-16": CANARY.encode("utf-16"),
    "binary": b"\xff\xfe\xfd" + CANARY.encode(),
    "quotes around": f'"{CANARY}"'.encode(),
    "typographic quotes around": f"\u201c{CANARY}\u201d".encode(),
    "a quote inside": f"{CANARY}'x".encode(),
    "a comma": f"{CANARY},key=value".encode(),
    "a variable": b"${TRACING_TOKEN}",
    "a shell's variable": b"$TRACING_TOKEN",
    "a variable inside": f"{CANARY}${{X}}".encode(),
    "a command": f"$(cat/{CANARY})".encode(),
    "$$": f"{CANARY}$$x".encode(),
    "a placeholder": b"<token>",
    "a template": b"{{canary}}",
    "stars": b"********",
    "an endpoint": f"http://gateway.example.com/adapt_{CANARY}/api/traces".encode(),
    "a flag": f"--{CANARY}".encode(),
    "over-long": (CANARY * 30).encode(),
    "larger than 1 MiB": CANARY.encode() * 30_000,
    "no @": b"canary",
    "half a token": b"canary@0123",
    "the public constant": b"local@stand-in_local@public-constant",
}
