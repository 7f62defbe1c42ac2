"""Manifests as people write them: the same objects in any style that YAML has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

Lines = list[str]
_TEXTS = ("a", "web", "x y", "007", "null", "~", "# no", "a: b", "- x", "é", "'", '"', "{{ x }}")
_LONG = ("#!/bin/sh\necho 'a\tb'\n", "one\n\ntwo\n\n\n", "kind: Deployment\n---x\n", "end")
_NULLS = ("", "~", "null")


class Writer:
    """Writes data as YAML; each choice of a style is random."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._step = random.choice((2, 2, 2, 4, 3))
        self._flow = random.choice((0, 0.1, 0.4))
        self._comments = random.choice((0, 0.1, 0.3))
        self._indentless = random.random() < 0.5
        self._anchors: dict[int, str] = {}

    def document(self, data: Any) -> str:
        """Return one document; as JSON one time in eight."""
        if self._random.random() < 0.125:
            indent = self._random.choice((None, 2, 4, "\t"))
            return json.dumps(data, indent=indent, ensure_ascii=self._often()) + self._end()
        return "\n".join(self._map(data, "")) + self._end()

    def _end(self) -> str:
        return self._random.choice(("\n", "\n", "\n", "\n\n", "", "\n# the end\n", "  \n"))

    def _often(self) -> bool:
        return self._random.random() < 0.5

    def _map(self, data: dict[str, Any], indent: str) -> Lines:
        lines: Lines = []
        for key, value in data.items():
            lines += self._between(indent)
            lines += self._pair(f"{indent}{self._key(key)}:", value, indent)
        return lines

    def _key(self, key: str) -> str:
        return self._random.choice((key, key, key, f'"{key}"'))

    def _between(self, indent: str) -> Lines:
        if self._random.random() >= self._comments:
            return []
        return self._random.choice(
            ([f"{indent}# - name: x"], [""], ["# far left"], [f"{indent}  #"])
        )

    def _pair(self, head: str, value: Any, indent: str) -> Lines:
        if id(value) in self._anchors:
            return [f"{head} *{self._anchors[id(value)]}{self._tail()}"]
        if isinstance(value, (dict, list)) and value and self._random.random() < 0.15:
            self._anchors[id(value)] = f"a{len(self._anchors)}"
            head += f" &{self._anchors[id(value)]}"
        if not isinstance(value, (dict, list)):
            return self._scalar(head, value, indent)
        if not value or self._random.random() < self._flow:
            return [f"{head} {self._in_flow(value)}{self._tail()}"]
        if isinstance(value, dict):
            return [f"{head}{self._tail()}", *self._map(value, indent + " " * self._step)]
        inner = indent if self._indentless else indent + " " * self._step
        return [f"{head}{self._tail()}", *self._list(value, inner)]

    def _tail(self) -> str:
        if self._random.random() >= self._comments:
            return self._random.choice(("", "", "", "", " "))
        return "   # - not: one"

    def _list(self, data: list[Any], indent: str) -> Lines:
        lines: Lines = []
        for item in data:
            lines += self._between(indent)
            lines += self._item(item, indent)
        return lines

    def _item(self, item: Any, indent: str) -> Lines:
        if not isinstance(item, dict) or not item or self._random.random() < self._flow:
            return [f"{indent}- {self._in_flow(item)}{self._tail()}"]
        if self._random.random() < 0.1:
            return [f"{indent}-{self._tail()}", *self._map(item, f"{indent}  ")]
        gap = self._random.choice((1, 1, 1, 3))
        comments, self._comments = self._comments, 0
        first = self._map({key: item[key] for key in list(item)[:1]}, indent + " " * (gap + 1))
        self._comments = comments
        first[0] = f"{indent}-{first[0][len(indent) + 1 :]}"
        rest = {key: item[key] for key in list(item)[1:]}
        return [*first, *self._map(rest, indent + " " * (gap + 1))]

    def _scalar(self, head: str, value: Any, indent: str) -> Lines:
        if value is None:
            return [f"{head} {self._random.choice(_NULLS)}".rstrip() + self._tail()]
        if isinstance(value, str) and "\n" in value and not value.startswith((" ", "\n")):
            mark = self._random.choice(("|", "|-", "|+", ">"))
            inner = indent + " " * self._step
            body = value.split("\n")
            return [f"{head} {mark}", *(f"{inner}{line}" if line else "" for line in body)]
        return [f"{head} {self._in_flow(value)}{self._tail()}"]

    def _in_flow(self, value: Any) -> str:
        if isinstance(value, str) and value.isalnum() and not value.isdigit() and self._often():
            return value if value != "null" else "'null'"
        if isinstance(value, (dict, list)) and value:
            break_at = self._random.choice((", ", ", ", ",", " , ", ",\n          "))
            if isinstance(value, dict):
                parts = [f"{json.dumps(k)}: {self._in_flow(v)}" for k, v in value.items()]
                return self._random.choice(("{%s}", "{ %s }", "{%s,}")) % break_at.join(parts)
            return self._random.choice(("[%s]", "[ %s ]")) % break_at.join(
                map(self._in_flow, value)
            )
        if value in ({}, []):
            text = json.dumps(value)
            return self._random.choice((text, f"{text[0]} {text[1]}"))
        if isinstance(value, str) and self._often():
            quoted = value.replace("'", "''")
            return f"'{quoted}'" if "\n" not in value else json.dumps(value, ensure_ascii=False)
        return json.dumps(value, ensure_ascii=False)


