"""How each image is obtained, and what the command prints and writes."""

from __future__ import annotations

import io
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any

import pytest

from sidecar import cli, image_names
from sidecar.engine.errors import ImageMissingError, RegistryError
from sidecar.engine.images import BuildRequest, ImageInfo
from sidecar.errors import SidecarError
from sidecar.images import base_image, obtain
from sidecar.images.deliver import ProgressLine, one_at_a_time
from sidecar.images.mirrors import DebianMirror
from sidecar.images.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

BASE = image_names.OFFICIAL_BASE
AGENT = "jaegertracing/jaeger-agent:1.62.0"
BUILT_AGENT = image_names.built_agent()
NO_REGISTRY = RegistryError("registry", "no such host")


@dataclass
class MemoryImages:
    """An engine's images in memory; its registry has `published`, or fails with `registry`."""

    held: dict[str, ImageInfo] = field(default_factory=dict)
    published: tuple[str, ...] = ()
    registry: Exception | None = None
    did: list[str] = field(default_factory=list)

    def find(self, name: str) -> ImageInfo | None:
        return self.held.get(name)

    def ask_registry(self, name: str, _seconds: float) -> None:
        self.did.append(f"ask {name}")
        if self.registry:
            raise self.registry
        if name not in self.published:
            raise ImageMissingError(name, "no such image")

    def pull(self, name: str, _progress: Callable[[str], None]) -> None:
        self._hold(name, "pull", {})

    def tag(self, name: str, other: str) -> None:
        self.held[other] = self.held[name]

    def build(self, request: BuildRequest, _progress: Callable[[str], None]) -> None:
        self._hold(request.name, "build", dict(request.labels))

    def import_rootfs(self, name: str, _tar: IO[bytes], changes: Iterable[str]) -> None:
        labels = dict(
            line.removeprefix("LABEL ").split("=") for line in changes if line.startswith("LABEL")
        )
        self._hold(name, "import", labels)

    def remove_superseded(self, label: str, keep: int) -> None:
        self.did.append(f"{label.removeprefix('io.sidecar-kit.stage=')} {keep}")

    def _hold(self, name: str, way: str, labels: dict[str, str]) -> None:
        self.did.append(f"{way} {name}")
        self.held[name] = ImageInfo(f"sha256:{len(self.did)}", 1_000_000, labels, "amd64")


@pytest.fixture(autouse=True)
def no_debootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the base an empty root file system."""

    @contextmanager
    def debian_tar(*_args: object) -> Iterator[IO[bytes]]:
        yield io.BytesIO()

    monkeypatch.setattr(base_image, "debian_tar", debian_tar)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout of one file."""
    (tmp_path / "clone").mkdir()
    (tmp_path / "clone/Dockerfile").write_text("FROM scratch")
    (tmp_path / "clone/.dockerignore").write_text("*\n!build/site\n")
    return tmp_path / "clone"


def get(
    images: MemoryImages, checkout: Path | None = None, **options: Any
) -> list[tuple[str, str]]:
    """Return name and way of each image obtained."""
    wanted = obtain.ImageOptions(
        **{"source": "auto", "prefix": "", "agent_version": "1.62.0", **options}
    )
    around = obtain.Surroundings(
        images,  # type: ignore[arg-type]
        Site(),
        DebianMirror(),
        checkout,
        print,
        print,
    )
    return [(entry.image.name, entry.way) for entry in obtain.Obtainer(wanted, around).all()]


def test_registry_that_answers_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    """Both are pulled by their official names, and that is printed."""
    images = MemoryImages(published=(BASE, AGENT))

    assert [(BASE, "pulled"), (AGENT, "pulled")] == get(images)
    assert f"base: pulling {BASE}: its registry answers" in capsys.readouterr().out


