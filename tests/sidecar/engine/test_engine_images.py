"""Images through the port, on an engine with prepared answers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from sidecar.engine.client import connect
from sidecar.engine.errors import BuildFailedError, EngineError, ImageMissingError, RegistryError
from sidecar.engine.images import BuildRequest, ImageInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_engine import FakeEngine

    from sidecar.engine.images import Images

NAME = "jaegertracing/jaeger-agent:1.62.0"
MANIFEST = f"GET /distribution/{NAME}/json"


@pytest.fixture
def images(fake: FakeEngine) -> Images:
    return connect().images


def test_image_that_the_engine_holds_is_described(fake: FakeEngine, images: Images) -> None:
    """Size, labels and architecture come from the engine."""
    fake.answer(
        f"GET /images/{NAME}/json",
        {"Id": "sha256:1", "Size": 7, "Config": {"Labels": {"a": "b"}}, "Architecture": "amd64"},
    )

    assert ImageInfo("sha256:1", 7, {"a": "b"}, "amd64") == images.find(NAME)


def test_image_that_the_engine_does_not_hold_is_none(images: Images) -> None:
    """An unknown name is no error."""
    assert images.find("nothing:1") is None


@pytest.mark.parametrize(
    ("request_line", "call"),
    [
        (f"GET /images/{NAME}/json", lambda images: images.find(NAME)),
        (f"GET /images/{NAME}/history", lambda images: images.history(NAME)),
        (f"DELETE /images/{NAME}", lambda images: images.remove(NAME)),
        ("GET /images/json", lambda images: images.remove_superseded("stage", keep=0)),
    ],
)
def test_refusal_shows_the_engines_own_words(
    fake: FakeEngine, images: Images, request_line: str, call: Callable[[Images], object]
) -> None:
    """A 500 of the engine becomes an EngineError with its message."""
    fake.answer(request_line, {"message": "layer store is broken."}, status=500)

    with pytest.raises(EngineError, match=r"layer store is broken$"):
        call(images)


def test_registry_that_knows_an_image_is_silent(fake: FakeEngine, images: Images) -> None:
    """A manifest is all that is asked for."""
    fake.answer(MANIFEST, {"Descriptor": {}})

    images.ask_registry(NAME, 5)

    assert fake.asked[-1] == MANIFEST


def test_registry_without_an_image_differs_from_one_that_fails(
    fake: FakeEngine, images: Images
) -> None:
    """Not found is ImageMissingError, anything else RegistryError."""
    fake.answer(MANIFEST, {"message": "repository does not exist or no such image"}, status=404)
    with pytest.raises(ImageMissingError, match="Check the name"):
        images.ask_registry(NAME, 5)

    fake.answer(MANIFEST, {"message": "no such host"}, status=500)
    with pytest.raises(RegistryError, match="no such host"):
        images.ask_registry(NAME, 5)


def test_registry_that_is_silent_fails_in_time(fake: FakeEngine, images: Images) -> None:
    """The wait for a black hole is limited."""
    fake.answer(MANIFEST, delay=2)

    with pytest.raises(RegistryError, match=r"did not answer within 0.1 s"):
        images.ask_registry(NAME, 0.1)


def test_pull_reports_progress(fake: FakeEngine, images: Images) -> None:
    """Layer, status and bar become one line; only the tag is pulled."""
    fake.answer(
        "POST /images/create",
        [{"id": "a1", "status": "Pulling", "progress": "[=>]"}, {"status": "Done"}],
    )
    lines: list[str] = []

    images.pull(NAME, lines.append)

    assert ["a1 Pulling [=>]", "Done"] == lines
    assert "POST /images/create?tag=1.62.0&fromImage=jaegertracing%2Fjaeger-agent" == fake.asked[-1]


def test_pull_that_fails_in_the_middle_is_an_error(fake: FakeEngine, images: Images) -> None:
    """An error event, and a connection that breaks, both end the pull."""
    fake.answer("POST /images/create", [{"status": "Pulling"}, {"error": "unexpected EOF"}])
    with pytest.raises(RegistryError, match="unexpected EOF"):
        images.pull(NAME)

    fake.answer("POST /images/create", [{"status": "Pulling"}], cut=True)
    with pytest.raises(RegistryError, match="did not answer"):
        images.pull(NAME)


def test_build_sends_the_context_and_reports_steps(fake: FakeEngine, images: Images) -> None:
    """The tar goes to the engine as it is; output is progress, what the builder tidies is not."""
    events = [
        "Step 1/2 : FROM x\n",
        "\n",
        " ---> 91567077b3f2\n",
        "Removing intermediate container 9f\n",
    ]
    fake.answer("POST /build", [*({"stream": text} for text in events), {"aux": {"ID": "1"}}])
    lines: list[str] = []

    images.build(
        BuildRequest("kit:1", io.BytesIO(b"tar"), target="sample", labels={"a": "b"}), lines.append
    )

    assert b"tar" == fake.bodies["POST /build"]
    assert ["Step 1/2 : FROM x"] == lines
    assert "target=sample" in fake.asked[-1]
    assert "networkmode=host" in fake.asked[-1]


def test_failed_build_shows_the_step_and_its_last_lines(fake: FakeEngine, images: Images) -> None:
    """The output of earlier steps is left out, and so is a mirror's password."""
    events = [
        {"stream": "Step 1/2 : FROM x\n"},
        {"stream": "old\n"},
        {"stream": "Step 2/2 : RUN false\n"},
        {"stream": "no space at https://user:secret@m.example.com/simple\n"},
    ]
    fake.answer("POST /build", [*events, {"error": "returned a non-zero code: 1"}])

    with pytest.raises(BuildFailedError) as caught:
        images.build(BuildRequest("kit:1", io.BytesIO(b"tar")))

    assert str(caught.value) == (
        "kit:1: Step 2/2 : RUN false failed: returned a non-zero code: 1\n"
        "    no space at https://m.example.com/simple"
    )


