"""Which containers of a Compose project are a folder's, by Compose's labels."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from sidecar.engine.containers import Container
from sidecar.engine.project import CONFIG_FILES, RENAME, WORKING_DIR, containers_of
from sidecar.errors import SidecarError

CONFIG = {"name": "services-eu-west-1", "services": {"orders": {}, "orders-agent": {}}}


def engine(*containers):
    """Return an engine with these containers of the project: name, status, labels."""
    found = [
        Container(name, name, CONFIG["name"], name, status, "", "image")
        for name, status, _ in containers
    ]
    labels = {name: labels for name, _, labels in containers}
    return SimpleNamespace(
        containers=SimpleNamespace(
            of_project=lambda _: found,
            inspect=lambda identity: {"Config": {"Labels": labels[identity]}},
        )
    )


@pytest.fixture
def folder(tmp_path):
    """Return a function that makes a folder with a docker-compose.yml."""

    def make(name):
        path = tmp_path / name
        path.mkdir()
        (path / "docker-compose.yml").write_text("services: {}\n")
        return path

    return make


def started_from(folder, *files):
    """Return the labels of what was started from a folder."""
    paths = files or (folder / "docker-compose.yml",)
    return {WORKING_DIR: str(folder), CONFIG_FILES: ",".join(str(path) for path in paths)}


def names(found):
    return [container.name for container in found]


def test_containers_of_this_folder_are_taken(folder):
    """Running or not, with more files, or from another project folder."""
    own = folder("own")
    more_files = started_from(own, own / "docker-compose.yml", own / "join.yml")
    moved_start = {WORKING_DIR: "/", CONFIG_FILES: str(own / "docker-compose.yml")}
    found = engine(
        ("orders", "running", started_from(own)),
        ("orders-agent", "exited", more_files),
        ("gateway", "running", moved_start),
    )

    assert ["orders", "orders-agent", "gateway"] == names(containers_of(found, CONFIG, own))


def test_a_service_that_runs_from_another_folder_is_an_error(folder):
    """The folder is named, with the fix."""
    own, other = folder("own"), folder("other")
    found = engine(
        ("orders", "running", started_from(other)), ("orders-agent", "running", started_from(own))
    )

    with pytest.raises(
        SidecarError,
        match=rf"services-eu-west-1: is taken: orders runs from another folder, {other}\.",
    ) as caught:
        containers_of(found, CONFIG, own)
    assert RENAME == caught.value.fix


def test_a_folder_that_was_not_started_is_an_error(folder):
    """Only services of another folder run, with other names."""
    found = engine(("billing", "running", started_from(folder("other"))))

    with pytest.raises(SidecarError, match="billing runs from another folder"):
        containers_of(found, CONFIG, folder("own"))


def test_containers_of_other_folders_are_left_out(folder):
    """Two folders without a service in common: each sees its own."""
    own = folder("own")
    found = engine(
        ("orders", "running", started_from(own)),
        ("billing", "running", started_from(folder("other"))),
    )

    assert ["orders"] == names(containers_of(found, CONFIG, own))


def test_a_stopped_container_of_another_folder_is_no_obstacle(folder):
    """It is left out."""
    found = engine(("orders", "exited", started_from(folder("other"))))

    assert [] == containers_of(found, CONFIG, folder("own"))


@pytest.mark.parametrize(
    "labels", [None, {}, {WORKING_DIR: "/gone", CONFIG_FILES: "/gone/docker-compose.yml"}]
)
def test_containers_of_an_unknown_folder_are_taken(folder, labels):
    """Without labels, or from a folder that was moved or is on the engine's machine."""
    assert ["orders"] == names(
        containers_of(engine(("orders", "running", labels)), CONFIG, folder("own"))
    )


def test_a_folder_is_itself_by_every_path(folder, tmp_path):
    """A link leads to the same file."""
    own, link = folder("own"), tmp_path / "link"
    link.symlink_to(own)

    assert ["orders"] == names(
        containers_of(engine(("orders", "running", started_from(link))), CONFIG, own)
    )


def test_a_folder_that_may_not_be_read_is_another(folder, monkeypatch):
    """It is in another user's closed home."""

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "samefile", refuse)
    found = engine(("orders", "running", started_from(folder("other"))))

    with pytest.raises(SidecarError, match="runs from another folder"):
        containers_of(found, CONFIG, folder("own"))
