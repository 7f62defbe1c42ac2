"""Decides for each image whether to use, pull or build it, prints why, and does it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sidecar import image_names
from sidecar.engine.errors import EngineError, ImageMissingError, RegistryError
from sidecar.images.agent_image import agent_inputs, build_agent, require_buildable
from sidecar.images.base_image import base_inputs, build_base
from sidecar.images.collector_image import build_collector, collector_inputs, require_release
from sidecar.images.inputs import INPUTS_LABEL, KEPT_STAGES, STAGE_LABEL
from sidecar.images.kit_images import KitBuild, build_kit_image, kit_inputs, write_site
from sidecar.rules.agents import DEFAULT_VERSION
from sidecar.spec import COLLECTOR, JAEGER_AGENT
from sidecar.spec.records import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sidecar.engine.images import ImageStore, Progress
    from sidecar.images.mirrors import DebianMirror
    from sidecar.images.site import Site

REGISTRY_SECONDS = 8.0
"""How long a registry may take to answer before images are built instead."""


@dataclass(frozen=True)
class ImageOptions:
    """The options of `sidecar images`."""

    source: str = "auto"
    """auto, registry or build."""
    prefix: str = ""
    agent_version: str = DEFAULT_VERSION
    """Of the kind."""
    agent_kind: str = JAEGER_AGENT
    canary: bool = False
    """Whether a collector is needed, too."""
    rebuild: bool = False
    dry_run: bool = False

    @property
    def collector_version(self) -> str:
        """That of the kind; of a canary beside an agent, the kit's own."""
        return self.agent_version if self.agent_kind == COLLECTOR else VERSIONS[COLLECTOR]


@dataclass(frozen=True)
class Surroundings:
    """The engine, and the sources of images."""

    images: ImageStore
    site: Site
    mirror: DebianMirror
    checkout: Path | None
    say: Progress
    """For decisions."""
    progress: Progress
    """For the lines of long work."""


@dataclass(frozen=True)
class Obtained:
    """An image that the engine has now, or that a dry run would obtain."""

    image: image_names.Image
    way: str
    """cached, pulled or built; in a dry run: cached, pull or build."""
    why: str
    size: int = 0
    """Bytes; 0 in a dry run for an image that the engine does not have yet."""


