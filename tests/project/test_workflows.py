"""GitHub's files as data: what they name exists, and they ask for no right they do not use."""

import re

import pytest
import yaml
from copies import ROOT

WORKFLOWS = {path.stem: path for path in (ROOT / ".github/workflows").glob("*.yml")}
TEMPLATES = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
PYPROJECTS = ("pyproject.toml", "tracing/pyproject.toml")
PINNED = re.compile(r"- uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+(\.\d+)*")


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def data(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs(workflow):
    return data(WORKFLOWS[workflow])["jobs"]


def claimed(name):
    """Return the versions among a package's classifiers."""
    return re.findall(r'"Programming Language :: Python :: (3\.\d+)"', text(name))


def test_the_workflows_are_there():
    """One for changes, one for releases."""
    assert {"ci", "release"} == set(WORKFLOWS)


@pytest.mark.parametrize("path", WORKFLOWS.values(), ids=lambda path: path.stem)
def test_a_workflow_runs_words_of_the_makefile(path):
    """Every `make WORD` is one that `make help` lists."""
    words = set(re.findall(r"^([a-z-]+):.*## ", text("Makefile"), re.MULTILINE))
    run = set(
        re.findall(
            r"\bmake ([a-z-]+)",
            "\n".join(
                step.get("run", "") for job in data(path)["jobs"].values() for step in job["steps"]
            ),
        )
    )

    assert run
    assert set() == run - words


@pytest.mark.parametrize("path", WORKFLOWS.values(), ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit(path):
    """With its version in a comment, where Dependabot reads and updates it."""
    uses = [line.strip() for line in path.read_text("utf-8").splitlines() if "uses:" in line]

    assert uses
    assert [] == [line for line in uses if not PINNED.fullmatch(line)]


@pytest.mark.parametrize("path", WORKFLOWS.values(), ids=lambda path: path.stem)
def test_a_workflow_reads_the_code_and_nothing_else(path):
    """What a job may do beyond that is listed below; each job has a time limit."""
    workflow = data(path)

    assert {"contents": "read"} == workflow["permissions"]
    assert [] == [name for name, job in workflow["jobs"].items() if "timeout-minutes" not in job]


def test_only_publishing_has_more_rights():
    """An identity for PyPI, packages for the charts; both only after the checks."""
    rights = {
        f"{workflow}/{name}": job["permissions"]
        for workflow in WORKFLOWS
        for name, job in jobs(workflow).items()
        if "permissions" in job
    }

    assert {
        "release/pypi": {"id-token": "write"},
        "release/charts": {"contents": "read", "packages": "write"},
    } == rights
    assert ["build", "build"] == [jobs("release")[name]["needs"] for name in ("pypi", "charts")]


def test_a_release_starts_with_a_tag_and_its_check():
    """True is how YAML 1.1 reads the key `on`."""
    release = data(WORKFLOWS["release"])
    (check,) = [step for step in release["jobs"]["build"]["steps"] if "TAG" in step.get("env", {})]

    assert {"push": {"tags": ["v*"]}} == release[True]
    assert "make release-check" == check["run"]


def test_a_release_publishes_both_distributions():
    """Each one from the artifact that has its name."""
    built = [
        step["with"]["name"]
        for step in jobs("release")["build"]["steps"]
        if "upload-artifact" in step.get("uses", "")
    ]

    names = {re.search(r'^name = "(.+)"', text(name), re.MULTILINE)[1] for name in PYPROJECTS}
    published = set(jobs("release")["pypi"]["strategy"]["matrix"]["distribution"])

    assert names == set(built) == published


@pytest.mark.parametrize("name", PYPROJECTS)
def test_every_python_that_is_claimed_is_tested(name):
    """Classifiers and matrix are equal; the lowest is what installation requires."""
    matrix = jobs("ci")["test"]["strategy"]["matrix"]["python"]

    assert matrix == claimed(name)
    assert f'requires-python = ">={matrix[0]}"' in text(name)


def test_the_lowest_python_is_the_one_that_tools_check_for():
    """Ruff, mypy, the lock and make."""
    lowest = claimed("pyproject.toml")[0]

    assert f'target-version = "py{lowest.replace(".", "")}"' in text("pyproject.toml")
    assert f'python_version = "{lowest}"' in text("pyproject.toml")
    assert f"--python-version {lowest} " in text("Makefile")
    assert f"sys.version_info < ({lowest.replace('.', ', ')})" in text("Makefile")


def test_both_major_versions_of_helm_check_the_chart():
    """Helm 3 and Helm 4."""
    versions = jobs("ci")["chart"]["strategy"]["matrix"]["helm"]

    assert ["v3", "v4"] == [version.partition(".")[0] for version in versions]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_an_issue_form_is_one_that_github_takes(path):
    """Name, description and fields, each with an id of its own."""
    form = data(path)
    if path.stem == "config":
        assert {"blank_issues_enabled", "contact_links"} == set(form)
        return
    fields = [field for field in form["body"] if field["type"] != "markdown"]

    assert form["name"]
    assert form["description"]
    assert {field["type"] for field in fields} <= {"textarea", "input", "dropdown", "checkboxes"}
    assert all(field["attributes"]["label"] for field in fields)
    assert len(fields) == len({field["id"] for field in fields})


def test_dependabot_looks_where_dependencies_are():
    """Python's in both packages, and the workflows' actions."""
    listed = data(ROOT / ".github/dependabot.yml")["updates"]
    updates = {each["package-ecosystem"]: each for each in listed}

    assert {"pip", "github-actions"} == set(updates)
    assert ["/", "/tracing"] == updates["pip"]["directories"]


def test_the_hooks_are_the_tools_of_the_lock():
    """They come from .venv, so that no second version of a tool is pinned."""
    (repository,) = data(ROOT / ".pre-commit-config.yaml")["repos"]
    programs = {hook["entry"].split()[0] for hook in repository["hooks"]}

    assert "local" == repository["repo"]
    assert {".venv/bin/ruff", ".venv/bin/mypy"} == programs
    assert {"ruff", "mypy"} <= set(text("requirements-dev.in").split())
