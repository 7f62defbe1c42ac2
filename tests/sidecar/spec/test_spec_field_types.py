"""Names, hosts, images, ports and texts of a spec: what is accepted, and the usual mistakes."""

from __future__ import annotations

import pytest

from sidecar.spec import Publish


@pytest.mark.parametrize("name", ["Web", "1web", "-web", "web-", "web_1", "x-web", "x-", "web.1"])
def test_a_name_must_be_a_host_name(error_of, name: str) -> None:
    """A service and its agent are reached by their names."""
    text = f"services: [{{name: {name}, image: i, port: 1}}]"

    assert (
        "is not a name. Use at most 57 of a-z, 0-9 and -, beginning with a letter, but not with x-"
        in error_of(text)
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Shop", "'Shop' has uppercase letters. Compose accepts lowercase letters only"),
        (
            "-shop",
            (
                "'-shop' is not a Compose project name. Use at most 63 of a-z, 0-9, _ and -, "
                "beginning with a letter or digit"
            ),
        ),
        ("'my shop'", "'my shop' contains a space or a line break. Remove it"),
        ("shop.1", "'shop.1' is not a Compose project name"),
        (
            "'${SHOP}'",
            "'${SHOP}' contains a variable, and a spec expands none. Write the value itself",
        ),
        ("a" * 64, "is longer than 63 characters. Shorten it"),
        ("''", "'' is not a Compose project name"),
    ],
)
def test_the_projects_name_is_one_that_compose_accepts(error_of, name: str, message: str) -> None:
    """What Compose would refuse at the start is refused here, with a fix."""
    assert message in error_of(f"name: {name}")


@pytest.mark.parametrize("name", ["shop", "0_a-", "a" * 63])
def test_a_projects_name_that_compose_accepts_is_accepted(spec_of, name: str) -> None:
    """Up to 63 characters."""
    assert name == spec_of(f"name: {name}").name


def test_the_longest_name_is_accepted(spec_of) -> None:
    """57 characters, and six more for the agent's suffix."""
    assert 1 == len(spec_of(f"services: [{{name: {'a' * 57}, image: i, port: 1}}]").services)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            r'"x\"\n privileged: true"',
            r"""'x"\n privileged: true' contains a space or a line break. Remove it""",
        ),
        (
            "'{{ x }}'",
            (
                "'{{ x }}' contains template braces, and a spec expands nothing. Write the value "
                "itself"
            ),
        ),
        (
            "'${VAR}'",
            "'${VAR}' contains a variable, and a spec expands none. Write the value itself",
        ),
        ("wéb", "'wéb' contains letters outside ASCII. Use a-z, 0-9 and -"),
        (
            "a" * 58,
            "is longer than 57 characters. Shorten it: with -agent it is its agent's host name",
        ),
        ("null", "has no value. Give a name, or remove the key"),
        (
            "''",
            (
                "'' is not a name. Use at most 57 of a-z, 0-9 and -, beginning with a letter, but "
                "not with x-"
            ),
        ),
        ("abc@1_abc@2f", "what looks like a token is not a name"),
    ],
)
def test_each_way_to_misname_a_service_has_its_own_words(error_of, name: str, message: str) -> None:
    """What would break out of a document is refused by name, on one line."""
    error = error_of(f"services: [{{name: {name}, image: i}}]")

    assert error.startswith("sidecar.yaml:1: services[0].name: ")
    assert message in error
    assert 1 == len(error.splitlines())


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("http://gw.example.com", "'http://gw.example.com' has a scheme. Give only the host"),
        ("gw.example.com:1883", "has a port. Give only the host; the port is gateway.port"),
        ("'[::1]:1883'", "has a port. Give only the host; the port is gateway.port"),
        ("gw example", "contains a space or a line break"),
        ("gw.example.com/x", "has a path. Give only the host"),
        (
            "g\u0430teway.example.com",
            "contains letters outside ASCII, which can look like others. Write it in ASCII",
        ),
        ("'::1'", 'is an IPv6 address without brackets. Write it as "[2001:db8::1]", in quotes'),
        ("2001:db8::1", "is an IPv6 address without brackets"),
        ("'[12345::1]'", "is not an address"),
        ("1.2.3", "'1.2.3' is not an address"),
        ("999.1.1.1", "is not an address"),
        ("0x7f.1", "is not an address"),
        (
            "a..b",
            "is not a host name or address. Give one such as gateway.example.com, 192.0.2.1 or",
        ),
        ("a.com.", "is not a host name or address"),
        ("a_b", "is not a host name or address"),
        ("'$HOST'", "contains a variable"),
        (".".join(["a" * 60] * 5), "is longer than 253 characters"),
    ],
)
def test_each_way_to_miswrite_a_host_has_its_own_words(error_of, host: str, message: str) -> None:
    """A token goes to this host: nothing about it is guessed."""
    error = error_of(f"gateway: {{host: {host}}}")

    assert error.startswith("sidecar.yaml:1: gateway.host: ")
    assert message in error