def test_registry_that_does_not_answer_is_asked_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Then everything is built, and the cause is printed."""
    images = MemoryImages(registry=NO_REGISTRY)

    assert [(image_names.BUILT_BASE, "built"), (BUILT_AGENT, "built")] == get(images)
    assert [f"ask {BASE}"] == [deed for deed in images.did if deed.startswith("ask")]
    assert "the registry cannot be used: no such host" in capsys.readouterr().out


def test_image_that_the_registry_lacks_is_built() -> None:
    """A missing agent does not stop the base from being pulled."""
    assert [(BASE, "pulled"), (BUILT_AGENT, "built")] == get(MemoryImages(published=(BASE,)))


def test_the_agent_always_gets_the_charts_name() -> None:
    """A pulled agent gets it as a second name; a built one keeps it."""
    pulled = MemoryImages(published=(BASE, AGENT))
    get(pulled)
    built = MemoryImages(
        {AGENT: ImageInfo("official", 1, {}, ""), BUILT_AGENT: ImageInfo("built", 1, {}, "")}
    )
    get(built)

    assert pulled.held[AGENT] == pulled.held[BUILT_AGENT]
    assert "built" == built.held[BUILT_AGENT].identity


def test_images_in_the_engine_need_no_registry() -> None:
    """Loaded images serve an air-gapped site."""
    images = MemoryImages({BASE: ImageInfo("1", 1, {}, ""), AGENT: ImageInfo("2", 1, {}, "")})

    assert [(BASE, "cached"), (AGENT, "cached")] == get(images)
    assert [] == images.did


def test_prefix_is_the_mirrors() -> None:
    """Images are pulled by the mirror's names."""
    mirrored = ("m.example.com/library/" + BASE, "m.example.com/" + AGENT)

    expected = [(name, "pulled") for name in mirrored]
    assert expected == get(MemoryImages(published=mirrored), prefix="m.example.com/")


def test_source_registry_never_builds() -> None:
    """The registry's refusal is the error, with two fixes."""
    with pytest.raises(
        RegistryError, match="Name a mirror with --prefix, or build from source with --source build"
    ):
        get(MemoryImages(registry=NO_REGISTRY), source="registry")
    with pytest.raises(ImageMissingError, match="--prefix"):
        get(MemoryImages(), source="registry")


def test_source_build_uses_neither_registry_nor_pulled_images() -> None:
    """Even where the engine has the official images."""
    images = MemoryImages({BASE: ImageInfo("1", 1, {}, "")}, published=(BASE, AGENT))

    assert [(image_names.BUILT_BASE, "built"), (BUILT_AGENT, "built")] == get(
        images, source="build"
    )
    assert not [deed for deed in images.did if deed.startswith("ask")]


def test_second_run_builds_nothing(checkout: Path) -> None:
    """All four are cached; a changed Dockerfile rebuilds only the kit's two."""
    images = MemoryImages(registry=NO_REGISTRY)
    get(images, checkout)
    images.did.clear()

    assert ["cached"] * 4 == [way for _name, way in get(images, checkout)]
    assert [] == images.did

    (checkout / "Dockerfile").write_text("FROM other")
    assert ["cached", "cached", "built", "built"] == [way for _name, way in get(images, checkout)]


def test_rebuild_ignores_existing_images(checkout: Path) -> None:
    """For security updates in the base, for example."""
    images = MemoryImages(registry=NO_REGISTRY)
    get(images, checkout)

    assert ["built"] * 4 == [way for _name, way in get(images, checkout, rebuild=True)]


def test_built_stages_and_superseded_images_are_removed() -> None:
    """Only by the kit's labels; the latest stages stay as the next build's cache."""
    images = MemoryImages(registry=NO_REGISTRY)
    get(images)

    stages = ["final 0", "gateway 1", "sample 1", "agent 1", "collector 1", "base 0"]
    assert stages == images.did[-6:]


def test_dry_run_changes_nothing(checkout: Path) -> None:
    """It asks the registry and prints what would be done."""
    images = MemoryImages(published=(BASE,))

    assert ["pull", "build", "build", "build"] == [
        way for _name, way in get(images, checkout, dry_run=True)
    ]
    assert [f"ask {BASE}", f"ask {AGENT}"] == images.did
    assert not (checkout / "build").exists()


