"""CONTRIBUTING is true: commands exist, the picture is the code's, lists can be followed."""

import json
import re

import pytest
from copies import ROOT, copy_tree, run_in
from page_steps import PAGE, steps

LISTS = ["Region", "Rule", "Target", "Agent kind"]


@pytest.fixture
def tree(tmp_path):
    """A copy of the kit."""
    return copy_tree(tmp_path / "kit")


def follow(heading, tree):
    """Do all that a list says; the linters have nothing to say about the code."""
    followed = steps(heading)
    for step in followed:
        step.follow(tree)
    code = " ".join({step.file for step in followed if step.file and step.file.endswith(".py")})
    done = run_in(tree, f"ruff check {code} && ruff format --check {code} && lint-imports")
    assert 0 == done.returncode, done.stdout + done.stderr


def test_a_region_is_added(tree):
    """It renders, and its agents report to its gateway."""
    follow("Region", tree)

    done = run_in(tree, "sidecar plan --region xx-example-1 --output json")
    assert "tracing-xx-example-1.example.com" == json.loads(done.stdout)["gateway"]["host"]


SPEC = """\
region: cn-shanghai
services: [{name: web, image: "web:1.0", port: 8080, publish: 80}]
"""


def test_a_rule_is_added(tree):
    """A spec that breaks it is warned of by its id, and docs/checks.md has it."""
    follow("Rule", tree)
    (tree / "web.yaml").write_text(SPEC, encoding="utf-8")

    done = run_in(tree, "sidecar validate --file web.yaml --output json")
    assert "privileged-port" in [each["id"] for each in json.loads(done.stdout)["findings"]]
    assert "\n### privileged-port\n" in (tree / "docs/checks.md").read_text(encoding="utf-8")


def test_a_target_is_added(tree):
    """Its files are among those of a rendering."""
    follow("Target", tree)

    text = (tree / "build/cn-shanghai/supervisor/agents.conf").read_text(encoding="utf-8")
    assert "[program:frontend-agent]" in text
    assert 2 == text.count("--reporter.grpc.host-port=")


def test_an_agent_kind_is_added(tree):
    """A spec can name it, and the plan shows its arguments."""
    follow("Agent kind", tree)

    done = run_in(
        tree, "SIDECAR_AGENT_KIND=example-agent sidecar plan --region local --output json"
    )
    agent = json.loads(done.stdout)["services"][0]["agent"]
    assert ("example-agent", "--config=/run/secrets/agent.yaml") == (
        agent["kind"],
        agent["argv"][0],
    )


def picture():
    """Return the picture's arrows, as pairs of the modules' names."""
    (mermaid,) = re.findall(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)
    node = r'(\w+)(?:\["[^"]*"\])?'
    return re.findall(rf"^ *{node} --> {node}$", mermaid, re.MULTILINE)


def layers():
    """Return each module's layer, counted from the top, as the linter of imports has it."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed, *_ = re.findall(r"^layers = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    return {
        module: number
        for number, line in enumerate(listed.splitlines())
        for module in re.findall(r"\w+", line.partition("#")[0])
    }


def test_every_arrow_of_the_picture_goes_down():
    """From a layer to one below it."""
    depth = layers()

    assert picture()
    assert [] == [(upper, lower) for upper, lower in picture() if depth[upper] >= depth[lower]]


def test_every_import_between_packages_follows_the_arrows():
    """Directly or through others; the commands use all."""
    packages = {name for arrow in picture() for name in arrow} - {"commands"}
    imported = {(package, other) for package in packages for other in imports(package)}

    assert set() == {
        (package, other)
        for package, other in imported
        if other in packages - {package} and other not in reachable(package)
    }


def imports(package):
    """Return the modules of the helper that a package imports."""
    own = ROOT / "sidecar" / package
    files = own.rglob("*.py") if own.is_dir() else [own.with_suffix(".py")]
    texts = [file.read_text(encoding="utf-8") for file in files]
    return {
        name for text in texts for name in re.findall(r"^ *from sidecar\.(\w+)", text, re.MULTILINE)
    }


def reachable(package):
    """Return where the arrows from a package lead."""
    found = {package}
    for _ in picture():
        found |= {lower for upper, lower in picture() if upper in found}
    return found


def test_the_picture_has_every_package():
    """Each folder of the code, with what it holds."""
    packages = {path.parent.name for path in (ROOT / "sidecar").glob("*/__init__.py")}

    assert set() == packages - {name for arrow in picture() for name in arrow} - {"arguments"}


def test_the_words_are_those_of_make():
    """Every `make WORD` on the page is one that `make help` lists."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    words = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))

    assert set() == set(re.findall(r"`?make ([a-z-]+)", PAGE.partition("## Map")[2])) - words


def test_every_file_on_the_page_exists():
    """Or one of its lists writes it."""
    written = {step.file for name in LISTS for step in steps(name)}
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*|\w+\.\w+)`", prose))

    assert {"sidecar/regions.yaml", "docs/checks.md"} <= named
    assert [] == sorted(name for name in named - written if not (ROOT / name).exists())
