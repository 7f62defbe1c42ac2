"""The catalogue, a user's additions to it, and a region's gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from vendor_table import ROWS

from sidecar.errors import SidecarError
from sidecar.regions import (
    USER_FILE_VARIABLE,
    Gateway,
    find_region,
    gateway_of,
    load_regions,
    search,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def user_file(tmp_path: Path) -> Callable[[str], Path]:
    """Write a user's catalogue."""

    def write(text: str) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_catalogue_holds_the_vendors_table_and_then_local() -> None:
    """Ids, names and both hosts of 21 regions, in the vendor's order, with local last."""
    catalogue = [
        (region.id, region.name, region.public, region.vpc) for region in load_regions().values()
    ]

    assert [tuple(row) for row in ROWS] == catalogue[:-1]
    assert "local" == catalogue[-1][0]


def test_every_row_says_its_ports_source_and_date() -> None:
    """Each region has the four protocols' ports, and says where and when it was read."""
    regions = load_regions().values()
    ports = {"jaeger-grpc": 1883, "otlp-grpc": 8090, "http": 80, "https": 443}

    assert all(ports == region.ports for region in regions)
    assert all(region.source and region.checked == "2026-11-01" for region in regions)


def test_the_doubtful_row_is_the_only_one_marked() -> None:
    """One vendor table has no VPC host for us-west-1, and the catalogue says so."""
    assert ["us-west-1"] == [region.id for region in load_regions().values() if region.doubtful]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_gateway_follows_the_network(row) -> None:
    """A region's gateway is the host of the chosen network at the Jaeger gRPC port."""
    region = load_regions()[row.id]

    assert f"{row.public}:1883" == gateway_of(region, "public").address
    assert Gateway(row.vpc, 1883, "vpc", "jaeger-grpc") == gateway_of(region, "vpc")


def test_a_region_without_a_vpc_host_is_refused_for_vpc() -> None:
    """The error names the region and the other network."""
    with pytest.raises(SidecarError, match=r"region local: has no vpc host. Use --network public"):
        gateway_of(load_regions()["local"], "vpc")


def test_an_unknown_network_is_refused() -> None:
    """Only public and vpc are networks."""
    with pytest.raises(SidecarError, match=r"network 'private': is not known. Use public or vpc"):
        gateway_of(load_regions()["local"], "private")


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("cn-shangai", "Did you mean cn-shanghai"),
        ("CN-Shanghai", "Did you mean cn-shanghai?"),
        ("frankfurt", "Did you mean eu-central-1?"),
        ("virgina", "Did you mean us-east-1"),
        ("singapore", "Did you mean ap-southeast-1?"),
        ("cn", "Did you mean cn-hangzhou, cn-shanghai or cn-qingdao?"),
        ("0000000", "`sidecar regions` lists them"),
        ("", "`sidecar regions` lists them"),
    ],
)
def test_an_unknown_region_names_the_nearest(typed: str, hint: str) -> None:
    """A misspelt id, a city or a part of one leads to ids."""
    with pytest.raises(SidecarError) as caught:
        find_region(load_regions(), typed)

    assert f"region {typed!r}: is not in the catalogue. {hint}" in str(caught.value)


def test_find_returns_the_region_of_an_id() -> None:
    """A known id is its region."""
    assert "China (Shenzhen)" == find_region(load_regions(), "cn-shenzhen").name


@pytest.mark.parametrize(
    ("word", "ids"),
    [
        ("SHANGHAI", ["cn-shanghai"]),
        ("london", ["eu-west-1"]),
        ("lundun", ["eu-west-1"]),
        ("dc-hk-internal", ["cn-hongkong"]),
        ("", []),
    ],
)
def test_search_looks_at_id_name_and_hosts(word: str, ids: list[str]) -> None:
    """A word is looked for in every column, whatever its case."""
    assert ids == [region.id for region in search(load_regions(), word)]


def test_a_users_file_adds_a_region_before_local(user_file) -> None:
    """A new region needs an id and a host; the rest has defaults, its source is the file."""
    path = user_file("regions:\n  - id: cn-nanjing\n    public: tracing-nj.example.com\n")

    regions = load_regions(path)
    added = regions["cn-nanjing"]

    assert ["cn-nanjing", "local"] == list(regions)[-2:]
    assert ("cn-nanjing", None, {"jaeger-grpc": 1883}) == (added.name, added.vpc, added.ports)
    assert (str(path), "") == (added.source, added.checked)


