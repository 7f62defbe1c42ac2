"""Compose files → ComposeFile: their services with all that they extend. It only reads."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from sidecar.errors import SidecarError
from sidecar.existing.compose import built, secrets
from sidecar.existing.compose.extends import merged, moved
from sidecar.existing.compose.files import OVERRIDES
from sidecar.existing.compose.interpolation import env_file_values, resolve
from sidecar.existing.compose.nodes import FOR_MANIFESTS, RESET, Tree, scalar, sequence
from sidecar.existing.compose.records import ComposeFile, ComposeService, Text
from sidecar.existing.compose.service_reader import Reader
from sidecar.existing.compose.services import read_service
from sidecar.rendering import HEADER
from sidecar.rules import composefiles, recognition
from sidecar.rules.specs import UNREADABLE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Chain = tuple[tuple[str, str], ...]
    """(file, service) of each service that extends another, up to the one that is read."""

MOST_SERVICES = 500
_MOST_EXTENDS = 10
_MOST_INCLUDED = 10
_MTU = "com.docker.network.driver.mtu"


def load_all(paths: Sequence[Path]) -> ComposeFile:
    """Read files as Compose reads them together, each over those before it, with what they include.

    Relative paths are as seen from the first one's folder. Raises SidecarError where one is no
    Compose file; no error shows a token.
    """
    loader = _Loader(paths[0])
    with _as_unreadable(), without_tokens(loader.tokens):
        services = loader.merged_services(paths)
    folder = paths[0].parent
    for name, service in services.items():
        if dockerfile := built.dockerfile_of(service, folder):
            services[name] = built.as_its_base(service, dockerfile)
            loader.tokens |= {*recognition.find_tokens(dockerfile.raw)}
    env_files = (folder / name for service in services.values() for name in service.env_files)
    return ComposeFile(
        path=paths[0],
        services=services,
        tokens=frozenset(loader.tokens),
        networks=loader.names("networks"),
        mtus=loader.mtus(),
        secrets=loader.names("secrets"),
        volumes=loader.names("volumes"),
        configs=loader.names("configs"),
        sources=(*loader.sources(), *env_files),
        places=loader.places(),
    )


@contextmanager
def _as_unreadable() -> Iterator[None]:
    """Give an error without a rule of its own the one on files that cannot be read."""
    try:
        yield
    except SidecarError as error:
        raise (error if error.id else error.breaking(UNREADABLE_FILE)) from None


def is_rendering(path: Path) -> bool:
    """Tell whether a file begins as a rendering of the kit does."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline(200).startswith(HEADER)


