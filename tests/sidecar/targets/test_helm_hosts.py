"""Host names that only Compose resolves are named, and nothing that only looks like one."""

from __future__ import annotations

import pytest
from helm_charts import plan_of

from sidecar.checks.charts import check_chart
from sidecar.spec import Service, Spec
from sidecar.spec.load import load
from sidecar.targets.helm.differences import differences

RULE = "chart-keeps-compose-host"


def found(environment=None, **given) -> list[str]:
    """Return the subjects of the findings about a stack of web and api."""
    web = Service("web", "web:1", port=8000, environment=environment or {}, **given)
    api = Service("api", "api:1", port=9000, ports={"grpc": 9090})
    plan = plan_of(Spec("eu-central-1", services=(web, api)))
    return [each.subject for each in differences(plan) if each.id == RULE]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", "web,localhost"),
        ("ALLOWED_HOSTS", "localhost web"),
        ("allowedHosts", '["localhost", "web"]'),
        ("NO_PROXY", "localhost,127.0.0.1,api"),
        ("TRUSTED_PROXIES", "api"),
        ("FORWARDED_ALLOW_IPS", "api"),
        ("SERVER_NAME", "web"),
        ("API_HOST", "api"),
        ("CORS_ORIGINS", "http://web"),
        ("CORS_ORIGIN_WHITELIST", "https://example.com,http://web:8000"),
        ("BOOTSTRAP_SERVERS", "api:9092,api:9093"),
        ("ANYTHING", "amqp://user:word@api:5672/queue"),
        ("ANYTHING", "mongodb://one:1,api:2/db"),
        ("ANYTHING", "web:8000,api:9090"),
    ],
)
def test_a_host_of_compose_is_named(name, value) -> None:
    """In a variable whose name says so, in a URL, and with a port that the service has."""
    assert [f"services.web.environment.{name}"] == found({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODE", "web"),
        ("SERVICE_NAME", "web"),
        ("CELERY_QUEUES", "web"),
        ("QUEUES", "web:2,api:1"),
        ("ROLES", "web,api"),
        ("MODULE", "web:app"),
        ("DESCRIPTION", "the web and the api"),
        ("BUCKET_URL", "s3://web/assets"),
        ("ALLOWED_HOSTS", "web.example.com,.web.local"),
        ("CORS_ORIGINS", "https://api.example.com"),
        ("CORS_ORIGINS", "http://localhost/web"),
        ("API", "http://api:9000/v1"),
        ("GRPC", "api:9090"),
        ("HOST", "0.0.0.0"),
    ],
)
def test_what_is_no_host_is_not_named(name, value) -> None:
    """A name by itself may be a mode or a queue; the last ones are addresses, which follow."""
    assert [] == found({name: value})


def test_a_command_is_read_for_addresses() -> None:
    """What its other words mean is not known."""
    words = ("sh", "-c", "wait-for api:9000 -- serve")

    assert ["services.web.command"] == found(command=words)
    assert [] == found(command=("serve", "web", "--name=api"))


def test_what_the_cluster_is_given_instead_is_no_finding() -> None:
    """`kubernetes.env` wins over `environment`."""
    own = {"env": [{"name": "NO_PROXY", "value": "demo-api"}]}

    assert [] == found({"NO_PROXY": "api"}, kubernetes=own)


def test_a_finding_has_its_line(tmp_path) -> None:
    """That of the variable; a service's other differences have that of the service."""
    spec = tmp_path / "sidecar.yaml"
    spec.write_text(
        "region: eu-central-1\nservices:\n  - name: web\n    image: web:1\n"
        "    environment:\n      NO_PROXY: web\n"
    )
    loaded = load([spec])
    places = {each.id: each.place for each in check_chart(plan_of(loaded.spec), loaded)}

    assert (f"{spec}:6", f"{spec}:3") == (places[RULE], places["no-memory-limit"])
