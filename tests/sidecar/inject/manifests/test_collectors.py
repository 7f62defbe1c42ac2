"""Collectors in manifests: what a namespace's share, and what cannot be had."""

from __future__ import annotations

import json

import pytest
import yaml
from manifest_inputs import TEMPLATE, ids

from sidecar.spec import COLLECTOR

SPEC = "region: cn-shanghai\nagent: {kind: collector}\n"
AGENTS = "region: cn-shanghai\n"
SHARED = [
    "ConfigMap sidecar-collector",
    "Deployment sidecar-forwarder",
    "Service sidecar-forwarder",
    "NetworkPolicy sidecar-forwarder",
]
TEXT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: |\n    x\n"


@pytest.fixture
def tool(run, tmp_path):
    """Run a command on a folder with a spec and manifests."""
    (tmp_path / "in").mkdir()

    def call(command: str, *words: object, spec: str = SPEC):
        (tmp_path / "sidecar.yaml").write_text(spec)
        flags = ("--file", tmp_path / "sidecar.yaml") if command == "inject" else ()
        return run(command, tmp_path / "in", *flags, *words)

    return call


@pytest.fixture
def put(tmp_path):
    """Put manifests into that folder."""

    def write(name: str, *documents: str) -> bytes:
        path = tmp_path / "in" / name
        path.write_text("---\n".join(documents))
        return path.read_bytes()

    return write


@pytest.fixture
def names(tmp_path):
    """Return the objects of a file of that folder, as KIND NAME, in their order."""

    def read(file: str) -> list[str]:
        found = yaml.safe_load_all((tmp_path / "in" / file).read_text())
        return [
            f"{each['kind']} {each['metadata']['name']}" for each in found if "metadata" in each
        ]

    return read


def contents(tmp_path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((tmp_path / "in").iterdir())}


def of(name: str, namespace: str = "") -> str:
    """Return a Deployment, perhaps of a namespace."""
    head = f"{{name: {name}, namespace: {namespace}}}" if namespace else f"{{name: {name}}}"
    return TEMPLATE.replace("{name: web}", head)


def test_a_namespaces_collectors_share_one_forwarder(tool, put, names, tmp_path) -> None:
    """At the end of the first file with one of them; a second run changes nothing; all goes out."""
    put("a.yaml", of("a"), of("b"))
    put("b.yaml", of("c"), of("d", "shop"))
    put("c.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n")
    before = contents(tmp_path)
    first = tool("inject", "--in-place")
    once = contents(tmp_path)
    second = tool("inject", "--in-place", "--diff")

    assert (0, 0, "") == (first.code, second.code, second.out)
    assert "4 of 4 workloads have a collector" in first.err
    assert ["Deployment a", "Deployment b", *SHARED] == names("a.yaml")
    assert ["Deployment c", "Deployment d", *SHARED] == names("b.yaml")
    shared = list(yaml.safe_load_all((tmp_path / "in" / "b.yaml").read_text()))[2:]
    assert {"shop"} == {each["metadata"]["namespace"] for each in shared}
    assert once == contents(tmp_path)
    assert before["c.yaml"] == once["c.yaml"]
    tool("uninject", "--in-place")
    assert before == contents(tmp_path)


@pytest.mark.parametrize("spec", [SPEC, AGENTS])
def test_a_file_without_its_last_line_break_comes_back(tool, put, tmp_path, spec) -> None:
    """Also after two runs, and after agents have taken the collectors' place."""
    original = put("a.yaml", of("a").rstrip("\n"))
    tool("inject", "--in-place")
    once = contents(tmp_path)["a.yaml"]
    tool("inject", "--in-place", spec=spec)
    twice = contents(tmp_path)["a.yaml"]
    tool("uninject", "--in-place")

    assert b"\n---\n" in once
    assert (spec == SPEC) == (once == twice)
    assert original == contents(tmp_path)["a.yaml"]


def test_the_way_back_is_the_same_word(tool, put, names) -> None:
    """Without a collector, nothing of what they share is left."""
    put("a.yaml", of("a"), of("b"))
    tool("inject", "--in-place")
    some = tool("inject", "--in-place", "--service", "a", spec=AGENTS)
    still = names("a.yaml")
    tool("inject", "--in-place", spec=AGENTS)

    assert 0 == some.code
    assert ["Deployment a", "Deployment b", *SHARED] == still
    assert ["Deployment a", "Deployment b"] == names("a.yaml")


def test_a_changed_setting_rolls_the_pods(tool, put, tmp_path) -> None:
    """The annotation changes with the configuration, and --diff exits 1."""
    put("a.yaml", of("a"))
    tool("inject", "--in-place")
    before = contents(tmp_path)["a.yaml"]
    diff = tool("inject", "--in-place", "--diff", spec=SPEC.replace("}", ", buffer: 5m}"))
    tool("inject", "--in-place", spec=SPEC.replace("}", ", buffer: 5m}"))
    after = contents(tmp_path)["a.yaml"]
    changed = [line for line in after.splitlines() if line not in before.splitlines()]

    assert 1 == diff.code
    assert {b"sidecar-kit/collector", b"sizeLimit", b"queue_size", b"max_size"} <= {
        word for line in changed for word in _words(line)
    }


