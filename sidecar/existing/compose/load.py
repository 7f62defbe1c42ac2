"""A Compose file → ComposeFile: its services with all that they extend. The file itself is only read."""

from __future__ import annotations

import os
from dataclasses import fields as record_fields
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sidecar.errors import SidecarError
from sidecar.existing.compose import secrets
from sidecar.existing.compose.interpolation import dotenv
from sidecar.existing.compose.nodes import Tree, scalar, sequence
from sidecar.existing.compose.records import ComposeFile, ComposeService, is_elsewhere
from sidecar.existing.compose.service_reader import Reader
from sidecar.existing.compose.services import read_service
from sidecar.findings import Finding, Severity
from sidecar.rendering import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_SERVICES = 500
_MOST_EXTENDS = 10
_APPENDED = ("ports", "expose", "env_files", "aliases", "profiles", "labels", "findings")
_BY_KEY = ("environment", "depends_on", "places")
_OVERRIDES = ("docker-compose.override.yml", "compose.override.yaml", "compose.override.yml")
_KEYS = {"env_files": "env_file", "health": "healthcheck", "aliases": "networks"}
"""Field → its key, where they are called differently."""


def load(path: Path) -> ComposeFile:
    """Return what a Compose file says. Raises SidecarError, without a token in it, where it is none."""
    loader = _Loader(path)
    try:
        services = loader.services()
    except SidecarError as error:
        raise clean(error, loader.tokens) from None
    rendered = is_rendering(path)
    env_files = (path.parent / name for service in services.values() for name in service.env_files)
    sources = (*loader.sources(), *env_files)
    return ComposeFile(
        path, services, tuple(loader.findings()), frozenset(loader.tokens), rendered, sources
    )


def clean(error: SidecarError, tokens: Iterable[str]) -> SidecarError:
    """Return the error without tokens."""
    parts = (secrets.redact(part, tokens) for part in (error.subject, error.cause, error.fix))
    return SidecarError(*parts)


