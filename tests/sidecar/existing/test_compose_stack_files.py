"""Which files Compose reads together, and what it makes of them."""

import pytest

from sidecar.errors import SidecarError
from sidecar.existing.compose.files import OVERRIDES, compose_files
from sidecar.existing.compose.load import load_all


@pytest.fixture
def write(tmp_path):
    """Return a function that writes files; its result is the folder."""

    def put(**texts):
        for name, text in texts.items():
            (tmp_path / name.replace("__", ".").replace("_", "-")).write_text(text)
        return tmp_path

    return put


def names(paths):
    """Return the last names of paths."""
    return [path.name for path in paths]


@pytest.mark.parametrize("override", OVERRIDES)
def test_an_override_belongs_to_the_usual_file(override, tmp_path):
    """Each of the four names of an override is read over the file, named or found."""
    (tmp_path / "docker-compose.yml").write_text("")
    (tmp_path / override).write_text("")

    assert ["docker-compose.yml", override] == names(compose_files([tmp_path], {}))
    assert ["docker-compose.yml", override] == names(
        compose_files([tmp_path / "docker-compose.yml"], {})
    )


def test_a_file_with_another_name_has_no_override(write):
    """Compose reads no override over a file that is named with -f."""
    folder = write(prod__yml="", compose__override__yml="")

    assert ["prod.yml"] == names(compose_files([folder / "prod.yml"], {}))


def test_compose_file_names_the_stack(write):
    """COMPOSE_FILE comes from the environment, else from .env, with its separator."""
    folder = write(a__yml="", b__yml="")
    (folder / ".env").write_text("COMPOSE_FILE=a.yml,b.yml\nCOMPOSE_PATH_SEPARATOR=,\n")

    assert ["a.yml", "b.yml"] == names(compose_files([folder], {}))
    assert ["b.yml"] == names(compose_files([folder], {"COMPOSE_FILE": "b.yml"}))


def test_a_folder_without_a_file_is_refused(tmp_path):
    """The names that Compose looks for are in the error."""
    with pytest.raises(SidecarError, match=r"holds no Compose file \(compose\.yaml, compose\.yml"):
        compose_files([tmp_path], {})


def test_later_files_lie_over_earlier_ones(write):
    """Maps are merged, lists appended, and a command is replaced."""
    first = "image: 'a:1', command: one, environment: {A: '1'}, ports: ['1:1']"
    second = "command: two, environment: [B=2], ports: ['2:2']"
    folder = write(
        a__yml=f"services: {{web: {{{first}}}}}",
        b__yml=f"services: {{web: {{{second}}}, db: {{image: d}}}}",
    )

    file = load_all([folder / "a.yml", folder / "b.yml"])
    web = file.services["web"]

    assert ["web", "db"] == list(file.services)
    assert ("a:1", ["two"], {"A": "1", "B": "2"}, [1, 2]) == (
        web.image.text,
        [word.text for word in web.command],
        {name: text.text for name, text in web.environment.items()},
        [port.target for port in web.ports],
    )


def test_included_files_are_read_from_their_own_folder(write):
    """An included service keeps its paths; one that includes itself is refused."""
    folder = write(top__yml="include: [part/inner.yml]\n", loop__yml="include: [loop.yml]\n")
    (folder / "part").mkdir()
    (folder / "part/inner.yml").write_text("services: {web: {build: ./src, env_file: web.env}}")

    web = load_all([folder / "top.yml"]).services["web"]

    assert ("./part/src", ("./part/web.env",)) == (web.build.context, web.env_files)
    with pytest.raises(SidecarError, match=r"loop\.yml: includes itself"):
        load_all([folder / "loop.yml"])


def test_a_later_file_takes_a_service_away(write):
    """Compose's tag !reset does, as for an agent that production has elsewhere."""
    folder = write(
        a__yml="services: {web: {image: 'web:1'}, agent: {image: 'agent:1'}}",
        b__yml="services: {agent: !reset null}",
    )

    assert ["web"] == list(load_all([folder / "a.yml", folder / "b.yml"]).services)


def test_a_service_comes_back_without_what_was_taken_away(write):
    """A third file begins anew, after !reset in the second."""
    folder = write(
        a__yml="services: {web: {image: 'web:1', environment: {OLD: '1'}}}",
        b__yml="services: {web: !reset null}",
        c__yml="services: {web: {image: 'web:2'}}",
    )
    web = load_all([folder / name for name in ("a.yml", "b.yml", "c.yml")]).services["web"]

    assert ("web:2", {}) == (web.image.text, web.environment)


def test_a_later_file_replaces_a_service(write):
    """With Compose's tag !override, nothing of the earlier service is left."""
    folder = write(
        a__yml="services: {web: {image: 'web:1', environment: {OLD: '1'}, networks: [back]}}",
        b__yml="services: {web: !override {image: 'web:2'}}",
    )
    web = load_all([folder / "a.yml", folder / "b.yml"]).services["web"]

    assert ("web:2", {}, {}) == (web.image.text, web.environment, web.networks)


def test_what_is_included_may_have_a_variable_in_its_path(write):
    """Compose expands it with .env."""
    folder = write(
        a__yml="include: ['${PART:-none}.yml']\nservices: {web: {image: 'web:1'}}",
        b__yml="services: {api: {image: 'api:1'}}",
    )
    (folder / ".env").write_text("PART=b\n")

    assert {"api", "web"} == load_all([folder / "a.yml"]).services.keys()


def test_what_is_reset_is_not_there(write):
    """A whole value, and an entry of a list or a map, whatever stands behind the tag."""
    folder = write(
        a__yml="services: {web: {image: 'web:1', ports: !reset [80], command: !reset [serve],"
        " profiles: [one, !reset two], environment: !reset {OLD: '1'}, labels: [!reset [x]]}}",
    )
    web = load_all([folder / "a.yml"]).services["web"]

    assert ((), (), ("one",), {}, ()) == (
        web.ports,
        web.command,
        web.profiles,
        web.environment,
        web.labels,
    )


def test_a_later_file_may_have_no_services(write):
    """As one that holds networks, or whose services are commented out."""
    folder = write(
        a__yml="services: {web: {image: 'web:1'}}",
        b__yml="services: {}",
        c__yml="networks: {default: {driver: bridge}}",
    )
    files = [folder / name for name in ("a.yml", "b.yml", "c.yml")]

    assert ["web"] == list(load_all(files).services)


def test_tags_that_compose_passes_over_are_passed_over(write):
    """Other tools' tags, and Python's: nothing of them is run."""
    folder = write(a__yml="services: !ours {web: !!python/name:os.system {image: !vault 'web:1'}}")

    assert "web:1" == load_all([folder / "a.yml"]).services["web"].image.text
