"""Bad specs: what is wrong → the bytes of sidecar.yaml."""

from __future__ import annotations

import textwrap
from itertools import pairwise

_SERVICE = {"name": "web", "image": "web:1.0", "port": "8000"}


def _spec(text: str) -> bytes:
    return textwrap.dedent(text).encode()


def _service(more: str = "", **fields: str) -> bytes:
    """Return a spec with one service; a field is YAML as it stands, an empty one is left out."""
    lines = [f"{name}: {value}" for name, value in {**_SERVICE, **fields}.items() if value]
    entry = "\n".join([*lines, *textwrap.dedent(more).splitlines()])
    return f"region: cn-shanghai\nservices:\n  -\n{textwrap.indent(entry, '    ')}\n".encode()


def _gateway(**fields: str) -> bytes:
    lines = "\n".join(f"  {name}: {value}" for name, value in fields.items())
    return f"region: cn-shanghai\ngateway:\n{lines}\n".encode()


_BOMB = "\n".join(
    [
        "a: &a [x, x, x, x, x, x, x, x, x]",
        *(f"{n}: &{n} [{','.join([f'*{p}'] * 9)}]" for p, n in pairwise("abcdef")),
    ]
)

DOCUMENTS = {
    "empty file": b"",
    "comments only": b"# nothing yet\n",
    "a list at the top": b"- region: cn-shanghai\n",
    "a scalar at the top": b"cn-shanghai\n",
    "null at the top": b"~\n",
    "two documents": b"region: cn-shanghai\n---\nregion: cn-beijing\n",
    "binary": bytes(range(256)),
    "an archive": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "UTF-16": "region: cn-shanghai\n".encode("utf-16"),
    "latin-1": "region: cn-shanghai # \u00e9\n".encode("latin-1"),
    "a NUL character": b"region: cn-\0shanghai\n",
    "indented by tabs": b"gateway:\n\tnetwork: vpc\n",
    "an open quote": b"region: 'cn-shanghai\nservices: []\n",
    "a colon too many": b"region: cn: shanghai\n",
    "a key given twice": b"region: cn-shanghai\nregion: cn-beijing\n",
    "a key given twice below": b"region: local\ngateway:\n  network: vpc\n  network: public\n",
    "an alias bomb": _BOMB.encode(),
    "an unknown alias": b"region: *elsewhere\n",
    "10,000 levels": b"region: " + b"[" * 10_000 + b"]" * 10_000 + b"\n",
    "a Python object": b"region: !!python/object/apply:os.system [reboot]\n",
    "a Python name": b"region: !!python/name:os.system\n",
    "a tag of its own": b"region: !region cn-shanghai\n",
    "a merge": b"base: &base {network: vpc}\nregion: cn-shanghai\ngateway: {<<: *base}\n",
    "a list for a key": b"region: cn-shanghai\n? [a, b]\n: c\n",
    "larger than 1 MiB": b"region: cn-shanghai\n" + b"# padding\n" * 110_000,
}
KEYS = {
    "a slip in a key": b"regoin: cn-shanghai\n",
    "a slip in a key below": b"region: cn-shanghai\ncapacity: {span_per_second: 100}\n",
    "an unknown key": b"region: cn-shanghai\nkubernetes: true\n",
    "a key of another section": b"region: cn-shanghai\nport: 8000\n",
    "a Compose key": _service(ports="['8000:8000']"),
    "a gateway's key at the top": b"region: cn-shanghai\nnetwork: vpc\n",
    "several at once": _spec("""\
        region: 1
        gateway: {network: private, port: 0}
        agent: {version: 9.9.9}
        services:
          - image: web
        capacity: {spans_per_second: many}
        """),
}
REGIONS = {
    "no region": b"capacity: {round_trip_ms: 100}\n",
    "region null": b"region: null\n",
    "region without a value": b"region:\n",
    "region empty": b"region: ''\n",
    "region no": b"region: no\n",
    "region with a blank": b"region: 'cn shanghai'\n",
    "region a slip": b"region: cn-shangai\n",
    "region by its name": b"region: shanghai\n",
    "region a list": b"region: [cn-shanghai, cn-beijing]\n",
}
NAMES = {
    "name missing": _service(name=""),
    "name that injects": _service(name=r'"x\"\n    privileged: true"'),
    "name of braces": _service(name="'{{ x }}'"),
    "name a variable": _service(name="'${VAR}'"),
    "name of 64 characters": _service(name="a" * 64),
    "name beyond ASCII": _service(name="w\u0435b"),
    "name in capitals": _service(name="Web"),
    "name a number": _service(name="'1web'"),
    "name with a dot": _service(name="web.example.com"),
    "name a path": _service(name="../web"),
    "name no": _service(name="no"),
    "name 1e3": _service(name="1e3"),
    "name 0o777": _service(name="0o777"),
    "name 12:30:45": _service(name="12:30:45"),
    "name a date": _service(name="2026-11-22"),
    "name doubled": _service() + b"  - {name: web, image: web, port: 1}\n",
    "name of another's agent": _service() + b"  - {name: web-agent, image: web, port: 1}\n",
    "name of a Compose extension": _service(name="x-web"),
}
SERVICES = {
    "services a map": b"region: cn-shanghai\nservices: {web: {image: web}}\n",
    "services empty": b"region: cn-shanghai\nservices: []\n",
    "a service of text": b"region: cn-shanghai\nservices: [web]\n",
    "no image": _service(image=""),
    "image and build": _service(build="{context: .}"),
    "image with a blank": _service(image="'web 1.0'"),
    "image with a scheme": _service(image="https://registry.example.com/web:1.0"),
    "image in capitals": _service(image="Web:1.0"),
    "image a variable": _service(image="'web:${TAG}'"),
    "image a number": _service(image="1.0"),
    "port 0": _service(port="0"),
    "port 70000": _service(port="70000"),
    "port http": _service(port="http"),
    "port with a protocol": _service(port="8080/udp"),
    "port in octal": _service(port="0o777"),
    "port a fraction": _service(port="8000.5"),
    "port -1": _service(port="-1"),
    "publish a pair": _service(publish="'8000:8000'"),
    "publish without a port": _service(port="", publish="8000"),
    "publish twice": _service(publish="8000")
    + b"  - {name: other, image: web, port: 1, publish: 8000}\n",
    "replicas 0": _service(replicas="0"),
    "command as text": _service(command="gunicorn app"),
    "variable with =": _service("environment: {'A=B': c}"),
    "variable with a newline": _service('environment: {"A\\nB": c}'),
    "variable no": _service("environment: {DEBUG: no}"),
    "variable 1e3": _service("environment: {LIMIT: 1e3}"),
    "variable 12:30:45": _service("environment: {AT: 12:30:45}"),
    "variable 0123": _service("environment: {MODE: 0123}"),
    "variable null": _service("environment: {EMPTY: }"),
    "variable a list": _service("environment: {LIST: [a]}"),
    "environment a list": _service("environment: [A=b]"),
    "volume without a target": _service("volumes: [./data]"),
    "volume from home": _service("volumes: ['~/data:/data']"),
    "volume mounted twice": _service("volumes: ['./a:/data', './b:/data']"),
    "memory of words": _service("resources: {memory: much}"),
    "cpus 0": _service("resources: {cpus: 0}"),
    "health of nothing": _service("health: {interval_s: 5}"),
    "health path without a slash": _service("health: {http: healthz}"),
    "sampler unknown": _service("sampling: {type: adaptive}"),
    "sampler above 1": _service("sampling: {type: probabilistic, param: 2}"),
}
GATEWAYS = {
    "network unknown": _gateway(network="private"),
    "gateway port 0": _gateway(port="0"),
    "tls of text": _gateway(tls="'yes'"),
    "host outside the catalogue": _gateway(host="gateway.example.com"),
    "host with a scheme": _gateway(host="https://gateway.example.com"),
    "host with a port": _gateway(host="gateway.example.com:1883"),
    "host with a blank": _gateway(host="'gateway example.com'"),
    "host with a path": _gateway(host="gateway.example.com/api"),
    "host of look-alikes": _gateway(host="g\u0430teway.example.com"),
    "host IPv6 bare": _gateway(host="'2001:db8::1'"),
    "host a number": _gateway(host="'2130706433'"),
    "host a variable": _gateway(host="'${GATEWAY}'"),
    "allow of text": _gateway(allow="gateway.example.com"),
}
AGENTS = {
    "agent kind unknown": b"region: cn-shanghai\nagent: {kind: otel-collector}\n",
    "agent version unknown": b"region: cn-shanghai\nagent: {version: 1.63.0}\n",
    "agent version too old": b"region: cn-shanghai\nagent: {version: 1.14.0}\n",
    "agent version short": b"region: cn-shanghai\nagent: {version: 1.62}\n",
    "agent version latest": b"region: cn-shanghai\nagent: {version: latest}\n",
    "agent too old for TLS": _spec("""\
        region: cn-shanghai
        agent: {version: 1.15.0}
        gateway: {tls: true}
        """),
    "images source unknown": b"region: cn-shanghai\nimages: {source: mirror}\n",
    "images prefix a URL": b"region: cn-shanghai\nimages: {prefix: 'https://mirror.example.com'}\n",
    "rate of text": b"region: cn-shanghai\ncapacity: {spans_per_second: 2k}\n",
    "rate 0": b"region: cn-shanghai\ncapacity: {spans_per_second: 0}\n",
    "round trip too long": b"region: cn-shanghai\ncapacity: {round_trip_ms: 100000}\n",
    "stand-in's name": b"region: local\nservices: [{name: gateway, image: web, port: 1}]\n",
    "stand-in's port": _spec("""\
        region: local
        services: [{name: web, image: web, port: 1, publish: 16686}]
        """),
}
SPECS = {**DOCUMENTS, **KEYS, **REGIONS, **NAMES, **SERVICES, **GATEWAYS, **AGENTS}
