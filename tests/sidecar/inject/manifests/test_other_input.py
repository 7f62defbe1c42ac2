"""What uninject and `validate FILE` say of input that holds nothing for them."""

from __future__ import annotations

import pytest

COMPOSE = "services: {web: {image: shop/web:1}}\n"


@pytest.mark.parametrize("text", ["a: 1\n", "- a\n", "notes\n"])
def test_uninject_refuses_what_is_neither(execute, text: str) -> None:
    """By its id; the next program of a pipeline gets it as it is."""
    done = execute("uninject", "-", stdin=text.encode())

    assert (done.code, done.out) == (1, text)
    assert "[neither-compose-nor-manifests]" in done.err


def test_a_spec_is_given_by_its_flag(run, tmp_path) -> None:
    """As for each other command."""
    path = tmp_path / "sidecar.yaml"
    path.write_text("region: cn-shanghai\n")

    done = run("validate", path)

    assert (done.code, done.err) == (1, "")
    assert f"{path}: is a spec, which has a region. Give it as --file" in done.out


def test_uninject_names_the_way_for_a_compose_file(run, tmp_path) -> None:
    """It takes agents out of manifests only."""
    path = tmp_path / "stack.yml"
    path.write_text(COMPOSE)

    done = run("uninject", path)

    assert (done.code, done.out) == (2, "")
    assert "`sidecar inject --remove`" in done.err


def test_uninject_takes_a_folder_beside_a_compose_file(run, tmp_path) -> None:
    """What is no manifest there stays as it is."""
    (tmp_path / "docker-compose.yml").write_text(COMPOSE)

    assert run("uninject", tmp_path, "--in-place").code == 0
    assert (tmp_path / "docker-compose.yml").read_text() == COMPOSE


@pytest.mark.parametrize("text", [b"", b"# later\n", b"---\n---\n", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_not_valid(run, tmp_path, text: bytes) -> None:
    """A program that failed may have left it."""
    path = tmp_path / "rendered.yaml"
    path.write_bytes(text)

    done = run("validate", path)

    assert done.code == 1
    assert f"{path}: holds no service, and no object with an apiVersion and a kind" in done.out
    assert "[nothing-to-judge]" in done.out


@pytest.mark.parametrize(
    "text", ["apiVersion: v1\n", "kind:\n", "kind: Service\n", "apiVersion: v2\nname: chart\n"]
)
def test_a_file_without_an_object_is_not_valid(run, tmp_path, text: str) -> None:
    """As the beginning of a manifest, or a chart's own file."""
    path = tmp_path / "begun.yaml"
    path.write_text(text)

    done = run("validate", path)

    assert done.code == 1
    assert "no object with an apiVersion and a kind" in done.out
    assert "[nothing-to-judge]" in done.out


def test_a_pod_without_an_api_version_is_judged(run, tmp_path) -> None:
    """As a part that another program completes."""
    path = tmp_path / "pod.yaml"
    path.write_text(
        "kind: Pod\nspec: {containers: [{name: a, image: jaegertracing/jaeger-agent}]}\n"
    )

    assert "[floating-image-tag]" in run("validate", path).out


@pytest.mark.parametrize("command", [("inject", "--region", "cn-shanghai"), ("uninject",)])
def test_what_cannot_be_read_has_an_id(run, tmp_path, command) -> None:
    """A file that is missing, and a folder in which nothing is a manifest."""
    name, *rest = command
    missing = run(name, tmp_path / "a.yaml", *rest)
    empty = run(name, tmp_path, *rest)

    assert (missing.code, empty.code) == (1, 1)
    assert "a.yaml: cannot be read: No such file or directory" in missing.err
    assert "[unreadable-file]" in missing.err
    assert f"{tmp_path}: has no manifests" in empty.err
    assert "[folder-without-manifests]" in empty.err


def test_an_empty_file_among_others_is_passed_over(run, tmp_path) -> None:
    """As kubectl does."""
    (tmp_path / "a.yaml").write_text("")
    (tmp_path / "b.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")

    assert run("validate", tmp_path).code == 0


def test_validate_reads_manifests_from_standard_input(execute) -> None:
    """As a chart renders to it; a Compose file is judged with what is beside it."""
    pod = b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: b, c"

    assert "standard input:5" in execute("validate", "-", stdin=pod + b"\n").out
    assert execute("validate", "-", stdin=pod + b": d}]}\n").code == 0
    assert "Name the file" in execute("validate", "-", stdin=COMPOSE.encode()).err
