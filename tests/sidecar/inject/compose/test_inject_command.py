"""`sidecar inject` on Compose files: what it writes, refuses and takes back."""

import json

import pytest
import yaml
from _require import lack

from sidecar.engine.compose import find_compose, stack_files
from sidecar.errors import SidecarError
from sidecar.existing.compose.interpolation import env_file_values

OVERLAY = "docker-compose.tracing.yml"
FILE = "docker-compose.yml"
STACK = """\
services:
  web:
    image: registry.example.com/web:1
    environment: {JAEGER_AGENT_HOST: agent}
  db: {image: "postgres:16"}
"""
CANARY = "canary3@0123456789abcde_canary3@53df7ad2afe8301"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder of a stack, which is the current one."""
    (tmp_path / FILE).write_text(STACK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def needs_compose():
    """Skip without Compose."""
    try:
        find_compose()
    except SidecarError as error:
        lack("docker", str(error))


COLLECTED = """\
region: local
agent: {kind: collector}
"""
CROWDED = f"""\
{STACK}\
  sidecar-queues: {{image: "redis:7"}}
  sidecar-forwarder: {{image: "redis:7"}}
volumes: {{web-agent-queue: {{}}}}
configs: {{web-agent: {{file: ./{FILE}}}}}
"""


def files(folder):
    """Return the bytes of each file below a folder."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


# Collectors -----------------------------------------------------------------------------------


def test_an_overlay_of_collectors_takes_names_that_are_free(folder, run):
    """Compose would merge a service, a volume or a config that has a name of the user's."""
    (folder / FILE).write_text(CROWDED)
    (folder / "sidecar.yaml").write_text(COLLECTED)

    done = run("inject", FILE, "--file", "sidecar.yaml")
    text = (folder / OVERLAY).read_text()
    untagged = yaml.safe_load(text.replace("!override", "").replace("!reset", ""))

    assert 0 == done.code, done.err
    kits = {"web-agent", "tracing-queues", "tracing-forwarder", "tracing-gateway"}
    assert {"web", *kits} == untagged["services"].keys()
    assert "tracing-forwarder:" in (folder / "collectors" / "web-agent.yaml").read_text()
    assert {"web-agent-tracing-queue"} == untagged["volumes"].keys()
    assert {"web-agent-tracing-config"} == untagged["configs"].keys()
    assert "tracing-queues" in untagged["services"]["web-agent"]["depends_on"]


def test_a_collector_in_the_hosts_network_listens_on_loopback(folder, run):
    """Its ports are the host's there."""
    web = "{image: example.com/web:1, network_mode: host, environment: {JAEGER_TAGS: a=b}}"
    (folder / FILE).write_text(f"services: {{web: {web}}}\n")
    (folder / "sidecar.yaml").write_text(COLLECTED.replace("local", "cn-shanghai"))

    done = run("inject", FILE, "--file", "sidecar.yaml", "--service", "web")
    text = (folder / "collectors" / "web-agent.yaml").read_text()

    assert 0 == done.code, done.err
    assert "0.0.0.0" not in text
    assert "127.0.0.1:6831" in text


@pytest.mark.parametrize(
    ("port", "code"), [("6831:80", 0), ("6831:80/udp", 1), ("14271:80", 1), ("14271:80/udp", 0)]
)
def test_a_port_of_the_host_is_taken_for_one_protocol(folder, run, port, code):
    """What another service publishes over TCP leaves the same port over UDP free."""
    web = "{image: example.com/web:1, network_mode: host, environment: {JAEGER_TAGS: a=b}}"
    other = f"{{image: example.com/other:1, ports: ['{port}']}}"
    (folder / FILE).write_text(f"services: {{web: {web}, other: {other}}}\n")
    done = run("inject", FILE, "--region", "cn-shanghai", "--service", "web")

    assert code == done.code, done.err
    assert bool(code) == ("agent-port-taken-on-host" in done.out)