@pytest.mark.parametrize(
    "text",
    [
        *(
            "no",
            "yes",
            "on",
            "y",
            "N",
            "true",
            "null",
            "~",
            "=",
            "2026-01-01",
            "2026-01-01T00:00:00Z",
        ),
        *(
            "1e3",
            "1.5e3",
            "0o777",
            "0777",
            "0123",
            "12:30:45",
            "190:20:30.15",
            "1_000",
            "0x1F",
            "0b1",
        ),
        *(".5", "+1", "-.inf", "1.62"),
    ],
)
def test_what_some_yaml_reads_as_something_else_needs_quotes(spec_of, error_of, text: str) -> None:
    """One rule for every text: refused without quotes, kept unchanged in quotes."""
    spec = "services: [{name: a, image: i, environment: {A: %s}, command: [%s]}]"
    cause = "has no value" if text in ("null", "~") else f"'{text}' is not text. Put it in quotes"

    assert 2 == error_of(spec % (text, text)).count(cause)
    quoted = spec_of(spec % (f"'{text}'", f'"{text}"')).services[0]
    assert ({"A": text}, (text,)) == (quoted.environment, quoted.command)


@pytest.mark.parametrize(
    "text",
    ["e3", "1.2.3", "1.62.0", "a:b", "0o8", "nope", "12:30:45x", "1e", "-", "v1", "127.0.0.1"],
)
def test_what_every_yaml_reads_as_text_needs_no_quotes(spec_of, text: str) -> None:
    """Quotes are needed only where they matter."""
    assert {"A": text} == spec_of(
        f"services: [{{name: a, image: i, environment: {{A: {text}}}}}]"
    ).services[0].environment


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("port: 0", "port: '0' is not a port. Give a whole number from 1 to 65535"),
        ("port: 70000", "port: '70000' is not a port. Give a whole number from 1 to 65535"),
        ("port: http", "port: 'http' is not a port. Give a whole number from 1 to 65535"),
        ("port: 8080/udp", "port: '8080/udp' is not a port. Give only the number"),
        ("port: '80'", "port: '80' is not a port. Remove the quotes"),
        (
            "port: 1, publish: 8080:80",
            "publish: '8080:80' names two ports. Give only the host's port; `port` is",
        ),
        ("port: 1, publish: 80/udp", "publish: '80/udp' names a protocol. Give only the number"),
        ("port: 1, publish: '999.0.0.1:80'", "publish: '999.0.0.1:80' is not an address"),
        (
            "port: 1, publish: 'localhost:80'",
            "publish: 'localhost:80' is not a port. Give a whole number from 1 to",
        ),
        ("publish: 80", "publish: needs the service's port. Give port"),
        (
            "port: 1, publish: 65535, replicas: 2",
            "publish: 2 replicas take ports up to 65536. Begin at a lower port",
        ),
        (
            "replicas: 0",
            "replicas: '0' is not a number of replicas. Give a whole number from 1 to 1000",
        ),
        ("build: {context: .}", "has both image and build. Keep one of them"),
        (
            "resources: {memory: 5m}",
            "resources.memory: '5m' is not between 6m, Docker's minimum, and 1024g",
        ),
        (
            "resources: {memory: 1.5g}",
            "resources.memory: '1.5g' is not a memory size. Give one such as 256m or 1g",
        ),
        (
            "resources: {cpus: 0}",
            "resources.cpus: '0' is not a number of CPUs. Give a number from 0.01 to 512",
        ),
        (
            "resources: {cpus: '1'}",
            "resources.cpus: '1' is not a number of CPUs. Give a number from 0.01 to 512, without",
        ),
        ("env_files: a.env", "env_files: is not a list. Begin each entry with `- `"),
        (
            "env_files: [~/a.env]",
            "env_files[0]: '~/a.env' begins with ~, which differs between users. Give an",
        ),
        (
            "volumes: [a/b:/c]",
            (
                "volumes[0]: 'a/b:/c' is neither a volume name nor a path that begins with ./ or "
                "/. Begin a path"
            ),
        ),
        ("volumes: [/a]", "volumes[0]: '/a' is not SOURCE:TARGET or SOURCE:TARGET:ro"),
        (
            "volumes: ['.a:/b']",
            "volumes[0]: '.a:/b' has a source that is neither a path nor a volume name",
        ),
        ("volumes: [{source: a}]", "volumes[0]: has no target. Give target"),
        (
            "volumes: [{source: a, target: b}]",
            "volumes[0].target: 'b' is not a path in the container. Give an absolute",
        ),
        (
            "volumes: [{source: a, target: /b, read_only: 'true'}]",
            "read_only: 'true' is not true or false. Write true",
        ),
        (
            "volumes: ['a:/b', {source: c, target: /b}]",
            (
                "volumes[1]: /b is the target of another volume. Mount each volume at a path of "
                "its own"
            ),
        ),
        ("health: {http: /x}", "health.http: needs the service's port. Give port"),
        ("health: {}", "health: has neither command nor http. Give one of them"),
        (
            "port: 1, health: {command: [a], http: /x}",
            "health: has both command and http. Keep one of them",
        ),
        ("port: 1, health: {http: x}", "health.http: 'x' is not a path. Give one such as /healthz"),
        (
            "sampling: {param: 0.5}",
            "sampling.param: 0.5 is not valid for const. Give 0 (no trace) or 1 (every",
        ),
        (
            "sampling: {type: probabilistic, param: 2}",
            "param: 2 is not valid for probabilistic. Give a share from",
        ),
        (
            "sampling: {type: x, param: 9}",
            "sampling.type: 'x' is not valid. Use const, probabilistic, ratelimiting or",
        ),
        (
            "sampling: {param: -1}",
            (
                "param: '-1' is not a sampler's parameter. Give a number from 0 to 1,000,000,000, "
                "without"
            ),
        ),
        ("environment: {'A=B': c}", "environment: 'A=B' contains =. Write NAME: value"),
        (
            r'environment: {"A\nB": c}',
            r"environment: 'A\nB' contains a line break. Keep the name on one line",
        ),
        ("environment: {no: c}", "environment: 'no' is not text. Put it in quotes"),
        ("environment: {A: ~}", "environment.A: has no value. Give text, or remove the key"),
    ],
)
def test_a_mistake_in_a_service_is_one_line(error_of, fields: str, message: str) -> None:
    """One field's mistake does not cause another's."""
    error = error_of(f"services: [{{name: web, image: i, {fields}}}]")

    assert message in error
    assert error.startswith("sidecar.yaml:1: services[0]")
    assert 1 == len(error.splitlines())


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("https://r.example.com/a", "has a scheme. Remove it"),
        ("team/Web:1", "has uppercase letters. Registries accept lowercase letters only"),
        ("wéb", "contains letters outside ASCII"),
        ("'{{ image }}'", "contains template braces"),
        ("'web:1:2'", "is not an image name"),
        ("'web@sha256:xyz'", "is not an image name"),
        ("'web:'", "is not an image name"),
    ],
)
def test_each_way_to_misname_an_image_has_its_own_words(error_of, image: str, message: str) -> None:
    """A reference that no engine accepts is refused before any engine is asked."""
    assert f"agent.image: '{image.strip(chr(39))}' {message}" in error_of(
        f"agent: {{image: {image}}}"
    )