def test_a_users_file_overrides_what_it_names_and_keeps_the_rest(user_file) -> None:
    """A host and a port change; name and other ports stay, the catalogue's doubt is removed."""
    row = "{id: us-west-1, vpc: new.example.com, ports: {jaeger-grpc: 2883}}"
    text = f"checked: 2027-01-02\nregions:\n  - {row}\n"
    region = load_regions(user_file(text))["us-west-1"]

    assert "new.example.com:2883" == gateway_of(region, "vpc").address
    assert ("US (Silicon Valley)", 8090) == (region.name, region.ports["otlp-grpc"])
    assert ("", "2027-01-02") == (region.doubtful, region.checked)


def test_a_users_file_can_remove_a_host(user_file) -> None:
    """`vpc: null` says that a region has no VPC host."""
    region = load_regions(user_file("regions: [{id: us-west-1, vpc: null}]"))["us-west-1"]

    with pytest.raises(SidecarError, match="has no vpc host"):
        gateway_of(region, "vpc")


def test_the_variable_names_a_users_file_and_the_argument_wins(
    user_file, tmp_path, monkeypatch
) -> None:
    """$SIDECAR_REGIONS is read if no file is given."""
    monkeypatch.setenv(
        USER_FILE_VARIABLE, str(user_file("regions: [{id: by-variable, public: a.example.com}]"))
    )
    other = tmp_path / "other.yaml"
    other.write_text("regions: [{id: by-argument, public: a.example.com}]")

    assert "by-variable" in load_regions()
    assert {"by-argument"} == load_regions(other).keys() & {"by-argument", "by-variable"}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "has no list `regions`"),
        ("- a", "has no list `regions`"),
        ("regions: {a: b}", "has no list `regions`"),
        ("regions: [a]", ":1: regions[0]: has no `id`"),
        ("regions:\n- {id: 1}", ":2: regions[0]: has no `id`"),
        (
            "regions:\n- {id: a, public: a.b}\n- {id: a, public: c.d}",
            ":3: regions[1]: names 'a' a second time",
        ),
        ("regions: [{id: ../up, public: a.b}]", "regions[0].id: '../up' is not a region id"),
        ("regions: [{id: Up, public: a.b}]", "regions[0].id: 'Up' is not a region id"),
        (
            "regions: [{id: local, public: other.example.com}]",
            "regions[0].id: `local` is the region of the stand-in gateway",
        ),
        (
            "regions: [{id: a, host: a.b}]",
            "regions[0].host: is not a known key. Known: id, name, chinese, public, vpc",
        ),
        ("regions: [{id: a}]", "regions[0]: has no host. Give public: HOST, vpc: HOST or both"),
        ("regions: [{id: a, public: null, vpc: null}]", "regions[0]: has no host"),
        ("regions: [{id: a, public: a.b, name: null}]", "regions[0].name: is not text"),
        ("regions: [{id: a, public: a.b, doubtful: [1]}]", "regions[0].doubtful: is not text"),
        ("regions: [{id: a, public: 1}]", "regions[0].public: is not a host name"),
        ("regions: [{id: a, public: 'http://a.b'}]", "regions[0].public: is not a host name"),
        (
            "regions: [{id: a, vpc: 'a.b:1883'}]",
            "regions[0].vpc: is not a host name. Remove scheme and port",
        ),
        ("regions: [{id: a, vpc: '-a.b'}]", "is not a host name"),
        ("regions: [{id: a, vpc: 'a-.b'}]", "is not a host name"),
        ("regions: [{id: a, vpc: 'a..b'}]", "is not a host name"),
        ("regions: [{id: a, vpc: ''}]", "is not a host name"),
        ("regions: [{id: a, vpc: 'bücher.example'}]", "is not a host name"),
        (f"regions: [{{id: a, vpc: {'a' * 64}.b}}]", "is not a host name"),
        (f"regions: [{{id: a, vpc: {'a.' * 127}b}}]", "is not a host name"),
        (
            "regions: [{id: a, public: a.b, ports: 1883}]",
            "regions[0].ports: is not a map of protocol to port",
        ),
        (
            "regions: [{id: a, public: a.b, ports: {jaeger-grpc: 0}}]",
            "is not a map of protocol to port",
        ),
        (
            "regions: [{id: a, public: a.b, ports: {jaeger-grpc: true}}]",
            "is not a map of protocol to port",
        ),
        (
            "regions: [{id: a, public: a.b, ports: {grpc: 1}}]",
            "Protocols: jaeger-grpc, otlp-grpc, http, https",
        ),
        (
            "regions: [{id: a, public: a.b, public: c.d}]",
            ":1: is not YAML: the key 'public' is given twice",
        ),
        ("checked: 2026-99-99\nregions: []", "holds a value that YAML cannot read"),
        ("regions: [{id: a, ? [b] : c}]", "is not YAML"),
        ("regions: [", "is not YAML"),
        ("regions: !!python/object:os.system []", "is not YAML"),
    ],
)
def test_a_wrong_users_file_is_refused_with_its_place(user_file, text: str, cause: str) -> None:
    """Every error begins with the file, and names the entry and what is wrong with it."""
    path = user_file(text)

    with pytest.raises(SidecarError) as caught:
        load_regions(path)

    assert str(caught.value).startswith(str(path))
    assert cause in str(caught.value)


