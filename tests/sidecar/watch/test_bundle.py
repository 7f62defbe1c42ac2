"""`sidecar verify --bundle`: no token gets into it, wherever it was."""

from __future__ import annotations

import base64
import json
import tarfile
from urllib.parse import quote

import pytest

from sidecar.errors import SidecarError
from sidecar.verify.hops import Proof
from sidecar.watch import bundle
from sidecar.watch.evidence import Evidence, end_of
from sidecar.watch.scan import finds_token, masked, masked_settings

CANARY = "cnry42@0a1b2c3d4e5f60718_cnry42@9f8e7d6c5b4a3"
"""In the vendor's form."""
ODD = "plain/canary+without=form-0123456789"
"""A token that nothing recognizes by its form."""
FORMS = {
    "as it is": "{0}",
    "as the agent's tag": "tags: Authentication={0}",
    "in a URL": "http://gateway/adapt_{0}/api/traces",
    "in JSON": '{{"msg":"agent.tags \\"Authentication={0}\\""}}',
}


def encoded(token):
    """Return a token in the forms of other programs."""
    return {
        "percent": quote(token, safe=""),
        "hex": token.encode().hex(),
        "json": json.dumps(token),
        **{
            f"base64 after {before}": base64.b64encode(b"x" * before + token.encode()).decode()
            for before in (0, 1, 2, 15)
        },
    }


def pieces(token):
    """Return what of a token is telling alone."""
    return [piece for piece in token.replace("_", "@").split("@") if len(piece) >= 12] or [token]


@pytest.mark.parametrize("token", [CANARY, ODD])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_token_is_masked_wherever_it_stands(token, form):
    """In a log line, a setting, a URL."""
    text = masked(f"before {form.format(token)} after\n", {token})

    assert not any(piece in text for piece in pieces(token))
    assert not finds_token(text, {token})
    assert text.startswith("before ")
    assert text.endswith(" after\n")


@pytest.mark.parametrize("token", [CANARY, ODD])
@pytest.mark.parametrize("form", encoded(CANARY))
def test_a_token_is_masked_in_the_forms_of_other_programs(token, form):
    """Percent-encoded, hexadecimal, base64 at each alignment."""
    text = encoded(token)[form]

    assert finds_token(text, {token})
    assert not finds_token(masked(text, {token}), {token})


@pytest.mark.parametrize(
    "text",
    [
        f"{ODD[:14]}\n{ODD[14:]}",
        f"{ODD[:14]}\\n    {ODD[14:]}",
        ODD.upper(),
        f'"{ODD[:9]}" "{ODD[9:]}"',
    ],
    ids=["wrapped", "wrapped in JSON", "in capitals", "in two strings"],
)
def test_a_token_that_the_mask_does_not_know_stops_the_bundle(text, tmp_path):
    """Nothing is written, and the earlier bundle stays."""
    path = tmp_path / "b.tar.gz"
    path.write_bytes(b"earlier")
    with pytest.raises(SidecarError) as caught:
        bundle.write(path, {"logs/web-agent.log": text, "README.txt": "fine"}, {ODD})

    assert "bundle-holds-token" == caught.value.id
    assert "logs/web-agent.log holds what may be a token" == caught.value.cause
    assert ODD not in str(caught.value)
    assert (b"earlier", [path]) == (path.read_bytes(), list(tmp_path.iterdir()))


def test_a_bundle_is_an_archive_that_only_its_owner_reads(tmp_path):
    """With one folder, whatever the names."""
    path = tmp_path / "b.tar.gz"
    bundle.write(path, {"logs/a.log": f"{CANARY} refused", "README.txt": "read"}, ())

    with tarfile.open(path) as archive:
        texts = {name: archive.extractfile(name).read() for name in archive.getnames()}
    assert {
        "sidecar-bundle/README.txt": b"read",
        "sidecar-bundle/logs/a.log": b"*** refused",
    } == texts
    assert 0o600 == path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DB_PASSWORD: hunter22", "DB_PASSWORD: ***"),
        ('environment: {API_KEY: "k-1", PORT: "80"}', 'environment: {API_KEY: "***", PORT: "80"}'),
        ('["--db-password=hunter22"]', '["--db-password=***"]'),
        ('{"SECRET_KEY": "abc"}', '{"SECRET_KEY": "***"}'),
        ("DATABASE_URL=postgres://u:pw@db/x", "DATABASE_URL=***"),
        ("--token-file=/run/secrets/agent.yaml", "--token-file=/run/secrets/agent.yaml"),
        ("secrets:\n  agent: {file: ./a}", "secrets:\n  agent: {file: ./a}"),
        ('"secretName": "tracing"', '"secretName": "tracing"'),
        ("SIDECAR_TOKEN_FILE:-./local-agent.yaml", "SIDECAR_TOKEN_FILE:-./local-agent.yaml"),
    ],
)
def test_values_of_other_secrets_are_masked(text, expected):
    """A bundle shows that a setting is there, not what it holds."""
    assert expected == masked_settings(text)


def test_what_cannot_be_read_is_said_in_its_place():
    """The rest of the bundle is no worse for it."""

    def refuse():
        raise PermissionError(13, "Permission denied")

    evidence = Evidence()
    evidence.add("logs/a.log", refuse)
    evidence.add("logs/b.log", lambda: "fine")

    assert {"logs/a.log": "cannot be read: Permission denied\n", "logs/b.log": "fine"} == (
        evidence.files
    )


def test_a_deployment_that_is_not_there_leaves_a_bundle_too():
    """With why: at 3 am that is what matters."""

    def find():
        raise SidecarError("engine", "does not answer")

    found = bundle.evidence_of(find, SidecarError("engine", "does not answer"), lambda _: {})

    assert ["README.txt", "deployment-error.txt", "proof-error.txt", "versions.json"] == (
        sorted(found.files)
    )


def test_the_proof_is_in_it_with_its_causes():
    """As `--output json` prints it."""

    class Deployment:
        name = "release demo"

        def collect(self, evidence):
            evidence.add("logs/a.log", lambda: "log")

    found = bundle.evidence_of(Deployment, Proof("m", ()), lambda _: {"ok": True})

    assert {"ok": True} == json.loads(found.files["status.json"])
    assert "m" == json.loads(found.files["proof.json"])["marker"]
    assert "log" == found.files["logs/a.log"]


def test_only_the_end_of_a_long_log_is_kept():
    """From the start of a line on."""
    log = "".join(f"line {number}\n" for number in range(100_000))
    kept = end_of(log)

    assert len(kept) <= 512 * 1024
    assert kept.startswith("line ")
    assert kept.endswith("line 99999\n")


class Rendered:
    """A deployment that shows a plan of its own."""

    name = "Compose project shop"

    def collect(self, evidence):
        """Add it."""
        evidence.add_data("plan.json", lambda: {"from": ["docker-compose.yml"]})


def test_the_plan_of_a_spec_counts_more_than_what_the_rendering_shows():
    """The rendering's stays where no spec tells a plan, or where the spec has none."""

    def refuse(_):
        raise SidecarError("sidecar.yaml", "has no region")

    plans = [
        bundle.evidence_of(Rendered, Proof("m", ()), lambda _: {}, plan).files
        for plan in (lambda name: {"from": name}, lambda _: None, refuse)
    ]

    assert ["Compose project shop", ["docker-compose.yml"], ["docker-compose.yml"]] == [
        json.loads(files["plan.json"])["from"] for files in plans
    ]
    assert "sidecar.yaml: has no region\n" == plans[2]["plan-error.txt"]
