"""`sidecar inject` and `sidecar uninject` for manifests: what they read, write and say."""

from __future__ import annotations

import json
import subprocess

import pytest
from manifest_inputs import FOLDER, TEMPLATE

REGION = ("--region", "cn-shanghai")
CANARY = "canary0@0f0f0f0f_canary0@1e1e1e1e"
BROKEN = "kind: Service\napiVersion: v1\n---\nkind: [Deployment\n---\nkind: Service\n"
BAD = {
    "broken YAML": (BROKEN, 5, "broken-manifest"),
    "a tab": ("apiVersion: v1\nkind: Pod\nspec:\n\tcontainers: []\n", 4, "broken-manifest"),
    "a key twice": ("apiVersion: v1\nkind: Pod\nkind: Pod\n", 3, "doubled-key"),
    "a template": ("{{ if .x }}\nkind: Pod\n{{ end }}\n", 1, "unrendered-template"),
    "a template's value": (
        "kind: Pod\nmetadata:\n  name: {{ .Values.x }}\n",
        3,
        "unrendered-template",
    ),
    "an unknown anchor": ("kind: Pod\nspec: *pod\n", 2, "broken-manifest"),
    "aliases that explode": (
        "kind: Pod\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
        + "".join(f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 10)}]\n" for i in range(1, 9)),
        None,
        "exploding-manifest",
    ),
    "a value in itself": ("kind: Pod\nspec: &a [*a]\n", 2, "exploding-manifest"),
    "deep nesting": ("kind: Pod\nspec: " + "[" * 90_000, 2, "exploding-manifest"),
    "a huge document": ("kind: Pod\nspec: " + "x" * 10_000_000, 1, "manifest-too-large"),
    "a control character": ("kind: Pod\nname: a\x07\n", 2, "broken-manifest"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_comes_back_untouched(execute, case) -> None:
    """With a message that names file, line, cause, fix and rule; the exit code is 1."""
    text, line, rule = BAD[case]
    result = execute("inject", "-", *REGION, stdin=text.encode())

    assert (1, True) == (result.code, text == result.out)
    assert f"standard input:{line or ''}" in result.err
    assert result.err.endswith(f" [{rule}]\n")
    assert 1 == len(result.err.splitlines())


def test_other_bytes_than_utf_8_come_back_untouched(start) -> None:
    """And nothing of them is shown."""
    process = start("inject", "-", *REGION, stdin=subprocess.PIPE)
    data = b"kind: Pod\napiVersion: v1\nname: \xff\n"
    out, err = process.communicate(data, timeout=30)

    assert data == out
    assert b"sidecar: standard input:3: is not UTF-8 text. Save it as UTF-8" in err


NEITHER = {"a note": b"note: not one\n", "bytes": b"\0\x01\xff", "a list": b"- one\n- two\n"}


@pytest.mark.parametrize("name", NEITHER)
@pytest.mark.parametrize("path", ["-", "input"])
def test_what_is_neither_comes_back_untouched(start, tmp_path, name, path) -> None:
    """As bad input does: what follows in a pipeline never reads half of it, or nothing."""
    (tmp_path / "input").write_bytes(NEITHER[name])
    process = start("inject", path, *REGION, stdin=subprocess.PIPE)
    out, err = process.communicate(NEITHER[name] if path == "-" else b"", timeout=30)

    assert (1, NEITHER[name]) == (process.returncode, out)
    assert b"sidecar: " in err


@pytest.mark.parametrize("flag", [["--in-place"], ["--diff"], ["--out", "changed"]])
def test_what_is_neither_is_not_printed_where_the_result_is_not(execute, tmp_path, flag) -> None:
    """Only the message tells of it."""
    (tmp_path / "input").write_bytes(NEITHER["a note"])
    result = execute("inject", "input", *REGION, *flag)

    assert (1, "") == (result.code, result.out)
    assert NEITHER["a note"] == (tmp_path / "input").read_bytes()


@pytest.fixture
def folder(tmp_path):
    """Two files with a workload each, and one with none."""
    inside = tmp_path / "manifests"
    inside.mkdir()
    (inside / "a.yaml").write_text(TEMPLATE)
    (inside / "b.yml").write_text(TEMPLATE.replace("web", "api").replace("\n", "\r\n"))
    (inside / "c.json").write_text('{"kind": "ConfigMap", "apiVersion": "v1"}')
    (inside / "notes.txt").write_text("not one")
    return inside


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_in_place_and_back(run, folder) -> None:
    """The files change, and uninject restores them; other files stay."""
    before = contents(folder)
    first = run("inject", folder, *REGION, "--in-place")
    between = contents(folder)
    second = run("uninject", folder, "--in-place")

    assert (0, "", 0, "") == (first.code, first.out, second.code, second.out)
    assert ["a.yaml", "b.yml"] == [name for name in before if before[name] != between[name]]
    assert before == contents(folder)


def test_in_place_is_whole_or_not_at_all(run, folder) -> None:
    """One file that cannot be read keeps all as they are."""
    (folder / "d.yaml").write_text("kind: [Pod\n")
    before = contents(folder)
    result = run("inject", folder, *REGION, "--in-place")

    assert (1, "") == (result.code, result.out)
    assert before == contents(folder)


def test_a_file_keeps_its_mode(run, tmp_path) -> None:
    """In-place replaces the content only."""
    path = tmp_path / "a.yaml"
    path.write_text(TEMPLATE)
    path.chmod(0o640)
    run("inject", path, *REGION, "--in-place")

    assert 0o640 == path.stat().st_mode & 0o777


def test_out_writes_another_folder(run, folder, tmp_path) -> None:
    """With the same names; the input stays."""
    before, out = contents(folder), tmp_path / "out"
    result = run("inject", folder, *REGION, "--out", out)

    assert (0, before) == (result.code, contents(folder))
    assert ["a.yaml", "b.yml", "c.json"] == list(contents(out))
    assert b"jaeger-agent" in contents(out)["a.yaml"]


def test_a_folder_becomes_one_stream(capfdbinary, folder) -> None:
    """On standard output, the files are documents of one stream."""
    from sidecar.cli import main  # noqa: PLC0415 - prints into what is captured here

    main(["inject", str(folder), *REGION])
    out = capfdbinary.readouterr().out

    assert 2 == out.count(b"\n---\n")
    assert 2 == out.count(b"initContainers:")


def test_diff_and_dry_run_write_nothing(run, folder) -> None:
    """Diff exits 1 where something would change."""
    before = contents(folder)
    diff = run("inject", folder, *REGION, "--in-place", "--diff")
    dry = run("inject", folder, *REGION, "--in-place", "--dry-run")

    assert (1, 0) == (diff.code, dry.code)
    assert "+      - name: jaeger-agent" in diff.out
    assert before == contents(folder)


def test_the_report_names_every_workload(run, tmp_path) -> None:
    """Touched or skipped, with the place, the reason and the rule."""
    path = FOLDER / "left-as-they-are.in.yaml"
    run("inject", path, *REGION, "--report", tmp_path / "report.json", "--dry-run")
    report = json.loads((tmp_path / "report.json").read_text())

    assert {"skipped": 3} == report["counts"]
    assert [
        ("legacy", f"{path}:2", 1, "pod-on-windows"),
        ("quiet", f"{path}:13", 2, ""),
        ("db", f"{path}:24", 3, "workload-without-a-service"),
    ] == [(one["name"], one["place"], one["document"], one["id"]) for one in report["workloads"]]


@pytest.mark.parametrize("name", ["gone/report.json", "."])
def test_a_report_that_cannot_be_written_leaves_the_manifests(run, tmp_path, name: str) -> None:
    """As any error does: what the next program reads is the input."""
    path = FOLDER / "agent-with-a-token.in.yaml"
    done = run("inject", path, *REGION, "--replace", "--report", tmp_path / name)

    assert (1, path.read_text()) == (done.code, done.out)
    assert "cannot be written" in done.err
    assert not list(tmp_path.iterdir())


def test_json_is_the_report(run, tmp_path) -> None:
    """Where the manifests go into a file."""
    path = tmp_path / "a.yaml"
    path.write_text(TEMPLATE)
    result = run("inject", path, *REGION, "--in-place", "--output", "json")

    assert {"added": 1} == json.loads(result.out)["counts"]
    assert 2 == run("inject", path, *REGION, "--output", "json").code


def test_strict_fails_for_a_workload_that_stays_without(run) -> None:
    """Not for one that is no service, or that the user left out."""
    host = FOLDER / "agents-and-host-network.in.yaml"
    left = FOLDER / "list-from-a-cluster.in.yaml"

    assert 0 == run("inject", host, *REGION).code
    assert 1 == run("inject", host, *REGION, "--strict").code
    assert 0 == run("inject", left, *REGION, "--strict").code


def test_a_workload_that_is_not_there_is_refused(run) -> None:
    """The nearest name is told, and the input comes back."""
    path = FOLDER / "stream-with-strings.in.yaml"
    result = run("inject", path, *REGION, "--service", "wbe")

    cause = "wbe: no workload of the input has this name. Did you mean web? [no-such-workload]"
    assert (1, f"sidecar: {cause}\n") == (result.code, result.err)


def test_services_and_labels_choose(run, tmp_path) -> None:
    """By name, kind and name, labels, and an annotation."""
    path = tmp_path / "a.yaml"
    opted = TEMPLATE.replace("web", "in").replace(
        "metadata: {name: in}", 'metadata: {name: in, annotations: {sidecar-kit/inject: "true"}}', 1
    )
    path.write_text(f"{TEMPLATE}---\n{TEMPLATE.replace('web', 'api')}---\n{opted}")

    def touched(*flags: str) -> list[str]:
        out = tmp_path / "report.json"
        run("inject", path, *REGION, *flags, "--dry-run", "--report", out)
        found = json.loads(out.read_text())["workloads"]
        return [one["name"] for one in found if one["done"] == "added"]

    assert ["web", "api", "in"] == touched()
    assert ["web", "in"] == touched("--service", "web", "--service", "deployment/in")
    assert ["web", "in"] == touched("--not", "api")
    assert ["api"] == touched("--selector", "app=api")
    assert ["web", "in"] == touched("--selector", "app, app!=api, app in (web, in), !x")
    assert ["in"] == touched("--opt-in")
    assert 2 == run("inject", path, *REGION, "--selector", "a b c").code


def test_a_token_of_an_old_agent_is_in_no_output(execute, tmp_path) -> None:
    """Neither in the manifests, the messages, the report nor the difference."""
    path, report = FOLDER / "agent-with-a-token.in.yaml", tmp_path / "report.json"
    results = [
        execute("inject", path, *REGION, "--replace", "--report", report),
        execute("inject", path, *REGION, "--replace", "cart", "--diff"),
        execute("inject", path, *REGION, "--replace", "--out", tmp_path / "o.yaml"),
        execute("uninject", tmp_path / "o.yaml"),
    ]
    texts = [text for one in results for text in (one.out, one.err)]
    texts += [report.read_text(), (tmp_path / "o.yaml").read_text()]

    assert [0, 1, 0, 0] == [one.code for one in results]
    assert CANARY in path.read_text()
    assert not [text for text in texts if CANARY in text or "canary0@" in text]


def test_below_1_29_the_agent_is_a_plain_container(run, tmp_path) -> None:
    """Behind the user's containers, and never in a job, which would not end."""
    path = tmp_path / "a.yaml"
    path.write_text(TEMPLATE)
    run("inject", path, *REGION, "--in-place", "--kube-version", "v1.28.4+k3s1")
    text = path.read_text()
    job = run("inject", FOLDER / "cronjob.in.yaml", *REGION, "--kube-version", "1.28")

    assert "initContainers" not in text
    assert text.index("- name: web") < text.index("- name: jaeger-agent") < text.index("preStop")
    assert "agent-outlives-its-job" in job.err
    assert 2 == run("inject", path, *REGION, "--kube-version", "new").code


def test_a_newer_plan_updates_what_is_there(run, tmp_path) -> None:
    """Another gateway replaces the agent's text, nothing else; uninject still restores."""
    path = tmp_path / "a.yaml"
    path.write_text(TEMPLATE)
    run("inject", path, *REGION, "--in-place")
    before = path.read_text()
    run("inject", path, "--region", "cn-beijing", "--in-place")
    after = path.read_text()
    run("uninject", path, "--in-place")

    assert before.replace("dc-sh.", "dc-bj.") == after
    assert TEMPLATE == path.read_text()
