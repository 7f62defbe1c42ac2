"""Names of images, their mirrors, and the checkout that they are built from."""

from __future__ import annotations

from pathlib import Path

import pytest

import sidecar
from sidecar import image_names
from sidecar.checkout import find_checkout


@pytest.mark.parametrize(
    ("name", "prefix", "expected"),
    [
        ("python:3.12", "", "python:3.12"),
        ("python:3.12", "mirror.example.com/hub/", "mirror.example.com/hub/library/python:3.12"),
        (
            "jaegertracing/jaeger-agent:1",
            "mirror.example.com",
            "mirror.example.com/jaegertracing/jaeger-agent:1",
        ),
    ],
)
def test_mirror_gets_the_full_name(name: str, prefix: str, expected: str) -> None:
    """Docker Hub's own images are below library/, which only its own clients leave out."""
    assert expected == image_names.mirrored(name, prefix)


def test_prefix_is_for_published_images() -> None:
    """The kit's own images are built, not pulled."""
    images = image_names.official("1.50.0", "m.example.com/")

    expected = [
        "m.example.com/library/python:3.12-slim-bookworm",
        "m.example.com/jaegertracing/jaeger-agent:1.50.0",
        f"sidecar-kit/sample:{sidecar.__version__}",
        f"sidecar-kit/gateway:{sidecar.__version__}",
    ]
    assert expected == [image.name for image in images]


def test_checkout_is_the_folder_of_package_and_dockerfile() -> None:
    """These tests run from a checkout."""
    assert Path(__file__).parents[3] == find_checkout()


def test_installed_wheel_has_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package without a Dockerfile next to it comes from no checkout."""
    monkeypatch.setattr(sidecar, "__file__", str(tmp_path / "sidecar/__init__.py"))

    assert find_checkout() is None
