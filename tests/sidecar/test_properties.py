"""Properties: a rendering says what its spec says, and no input ends in a traceback.

`make fuzz` runs them with FUZZ_CASES cases, `make test` with some hundred.
"""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from fuzzing import cases
from hypothesis import event, given
from hypothesis import strategies as st

from sidecar.cli import main
from sidecar.errors import SidecarError
from sidecar.plan import make_plan
from sidecar.regions import load_regions, token_hosts
from sidecar.spec import field_types as types
from sidecar.spec.containers import Data, DataList, Either, ListOf, MapOf
from sidecar.spec.fields import SPEC
from sidecar.spec.fields.agent import AGENT
from sidecar.spec.fields.sampling import SAMPLING
from sidecar.spec.fields.service import SERVICE
from sidecar.spec.load import load
from sidecar.spec.scalars import Boolean, Choice, FieldType, Integer, Number, PatternText
from sidecar.spec.sections import Section
from sidecar.targets import compose
from sidecar.yamlio import flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.plan import Plan, ServicePlan
    from sidecar.spec import Spec, Volume

REGIONS = load_regions()
EVIL = (
    'x"\n privileged: true',
    "{{ plan.token_file }}",
    "{% raw %}",
    "${HOME}",
    "$$",
    "$",
    "${A:-}",
    "&a",
    "*a",
    "!!python/object:os.system",
    "a: b",
    "# no",
    "- x",
    "'",
    '"',
    "\\",
    "\n",
    "\r\n",
    "\t",
    "\x85",
    "\u2028",
    "\ufeff",
    "\x7f",
    "\x1b[31m",
    "--- ",
    "...",
    "%YAML 1.2",
    "no",
    "null",
    "012",
    "1e3",
    "\N{GRINNING FACE}",
    "| ",
    "> ",
    "<<",
    "[",
    "}",
    ",",
)


def values(wanted: FieldType) -> st.SearchStrategy[Any]:
    """Return what a field of a type takes; a few are still refused, e.g. hosts like 1.2."""
    return next(make(wanted) for base, make in STRATEGIES.items() if isinstance(wanted, base))


def matching(wanted: PatternText) -> st.SearchStrategy[str]:
    """Return texts of the type's pattern; any text if it takes any."""
    if wanted in USUAL:
        return USUAL[wanted]
    return st.from_regex(re.compile(wanted.pattern, re.ASCII), fullmatch=True)


def texts() -> st.SearchStrategy[str]:
    """Return any text, usually with something in it that a reader could misread."""
    # no lone surrogates: a spec is a file in UTF-8
    plain = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
    evil = st.lists(st.sampled_from(EVIL) | plain, max_size=4)
    return evil.map("".join)


PATHS = texts().map(lambda text: "./" + re.sub(r"[\x00-\x1f\x7f:]|\$(?=\{?\w)", "", text))
USUAL: dict[FieldType, st.SearchStrategy[str]] = {
    types.ANY_TEXT: texts(),
    types.FILE_PATH: PATHS,
    types.CONTEXT: PATHS,
    types.VOLUME_SOURCE: PATHS | st.sampled_from(["data", "/", "..", "A.b-c_d"]),
    types.VOLUME_TARGET: PATHS.map(lambda path: f"/t{path[2:]}"),
    types.VOLUME: st.tuples(PATHS, PATHS, st.sampled_from(["", ":ro", ":rw"])).map(
        lambda parts: f"{parts[0]}:/v{parts[1][2:]}{parts[2]}"
    ),
    types.ANY_NAME: st.from_regex(re.compile(types.NAME.pattern, re.ASCII), fullmatch=True),
    types.RULE: st.sampled_from(["floating-image-tag", "vpc-gateway"]),
    types.DURATION: st.sampled_from(["1s", "90s", "30m", "168h"]),
    types.MEMORY: st.sampled_from(["6m", "256m", "1g", "2Gi", "300"]),
    types.VERSION: st.sampled_from(["1.15.0", "1.18.0", "1.22.0", "1.62.0"]),
    types.URL_PATH: texts().map(lambda text: "/" + re.sub(r"[^!-~]|[$]", "", text)),
}
"""For patterns that match too many texts that a mistake, a range or a rule refuses."""
FIXED: dict[FieldType, dict[str, Any]] = {
    SAMPLING: {"param": st.just(1)},
    AGENT: {"kind": st.just("jaeger-agent")},
}
"""Fields that must fit others."""
STRATEGIES: dict[type[FieldType], Any] = {
    PatternText: matching,
    Choice: lambda wanted: st.sampled_from(wanted.choices),
    Boolean: lambda _: st.booleans(),
    Integer: lambda wanted: st.integers(wanted.low, wanted.high),
    Number: lambda wanted: st.sampled_from(
        [number for number in (0, 0.01, 0.5, 1) if number >= wanted.low]
    ),
    MapOf: lambda wanted: st.dictionaries(values(wanted.key), values(wanted.value), max_size=3),
    ListOf: lambda wanted: st.lists(values(wanted.item), min_size=wanted.least, max_size=3),
    Either: lambda wanted: values(wanted.text) | values(wanted.full),
    Data: lambda _: st.just({}),
    DataList: lambda _: st.just([{}]),
    Section: lambda wanted: records(wanted, **FIXED.get(wanted, {})).map(fitting),
}


