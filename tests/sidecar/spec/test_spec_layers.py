"""Layers of a spec: which wins, how they merge, and the source of each value."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sidecar.errors import SidecarError
from sidecar.spec import GatewaySettings, Publish, Volume
from sidecar.spec.load import Loaded, load

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = """region: cn-shanghai
gateway: {network: vpc, port: 1884}
services:
  - name: web
    build: {context: ./web}
    port: 80
    environment: {LEVEL: info, COLOUR: blue}
    command: [serve, --slow]
    volumes: ["./a:/a"]
    resources: {memory: 256m}
  - {name: worker, image: "worker:1"}
"""
PROD = """gateway: {port: 1885}
services:
  - {name: worker, replicas: 3}
  - name: web
    image: web:1
    environment: {LEVEL: warning}
    command: [serve]
    resources: {cpus: 2}
  - {name: cron, image: "cron:1"}
"""


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def layers(tmp_path: Path) -> Callable[..., Loaded]:
    """Load files given as NAME=text, with flags and variables."""

    def call(
        *texts: str, flags: dict[str, str] | None = None, environ: dict[str, str] | None = None
    ) -> Loaded:
        files = [Path(name) for name in ("base.yaml", "prod.yaml", "third.yaml")[: len(texts)]]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text, encoding="utf-8")
        return load(files, flags, environ)

    return call


def source_of(loaded: Loaded, path: str) -> tuple[Any, str]:
    """Return a value and its source."""
    origin = loaded.provenance[path]
    return origin.value, origin.source


def test_a_later_file_wins_and_maps_merge_by_key(layers) -> None:
    """What the overlay does not give stays; what it gives replaces."""
    spec = layers(BASE, PROD).spec
    web, worker, cron = spec.services or ()

    assert GatewaySettings("vpc", 1885) == spec.gateway
    assert {"LEVEL": "warning", "COLOUR": "blue"} == web.environment
    assert (256, 2) == (web.resources.memory_mib, web.resources.cpus)
    assert (80, ("serve",), (Volume("./a", "/a"),)) == (web.port, web.command, web.volumes)
    assert ("worker:1", 3) == (worker.image, worker.replicas)
    assert "cron:1" == cron.image


def test_an_overlays_image_replaces_a_build(layers) -> None:
    """Of two fields that exclude each other the later file's holds."""
    web = (layers(BASE, PROD).spec.services or ())[0]

    assert ("web:1", None) == (web.image, web.build)


@pytest.mark.parametrize(
    ("base", "over"),
    [
        ("replicas: 2", "kubernetes: {autoscaling: {maxReplicas: 9}}"),
        ("kubernetes: {autoscaling: {maxReplicas: 9}}", "replicas: 2"),
    ],
)
def test_a_later_files_number_of_replicas_replaces_an_earlier_ones(layers, base, over) -> None:
    """An autoscaler for the cluster, a number for Compose: each in its file."""
    texts = [f"services: [{{name: w, image: 'w:1', {each}}}]" for each in (base, over)]
    (service,) = layers(*texts).spec.services or ()
    is_number = over == "replicas: 2"

    assert (2 if is_number else None) == service.replicas
    assert ([] if is_number else ["autoscaling"]) == list(service.kubernetes)


def test_an_autoscaler_that_a_later_file_gives_again_is_the_later_ones(layers) -> None:
    """Only the other one of the two is given up, and settings beside it stay."""
    first = "kubernetes: {strategy: {type: Recreate}, autoscaling: {maxReplicas: 9}}"
    over = "kubernetes: {autoscaling: {maxReplicas: 4}}"
    texts = [f"services: [{{name: w, image: 'w:1', {each}}}]" for each in (first, over)]
    (service,) = layers(*texts).spec.services or ()

    assert {"maxReplicas": 4} == service.kubernetes["autoscaling"]
    assert "strategy" in service.kubernetes