def test_removal_takes_the_files_of_collectors_with_it(folder, run):
    """Configurations and the public token; a second rendering before it is not refused."""
    (folder / "sidecar.yaml").write_text(COLLECTED)
    before = files(folder)

    done = [run("inject", FILE, "--file", "sidecar.yaml") for _ in range(2)]
    during = files(folder)
    left = run("inject", FILE, "--remove")

    assert [0, 0, 0] == [each.code for each in (*done, left)], left.err
    assert {OVERLAY, "collectors/web-agent.yaml", "local-agent.yaml", "local-forwarder/token"} == (
        during.keys() - before.keys()
    )
    assert before == files(folder)
    assert {FILE, "sidecar.yaml"} == {path.name for path in folder.iterdir()}


# Activating and removing ----------------------------------------------------------------------


def test_activated_and_removed_leaves_nothing(folder, run):
    """--activate names the overlay in .env, and --remove takes all of it back."""
    before = files(folder)

    run("inject", FILE, "--region", "local", "--activate")
    during = files(folder)
    done = run("inject", "--remove")

    assert during[".env"].endswith(f"\nCOMPOSE_FILE={FILE}:{OVERLAY}\n".encode())
    assert {OVERLAY, ".env", "local-agent.yaml"} == during.keys() - before.keys()
    assert 0 == done.code, done.err
    assert before == files(folder)


def test_the_rest_of_an_env_file_stays(folder, run):
    """Other lines of .env stay byte for byte, and a list of files gets its last entry back."""
    (folder / "extra.yml").write_text("services: {web: {networks: [lab]}}\nnetworks: {lab: {}}\n")
    own = f"# mine\nA='b'\nCOMPOSE_FILE={FILE}:extra.yml\nC=d\n"
    (folder / ".env").write_text(own)
    before = files(folder)

    run("inject", "--region", "cn-shanghai", "--activate")
    during = (folder / ".env").read_text()
    run("inject", "--remove")

    assert during.startswith(own)
    assert during.endswith(f"\nCOMPOSE_FILE={FILE}:extra.yml:{OVERLAY}\n")
    assert before == files(folder)


@pytest.mark.parametrize(
    "own",
    [
        f'COMPOSE_FILE="{FILE}" # mine\n',
        f"\ufeffexport COMPOSE_FILE={FILE}\r\nA=b\r\n",
        f"COMPOSE_PATH_SEPARATOR=','\nCOMPOSE_FILE='{FILE}'\nX=",
        f"F={FILE}\nCOMPOSE_FILE=${{F}}\n",
        "COMPOSE_FILE=\n",
        "A=1",
    ],
)
def test_removal_gives_an_env_file_back_byte_for_byte(folder, run, own):
    """Quotes, comments, line ends and variables of the user's lines are not the kit's to change."""
    (folder / ".env").write_bytes(own.encode())
    before = files(folder)

    done = run("inject", "--region", "cn-shanghai", "--activate")
    named = env_file_values(folder / ".env")["COMPOSE_FILE"]
    run("inject", "--remove")

    assert (0, True) == (done.code, named.endswith(OVERLAY)), done.err
    assert before == files(folder)


def test_an_overlay_that_the_user_named_is_taken_out_of_the_line(folder, run):
    """The other names of the line stay."""
    (folder / "extra.yml").write_text("services: {web: {restart: always}}\n")
    (folder / ".env").write_text(f"COMPOSE_FILE={FILE}:extra.yml:{OVERLAY}\n")
    run("inject", FILE, "extra.yml", "--region", "cn-shanghai", "--activate")
    run("inject", "--remove")

    assert f"COMPOSE_FILE={FILE}:extra.yml\n" == (folder / ".env").read_text()


def test_an_active_overlay_is_no_part_of_the_stack(folder, run):
    """A second run reads what the user wrote, and writes the same overlay over it."""
    run("inject", "--region", "cn-shanghai", "--activate")
    once = files(folder)

    run("inject", "--region", "cn-shanghai", "--activate")

    assert once == files(folder)