def test_build_that_loses_the_engine_is_an_error(fake: FakeEngine, images: Images) -> None:
    """A broken stream is an EngineError, not a traceback."""
    fake.answer("POST /build", [{"stream": "Step 1/1 : FROM x\n"}], cut=True)

    with pytest.raises(EngineError, match="kit:1"):
        images.build(BuildRequest("kit:1", io.BytesIO(b"tar")))


def test_import_sends_the_root_file_system_with_its_changes(
    fake: FakeEngine, images: Images
) -> None:
    """Name, tag and Dockerfile lines are parameters next to the tar."""
    fake.answer("POST /images/create", {"status": "sha256:1"})

    images.import_rootfs("sidecar-kit/base:bookworm", io.BytesIO(b"root"), ["LABEL a=b"])

    assert b"root" == fake.bodies["POST /images/create"]
    assert "repo=sidecar-kit%2Fbase" in fake.asked[-1]
    assert "LABEL+a%3Db" in fake.asked[-1]


def test_import_that_is_refused_is_an_error(fake: FakeEngine, images: Images) -> None:
    """The engine's message is the cause."""
    fake.answer("POST /images/create", {"message": "no space left on device"}, status=500)

    with pytest.raises(EngineError, match="no space left"):
        images.import_rootfs("sidecar-kit/base:bookworm", io.BytesIO(b"root"))


def test_history_is_the_commands_of_the_layers(fake: FakeEngine, images: Images) -> None:
    """Newest first, as the engine returns them."""
    fake.answer(f"GET /images/{NAME}/history", ({"CreatedBy": "COPY b"}, {"CreatedBy": "FROM a"}))

    assert ["COPY b", "FROM a"] == images.history(NAME)


def test_removing_an_absent_image_is_no_error(images: Images) -> None:
    """Remove is idempotent."""
    images.remove("nothing:1")


def test_superseded_images_are_removed_and_the_newest_stay(
    fake: FakeEngine, images: Images
) -> None:
    """Only unnamed images with the label; one that is in use stays silently."""
    fake.answer(
        "GET /images/json",
        tuple({"Id": f"a{created}", "Created": created} for created in (1, 3, 2)),
    )
    fake.answer("DELETE /images/a1", ())
    fake.answer("DELETE /images/a2", {"message": "image is being used"}, status=409)

    images.remove_superseded("stage=a", keep=1)

    assert ["DELETE /images/a2", "DELETE /images/a1"] == [
        request.partition("?")[0] for request in fake.asked if request.startswith("DELETE")
    ]
    asked = next(request for request in fake.asked if "/images/json" in request)
    assert "%22dangling%22%3A+%5B%22true%22%5D" in asked
    assert "%22stage%3Da%22" in asked