def is_rendering(path: Path) -> bool:
    """Tell whether a file begins as a rendering of the kit's own does."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline(200).startswith(HEADER)


class _Loader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._trees: dict[Path, Tree] = {}
        self.tokens: set[str] = set()
        self._dotenv = dotenv(path.parent / ".env")
        self._harmless = secrets.harmless(self._dotenv)

    def services(self) -> dict[str, ComposeService]:
        tree = self._tree(self._path)
        nodes = _services_of(tree)
        if len(nodes) > MOST_SERVICES:
            raise SidecarError(
                tree.file, f"has {len(nodes)} services; {MOST_SERVICES} are read", "Split it"
            )
        return {name: self._service(tree, name, nodes, ()) for name in nodes}

    def findings(self) -> list[Finding]:
        """Return what concerns the whole file."""
        top = self._trees[self._path].items(self._trees[self._path].root)
        found = []
        if "include" in top:
            place = self._trees[self._path].place(top["include"])
            fix = "Name each included file with --from, or add its services by hand"
            found.append(
                Finding(Severity.WARNING, "include", place, "included files are not read", fix)
            )
        for name in _OVERRIDES:
            if (self._path.parent / name).is_file() and name != self._path.name:
                cause = "lies beside it and is not read, though Compose would"
                fix = f"See it with --from {name}"
                found.append(
                    Finding(Severity.WARNING, name, str(self._path.parent / name), cause, fix)
                )
        return found

    def sources(self) -> tuple[Path, ...]:
        """Return every file that was read, and those that Compose reads besides."""
        tree, folder = self._trees[self._path], self._path.parent
        beside = (*included(tree), ".env", *_OVERRIDES)
        return (*self._trees, *(folder / name for name in beside))

    def _tree(self, path: Path) -> Tree:
        if path not in self._trees:
            tree = self._trees[path] = Tree(path)
            self.tokens |= secrets.find_tokens(
                tree.root, self._dotenv
            )  # first: what is wrong is told without them
            tree.check()
        return self._trees[path]

    def _service(
        self,
        tree: Tree,
        name: str,
        nodes: Mapping[str, yaml.Node],
        chain: tuple[tuple[str, str], ...],
    ) -> ComposeService:
        node = nodes[name]
        if not isinstance(node, yaml.MappingNode):
            raise SidecarError(
                f"{tree.place(node)}: services.{name[:60]}",
                "is not a map",
                "Give image or build below it",
            )
        if (tree.file, name) in chain or len(chain) > _MOST_EXTENDS:
            raise SidecarError(
                f"{tree.place(node)}: services.{name}", "extends itself", "Break the circle"
            )
        reader = Reader(tree, name, self._harmless)
        own = read_service(reader, node)
        extends = tree.items(node).get("extends")
        base = (
            self._base(reader, extends, nodes, (*chain, (tree.file, name)))
            if extends is not None
            else None
        )
        return _merged(base, own) if base else replace(own, findings=tuple(reader.findings))

    def _base(
        self,
        reader: Reader,
        node: yaml.Node,
        nodes: Mapping[str, yaml.Node],
        chain: tuple[tuple[str, str], ...],
    ) -> ComposeService | None:
        items = reader.tree.items(node)
        name = scalar(node) or reader.plain(items.get("service"))
        file = reader.plain(items.get("file"))
        tree, others = reader.tree, nodes
        if file:
            try:
                tree = self._tree(Path(os.path.normpath(Path(reader.tree.file).parent / file)))
                others = _services_of(tree)
            except (SidecarError, ValueError) as error:  # ValueError: a NUL in a path
                cause = error.cause if isinstance(error, SidecarError) else "no path"
                reader.note(node, f"what it extends cannot be read ({cause})", f"Check {file}")
                return None
        if name not in others:
            reader.note(
                node,
                f"extends {name!r}, which {file or 'the file'} does not have",
                "Check the name",
            )
            return None
        return _moved(self._service(tree, name, others, chain), Path(file).parent)


def _services_of(tree: Tree) -> dict[str, yaml.Node]:
    if not isinstance(tree.root, yaml.MappingNode):
        raise SidecarError(
            f"{tree.file}:1", "is not a map, so it is no Compose file", "Name one with --from"
        )
    top = tree.items(tree.root)
    services = top.get("services")
    if services is None:
        raise SidecarError(f"{tree.file}:1", "has no `services`", _fix_without_services(tree, top))
    if not isinstance(services, yaml.MappingNode):
        raise SidecarError(
            f"{tree.place(services)}: services",
            "is not a map",
            "Give NAME: below it, then its fields",
        )
    nodes = tree.items(services)
    if not nodes:
        raise SidecarError(
            f"{tree.place(services)}: services", "is empty", "Name a file that has services"
        )
    return nodes


def included(tree: Tree) -> list[str]:
    """Return the paths that `include` names: texts, or maps with one path or several."""
    found = []
    for entry in sequence(tree.items(tree.root).get("include")):
        given = tree.items(entry).get("path", entry)
        found += [
            text
            for node in sequence(given) or [given]
            if (text := scalar(node)) and "\0" not in text
        ]
    return found


def _fix_without_services(tree: Tree, top: Mapping[str, yaml.Node]) -> str:
    if any({"image", "build"} & tree.items(node).keys() for node in top.values()):
        return "It is of Compose's first format: put its services below `services:`"
    return "Name a Compose file with --from"


def _moved(service: ComposeService, folder: Path) -> ComposeService:
    """Return a service of a file in another folder with its relative paths as seen from here."""
    if folder == Path():
        return service

    def path(text: str) -> str:
        return text if is_elsewhere(text) else f"./{os.path.normpath(folder / text)}"

    volumes = (
        one if one.named else replace(one, source=path(one.source)) for one in service.volumes
    )
    build = service.build and replace(service.build, context=path(service.build.context))
    return replace(
        service, build=build, volumes=tuple(volumes), env_files=tuple(map(path, service.env_files))
    )


def _merged(base: ComposeService, own: ComposeService) -> ComposeService:
    """Return a service over the one that it extends: lists are added, maps merged, all else is replaced."""
    values: dict[str, Any] = {}
    for field in record_fields(ComposeService):
        below, above = getattr(base, field.name), getattr(own, field.name)
        if _KEYS.get(field.name, field.name) in own.replaced:
            values[field.name] = above
        elif field.name in _APPENDED:
            values[field.name] = tuple(dict.fromkeys((*below, *above)))
        elif field.name in _BY_KEY:
            values[field.name] = {**below, **above}
        elif field.name == "volumes":
            values[field.name] = tuple(
                {volume.target: volume for volume in (*below, *above)}.values()
            )
        else:
            values[field.name] = above if above not in (None, (), "") else below
    return replace(
        ComposeService(own.name, own.place), **{**values, "name": own.name, "place": own.place}
    )