def test_an_override_is_read_by_itself(folder, run):
    """--as-override writes the file that Compose reads, and a next run finds it."""
    run("inject", FILE, "--region", "cn-shanghai", "--as-override")
    done = run("inject", FILE, "--region", "cn-shanghai")
    removed = run("inject", "--remove")

    assert "  docker compose up --detach --wait\n" in done.out
    assert 0 == removed.code, removed.err
    assert [FILE] == list(files(folder))


def test_an_override_of_the_user_is_not_replaced(folder, run):
    """--as-override is refused where an override exists, under whichever of its names."""
    (folder / "compose.override.yaml").write_text("services: {web: {restart: always}}\n")
    before = files(folder)

    done = run("inject", FILE, "--region", "cn-shanghai", "--as-override")

    assert (1, "sidecar: compose.override.yaml: is an override of yours. Use --activate\n") == (
        done.code,
        done.err,
    )
    assert before == files(folder)


def test_an_overlay_of_somebody_else_is_refused(folder, run):
    """A file of the overlay's name that the kit did not write stays, and is not removed."""
    (folder / OVERLAY).write_text("services: {}\n")
    before = files(folder)

    written = run("inject", FILE, "--region", "cn-shanghai")
    removed = run("inject", "--remove")

    assert (1, 1) == (written.code, removed.code)
    assert f"{OVERLAY}: was not written by sidecar" in written.err
    assert f"{OVERLAY}: was not written by sidecar" in removed.err
    assert before == files(folder)


def test_the_kit_runs_compose_on_the_user_s_files_and_the_overlay(folder, run):
    """Verify and its like read the files that the overlay says it is for, with it, in order."""
    before = stack_files(folder)
    run("inject", FILE, "--region", "cn-shanghai")

    assert [folder / FILE] == before
    assert [folder / FILE, folder / OVERLAY] == stack_files(folder)


# What is printed ------------------------------------------------------------------------------


def test_nothing_recognised_is_a_table_in_json_too(folder, run):
    """Without a traced service, JSON has the verdicts, the findings, and no overlay; exit 1."""
    (folder / FILE).write_text("services: {web: {image: 'web:1'}, db: {image: 'postgres:16'}}\n")

    done = run("inject", FILE, "--region", "cn-shanghai", "--output", "json")
    report = json.loads(done.out)

    assert (1, False, "") == (done.code, report["written"], report["overlay"])
    assert {"web": "no sign of a tracer", "db": "database"} == {
        row["service"]: row["why"] for row in report["services"]
    }
    assert "no-traced-service" in {finding["id"] for finding in report["findings"]}
    assert not (folder / OVERLAY).exists()


def test_json_has_the_overlay_and_what_was_compared(folder, run, needs_compose):
    """JSON has the overlay's text, the services, what was compared, and the next commands."""
    done = run("inject", FILE, "--region", "cn-shanghai", "--output", "json")
    report = json.loads(done.out)

    assert (folder / OVERLAY).read_text() == report["overlay"]
    assert {"services": 2, "agents": 1} == report["compared"]
    assert "sidecar token set --out ." == report["next"][0]


def test_a_dry_run_prints_the_overlay_alone(folder, run):
    """--dry-run prints what would be written to standard output, and the table elsewhere."""
    done = run("inject", FILE, "--region", "cn-shanghai", "--dry-run")
    run("inject", FILE, "--region", "cn-shanghai")

    assert (folder / OVERLAY).read_text() == done.out
    assert "SERVICE" in done.err


def test_a_difference_is_exit_code_1(folder, run):
    """--diff shows what a run would change, and writes nothing."""
    before = files(folder)

    done = run("inject", FILE, "--region", "cn-shanghai", "--diff")

    assert 1 == done.code
    assert "+  web-agent:\n" in done.out
    assert before == files(folder)


