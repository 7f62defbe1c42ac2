"""What the project says about itself in several places is the same everywhere."""

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest
from copies import ROOT

SITE = "https://github.com/sidecar-kit/sidecar-kit"
PAGES = [*ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md"), ROOT / "tracing/README.md"]
REQUIREMENT = re.compile(r'(?:^\s*"?|\[")([A-Za-z][\w.-]*)(?=[\s"<>=\[#,]|$)', re.MULTILINE)
DECLARED = ["requirements-dev.in", "pyproject.toml", "tracing/pyproject.toml"]
OWN = {"sidecar", "sidecar_tracing", "sample_service", "bench", "tools", "faults", "servers"}


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def locked():
    """Return the names in the lock and the lines that belong to each."""
    entries = re.split(r"^(?=[A-Za-z])", text("requirements-dev.txt"), flags=re.MULTILINE)
    return [(normal(re.split(r"\[|==", entry)[0]), entry) for entry in entries if entry.strip()]


def test_the_address_is_one():
    """In the packages' metadata, the changelog and GitHub's own files."""
    names = ("pyproject.toml", "tracing/pyproject.toml", "CHANGELOG.md", "SECURITY.md")
    files = [*(ROOT / name for name in names), ROOT / ".github/ISSUE_TEMPLATE/config.yml"]
    addresses = [
        re.findall(r"https://github\.com/[\w-]+/[\w-]+", path.read_text("utf-8")) for path in files
    ]

    assert [{SITE}] * len(files) == [set(found) for found in addresses]


def test_both_distributions_carry_the_license():
    """The same text; each is published on its own."""
    assert text("LICENSE") == text("tracing/LICENSE")


def test_every_locked_file_has_a_hash():
    """`make` installs nothing else."""
    assert [] == [name for name, entry in locked() if "--hash=sha256:" not in entry]


def test_the_lock_holds_all_that_is_asked_for():
    """`make lock` was run after the last change of requirements-dev.in."""
    asked = set(map(normal, REQUIREMENT.findall(text("requirements-dev.in"))))

    assert set() == asked - {name for name, _ in locked()}


def test_the_images_take_their_versions_from_the_lock(tmp_path):
    """What the Dockerfile makes of it are constraints as pip accepts them: no hash, no extra."""
    (command,) = re.findall(r"^RUN (sed .+)$", text("Dockerfile"), re.MULTILINE)
    (tmp_path / "requirements-dev.txt").write_text(text("requirements-dev.txt"), encoding="utf-8")
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    lines = (tmp_path / "versions.txt").read_text(encoding="utf-8").splitlines()
    constraints = [line for line in lines if not line.startswith("    #")]

    assert len(locked()) == len(constraints)
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( ; [^\\]+)?", line) for line in constraints)


@pytest.mark.parametrize(
    ("folder", "lists"),
    [
        ("sidecar", ["pyproject.toml"]),
        ("tracing", ["tracing/pyproject.toml"]),
        ("tests", DECLARED),
        ("bench", DECLARED),
        ("tools", DECLARED),
    ],
)
def test_every_imported_package_is_declared(folder, lists):
    """A package that only something else needs may vanish with it; pip comes with Python."""
    declared = {"pip"}
    for name in lists:
        declared |= set(map(normal, REQUIREMENT.findall(text(name))))
    own = OWN | {path.stem for path in (ROOT / "tests").rglob("*.py")}
    named_otherwise = {"google": ["protobuf"], "Tea": ["alibabacloud-tea"]}
    distributions = {**packages_distributions(), **named_otherwise}
    undeclared = {
        module
        for module in imported(ROOT / folder) - own - set(sys.stdlib_module_names)
        if not declared & set(map(normal, distributions.get(module, [module])))
    }

    assert set() == undeclared


def imported(folder):
    """Return the top-level names that a folder's modules import."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file(page):
    """README's and docs' links are checked with README."""
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))

    assert [] == [link for link in links if not (page.parent / link).exists()]
