"""The host's mirrors, proxies and certificate authority."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.images import mirrors, site
from sidecar.images.kit_images import write_site

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ONE_LINE = """\
deb cdrom:[Debian]/ bookworm main
# deb http://commented.example.com/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] https://packages.example.com/apt stable main
deb [arch=amd64] https://user:secret@mirror.example.com/debian/ bookworm main
deb https://user:secret@mirror.example.com/security/debian-security bookworm-security main
"""
DEB822 = """\
Enabled: no
Types: deb
URIs: http://off.example.com/debian
Suites: bookworm

Types: deb
URIs:
 https://other.example.com/apt
 http://deb822.example.com/debian
Suites: bookworm
"""


def apt(folder: Path, name: str, text: str) -> Path:
    """Write a sources file below an apt folder."""
    (folder / "sources.list.d").mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


def test_one_line_sources_give_mirror_and_security(tmp_path: Path) -> None:
    """Comments, media and other archives are ignored."""
    found = mirrors.debian_mirror(apt=apt(tmp_path, "sources.list", ONE_LINE))

    expected = mirrors.DebianMirror(
        "https://user:secret@mirror.example.com/debian",
        "https://user:secret@mirror.example.com/security/debian-security",
    )
    assert expected == found


def test_password_of_a_mirror_is_not_shown(tmp_path: Path) -> None:
    """Neither str nor repr has credentials."""
    found = mirrors.debian_mirror(apt=apt(tmp_path, "sources.list", ONE_LINE))

    assert str(found) == "https://mirror.example.com/debian"
    assert "secret" not in repr(found)


def test_deb822_sources_give_a_mirror(tmp_path: Path) -> None:
    """A field over several lines is read, a disabled stanza is not."""
    found = mirrors.debian_mirror(apt=apt(tmp_path, "sources.list.d/debian.sources", DEB822))

    expected = mirrors.DebianMirror(
        "http://deb822.example.com/debian", "http://deb822.example.com/debian-security"
    )
    assert expected == found


def test_host_without_debian_sources_uses_the_official_mirror(tmp_path: Path) -> None:
    """Another distribution's mirror is not used."""
    ubuntu = "deb http://mirror.example.com/ubuntu jammy main\n"

    assert mirrors.DebianMirror() == mirrors.debian_mirror(
        apt=apt(tmp_path, "sources.list", ubuntu)
    )


def test_mirror_of_the_flag_wins() -> None:
    """--debian-mirror needs no apt on the host."""
    assert mirrors.DebianMirror(
        "http://m/debian", "http://m/debian-security"
    ) == mirrors.debian_mirror("http://m/debian/")


def test_pip_variables_win_over_files() -> None:
    """Only settings that work in a container are kept: no local folder, no other section."""
    text = """\
global.index-url='https://a.example.com/simple'
install.extra-index-url='https://b.example.com\\nhttps://c.example.com'
:env:.index-url='https://d.example.com/simple'
:env:.find-links='/opt/wheels'
download.index-url='https://e.example.com'
global.cert='/etc/ca.crt'
"""

    expected = {
        "index-url": "https://d.example.com/simple",
        "extra-index-url": "https://b.example.com\nhttps://c.example.com",
    }
    assert expected == site.parse_pip_config(text)


def test_files_name_the_authority_where_the_container_sees_it() -> None:
    """pip.conf names the copy next to it; a value of two lines is indented."""
    settings = site.Site(
        authority=b"PEM", pip={"extra-index-url": "https://b\nhttps://c"}, go={"GOPROXY": "p"}
    )

    expected = {
        "pip.conf": b"[global]\ncert = /site/ca.crt\nextra-index-url = https://b\n    https://c\n",
        "environment.json": b'{"GOPROXY": "p"}',
        "ca.crt": b"PEM",
    }
    assert expected == settings.files()


def test_site_without_an_authority_has_no_certificate() -> None:
    """Pip then trusts its own bundle."""
    assert {"pip.conf": b"[global]\n", "environment.json": b"{}"} == site.Site().files()


def test_settings_are_not_in_a_repr() -> None:
    """An address may hold a password."""
    secret = {"index-url": "https://user:secret@m.example.com"}

    assert "secret" not in repr(site.Site(b"secret", secret, secret, secret))


def test_host_settings_come_from_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Authority, index, proxies and Go's settings."""
    (tmp_path / "ca.crt").write_bytes(b"PEM")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.example.com/simple")
    monkeypatch.setenv("https_proxy", "http://proxy.example.com:3128")
    monkeypatch.setenv("GOPROXY", "https://go.example.com")

    found = site.host_site()

    assert (b"PEM", "https://pip.example.com/simple") == (found.authority, found.pip["index-url"])
    assert ("http://proxy.example.com:3128", "https://go.example.com") == (
        found.proxies["https_proxy"],
        found.go["GOPROXY"],
    )


def test_host_without_pip_and_go_has_the_settings_of_its_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uv's index replaces pip's; Go's variables are read directly."""
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example.com/simple")
    monkeypatch.setenv("GOPROXY", "https://go.example.com")

    found = site.host_site()

    assert {"index-url": "https://uv.example.com/simple"} == found.pip
    assert found.go["GOPROXY"] == "https://go.example.com"


def test_host_without_any_bundle_has_no_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every system has one at a known path."""
    for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "gone.crt"))
    monkeypatch.setattr(site, "BUNDLES", ())

    assert site.host_site().authority is None


def test_settings_in_the_checkout_are_for_the_user_only(tmp_path: Path) -> None:
    """`docker compose build` finds them; other users cannot read them."""
    write_site(tmp_path, site.Site(b"PEM"))

    folder = tmp_path / "build/site"
    assert 0o700 == folder.stat().st_mode & 0o777
    assert {"ca.crt": 0o600, "environment.json": 0o600, "pip.conf": 0o600} == {
        path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()
    }