@contextmanager
def without_tokens(tokens: Iterable[str]) -> Iterator[None]:
    """Take the tokens of a file out of an error."""
    try:
        yield
    except SidecarError as error:
        parts = (secrets.redact(part, tokens) for part in (error.subject, error.cause, error.fix))
        raise type(error)(*parts, id=error.id) from None


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

    def merged_services(self, paths: Sequence[Path]) -> dict[str, ComposeService]:
        """Return the services of all files together. Raises SidecarError where there are none."""
        found: dict[str, ComposeService] = {}
        for path in paths:
            found = _over(found, self._with_included(path, ()))
        if not found:
            _require_services(self._tree(paths[0]))
        return {name: service for name, service in found.items() if service.tag != RESET}

    def names(self, section: str) -> frozenset[str]:
        """Return the names under a top-level key of all files that were read."""
        tops = (tree.items(tree.root).get(section) for tree in self._trees.values())
        trees = zip(self._trees.values(), tops, strict=True)
        return frozenset(name for tree, top in trees for name in tree.items(top))

    def places(self) -> dict[str, str]:
        """Return the place of each key outside of services, of all files that were read."""
        return {
            path: place for tree in self._trees.values() for path, place in tree.places().items()
        }

    def mtus(self) -> dict[str, Text]:
        """Return network → the MTU that its driver's options set, of all files that were read."""
        found = {}
        for tree in self._trees.values():
            for name, node in tree.items(tree.items(tree.root).get("networks")).items():
                value = tree.items(tree.items(node).get("driver_opts")).get(_MTU)
                if (text := scalar(value)) and value:
                    found[name] = Text(text, tree.place(value), resolve(text, self._dotenv))
        return found

    def _services(self, file: _Services) -> dict[str, ComposeService]:
        if len(file.nodes) > MOST_SERVICES:
            cause = f"has {len(file.nodes)} services; at most {MOST_SERVICES} are read"
            raise SidecarError(file.tree.file, cause, "Split it")
        return {name: self._service(file, name, ()) for name in file.nodes}

    def _with_included(self, path: Path, above: tuple[Path, ...]) -> dict[str, ComposeService]:
        """Return a file's services over those that it includes, as seen from its own folder."""
        if path in above or len(above) > _MOST_INCLUDED:
            raise SidecarError(str(path), "includes itself", "Break the circle")
        tree = self._tree(path)
        found: dict[str, ComposeService] = {}
        for include in includes(tree, self._dotenv):
            parts: dict[str, ComposeService] = {}
            for name in include.names:
                other = self._with_included(_other(path, name, include.place), (*above, path))
                parts = _over(parts, other)
            found |= {name: moved(service, include.folder) for name, service in parts.items()}
        if "services" not in tree.items(tree.root):
            return found
        return _over(found, self._services(_Services(tree, _services_of(tree))))

    def sources(self) -> tuple[Path, ...]:
        """Return each file that was read, and those that Compose reads in addition."""
        names = (*included(self._trees[self._path], self._dotenv), ".env", *OVERRIDES)
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
        if node.tag == RESET:
            return ComposeService(name, tree.place(node), tag=RESET)
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
        kind = "is empty" if tree.root is None else "is not a map"
        raise SidecarError(f"{tree.file}:1", f"{kind}, so it is not a Compose file", "Name one")
    top = tree.items(tree.root)
    services = top.get("services")
    if services is None:
        raise SidecarError(f"{tree.file}:1", "has no `services`", _fix_without_services(tree, top))
    subject = f"{tree.place(services)}: services"
    if not isinstance(services, yaml.MappingNode):
        raise SidecarError(subject, "is not a map", "Give NAME: below it, then its fields")
    return tree.items(services)


def _require_services(tree: Tree) -> None:
    """Raise SidecarError for a file without a service."""
    if not _services_of(tree):
        subject = f"{tree.place(tree.items(tree.root)['services'])}: services"
        raise SidecarError(subject, "has no service in it", "Add one, or name another file")


def _fix_without_services(tree: Tree, top: Mapping[str, yaml.Node]) -> str:
    if any({"image", "build"} & tree.items(node).keys() for node in top.values()):
        return "It has Compose's first format: put its services below `services:`"
    if {"apiVersion", "kind"} <= top.keys():
        return FOR_MANIFESTS
    return "Name a Compose file"


def included(tree: Tree, variables: Mapping[str, str]) -> list[str]:
    """Return the paths that `include` names."""
    return [name for include in includes(tree, variables) for name in include.names]


class Include(NamedTuple):
    """One entry of `include`: files that are read together."""

    names: list[str]
    folder: Path
    """Of their relative paths."""
    place: str


def includes(tree: Tree, variables: Mapping[str, str]) -> list[Include]:
    """Return what `include` names, with the variables of .env."""
    found = []
    for entry in sequence(tree.items(tree.root).get("include")):
        settings = tree.items(entry)
        given = settings.get("path", entry)
        texts = (resolve(scalar(node) or "", variables).text for node in sequence(given) or [given])
        names = [text for text in texts if text and "\0" not in text]
        folder = resolve(scalar(settings.get("project_directory")) or "", variables).text
        if names:
            base = Path(folder) if folder else Path(names[0]).parent
            found.append(Include(names, base, tree.place(entry)))
    return found


def _other(path: Path, name: str, place: str) -> Path:
    """Return a file that another includes. Raises SidecarError for one that is not here."""
    if "://" in name or name.startswith("git@"):
        cause = f"includes {name[:200]}, and only files of this machine are read"
        raise SidecarError(place, cause, "Download it, and include that file")
    other = Path(os.path.normpath(path.parent / name))
    if not other.is_file():
        raise SidecarError(place, f"includes {name[:200]}, which is no file", "Check the path")
    return other


def _over(
    below: Mapping[str, ComposeService], above: Mapping[str, ComposeService]
) -> dict[str, ComposeService]:
    """Return services with those of a later file put over them, or in their place by a tag."""
    both = {name: merged(below[name], above[name]) for name in below.keys() & above.keys()}
    kept = {name: each for name, each in both.items() if not above[name].tag}
    return {**below, **above, **kept}