def test_an_overlay_alone_may_lack_what_the_base_says(layers) -> None:
    """Only the whole must be complete; the last file that touches an entry is blamed."""
    with pytest.raises(SidecarError) as caught:
        layers(PROD)

    assert (
        "base.yaml:3: services[0]: has neither image nor build. Give one of them [missing-key]"
        == str(caught.value)
    )


def test_a_name_that_is_doubled_in_one_file_is_an_error_under_an_overlay(layers) -> None:
    """Merging by name does not hide it."""
    doubled = "services:\n- {name: web, replicas: 2}\n- {name: web, image: 'other:1'}\n"
    with pytest.raises(SidecarError) as caught:
        layers(BASE, doubled)

    assert (
        "prod.yaml:3: services[2].name: 'web' is already used. Give each service its own name "
        "[conflicting-values]"
    ) == str(caught.value)


def test_every_error_of_every_layer_is_reported_in_order(layers) -> None:
    """By file and line, then variables, then flags; broken YAML does not hide the next file."""
    whole = "Give a whole number from 1 to"
    syntax = "did not find expected node content. Correct this line, or the one before"
    version = "the agent was removed from Jaeger after 1.62.0. Use 1.15.0 to 1.62.0"
    boolean = "Write true or false, without quotes"
    milliseconds = f"'0' is not a round trip in ms. {whole} 60000"
    with pytest.raises(SidecarError) as caught:
        layers(
            "services:\n- {name: web, port: 0}\nregion: 1\n",
            "a: [\n",
            "agent: {version: 9.9.9}\n",
            environ={"SIDECAR_GATEWAY_TLS": "yes", "SIDECAR_CAPACITY_ROUND_TRIP_MS": "0"},
            flags={"region": "a b"},
        )

    assert [
        f"base.yaml:2: services[0].port: '0' is not a port. {whole} 65535 [invalid-value]",
        "base.yaml:2: services[0]: has neither image nor build. Give one of them [missing-key]",
        "base.yaml:3: region: '1' is not text. Put it in quotes [unquoted-text]",
        f"prod.yaml:2: is not YAML: {syntax} [broken-yaml]",
        f"third.yaml:1: agent.version: '9.9.9': {version} [not-an-agent-version]",
        f"$SIDECAR_GATEWAY_TLS: gateway.tls: 'yes' is not true or false. {boolean} [invalid-value]",
        f"$SIDECAR_CAPACITY_ROUND_TRIP_MS: capacity.round_trip_ms: {milliseconds} [invalid-value]",
        "--region: region: 'a b' is not a region id. `sidecar regions` lists them [invalid-value]",
    ] == str(caught.value).splitlines()


def test_a_flag_wins_over_a_variable_over_a_file_over_the_default(layers) -> None:
    """And each value has its source."""
    environ = {
        "SIDECAR_NETWORK": "public",
        "SIDECAR_REGION": "cn-beijing",
        "SIDECAR_GATEWAY_PORT": "99",
    }
    loaded = layers(BASE, PROD, flags={"region": "eu-west-1"}, environ=environ)

    assert ("eu-west-1", "--region") == source_of(loaded, "region")
    assert ("public", "$SIDECAR_NETWORK") == source_of(loaded, "gateway.network")
    assert (99, "$SIDECAR_GATEWAY_PORT") == source_of(loaded, "gateway.port")
    assert (False, "default") == source_of(loaded, "gateway.tls")
    assert (2, "prod.yaml:8") == source_of(loaded, "services.web.resources.cpus")
    assert (256, "base.yaml:10") == source_of(loaded, "services.web.resources.memory")
    assert (["serve"], "prod.yaml:7") == source_of(loaded, "services.web.command")
    assert ("blue", "base.yaml:7") == source_of(loaded, "services.web.environment.COLOUR")
    assert "services.web.build.context" not in loaded.provenance
    assert ("eu-west-1", GatewaySettings("public", 99)) == (loaded.spec.region, loaded.spec.gateway)


