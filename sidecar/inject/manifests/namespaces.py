"""What the collectors of a namespace share, as documents at the end of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.existing.manifests.nodes import is_text_block, items, leaf, resolved, text_at, value_at
from sidecar.existing.manifests.stream import Piece, split
from sidecar.existing.manifests.tree import Document
from sidecar.inject.manifests import documents
from sidecar.inject.manifests.documents import Changed
from sidecar.inject.manifests.own import is_added
from sidecar.rules import manifests, skips
from sidecar.targets.manifests.shared import CONFIG_SUFFIX, FORWARDER_SUFFIX, LABEL, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sidecar.existing.manifests.config_maps import ConfigMaps
    from sidecar.existing.manifests.nodes import Node
    from sidecar.inject.manifests.choose import Choice
    from sidecar.inject.manifests.streams import Source
    from sidecar.targets.manifests import Additions

_HEAD = b"""---
# Added by `sidecar inject`: what the collectors share. `sidecar uninject` takes it out again.
"""
_BROKEN_LINE = b"# The line break in front of this document was added, too.\n"
_KINDS = ("ConfigMap", "Deployment", "Service", "NetworkPolicy")


class Injecting:
    """Gives workloads agents, and adds to each namespace what its collectors share: once."""

    def __init__(self, choice: Choice, additions: Additions, config_maps: ConfigMaps) -> None:
        self._choice = choice
        self._additions = additions
        self._config_maps = config_maps
        self._given: set[str] = set()
        """Namespaces of earlier streams."""
        self._here: dict[str, None] = {}
        """Those of this one, in its order."""
        self._ends: list[Piece] = []
        """The first document of this stream, and the last one."""
        self._taken = b""
        """Of this stream's end, what an earlier run added."""
        self.differs = False
        """What is shared is not what it was."""

    def change(self, piece: Piece, file: str) -> tuple[Changed, int]:
        """Return a document with agents, and how many bytes in front of it were added."""
        if (namespace := _added_to(piece, file)) is not None:
            if self._additions.shared is None and namespace in self._here:
                return Changed(piece.data), 0  # of workloads that keep their collectors
            self._taken += piece.data
            return Changed(b""), _cut(piece)
        self._ends = [*self._ends[:1], piece]
        changed = documents.inject(piece, file, self._choice, self._additions, self._config_maps)
        self._here.update(dict.fromkeys(changed.namespaces))
        return changed, 0

    def end(self, file: str, *, ended: bool) -> bytes:
        """Return what goes behind a stream; `ended`: its last line is.

        Raises SidecarError where nothing can.
        """
        new = [name for name in self._here if name not in self._given]
        ends, taken = self._ends, self._taken
        self._given.update(new)
        self._here, self._ends, self._taken = {}, [], b""
        shared = self._additions.shared
        texts = [text_of(one) for name in new for one in shared.objects(name)] if shared else []
        if texts:
            _check_ends(ends, file, ended=ended)
        added = [_HEAD + text.encode() for text in texts]
        if added and not ended:
            added[0] = added[0].replace(_HEAD, _HEAD + _BROKEN_LINE)
        self.differs |= b"".join(added) != taken
        return b"".join(added) if ended or not added else b"\n" + b"".join(added)


class Uninjecting:
    """Takes agents out again, and what collectors shared."""

    def change(self, piece: Piece, file: str) -> tuple[Changed, int]:
        """Return a document without agents, and how many bytes in front of it were added."""
        if _added_to(piece, file) is not None:
            return Changed(b""), _cut(piece)
        return documents.uninject(piece, file), 0

    def end(self, file: str, *, ended: bool) -> bytes:  # noqa: ARG002 - as the other's
        """Return nothing."""
        return b""


def free_name(sources: Iterable[Source], wanted: str) -> str:
    """Return how names may begin so that none is that of an object in the input."""
    suffixes = (CONFIG_SUFFIX, FORWARDER_SUFFIX)
    taken = {name for source in sources for name in _names(source, suffixes)}
    name, number = wanted, 1
    while any(f"{name}{suffix}" in taken for suffix in suffixes):
        number += 1
        name = f"{wanted}-{number}"
    return name


def _names(source: Source, suffixes: Collection[str]) -> Iterator[str]:
    """Yield names of the user's objects; only documents with such names are read."""
    with source.opened() as lines:
        for piece in split(lines):
            if any(suffix.encode() in piece.data for suffix in suffixes):
                yield from map(_name, _objects(Document(piece, source.name).root))


def _objects(root: Node | None) -> Iterator[Node]:
    for node in [root, *map(resolved, items(value_at(root, "items")))]:
        if node is not None and text_at(node, "kind") in _KINDS and not is_added(node):
            yield node


def _name(node: Node) -> str:
    return text_at(node, "metadata", "name")


def _added_to(piece: Piece, file: str) -> str | None:
    """Return the namespace to which inject added a document; None for others.

    One that was read from a cluster is no addition to this stream.
    """
    if LABEL.encode() not in piece.data:
        return None
    root = Document(piece, file).root
    metadata = value_at(root, "metadata")
    added = text_at(root, "kind") in _KINDS and is_added(root) and not text_at(metadata, "uid")
    return text_at(metadata, "namespace") if added else None


def _cut(piece: Piece) -> int:
    return int(piece.data.startswith(_HEAD + _BROKEN_LINE))


def _check_ends(ends: list[Piece], file: str, *, ended: bool) -> None:
    """Raise SidecarError for a stream behind which nothing can stand."""
    if problem := manifests.in_json(ends[0].data):
        raise SidecarError.from_problem(f"{file}:1", problem)
    if ended:
        return
    document = Document(ends[-1], file)
    root = resolved(document.root)
    if root is not None and is_text_block(leaf(root)):  # it would grow by a line break
        cause = "ends with a block of text, and without a line break"
        raise document.refusal(root.start_mark.line, skips.UNEDITABLE.problem(cause, "Add one"))