def stream(random: Random) -> bytes:
    """Return a stream of some documents, in one style each."""
    parts = []
    for number in range(random.randint(1, 3)):
        text = Writer(random).document(_object(random, number))
        start = random.choice(("---\n", "--- # next\n", "---   \n")) if number else ""
        if number and not parts[-1].endswith("\n"):
            start = f"\n{start}"
        parts.append(start + text)
    text = random.choice(("", "", "# first\n", "---\n", "%YAML 1.1\n---\n")) + "".join(parts)
    text += random.choice(("", "", "---\n", "...\n")) if text.endswith("\n") else ""
    text = text.replace("\n", random.choice(("\n", "\n", "\r\n")))
    return random.choice((b"", b"", b"\xef\xbb\xbf")) + text.encode()


def _object(random: Random, number: int) -> dict[str, Any]:
    kind = random.choice(("Deployment", "Deployment", "CronJob", "Pod", "List", "ConfigMap"))
    if kind == "ConfigMap":
        return {"apiVersion": "v1", "kind": kind, "data": _extras(random) or {"a": "b"}}
    if kind == "List":
        items: list[Any] = [_object(random, 10 * number + i) for i in range(random.randint(0, 3))]
        return {"apiVersion": "v1", "kind": kind, "items": items}
    name = f"w{number}"
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": kind, **_template(random, name, required=True)}
    template = _template(random, name)
    if kind == "CronJob":
        job = {"template": template}
        spec = {"schedule": "*/5 * * * *", "jobTemplate": {"spec": job}}
        return {"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    head = {"kind": kind, "metadata": {"name": name, "labels": {"app": name}}}
    return {"apiVersion": "apps/v1", **head, "spec": {**_extras(random), "template": template}}


def _extras(random: Random) -> dict[str, Any]:
    """Return fields that nobody knows, with texts that a reader could misread."""
    values: list[Any] = [*_TEXTS, *_LONG, None, [], {}, 5, True, ["x", None], {"k": "v", "l": None}]
    return {f"x{number}": random.choice(values) for number in range(random.randint(0, 2))}


def _template(random: Random, name: str, *, required: bool = False) -> dict[str, Any]:
    pod: dict[str, Any] = {**_extras(random)}
    shared = [{"name": "COLOUR", "value": "red"}]
    if random.random() < 0.3:
        pod["initContainers"] = [_container(random, "before", shared)]
    pod["containers"] = [_container(random, f"{name}-{i}", shared) for i in range(1, 3)]
    for section in ("initContainers", "containers"):
        for _ in range(random.choice((0, 0, 0, 0, 1, 1, 2))):
            there = pod.setdefault(section, [])
            there.insert(random.randint(0, len(there)), _agent(random))
    if random.random() < 0.3:
        pod["volumes"] = random.choice((None, [], [{"name": "tmp", "emptyDir": {}}]))
    pod |= _extras(random)
    annotations = random.choice((None, {}, {"note": "x"}, {"a/b": "c", "d": "e\nf\n"}))
    metadata: Any = random.choice(
        (None, {}, {"labels": {"app": name}}, {"annotations": annotations, "labels": {}})
    )
    if required:
        metadata = {"name": name, **(metadata or {})}
    found = {"metadata": metadata, "spec": pod}
    return {"spec": pod} if not required and random.random() < 0.2 else found


def _agent(random: Random) -> dict[str, Any]:
    """Return an agent that somebody set up by hand."""
    found = {"name": "old", "image": "jaegertracing/jaeger-agent:1.50.0", **_extras(random)}
    return found if random.random() < 0.5 else {"image": found.pop("image"), **found}


def _container(random: Random, name: str, shared: list[Any]) -> dict[str, Any]:
    host = random.choice(("localhost", "127.0.0.1", "agent.tracing"))
    field = {"fieldRef": {"fieldPath": "status.hostIP"}}
    one: dict[str, Any] = {"name": "JAEGER_AGENT_HOST"}
    one |= {"valueFrom": field} if random.random() < 0.3 else {"value": host}
    lists: list[Any] = [None, [], shared, shared, [one], [{"name": "A", "value": "b"}, one]]
    found = {"name": name, "image": f"shop/{name}:1", **_extras(random)}
    if random.random() < 0.6:
        found["env"] = random.choice(lists)
    if random.random() < 0.2:
        found = {"image": found.pop("image"), **found}
    return found if random.random() < 0.9 else {"name": name}
