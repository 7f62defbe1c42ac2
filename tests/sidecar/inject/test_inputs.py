"""What `sidecar inject` takes its input for."""

import io

import pytest

from sidecar.errors import SidecarError
from sidecar.inject.inputs import COMPOSE, MANIFESTS, kind_of

KINDS = {
    "services:\n  web: {image: web}\n": COMPOSE,
    'version: "2"\nx-kind:\n  kind: x\nservices: {}\n': COMPOSE,
    "include: [other.yml]\n": COMPOSE,
    '{"services": {"web": {"image": "web"}}}': COMPOSE,
    "\ufeffapiVersion: v1\nkind: Pod\n": MANIFESTS,
    "# services: none\n---\nkind: Service\napiVersion: v1\n": MANIFESTS,
    '{\n  "apiVersion": "v1",\n  "kind": "List"\n}': MANIFESTS,
    "apiVersion: v1\nkind: ConfigMap\ndata:\n  services: x\n": MANIFESTS,
    "{{ if .Values.on }}\nkind: Pod\n": MANIFESTS,
}


@pytest.mark.parametrize("text", KINDS)
def test_the_first_key_decides(text, tmp_path):
    """A file is of the kind whose key comes first at its top level."""
    path = tmp_path / "input.yml"
    path.write_text(text, "utf-8")

    assert (KINDS[text], b"") == kind_of([path], io.BytesIO())
    assert (KINDS[text], text.encode()) == kind_of([type(path)("-")], io.BytesIO(text.encode()))


def test_a_folder_with_a_compose_file_is_one(tmp_path):
    """A folder is of the kind of what Compose would take in it."""
    before = kind_of([tmp_path], io.BytesIO())
    (tmp_path / "compose.yml").write_text("services: {}")

    assert (MANIFESTS, b"") == before
    assert (COMPOSE, b"") == kind_of([tmp_path], io.BytesIO())


def test_other_input_is_refused(tmp_path):
    """A file with neither key is refused by its name."""
    path = tmp_path / "notes.yml"
    path.write_text("a: 1\n")

    with pytest.raises(SidecarError, match=r"notes\.yml: is neither a Compose file nor a manifest"):
        kind_of([path], io.BytesIO())


@pytest.mark.parametrize("command", [("inject", "--dry-run"), ("init", "--dry-run", "--from")])
@pytest.mark.parametrize("text", ["services: {a: {}, a: {}}", "services: [", "services: []", ""])
def test_what_is_no_compose_file_has_an_id(run, tmp_path, command, text):
    """As in `validate`."""
    path = tmp_path / "compose.yaml"
    path.write_text(text)

    done = run(*command, path)

    assert done.code == 1
    assert done.err.startswith(f"sidecar: {path}:")
    assert done.err.endswith("[unreadable-file]\n")


def test_a_usual_name_of_compose_decides_where_no_key_does(tmp_path):
    """An empty stream may be what a chart renders to, but an empty Compose file is a mistake."""
    for name in ("compose.yaml", "empty.yaml"):
        (tmp_path / name).write_text("# nothing\n")

    assert (COMPOSE, b"") == kind_of([tmp_path / "compose.yaml"], io.BytesIO())
    assert (MANIFESTS, b"") == kind_of([tmp_path / "empty.yaml"], io.BytesIO())


def test_another_encoding_is_named(tmp_path):
    """A file of an editor that writes UTF-16 is not called something else."""
    path = tmp_path / "stack.yml"
    path.write_text("services: {}\n", "utf-16")

    with pytest.raises(SidecarError, match=r"stack\.yml: is not UTF-8 text\. Save it as UTF-8"):
        kind_of([path], io.BytesIO())
