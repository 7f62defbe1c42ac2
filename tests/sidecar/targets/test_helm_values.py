"""The Helm target without helm: values, schema and README from one table, and the overlay."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import jsonschema
import pytest
import yaml
from helm_charts import CHART, CI, plan_of, written
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar import rendering
from sidecar.checkout import find_checkout
from sidecar.errors import SidecarError
from sidecar.spec import (
    AgentSettings,
    Build,
    Capacity,
    HealthCheck,
    ImageSettings,
    Publish,
    Resources,
    Service,
    Spec,
    Volume,
)
from sidecar.targets import helm
from sidecar.targets.helm import chart
from sidecar.targets.helm.differences import differences
from sidecar.targets.helm.keys import KEYS, MAPS
from sidecar.targets.helm.values import difference, literal, values_of

LOCAL = plan_of(Spec("local"), ".")
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SERVICES = (
    Service(
        "web",
        "team/web:1",
        port=8000,
        replicas=2,
        environment={"A": "$(B) $$ $c", "API": "http://api:9000/v1"},
    ),
    Service(
        "api", build=Build("./api"), port=9000, health=HealthCheck(command=("check",), interval_s=7)
    ),
    Service(
        "worker",
        "team/worker:1",
        resources=Resources(512, 0.5),
        env_files=("a.env",),
        volumes=(Volume("d", "/d"),),
    ),
)


def service_values(*services: Service, name: str = "web"):
    """Return what the chart gets for one of some services."""
    return values_of(plan_of(Spec("eu-central-1", services=services)))["services"][name]


def merged(base, changes):
    """Return what Helm makes of values and an overlay."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key)
        else:
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], value) if both else value
    return result


def test_the_committed_chart_is_a_fresh_render() -> None:
    """`helm install demo ./helm` in a clone installs what the code renders today."""
    rendered = helm.render(LOCAL)

    assert {f"helm/{name}" for name in chart.RENDERED} == set(rendered)
    for name, text in rendered.items():
        assert text == (find_checkout() / name).read_text()


def test_every_key_of_the_values_stands_in_the_table_in_its_order() -> None:
    """The table is the values' one source."""

    def paths(values, above=""):
        for key, value in values.items():
            path = f"{above}{key}"
            whole = path in {key.path for key in KEYS}
            yield from [path] if whole else paths(value, f"{path}.")

    assert [key.path for key in KEYS] == list(paths(VALUES))


def test_values_yaml_explains_every_key() -> None:
    """Each key has its line of the table as the comment above it."""
    text = re.sub(r"\n *# +", " ", (CHART / "values.yaml").read_text())

    for key in KEYS:
        assert key.doc in text


def test_the_readmes_table_equals_the_schema() -> None:
    """Key, default and meaning of every row, for the chart and for each kind of workload."""
    text = (CHART / "README.md").read_text()

    def leaf(path):
        found = SCHEMA
        for key in path.split("."):
            found = found["properties"][key]
        return found

    rows = re.findall(r"^\| `([^`]+)` \| (.+) \| ([^|]+) \|$", text, re.MULTILINE)
    assert [key.path for key in KEYS] == [path for path, _, _ in rows]
    for path, default, meaning in rows:
        assert meaning == leaf(path)["description"]
        assert path == "services" or leaf(path)["default"] == yaml.safe_load(default.strip("`"))
    for name in MAPS:
        table = text.partition(f"### Each of `{name}`")[2].partition("###")[0]
        keys = next(iter(SCHEMA["properties"][name]["patternProperties"].values()))["properties"]
        expected = [(key, described["description"]) for key, described in keys.items()]
        assert expected == re.findall(r"^\| `([^`]+)` \| (.+) \|$", table, re.MULTILINE)


def test_the_schema_is_one_and_takes_the_charts_own_values() -> None:
    """Valid JSON Schema; values.yaml and every values file under ci/ pass it."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(VALUES, SCHEMA)
    for path in CI:
        jsonschema.validate(merged(VALUES, yaml.safe_load(path.read_text())), SCHEMA)


def test_the_schema_is_closed() -> None:
    """No object of the chart's own takes an unknown key; `global` is shared with a parent chart."""

    def own(schema, path):
        for key, inner in schema.get("properties", {}).items():
            if "properties" in inner:
                yield f"{path}{key}", inner["additionalProperties"]
                yield from own(inner, f"{path}{key}.")

    assert SCHEMA["additionalProperties"] is False
    assert {"global"} == {path for path, is_open in own(SCHEMA, "") if is_open is not False}