class Obtainer:
    """Obtains the images; a registry that does not answer is asked only once."""

    def __init__(self, options: ImageOptions, around: Surroundings) -> None:
        self._options = options
        self._around = around
        self._unanswered = ""
        """Why the registry is not asked again; empty as long as it answers."""

    def all(self) -> list[Obtained]:
        """Return base and agent, or collector, and, from a checkout, sample and gateway."""
        official = image_names.official(prefix=self._options.prefix)
        base = self._foreign(official.base, image_names.BUILT_BASE, base_inputs, self._build_base)
        obtained = [base, *self._agents(base), *self._kit_images(official, base)]
        if any(entry.way == "built" for entry in obtained):
            for stage, keep in KEPT_STAGES.items():
                self._around.images.remove_superseded(f"{STAGE_LABEL}={stage}", keep)
        return obtained

    def _agents(self, base: Obtained) -> Iterator[Obtained]:
        if self._options.agent_kind == COLLECTOR:
            yield self._collector(base)
            return
        yield self._agent(base)
        if self._options.canary:
            yield self._collector(base)

    def _agent(self, base: Obtained) -> Obtained:
        version = self._options.agent_version
        agent = self._foreign(
            image_names.official(version, self._options.prefix).agent,
            image_names.built_agent(version),
            lambda: agent_inputs(version),
            lambda: self._build_agent(base.image.name),
        )
        self._name_for_charts(agent)
        return agent

    def _collector(self, base: Obtained) -> Obtained:
        version = self._options.collector_version
        return self._foreign(
            image_names.collector(version, self._options.prefix),
            image_names.built_collector(version),
            collector_inputs,
            lambda: self._build_collector(base.image.name),
        )

    def _name_for_charts(self, agent: Obtained) -> None:
        """Give a pulled agent the built one's name, too, which is in the chart for `local`."""
        built = image_names.built_agent(self._options.agent_version)
        if not self._options.dry_run and not self._around.images.find(built):
            self._around.images.tag(agent.image.name, built)

    def _kit_images(self, official: image_names.ImageNames, base: Obtained) -> list[Obtained]:
        checkout = self._around.checkout
        if checkout is None:
            self._around.say("sample and gateway: not built, because they need the kit's checkout")
            return []
        if not self._options.dry_run:
            write_site(checkout, self._around.site)
        return [self._own(checkout, image, base) for image in (official.sample, official.gateway)]

    def _foreign(
        self,
        official: image_names.Image,
        built: str,
        inputs: Callable[[], str],
        build: Callable[[], None],
    ) -> Obtained:
        here = replace(official, name=built)
        if self._options.source != "build" and self._holds(official.name):
            return self._done(official, "cached", "the engine has it")
        if self._options.source != "registry" and self._holds(built, inputs()):
            return self._done(here, "cached", "built here before from the same inputs")
        if self._options.source == "build":
            return self._built(here, "--source build is given", build)
        refusal = self._registry_refusal(official.name)
        if not refusal:
            return self._pulled(official)
        return self._built(here, refusal, build)

    def _registry_refusal(self, name: str) -> str:
        """Return why an image cannot be pulled; empty where it can.

        With --source registry the reason is raised.
        """
        if self._unanswered:
            return self._unanswered
        try:
            self._around.images.ask_registry(name, REGISTRY_SECONDS)
        except ImageMissingError as error:
            return self._refused(error, error.cause)
        except EngineError as error:
            why = f"the registry cannot be used: {error.cause}"
            self._unanswered = why if isinstance(error, RegistryError) else ""
            return self._refused(error, why)
        return ""

    def _refused(self, error: EngineError, why: str) -> str:
        if self._options.source == "registry":
            fix = "Name a mirror with --prefix, or build from source with --source build"
            raise type(error)(error.subject, error.cause, fix) from error
        return why

    def _pulled(self, image: image_names.Image) -> Obtained:
        self._around.say(f"{image.role}: pulling {image.name}: its registry answers")
        if self._options.dry_run:
            return Obtained(image, "pull", "its registry answers")
        self._around.images.pull(image.name, self._around.progress)
        return self._done(image, "pulled", "its registry answers")

    def _built(self, image: image_names.Image, why: str, build: Callable[[], None]) -> Obtained:
        self._around.say(f"{image.role}: building {image.name}: {why}")
        if image.role == "agent":
            require_buildable(self._options.agent_version)
        if image.role == "collector":
            require_release(self._options.collector_version)
        if self._options.dry_run:
            return Obtained(image, "build", why)
        build()
        return self._done(image, "built", why)

    def _own(self, checkout: Path, image: image_names.Image, base: Obtained) -> Obtained:
        found = self._around.images.find(base.image.name)
        inputs = kit_inputs(checkout, image.role, found.identity if found else "")
        if found and self._holds(image.name, inputs):
            return self._done(image, "cached", "its sources and its base are unchanged")

        build = KitBuild(checkout, image.role, image.name, base.image.name, inputs)
        return self._built(image, "its sources or its base changed", lambda: self._build_own(build))

    def _build_own(self, build: KitBuild) -> None:
        around = self._around
        build_kit_image(around.images, build, around.site, around.progress)

    def _build_base(self) -> None:
        around = self._around
        build_base(around.images, around.mirror, around.site.authority, around.progress)

    def _build_agent(self, base: str) -> None:
        around = self._around
        build_agent(around.images, self._options.agent_version, base, around.site, around.progress)

    def _build_collector(self, base: str) -> None:
        around = self._around
        build_collector(around.images, base, around.site, around.progress)

    def _holds(self, name: str, inputs: str | None = None) -> bool:
        if self._options.rebuild:
            return False
        found = self._around.images.find(name)
        return found is not None and (inputs is None or found.labels.get(INPUTS_LABEL) == inputs)

    def _done(self, image: image_names.Image, way: str, why: str) -> Obtained:
        found = self._around.images.find(image.name)
        return Obtained(image, way, why, found.size if found else 0)