def _words(line: bytes) -> set[bytes]:
    wanted = (b"sidecar-kit/collector", b"sizeLimit", b"queue_size", b"max_size")
    return {word for word in wanted if word in line}


def test_a_name_of_the_users_is_left_to_them(tool, put, names, tmp_path) -> None:
    """Other names are taken for the objects; --collector-name begins them."""
    theirs = "apiVersion: v1\nkind: Service\nmetadata: {name: sidecar-forwarder}\n"
    before = put("a.yaml", of("a"), theirs)
    tool("inject", "--in-place")
    gave_way = names("a.yaml")[2:]
    again = tool("inject", "--in-place", "--diff")
    tool("inject", "--in-place", "--collector-name", "shop")
    chosen = names("a.yaml")[2:]
    tool("uninject", "--in-place")

    assert [name.replace("sidecar-", "sidecar-2-") for name in SHARED] == gave_way
    assert 0 == again.code
    assert [name.replace("sidecar-", "shop-") for name in SHARED] == chosen
    assert before == contents(tmp_path)["a.yaml"]
    assert 2 == tool("inject", "--collector-name", "Shop").code


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("        ports: [{containerPort: 8888}]\n", "agent-port-in-the-pod"),
        ("        ports: [{containerPort: 4317}]\n", "agent-port-in-the-pod"),
        ("      - {name: sidecar-drain, image: shop/drain:1}\n", "agent-name-in-the-pod"),
        ("      volumes: [{name: sidecar-queue, emptyDir: {}}]\n", "agent-name-in-the-pod"),
    ],
)
def test_a_name_or_port_in_the_pod_is_not_taken(line, rule) -> None:
    """Such a pod stays as it is; an agent does without them."""
    assert {rule} == ids(TEMPLATE + line, kind=COLLECTOR)
    assert set() == ids(TEMPLATE + line)


def test_json_has_no_room_for_a_forwarder(tool, put, tmp_path) -> None:
    """It is refused as it is; JSON without workloads is not."""
    put("a.json", json.dumps(yaml.safe_load(of("a"))))
    refused = tool("inject", "--in-place")
    put("a.json", '{"kind": "ConfigMap", "apiVersion": "v1"}')

    assert 1 == refused.code
    assert refused.err.rstrip().endswith("[collector-in-json]")
    assert 0 == tool("inject", "--in-place").code


def test_a_text_at_the_end_does_not_grow(tool, put, tmp_path) -> None:
    """Without a last line break, one in front of the additions would become a part of it."""
    before = put("a.yaml", of("a"), TEXT.rstrip("\n"))
    refused = tool("inject", "--in-place")

    assert (1, before) == (refused.code, contents(tmp_path)["a.yaml"])
    assert "[uneditable-place]" in refused.err
    put("a.yaml", of("a"), TEXT)
    assert 0 == tool("inject", "--in-place").code


def test_a_relay_is_said_to_be_left_out(tool, put) -> None:
    """Manifests get none, and what that costs is said."""
    put("a.yaml", of("a"))
    done = tool("inject", spec=f"{SPEC}relay: {{replicas: 2}}\n")

    assert 0 == done.code
    assert "[relay-not-in-manifests]" in done.err


def test_what_a_cluster_returns_keeps_its_forwarder(tool, put, names) -> None:
    """A List with what inject added before: it gets no agent, and is not taken for the user's."""
    put("a.yaml", of("a"))
    tool("inject", "--in-place")
    pieces = list(yaml.safe_load_all(tool("inject").out))
    for number, each in enumerate(pieces):
        each["metadata"]["uid"] = f"{number}"
    put("a.yaml", yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": pieces}))
    done = tool("inject", "--in-place")

    assert "1 of 2 workloads have a collector" in done.err
    assert SHARED == names("a.yaml")  # behind the List, which has no name itself


def test_the_kits_image_comes_from_the_users_registry(tool, put) -> None:
    """For the forwarder, and for what waits at a pod's start and end."""
    put("a.yaml", of("a"))
    image = "registry.example.com/kit/gateway:1"
    web, _, forwarder, *_ = yaml.safe_load_all(tool("inject", "--gateway-image", image).out)

    containers = web["spec"]["template"]["spec"]["initContainers"]
    assert [image, image] == [each["image"] for each in (containers[0], containers[2])]
    assert image == forwarder["spec"]["template"]["spec"]["containers"][0]["image"]


def test_no_token_is_in_what_is_added(tool, put) -> None:
    """The Secret is named, and its key; pods of services do not even have that."""
    put("a.yaml", of("a"))
    web, config, forwarder, *_ = yaml.safe_load_all(tool("inject", "--secret", "mine").out)

    assert "mine" not in json.dumps([web, config])
    assert {"secretName": "mine", "items": [{"key": "token", "path": "token"}]}.items() <= (
        forwarder["spec"]["template"]["spec"]["volumes"][0]["secret"].items()
    )
