"""Volumes for claims, in a cluster that may have no storage class."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STORAGE = "4Gi"


@contextmanager
def volumes(space, folder, count: int) -> Iterator[str]:
    """Give the cluster's storage class; where it has none, volumes of this machine, its node.

    Claims of the namespace are deleted in the end.
    """
    classes = json.loads(space.kubectl("get", "storageclasses", "-o", "json"))["items"]
    if classes:
        yield ""
        return
    (node,) = json.loads(space.kubectl("get", "nodes", "-o", "json"))["items"]
    made = [volume(space.name, node, folder, number) for number in range(count)]
    space.apply(*made)
    try:
        yield space.name
    finally:
        space.kubectl("delete", "persistentvolumeclaims", "--all", "--wait=false")
        names = [each["metadata"]["name"] for each in made]
        space.kubectl("delete", "persistentvolumes", *names, "--wait=false")


def volume(name: str, node, folder, number: int):
    """Return a volume in a folder, which every user may write to."""
    path = folder / str(number)
    path.mkdir(parents=True)
    path.chmod(0o777)
    folder.chmod(0o755)
    folder.parent.chmod(0o755)
    host = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node_name(node)]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{name}-{number}"},
        "spec": {
            "capacity": {"storage": STORAGE},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": name,
            "local": {"path": str(path)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [host]}]}},
        },
    }


def node_name(node) -> str:
    """Return a node's name, as its label has it."""
    return node["metadata"]["labels"]["kubernetes.io/hostname"]