@pytest.mark.parametrize(
    "spec",
    [
        Spec("eu-central-1"),
        Spec("cn-shenzhen", services=SERVICES),
        Spec("local", services=SERVICES[1:]),
        Spec(
            "us-east-1",
            agent=AgentSettings(version="1.20.0", image="mirror.example.com/agent:1"),
            capacity=Capacity(9000, 300),
        ),
    ],
    ids=["region", "services", "local-services", "agent"],
)
def test_the_overlay_on_the_released_values_gives_the_charts_own(spec: Spec, tmp_path) -> None:
    """A GitOps team that pins chart and overlay gets the values of the complete chart."""
    folder = written(plan_of(spec), tmp_path)
    values = merged(VALUES, yaml.safe_load((tmp_path / "values.yaml").read_text()))
    jsonschema.validate(values, SCHEMA)
    values["services"] = {
        name: one for name, one in values["services"].items() if one.get("enabled", True)
    }

    assert yaml.safe_load((folder / "values.yaml").read_text()) == values


def test_the_overlay_of_a_region_is_short() -> None:
    """It holds differences only."""
    overlay = yaml.safe_load(
        helm.render(
            plan_of(
                Spec(
                    "eu-central-1",
                )
            )
        )["values.yaml"]
    )

    expected = {
        "region": "eu-central-1",
        "gateway": {"host": "tracing-analysis-dc-frankfurt.aliyuncs.com"},
        "existingSecret": "tracing",
        "images": {"agent": "jaegertracing/jaeger-agent"},
        "standIn": {"enabled": False},
    }
    assert expected == overlay


def test_a_rendering_holds_the_whole_chart() -> None:
    """Every file under helm/ but the values for CI, and the same twice."""
    rendered = helm.render(plan_of(Spec("eu-central-1")))
    own = [path.relative_to(CHART) for path in CHART.rglob("*") if path.is_file()]

    assert {"values.yaml", *(f"helm/{name}" for name in own if name.parts[0] != "ci")} == set(
        rendered
    )
    assert rendered == helm.render(plan_of(Spec("eu-central-1")))


def test_no_rendering_holds_a_token() -> None:
    """The stand-in's public constant is the only one that the chart knows."""
    texts = helm.render(plan_of(Spec("eu-central-1")))

    assert {"helm/templates/_token.tpl"} == {
        name for name, text in texts.items() if "Authentication=%s" in text
    }
    assert {"helm/templates/_token.tpl"} == {
        name for name, text in texts.items() if "@public-constant" in text
    }
    assert [] == [name for name, text in texts.items() if re.search(r"Authentication=\w", text)]


def test_an_address_of_another_service_becomes_a_peer() -> None:
    """Names of Services begin with the release's, so the chart makes the address."""
    web = service_values(*SERVICES)

    assert {"API": {"service": "api", "path": "/v1"}} == web["peers"]
    assert {"A": "$$(B) $$$ $c"} == web["env"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("$(A)", "$$(A)"), ("$$", "$$$"), ("$A ${B} $", "$A ${B} $"), ("$$(A)", "$$$$(A)")],
)
def test_kubernetes_hands_on_a_literal_as_it_was(text: str, expected: str) -> None:
    """`$(A)` would be a variable, `$$` a single dollar."""

    def as_kubernetes(value):
        return re.sub(
            r"\$(\$|\(\w+\))", lambda found: "$" if found[1] == "$" else "EXPANDED", value
        )

    assert expected == literal(text)
    assert text == as_kubernetes(literal(text))


def test_what_a_cluster_has_not_is_said_in_the_overlay() -> None:
    """Files of a host and images built here do not go along; each container has a limit."""
    plan = plan_of(Spec("eu-central-1", services=SERVICES))
    comments = re.sub(r"\n# ", " ", helm.render(plan)["values.yaml"].partition("region:")[0])

    findings = [str(finding) for finding in differences(plan)]
    push = "Push it as services-eu-central-1-api, or name another"
    unlimited = (
        "has no memory limit; the chart gives 512 MiB. Set resources in the spec, or in the values"
    )
    mount = "Use kubernetes.volumes and kubernetes.volumeMounts"
    assert findings == [
        f"services.web: {unlimited}",
        f"services.api: a chart does not build its image. {push}",
        f"services.api: {unlimited}",
        "services.worker: env_files (./a.env) stay on the host. Use kubernetes.envFrom",
        f"services.worker: volumes (/d) stay on the host. {mount}",
    ]
    assert all(finding in comments for finding in findings)