def test_a_token_of_an_old_agent_is_shown_nowhere(folder, run):
    """No output and no file of a run holds the token of an agent that gives way."""
    agent = f"""
  agent:
    image: jaegertracing/jaeger-agent:1.62.0
    command: --reporter.grpc.host-port=x:1883 --agent.tags=Authentication={CANARY}
    labels: {{"a": "{CANARY}"}}
"""
    (folder / FILE).write_text(STACK + agent)

    outputs = [
        run("inject", FILE, "--region", "cn-shanghai", *options)
        for options in ((), ("--output", "json"), ("--diff",), ("--dry-run",), ("--service", "x"))
    ]

    assert "canary3" not in f"{outputs}"
    assert b"canary3" not in files(folder)[OVERLAY]


# Bad input ------------------------------------------------------------------------------------

LEVELS = [
    f"x-{one}: &{one} [{', '.join([f'*{below}'] * 9)}]\n" for below, one in ("ab", "bc", "cd", "de")
]
BOMB = "".join(["x-a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n", *LEVELS, "x-f: [*e, *e]\n", STACK])
BAD = {
    "services:\n  web:\n\timage: x\n": "docker-compose.yml:3: is not YAML",
    "services:\n  web: {image: a}\n  web: {image: b}\n": "docker-compose.yml:3: the key 'web' is",
    "services: {web: [}\n": "docker-compose.yml:1: is not YAML",
    "services:\n  web: {{ .Values.web }}\n": "docker-compose.yml:2",
    "services:\n": "docker-compose.yml:1: services: is not a map",
    "services: {web: nothing}\n": "docker-compose.yml:1: services.web: is not a map",
    "services: {}\n" + "# x\n" * 300_000: "docker-compose.yml: is larger than 1 MiB",
    BOMB: "holds more than 100,000 values",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_bad_input_has_a_place_and_changes_nothing(text, folder, run):
    """What cannot be read is refused with FILE:LINE, and nothing is written."""
    (folder / FILE).write_text(text)
    before = files(folder)

    done = run("inject", FILE, "--region", "cn-shanghai", "--service", "web")

    assert 1 == done.code
    assert BAD[text] in done.err
    assert before == files(folder)


def test_what_compose_refuses_is_refused(folder, run, needs_compose):
    """A file that Compose itself refuses gets no overlay, and Compose's reason is shown."""
    (folder / FILE).write_text(f"{STACK}  other: {{image: a, ports: ['x:y']}}\n")

    done = run("inject", FILE, "--region", "cn-shanghai")

    assert 1 == done.code
    assert "docker-compose.yml: Compose refuses it: " in done.err
    assert [FILE] == list(files(folder))


@pytest.mark.parametrize("flag", ["--service", "--not", "--replace"])
def test_an_unknown_service_is_refused_with_the_nearest(flag, folder, run):
    """A name that no service has is refused, and a similar one is named."""
    done = run("inject", FILE, "--region", "cn-shanghai", flag, "wbe")

    assert 1 == done.code
    assert "service 'wbe': is not in the file. Did you mean web?" in done.err


def test_a_flag_for_manifests_is_refused(folder, run):
    """A flag that means nothing for a Compose file is an error of usage."""
    done = run("inject", FILE, "--region", "cn-shanghai", "--in-place")

    assert (2, "sidecar: --in-place: means nothing for a Compose file. ") == (
        done.code,
        done.err.partition("See")[0],
    )


def test_replace_without_a_name_is_for_manifests(folder, run):
    """A Compose file may have backends that must stay."""
    done = run("inject", FILE, "--region", "cn-shanghai", "--replace")

    assert (2, "sidecar: --replace: needs a name for a Compose file. ") == (
        done.code,
        done.err.partition("Name")[0],
    )


def test_without_compose_it_is_said(folder, run, monkeypatch):
    """Without Compose the overlay is written, and a finding says that nothing was compared."""
    monkeypatch.setenv("PATH", str(folder))

    done = run("inject", FILE, "--region", "cn-shanghai")

    assert 0 == done.code
    assert "[not-compared]" in done.out
    assert (folder / OVERLAY).is_file()
