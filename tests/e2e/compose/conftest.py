"""One deployment for all tests that leave it as they found it."""

from __future__ import annotations

import pytest
from compose_deployment import Deployment, deployed, local_copy


@pytest.fixture(scope="session")
def _shared(checkout, engine, compose, images, tmp_path_factory):
    folder = local_copy(checkout, tmp_path_factory.mktemp("local"))
    with deployed(Deployment(folder, engine, compose, images)) as deployment:
        deployment.set()
        yield deployment


@pytest.fixture
def deployment(_shared):
    """The checkout's own docker-compose.yml, running and healthy."""
    return _shared.heal()