def test_health_replicas_and_limits_follow_the_spec() -> None:
    """What the plan says of a service is in the chart's values."""
    api, worker = (service_values(*SERVICES, name=name) for name in ("api", "worker"))
    timing = {"intervalSeconds": 7, "timeoutSeconds": 3, "retries": 5, "startSeconds": 30}

    assert 2 == service_values(*SERVICES)["replicas"]
    assert {"command": ["check"], **timing} == api["health"]
    assert {"cpu": "500m", "memory": "512Mi"} == worker["resources"]["limits"]
    assert "port" not in worker


def test_each_replica_has_an_agent_of_its_own() -> None:
    """The agents are sized for one replica, however many there are."""
    one, five = (
        values_of(plan_of(Spec("eu-central-1", services=(replace(SERVICES[0], replicas=count),))))
        for count in (1, 5)
    )

    assert one["agent"] == five["agent"]


@pytest.mark.parametrize(
    ("spec", "image"),
    [
        (Spec("local"), "sidecar-kit/jaeger-agent"),
        (Spec("eu-central-1"), "jaegertracing/jaeger-agent"),
        (Spec("eu-central-1", images=ImageSettings(source="build")), "sidecar-kit/jaeger-agent"),
        (
            Spec("eu-central-1", images=ImageSettings(prefix="hub:5000/x")),
            "hub:5000/x/jaegertracing/jaeger-agent",
        ),
        (Spec("eu-central-1", agent=AgentSettings(image="own/agent:7")), "own/agent:7"),
    ],
)
def test_the_agents_image_is_what_its_cluster_can_have(spec: Spec, image: str) -> None:
    """Built for the stand-in or on request, else official; a user's own keeps its tag."""
    assert image == values_of(plan_of(spec))["images"]["agent"]


def test_difference_removes_adds_and_changes() -> None:
    """Null is how Helm removes a key."""
    base = {"a": 1, "b": {"c": 1, "d": 2}, "e": {"f": 1}}

    assert {"a": None, "b": {"c": 3}, "g": 1} == difference(
        {"b": {"c": 3, "d": 2}, "e": {"f": 1}, "g": 1}, base
    )


def test_a_chart_by_another_hand_is_not_touched(tmp_path) -> None:
    """Chart.yaml says whose a chart is."""
    files = helm.render(plan_of(Spec("eu-central-1")))
    (tmp_path / "helm").mkdir()
    (tmp_path / "helm" / "README.md").write_text("# mine\n")

    with pytest.raises(SidecarError, match="was not written by sidecar"):
        rendering.write(files, tmp_path)


def test_a_chart_of_the_kits_is_rendered_again(tmp_path) -> None:
    """JSON and templates have no header of their own."""
    files = helm.render(plan_of(Spec("eu-central-1")))
    rendering.write(files, tmp_path)
    (tmp_path / "helm" / "values.schema.json").write_text("{}")
    rendering.write(files, tmp_path)

    assert "" == rendering.diff(files, tmp_path)


def test_an_installation_without_the_chart_says_so(monkeypatch, tmp_path) -> None:
    """A known error, not a traceback."""
    monkeypatch.setattr(chart, "find_checkout", lambda: None)
    monkeypatch.setattr(chart, "_PACKAGED", tmp_path)

    with pytest.raises(SidecarError, match="does not contain the chart's templates"):
        chart.folder()


def test_a_publish_is_the_hosts_business() -> None:
    """A cluster shows a service by an Ingress of its own."""
    web = replace(SERVICES[0], replicas=1, publish=Publish(8088))
    ids = [finding.id for finding in differences(plan_of(Spec("eu-central-1", services=(web,))))]

    assert "publish" not in service_values(web)
    assert "chart-publishes-no-port" in ids


def test_the_documented_values_are_there() -> None:
    """Each key that docs/helm.md recommends is one of the table's."""
    section = (
        (CHART.parent / "docs" / "helm.md")
        .read_text()
        .partition("## Which values")[2]
        .partition("\n## ")[0]
    )
    named = re.findall(r"^[0-9]+\. `([^`]+)`", section, re.MULTILINE)
    known = [
        *(key.path for key in KEYS),
        *(f"services.<name>.{key.path}" for key in MAPS["services"]),
    ]

    assert 14 == len(named)
    assert [] == [
        path
        for path in named
        if not any(one == path or one.startswith(f"{path}.") for one in known)
    ]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
DATA = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none() | st.lists(TEXTS, max_size=3),
    lambda inner: st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(DATA)
def test_no_text_changes_the_structure_of_the_values(data) -> None:
    """What is written as a block is read as it was, whatever its keys and texts."""
    assert {"key": data} == yaml.safe_load(f"key:{helm.block(data)}\n")