def test_all_defaults_are_in_the_provenance(layers) -> None:
    """Every setting outside of services, whoever gave it."""
    loaded = layers("region: cn-shanghai\n")
    given = {path for path, origin in loaded.provenance.items() if origin.source != "default"}

    assert {"region"} == given
    assert (2000, "default") == source_of(loaded, "capacity.spans_per_second")
    assert (None, "default") == source_of(loaded, "services")


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("SIDECAR_AGENT_VERSION", "1.35.0", "agent.version", "1.35.0"),
        ("SIDECAR_GATEWAY_TLS", "true", "gateway.tls", True),
        ("SIDECAR_GATEWAY_HOST", "[::1]", "gateway.host", "[::1]"),
        ("SIDECAR_IMAGES_PREFIX", "mirror.example.com/", "images.prefix", "mirror.example.com/"),
        ("SIDECAR_IMAGES_SOURCE", "build", "images.source", "build"),
        ("SIDECAR_CAPACITY_SPANS_PER_SECOND", "5000", "capacity.spans_per_second", 5000),
        ("SIDECAR_REGION", "no", "region", "no"),
    ],
)
def test_a_variable_sets_its_field(
    layers, variable: str, text: str, path: str, value: object
) -> None:
    """Named after its path; text in a variable is text, whatever YAML would make of it."""
    assert (value, f"${variable}") == source_of(layers("{}", environ={variable: text}), path)


@pytest.mark.parametrize(
    "variable", ["SIDECAR_NETWORK", "SIDECAR_AGENT_IMAGE", "SIDECAR_SERVICES", "SIDECAR_GATEWAY"]
)
def test_an_empty_variable_or_another_programs_is_not_read(layers, variable: str) -> None:
    """SIDECAR_AGENT_IMAGE is Compose's, and sections have no variable."""
    text = "" if variable == "SIDECAR_NETWORK" else "x"

    assert "sources: default" == "sources: " + ", ".join(
        {origin.source for origin in layers("{}", environ={variable: text}).provenance.values()}
    )


@pytest.mark.parametrize(
    "broken", ["gateway: 1", "services: 1", "services: [{name: web, environment: 1}]"]
)
def test_a_broken_layer_above_a_good_one_is_still_an_error(layers, broken: str) -> None:
    """And below one: that it is replaced does not hide the error."""
    for texts in ((BASE, broken), (broken, BASE)):
        with pytest.raises(SidecarError, match=r"(base|prod).yaml:1: [^\n]* is not a (map|list)"):
            layers(*texts)


def test_relative_paths_start_at_the_first_file(tmp_path: Path, layers) -> None:
    """As in Compose; those of a spec from a pipe start at the current folder."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/base.yaml").write_text(BASE)
    (tmp_path / "prod.yaml").write_text(PROD)

    assert (
        tmp_path / "deploy" == load([tmp_path / "deploy/base.yaml", tmp_path / "prod.yaml"]).folder
    )
    assert Path() == load([], {"region": "x"}).folder


def test_a_list_of_services_without_readable_names_is_merged_without_them(layers) -> None:
    """Entries that cannot be told apart are kept, and their errors reported."""
    with pytest.raises(SidecarError) as caught:
        layers("services: [{image: 'a:1'}, {name: 1}]", "services: [{name: [x]}, 5]")

    assert 6 == len(str(caught.value).splitlines())


def test_publish_of_an_overlay_replaces_the_whole(layers) -> None:
    """A short form has no parts to merge."""
    loaded = layers(
        "services: [{name: a, image: i, port: 1, publish: '0.0.0.0:80'}]",
        "services: [{name: a, publish: 81}]",
    )

    assert Publish(81) == (loaded.spec.services or ())[0].publish
    assert ({"port": 81, "host": "127.0.0.1"}, "prod.yaml:1") == source_of(
        loaded, "services.a.publish"
    )
