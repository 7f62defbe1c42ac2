"""A Compose file → ComposeFile: its services with all that they extend. It only reads."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from sidecar.errors import SidecarError
from sidecar.existing.compose import secrets
from sidecar.existing.compose.extends import merged, moved
from sidecar.existing.compose.interpolation import env_file_values
from sidecar.existing.compose.nodes import Tree, scalar, sequence
from sidecar.existing.compose.records import ComposeFile, ComposeService
from sidecar.existing.compose.service_reader import Reader
from sidecar.existing.compose.services import read_service
from sidecar.rendering import HEADER
from sidecar.rules import composefiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sidecar.findings import Finding

    Chain = tuple[tuple[str, str], ...]
    """(file, service) of each service that extends another, up to the one that is read."""

MOST_SERVICES = 500
_MOST_EXTENDS = 10
_OVERRIDES = ("docker-compose.override.yml", "compose.override.yaml", "compose.override.yml")


def load(path: Path) -> ComposeFile:
    """Read a Compose file. Raises SidecarError where it is none; no error shows a token."""
    loader = _Loader(path)
    try:
        services = loader.services()
    except SidecarError as error:
        raise _without_tokens(error, loader.tokens) from None
    rendered = is_rendering(path)
    env_files = (path.parent / name for service in services.values() for name in service.env_files)
    sources = (*loader.sources(), *env_files)
    findings = tuple(loader.findings())
    return ComposeFile(path, services, findings, frozenset(loader.tokens), rendered, sources)


def is_rendering(path: Path) -> bool:
    """Tell whether a file begins as a rendering of the kit does."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline(200).startswith(HEADER)


def _without_tokens(error: SidecarError, tokens: Iterable[str]) -> SidecarError:
    parts = (secrets.redact(part, tokens) for part in (error.subject, error.cause, error.fix))
    return SidecarError(*parts)


class _Services(NamedTuple):
    """The services of one file."""

    tree: Tree
    nodes: Mapping[str, yaml.Node]


class _Loader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._trees: dict[Path, Tree] = {}
        self.tokens: set[str] = set()
        self._dotenv = env_file_values(path.parent / ".env")
        self._harmless = secrets.harmless(self._dotenv)

    def services(self) -> dict[str, ComposeService]:
        tree = self._tree(self._path)
        nodes = _services_of(tree)
        if len(nodes) > MOST_SERVICES:
            cause = f"has {len(nodes)} services; at most {MOST_SERVICES} are read"
            raise SidecarError(tree.file, cause, "Split it")
        return {name: self._service(_Services(tree, nodes), name, ()) for name in nodes}

    def findings(self) -> list[Finding]:
        """Return what concerns the whole file."""
        tree, rule = self._trees[self._path], composefiles.UNREAD_FILE
        top = tree.items(tree.root)
        found = []
        if "include" in top:
            cause = "included files are not read"
            fix = "Name each included file with --from, or add its services by hand"
            found.append(rule.finding("include", tree.place(top["include"]), cause, fix))
        for name in _OVERRIDES:
            path = self._path.parent / name
            if path.is_file() and name != self._path.name:
                cause, fix = "is not read, but Compose reads it", f"Read it with --from {name}"
                found.append(rule.finding(name, str(path), cause, fix))
        return found

    def sources(self) -> tuple[Path, ...]:
        """Return each file that was read, and those that Compose reads in addition."""
        names = (*included(self._trees[self._path]), ".env", *_OVERRIDES)
        return (*self._trees, *(self._path.parent / name for name in names))

    def _tree(self, path: Path) -> Tree:
        if path not in self._trees:
            tree = self._trees[path] = Tree(path)
            # first, so that no error of the check shows a token
            self.tokens |= secrets.find_tokens(tree.root, self._dotenv)
            tree.check()
        return self._trees[path]

    def _service(self, file: _Services, name: str, chain: Chain) -> ComposeService:
        tree, node = file.tree, file.nodes[name]
        subject = f"{tree.place(node)}: services.{name[:60]}"
        if not isinstance(node, yaml.MappingNode):
            raise SidecarError(subject, "is not a map", "Give image or build below it")
        if (tree.file, name) in chain or len(chain) > _MOST_EXTENDS:
            raise SidecarError(subject, "extends itself", "Break the circle")
        reader = Reader(tree, name, self._harmless)
        own = read_service(reader, node)
        extends = tree.items(node).get("extends")
        base = None
        if extends is not None:
            base = self._base(reader, file, extends, (*chain, (tree.file, name)))
        own = replace(own, findings=tuple(reader.findings))
        return merged(base, own) if base else own

    def _base(
        self, reader: Reader, file: _Services, node: yaml.Node, chain: Chain
    ) -> ComposeService | None:
        """Return what a service extends; None, and a finding, where it is missing or unreadable."""
        items = file.tree.items(node)
        name = scalar(node) or reader.plain(items.get("service"))
        path = reader.plain(items.get("file"))
        rule = composefiles.BROKEN_EXTENDS
        if path:
            try:
                file = self._other_file(file.tree, path)
            except (SidecarError, ValueError) as error:  # ValueError: a NUL in a path
                cause = error.cause if isinstance(error, SidecarError) else "is not a path"
                cause = f"what it extends cannot be read ({cause})"
                reader.keep(node, rule.problem(cause, f"Check {path}"))
                return None
        if name not in file.nodes:
            cause = f"extends {name!r}, which {path or 'the file'} does not have"
            reader.keep(node, rule.problem(cause))
            return None
        return moved(self._service(file, name, chain), Path(path).parent)

    def _other_file(self, tree: Tree, path: str) -> _Services:
        other = self._tree(Path(os.path.normpath(Path(tree.file).parent / path)))
        return _Services(other, _services_of(other))


def _services_of(tree: Tree) -> dict[str, yaml.Node]:
    if not isinstance(tree.root, yaml.MappingNode):
        cause = "is not a map, so it is not a Compose file"
        raise SidecarError(f"{tree.file}:1", cause, "Name one with --from")
    top = tree.items(tree.root)
    services = top.get("services")
    if services is None:
        raise SidecarError(f"{tree.file}:1", "has no `services`", _fix_without_services(tree, top))
    subject = f"{tree.place(services)}: services"
    if not isinstance(services, yaml.MappingNode):
        raise SidecarError(subject, "is not a map", "Give NAME: below it, then its fields")
    nodes = tree.items(services)
    if not nodes:
        raise SidecarError(subject, "is empty", "Name a file that has services")
    return nodes


def _fix_without_services(tree: Tree, top: Mapping[str, yaml.Node]) -> str:
    if any({"image", "build"} & tree.items(node).keys() for node in top.values()):
        return "It has Compose's first format: put its services below `services:`"
    return "Name a Compose file with --from"


def included(tree: Tree) -> list[str]:
    """Return the paths that `include` names: texts, or maps with one path or several."""
    found = []
    for entry in sequence(tree.items(tree.root).get("include")):
        given = tree.items(entry).get("path", entry)
        texts = (scalar(node) for node in sequence(given) or [given])
        found += [text for text in texts if text and "\0" not in text]
    return found