def fitting(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what only a collector takes."""
    return {key: value for key, value in record.items() if key not in ONLY_COLLECTORS}


ONLY_COLLECTORS = ("buffer", "disk", "collector")


def records(wanted: Section, **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return maps with the required fields and some of the others."""
    fields = {field.name: values(field.type) for field in wanted.fields} | fixed
    always = {field.name for field in wanted.fields if field.required} | set(fixed)
    needed = {name: value for name, value in fields.items() if name in always}
    left = fields.keys() - always - set(wanted.one_of)
    optional = {name: value for name, value in fields.items() if name in left}
    if not wanted.one_of:
        return st.fixed_dictionaries(needed, optional=optional)
    return st.one_of(
        *(
            st.fixed_dictionaries({**needed, name: fields[name]}, optional=optional)
            for name in wanted.one_of
        )
    )


def services() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return services that fit together."""

    def fit(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        names: set[str] = set()
        for number, service in enumerate(found):
            taken = {service["name"], f"{service['name']}-agent"}
            if names & taken or service["name"].startswith("gateway"):
                service["name"] = f"s{number}"
            names |= {service["name"], f"{service['name']}-agent"}
            service.pop("job", None)  # of the kinds that have no port
            if "publish" in service:
                service["publish"] = f"127.0.0.{number + 1}:{20_000 + 1000 * number}"
        return found

    name, port = values(SERVICE.field("name").type), st.integers(1, 65535)
    found = records(SERVICE, port=port, name=name, kind=st.just("service"))
    return st.lists(found, min_size=1, max_size=3).map(fit)


def specs() -> st.SearchStrategy[dict[str, Any]]:
    """Return specs that most often can be planned."""
    gateway = st.fixed_dictionaries(
        {}, optional={"network": st.just("public"), "port": st.integers(1, 65535)}
    )
    region = st.sampled_from(sorted(REGIONS))
    return records(SPEC, region=region, gateway=gateway, services=services())


def read(text: str) -> Spec:
    """Return the spec of a text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sidecar.yaml"
        path.write_text(text, encoding="utf-8")
        return load([path]).spec


def planned(spec: Spec) -> Plan:
    """Return its plan."""
    return make_plan(spec, REGIONS[spec.region], folder="../..", known_hosts=token_hosts(REGIONS))


def outcome(action: Callable[[], object]) -> str:
    """Return the message of the known error that an action ends with, or nothing."""
    try:
        action()
    except SidecarError as error:
        return str(error)
    return ""


def as_compose(value: Any) -> Any:
    """Undo what Compose undoes: `$$` is a dollar, `${NAME:-default}` the default."""
    if isinstance(value, dict):
        return {key: as_compose(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_compose(item) for item in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\$(?:(\$)|\{\w+:-([^}]*)\})", lambda found: found[1] or found[2], value)


def expected(service: ServicePlan) -> dict[str, Any]:
    """Return all that a user's service may say in a Compose file, written here a second time."""
    return {
        "restart": "unless-stopped",
        "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
        "security_opt": ["no-new-privileges:true"],
        "image": service.image.name,
        "environment": dict(service.environment),
        "depends_on": {service.agent.name: {"condition": "service_started"}},
        "stop_grace_period": f"{service.stop_grace_s or 30}s",
        "networks": ["services", f"{service.name}-tracing"],
        **_expected_build(service),
        **_expected_process(service),
        **_expected_ports(service),
        **_expected_health(service),
    }


def _expected_build(service: ServicePlan) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if service.build:
        build = vars(service.build)
        found["build"] = {key: value for key, value in build.items() if value}
    if service.replicas > 1:
        found["deploy"] = {"replicas": service.replicas}
    return found


def _expected_process(service: ServicePlan) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if service.command:
        found["command"] = list(service.command)
    if service.env_files:
        found["env_file"] = list(service.env_files)
    if service.memory_mib:
        found["mem_limit"] = f"{service.memory_mib}m"
    if service.cpus:
        found["cpus"] = service.cpus
    if service.ports:
        found["expose"] = [str(port) for port in service.ports.values()]
    if service.read_only_root:
        found |= {"read_only": True, "tmpfs": ["/tmp:mode=1777,size=64m"]}
    if service.volumes:
        found["volumes"] = [_expected_volume(volume) for volume in service.volumes]
    return found


def _expected_volume(volume: Volume) -> dict[str, Any]:
    if volume.named:
        return {"type": "volume", **vars(volume)}
    return {"type": "bind", "bind": {"create_host_path": True}, **vars(volume)}


def _expected_ports(service: ServicePlan) -> dict[str, Any]:
    if not service.publish:
        return {}
    first, last = service.publish.port, service.publish.port + service.replicas - 1
    span = f"{first}-{last}" if last > first else str(first)
    return {"ports": [f"{service.publish.host}:{span}:{service.port}"]}


def _expected_health(service: ServicePlan) -> dict[str, Any]:
    timing = service.health_timing
    if not timing:
        return {}
    return {
        "healthcheck": {
            "test": ["CMD", *service.health],
            "interval": f"{timing.interval_s}s",
            "timeout": f"{timing.timeout_s}s",
            "retries": timing.retries,
            "start_period": f"{timing.start_period_s}s",
        }
    }


@cases(0.15)
@given(specs())
def test_a_rendering_says_what_its_spec_says_and_nothing_else(
    turn: int, data: dict[str, Any]
) -> None:
    """Arbitrary texts in every field: no value changes, and no key or service is added."""
    try:
        plan = planned(read(flow(data)))
    except SidecarError as error:
        event(re.sub(r"'.*'", "...", error.cause))
        return
    event("rendered")
    files = compose.render(plan)
    document = yaml.load(files["docker-compose.yml"], Loader=yaml.CSafeLoader)
    actual = as_compose(document["services"])
    names = {name for one in plan.services for name in (one.name, one.agent.name)}

    own = {"docker-compose.yml", "local-agent.yaml"}
    assert all(name in own or plan.monitoring for name in files)
    assert document.keys() - {"volumes"} == {
        *("name", "x-logging", "x-hardened", "x-sidecar", "services", "networks", "secrets")
    }
    others = {part.name for part in (plan.stand_in, plan.watch) if part}
    assert names | others == actual.keys()
    for service in plan.services:
        actual[service.name].pop("labels")
        assert expected(service) == actual[service.name]
        assert list(service.agent.argv) == actual[service.agent.name]["command"]
    for written in data["services"]:
        # the same once more past reader and plan, where nothing is decided
        service = actual[written["name"]]
        assert written.get("command") == service.get("command")
        assert written.get("environment", {}).items() <= service["environment"].items()
        assert written.get("build", {}).get("args", {}) == service.get("build", {}).get("args", {})


@cases(0.45)
@given(st.text() | st.lists(st.sampled_from(EVIL) | st.text(max_size=5), max_size=12).map("".join))
def test_any_text_is_a_spec_or_a_known_error(turn: int, text: str) -> None:
    """No traceback, whatever the file holds, and no control character in the message."""
    message = outcome(
        lambda: read(text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    )

    assert all(line.isprintable() for line in message.split("\n"))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return a spec's text with some of it cut out, doubled or replaced."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        new = draw(
            st.sampled_from(
                (
                    "",
                    text[start:end] * 2,
                    *EVIL,
                    "~",
                    "[]",
                    "{}",
                    "0",
                    "-1",
                    "9" * 30,
                    "region: a\n",
                )
            )
        )
        text = text[:start] + new + text[end:]
    return text


SEEDS = (
    "region: cn-shanghai\ngateway: {network: vpc, host: a.b, allow: [a.b]}\n",
    "services:\n- name: web\n  image: web:1\n  port: 80\n  publish: 8080\n  environment: {A: b}\n",
    "services:\n- {name: a, build: {context: ., args: {A: b}}, health: {command: [x]}}\n",
    (
        "services:\n- {name: a, image: i, resources: {memory: 1g, cpus: 0.5}, volumes: "
        "['./a:/b:ro']}\n"
    ),
    (
        "agent: {version: 1.35.0, image: 'a:1'}\ncapacity: {spans_per_second: 5}\nimages: {prefix: "
        "m/}\n"
    ),
    (
        "network: vpc\nservices: &s\n- &a {name: a, image: i, sampling: {param: 1}, env_files: "
        "[./a.env]}\n- *a\n"
    ),
)


@cases(0.4)
@given(mutated())
def test_a_damaged_spec_is_a_spec_or_a_known_error(turn: int, text: str) -> None:
    """And what is still a spec can be planned and rendered, or says why not."""

    def render() -> None:
        spec = read(text)
        compose.render(
            planned(spec) if spec.region in REGIONS else make_plan(spec, REGIONS["local"])
        )

    assert all(line.isprintable() for line in outcome(render).split("\n"))


def rendered_by(text: str) -> tuple[int, set[str]]:
    """Return render's exit code, and everything that it wrote below the current folder."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("sidecar.yaml").write_text(text, encoding="utf-8")
        code = main(["render", "--file", "sidecar.yaml", "--out", "here/out"])
        return code, {str(path) for path in Path().rglob("*")} - {"sidecar.yaml"}


@cache
def usual() -> set[str]:
    """Return what the smallest specs write, with the stand-in and without, and for Prometheus."""
    smallest = ("region: local", "region: cn-shanghai\nmonitoring: true")
    return {path for text in smallest for path in rendered_by(text)[1]}


@cases(0.01)
@given(specs().map(flow) | mutated())
def test_render_writes_only_into_its_folder(turn: int, text: str) -> None:
    """The same files as the smallest spec's: a spec names no file; on an error there is none."""
    code, written = rendered_by(text)

    assert code in (0, 1)
    assert written <= usual()
    assert code == 0 or not written