def test_a_users_file_that_is_not_there_is_refused(tmp_path) -> None:
    """The error names the path."""
    with pytest.raises(SidecarError, match=r"none.yaml: No such file or directory"):
        load_regions(tmp_path / "none.yaml")


def test_a_users_file_with_aliases_is_read(user_file) -> None:
    """Anchors and merge keys work."""
    first = "&a {id: a, public: a.example.com, ports: {jaeger-grpc: 1}}"
    text = f"regions:\n- {first}\n- {{<<: *a, id: b}}\n"

    assert "a.example.com:1" == gateway_of(load_regions(user_file(text))["b"], "public").address


def test_an_exploding_file_is_refused_in_a_short_message(user_file) -> None:
    """Nested aliases that would print as gigabytes are not printed."""
    levels = "\n".join(f"l{i + 1}: &l{i + 1} [{', '.join([f'*l{i}'] * 9)}]" for i in range(30))
    path = user_file(f"l0: &l0 [x]\n{levels}\nregions: [{{id: a, public: *l30, name: *l30}}]")

    with pytest.raises(SidecarError) as caught:
        load_regions(path)

    assert len(str(caught.value)) < 300


CONSOLE = {
    "上海": "cn-shanghai",
    "华东2\uff08上海\uff09": "cn-shanghai",
    "华东 2 (上海)": "cn-shanghai",
    "华东\uff12": "cn-shanghai",
    "中国\uff08香港\uff09": "cn-hongkong",
    "新加坡": "ap-southeast-1",
    "法兰克福": "eu-central-1",
    "沙特\uff08利雅得\uff09": "me-central-1",
}


@pytest.mark.parametrize("word", CONSOLE)
def test_a_region_is_found_by_its_name_in_the_console(word: str) -> None:
    """However its parentheses, digits and blanks are written."""
    assert [CONSOLE[word]] == [region.id for region in search(load_regions(), word)]


def test_each_name_in_chinese_is_one_regions() -> None:
    """No word of one finds another; a region that is added need not have one."""
    regions = load_regions()
    found = {
        region.id: [each.id for each in search(regions, region.chinese)]
        for region in regions.values()
        if region.chinese
    }

    assert {name: [name] for name in found} == found
    assert 21 <= len(found)


@pytest.mark.parametrize("word", ["\uff08\uff09", "。", "北海", ""])
def test_a_word_that_names_no_region_finds_none(word: str) -> None:
    """Parentheses alone are in every name."""
    assert [] == search(load_regions(), word)


def test_a_name_in_chinese_in_place_of_an_id_leads_to_it() -> None:
    """As `--region 上海` does."""
    with pytest.raises(SidecarError, match="Did you mean cn-shanghai"):
        find_region(load_regions(), "上海")
