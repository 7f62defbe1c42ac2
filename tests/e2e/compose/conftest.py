"""One deployment for all tests that leave it as they found it, and more for those that do not."""

from __future__ import annotations

import pytest
from compose_deployment import DeployedFolder, deployed, local_copy


@pytest.fixture(scope="session")
def new_deployment(checkout, engine, compose, images, tmp_path_factory):
    """Make a deployment of the checkout's own docker-compose.yml, not yet started."""

    def make(name):
        return DeployedFolder(
            local_copy(checkout, tmp_path_factory.mktemp(name)), engine, compose, images
        )

    return make


@pytest.fixture(scope="session")
def _shared(new_deployment):
    with deployed(new_deployment("local")) as deployment:
        deployment.set()
        yield deployment


@pytest.fixture
def deployment(_shared):
    """The checkout's own docker-compose.yml, running and healthy."""
    return _shared.heal()