@pytest.mark.parametrize(
    ("text", "mib"),
    [("256m", 256), ("1g", 1024), ("1Gi", 1024), ("512MB", 512), ("300", 300), ("'300'", 300)],
)
def test_memory_is_read_in_mib(spec_of, text: str, mib: int) -> None:
    """As Compose and Kubernetes write it; a number without a unit is MiB."""
    assert mib == spec_of(f"agent: {{resources: {{memory: {text}}}}}").agent.resources.memory_mib


@pytest.mark.parametrize(
    ("text", "publish"),
    [
        ("8080", Publish(8080, "127.0.0.1")),
        ("'8080'", Publish(8080, "127.0.0.1")),
        ("'0.0.0.0:8080'", Publish(8080, "0.0.0.0")),
        ("'[2001:DB8:0::1]:8080'", Publish(8080, "2001:db8::1")),
    ],
)
def test_a_port_is_published_on_loopback_by_default(spec_of, text: str, publish: Publish) -> None:
    """An address in front replaces it."""
    assert (
        publish
        == spec_of(f"services: [{{name: a, image: i, port: 1, publish: {text}}}]")
        .services[0]
        .publish
    )


def test_replicas_take_ports_that_no_other_service_may(error_of) -> None:
    """Three replicas from 8080 take 8080 to 8082; another address of the host is free."""
    one = "- {name: a, image: i, port: 1, publish: 8080, replicas: 3}\n"
    other = "- {name: b, image: i, port: 1, publish: '10.0.0.1:8081'}\n"
    third = "- {name: c, image: i, port: 1, publish: '0.0.0.0:8082'}\n"

    assert (
        "sidecar.yaml:4: services[2].publish: 8082 is already published. Give each service its "
        "own port [conflicting-values]"
    ) == error_of(f"services:\n{one}{other}{third}")