def test_installed_kit_obtains_base_and_agent_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Sample and gateway need the Dockerfile of a checkout."""
    assert 2 == len(get(MemoryImages(published=(BASE, AGENT))))
    assert (
        "sample and gateway: not built, because they need the kit's checkout"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize("version", ["1.23.0", "1.63.0", "2.0", "latest"])
def test_agent_that_cannot_be_built_is_refused(version: str) -> None:
    """The range of versions is named."""
    with pytest.raises(SidecarError, match=r"only 1\.24\.0 to 1\.62\.0 can be built from source"):
        get(MemoryImages(registry=NO_REGISTRY), agent_version=version)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> MemoryImages:
    """Return the images of the engine that the command finds."""
    images = MemoryImages(registry=NO_REGISTRY)
    monkeypatch.setattr("sidecar.images.deliver.connect", lambda: SimpleNamespace(images=images))
    monkeypatch.setattr("sidecar.images.deliver.find_checkout", lambda: checkout)
    monkeypatch.setattr("sidecar.images.deliver.host_site", Site)
    return images


def test_command_prints_a_table_and_writes_what_differs(
    engine: MemoryImages, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only names that are not the default need a line in .env."""
    assert 0 == cli.main(["images", "--out", str(tmp_path)])

    head, first, *_ = capsys.readouterr().out.splitlines()
    assert head.split() == ["ROLE", "IMAGE", "WAY", "SIZE"]
    assert first.split() == ["base", "sidecar-kit/base:bookworm", "built", "1", "MB"]
    expected = f"SIDECAR_BASE_IMAGE={image_names.BUILT_BASE}\nSIDECAR_AGENT_IMAGE={BUILT_AGENT}\n"
    assert expected == (tmp_path / ".env").read_text()


def test_command_removes_the_names_when_the_registry_is_back(
    engine: MemoryImages, tmp_path: Path
) -> None:
    """The defaults are right then."""
    cli.main(["images", "--out", str(tmp_path)])
    engine.registry, engine.published = None, (BASE, AGENT)

    assert 0 == cli.main(["images", "--out", str(tmp_path), "--source", "registry"])
    assert (tmp_path / ".env").read_text() == ""


def test_dry_run_of_the_command_is_json_and_writes_nothing(
    engine: MemoryImages, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The size of an image that does not exist is 0."""
    assert 0 == cli.main(["images", "--out", str(tmp_path), "--dry-run", "--output", "json"])

    first = json.loads(capsys.readouterr().out)[0]
    expected = {
        "role": "base",
        "image": image_names.BUILT_BASE,
        "variable": "SIDECAR_BASE_IMAGE",
        "way": "build",
        "why": "the registry cannot be used: no such host",
        "size_bytes": 0,
    }
    assert expected == first
    assert not (tmp_path / ".env").exists()


def test_a_spec_gives_what_the_flags_do_not(
    engine: MemoryImages, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prefix, source and agent come from a spec; a flag wins over it."""
    spec = tmp_path / "sidecar.yaml"
    spec.write_text(
        "images: {prefix: mirror.example.com/hub, source: build}\nagent: {version: 1.35.0}\n"
    )
    command = [
        "images",
        "--file",
        str(spec),
        "--out",
        str(tmp_path),
        "--dry-run",
        "--output",
        "json",
    ]

    assert 0 == cli.main(command)
    assert image_names.built_agent("1.35.0") == json.loads(capsys.readouterr().out)[1]["image"]
    assert 1 == cli.main([*command, "--source", "registry"])
    assert engine.did[-1].startswith("ask mirror.example.com/hub/library/python:")


def test_absent_folder_is_refused_before_any_work(
    engine: MemoryImages, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not after minutes."""
    assert 1 == cli.main(["images", "--out", str(tmp_path / "none")])
    assert "it is not a folder. Run `sidecar render` first" in capsys.readouterr().err
    assert [] == engine.did


def test_full_disk_is_a_known_error(
    engine: MemoryImages,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 1, without a traceback."""

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device", "/var/tmp/x")

    monkeypatch.setattr(obtain, "write_site", full)

    assert 1 == cli.main(["images", "--out", str(tmp_path)])
    assert "/var/tmp/x: No space left on device. Free disk space" in capsys.readouterr().err


def test_second_run_of_a_user_waits_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It prints why, and continues when the first has ended."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    reported, order = threading.Event(), []

    def second() -> None:
        with one_at_a_time(lambda _line: reported.set()):
            order.append("second")

    with one_at_a_time(print):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert reported.wait(5)
        order.append("first")
    waiting.join(5)

    assert ["first", "second"] == order


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_terminal_gets_one_moving_line() -> None:
    """Progress is replaced, decisions stay, control characters are removed."""
    line = ProgressLine(stream := Terminal())
    line.progress("one\x1b[31m")
    line.say("decided")

    assert stream.getvalue() == "\r\x1b[K  one [31m\r\x1b[Kdecided\n"


def test_log_gets_some_lines_of_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of lines of a build would hide the decisions."""
    line = ProgressLine(stream := io.StringIO())
    line.progress("too soon")
    monkeypatch.setattr("sidecar.images.deliver.PLAIN_SECONDS", 0)
    line.progress("now")

    assert stream.getvalue() == "  now\n"
