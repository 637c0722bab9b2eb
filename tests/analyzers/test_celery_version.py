"""The version of Celery that a project runs on, read from the files that projects have."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from celery_analyzers.celery_requirements import Requirement, requirements_in
from celery_analyzers.celery_version import CeleryVersion, find_version, is_version_file, version_for

UV_LOCK = """\
version = 1

[[package]]
name = "celery"
version = "5.4.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "celery-types"
version = "0.22.0"

[package.metadata]
requires-dist = [{ name = "celery", specifier = ">=5.3" }]
"""
POETRY_LOCK = """\
[[package]]
name = "billiard"
version = "4.2.0"

[[package]]
name = "celery"
version = "5.3.6"
description = "Distributed Task Queue."
optional = false

[package.dependencies]
billiard = ">=4.2.0,<5.0"

[[package]]
name = "django-celery-beat"
version = "2.6.0"

[package.dependencies]
celery = ">=5.2.3,<6.0"
"""
PIPFILE_LOCK = """\
{
    "default": {
        "celery": {
            "extras": ["redis"],
            "hashes": ["sha256:369631eb", "sha256:870cc71d"],
            "index": "pypi",
            "markers": "python_version >= '3.8'",
            "version": "==5.3.1"
        },
        "django-celery-results": {"version": "==2.5.1"}
    }
}
"""
PYPROJECT = """\
[project]
name = "shop"
keywords = ["celery", "shop"]
dependencies = [
    # "celery==4.0",
    "django-celery-beat>=2.5",
    "celery[redis,sqs]>=5.3,<5.6; python_version >= '3.9'",
]
"""
POETRY = """\
[tool.poetry]
name = "shop"

[tool.poetry.dependencies]
python = "^3.11"
celery = {extras = ["redis"], version = "^5.3"}

[tool.poetry.scripts]
celery = "shop.celery:main"
"""


@pytest.mark.parametrize(
    ("name", "text", "lowest", "highest", "line"),
    [
        ("uv.lock", UV_LOCK, (5, 4, 0), (5, 4, 0), 3),
        ("poetry.lock", POETRY_LOCK, (5, 3, 6), (5, 3, 6), 5),
        ("pdm.lock", '[[package]]\nname = "celery"\nversion = "5.5.3"\nextras = ["redis"]\n', (5, 5, 3), (5, 5, 3), 1),
        ("pylock.toml", '[[packages]]\nname = "celery"\nversion = "5.5.3"\n', (5, 5, 3), (5, 5, 3), 1),
        ("Pipfile.lock", PIPFILE_LOCK, (5, 3, 1), (5, 3, 1), 2),
        ("requirements.txt", "redis\ncelery==5.4.0 \\\n    --hash=sha256:36963\n", (5, 4, 0), (5, 4, 0), 1),
        ("requirements.txt", "celery[redis]==5.4.0 ; python_version >= '3.8'  # pinned\n", (5, 4, 0), (5, 4, 0), 0),
        ("requirements.txt", "Celery == 5.4.*\r\n", (5, 4), (5, 4), 0),
        ("requirements.txt", "celery >= 5.3 , < 6\n", (5, 3), (5,), 0),
        ("requirements.txt", "celery~=5.4\n", (5, 4), (5,), 0),
        ("requirements.txt", "celery~=5.4.1\n", (5, 4, 1), (5, 4), 0),
        ("requirements.txt", "celery<5.5,!=5.3.2,>=5.2.7rc1\n", (5, 2, 7), (5, 4), 0),
        ("requirements.txt", "celery>5\n", (5,), None, 0),
        ("requirements.txt", "celery\n", None, None, 0),
        ("requirements.txt", "\ufeffcelery==5.4.0\n", (5, 4, 0), (5, 4, 0), 0),
        ("requirements/base.txt", "celery<=5.4.2\n", None, (5, 4, 2), 0),
        ("requirements/prod.in", "celery<=5.4.2\n", None, (5, 4, 2), 0),
        ("dev-requirements.txt", "celery==5.4.0\n", (5, 4, 0), (5, 4, 0), 0),
        ("requirements-dev.txt", "celery==5.4.0\n", (5, 4, 0), (5, 4, 0), 0),
        ("pyproject.toml", PYPROJECT, (5, 3), (5, 5), 6),
        ("pyproject.toml", POETRY, (5, 3), (5,), 5),
        ("pyproject.toml", '[project]\ndependencies = ["celery (>=5.4.0,<6.0.0)"]\n', (5, 4, 0), (5,), 1),
        ("pyproject.toml", "[dependency-groups]\nworker = ['celery==5.6.2']\n", (5, 6, 2), (5, 6, 2), 1),
        ("pyproject.toml", '[tool.poetry.dependencies]\ncelery = "5.3.*"\n', (5, 3), (5, 3), 1),
        ("pyproject.toml", '[tool.poetry.dependencies]\ncelery = "~5.3.1"\n', (5, 3, 1), (5, 3), 1),
        ("pyproject.toml", '[tool.poetry.group.worker.dependencies]\ncelery = "5.3.6"\n', (5, 3, 6), (5, 3, 6), 1),
        ("pyproject.toml", '[tool.poetry.dependencies.celery]\nversion = "^5.4"\nextras = ["x"]\n', (5, 4), (5,), 1),
        ("pyproject.toml", '[tool.poetry.dependencies]\ncelery = "^5.2 || 4.4.7"\n', (4, 4, 7), (5,), 1),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\ncelery = [\n {version = "5.2.7", python = "<3.8"},\n {version = "^5.4", python = ">=3.8"},\n]\nx = {version = "1"}\n',
            (5, 2, 7),
            (5,),
            1,
        ),
        ("Pipfile", '[packages]\ncelery = {extras = ["redis"], version = "==5.3.4"}\n', (5, 3, 4), (5, 3, 4), 1),
        ("Pipfile", '[packages]\ncelery = "*"\n', None, None, 1),
        ("setup.cfg", "[options]\ninstall_requires =\n    redis\n    celery[redis]>=5.3,<6\n", (5, 3), (5,), 3),
        ("setup.cfg", "[options]\ninstall_requires = celery>=5.3\n", (5, 3), None, 1),
        ("setup.py", 'setup(\n    install_requires=["celery>=5.3"],\n)\n', (5, 3), None, 1),
        ("environment.yml", "dependencies:\n  - python=3.11\n  - celery=5.3.6\n", (5, 3, 6), (5, 3, 6), 2),
        ("environment.yml", "dependencies:\n  - conda-forge::celery=5.3\n", (5, 3), (5, 3), 1),
        ("environment.yml", "dependencies:\n  - pip:\n    - celery[redis]>=5.3,<5.5\n", (5, 3), (5, 4), 2),
        ("environment.yml", "dependencies:\n  - celery 5.3.6 pyhd8ed1ab_0\n", (5, 3, 6), (5, 3, 6), 1),
    ],
)
def test_files_say_versions(
    tmp_path: Path, name: str, text: str, lowest: tuple[int, ...], highest: tuple[int, ...], line: int
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    version = find_version(tmp_path)
    assert (version.lowest, version.highest, version.source, version.line) == (lowest, highest, path, line)
    assert path in version.consulted


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "# celery==5.4.0\ndjango-celery-beat==2.5\ncelery-redbeat==2.0\nflower\n"),
        ("pyproject.toml", '[project]\nname = "celery"\nversion = "1.0"\nkeywords = ["celery"]\n'),
        ("pyproject.toml", '[tool.uv.sources]\ncelery = { git = "https://github.com/celery/celery" }\n'),
        ("pyproject.toml", '[tool.poetry.plugins."shop"]\ncelery = "1.0"\n'),
        ("uv.lock", '[[package]]\nname = "celery-types"\nversion = "0.22.0"\n'),
        ("setup.cfg", "[options]\n# celery>=5.3\n[mypy-celery.*]\nignore_missing_imports = True\n"),
        ("environment.yml", "dependencies:\n  - celery-beat=5\n"),
        ("README.txt", "celery==5.4.0\n"),
        ("requirements.txt", "\0celery==5.4.0\n"),
    ],
)
def test_other_files_and_names_say_nothing(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    version = find_version(tmp_path)
    assert (version.lowest, version.highest, version.source, version.line) == (None, None, None, None)
    assert tmp_path in version.consulted
    assert tmp_path / "uv.lock" in version.consulted


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_utf_16_as_powershell_writes_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes("celery==5.4.0\r\n".encode("utf-16"))
    assert find_version(tmp_path).lowest == (5, 4, 0)


@pytest.mark.parametrize(
    "packages", [".venv/lib/python3.12/site-packages", "venv/lib/python3.9/site-packages", "env/Lib/site-packages"]
)
def test_an_environment_says_what_is_installed(tmp_path: Path, packages: str) -> None:
    folder = tmp_path / packages
    (folder / "celery-5.5.3.dist-info").mkdir(parents=True)
    (folder / "celery_types-0.22.0.dist-info").mkdir()
    (folder / "django_celery_beat-2.6.0.dist-info").mkdir()
    version = find_version(tmp_path)
    assert (version.lowest, version.highest) == ((5, 5, 3), (5, 5, 3))
    assert version.source == folder / "celery-5.5.3.dist-info"
    assert version.line is None


def test_what_says_it_best_wins(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": PYPROJECT})
    assert find_version(tmp_path).release is None
    (tmp_path / ".venv/lib/python3.12/site-packages/celery-5.5.1.dist-info").mkdir(parents=True)
    assert find_version(tmp_path).lowest == (5, 5, 1)
    write(tmp_path, {"requirements.txt": "celery==5.3.6\n"})
    assert find_version(tmp_path).lowest == (5, 3, 6)
    write(tmp_path, {"uv.lock": UV_LOCK})
    assert find_version(tmp_path).lowest == (5, 4, 0)


def test_places_that_differ_make_a_range(tmp_path: Path) -> None:
    write(tmp_path, {"requirements/dev.txt": "celery==5.5.0\n", "requirements/prod.txt": "celery==5.3.6\n"})
    version = find_version(tmp_path)
    assert (version.lowest, version.highest) == ((5, 3, 6), (5, 5, 0))
    write(tmp_path, {"requirements/dev.txt": "celery>=5.4\n", "requirements/prod.txt": "celery>=5.3,<6\n"})
    version = find_version(tmp_path)
    assert (version.lowest, version.highest) == ((5, 3), None)
    assert version.source == tmp_path / "requirements/prod.txt"


def test_constraints_narrow_a_range(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "celery>=5.3\n", "constraints.txt": "celery<5.5\n"})
    version = find_version(tmp_path)
    assert (version.lowest, version.highest) == ((5, 3), (5, 4))
    write(tmp_path, {"constraints.txt": "celery==5.4.0\n"})
    assert find_version(tmp_path).release == (5, 4)


def test_included_files_are_read_inside_the_root(tmp_path: Path) -> None:
    root = tmp_path / "project"
    write(
        tmp_path,
        {
            "project/requirements.txt": "-r etc/base.txt\n-c etc\\limits.txt\n-r ../outside.txt\n-r missing.txt\n",
            "project/etc/base.txt": "celery>=5.3\n-r ../requirements.txt\n",
            "project/etc/limits.txt": "celery<5.6\n",
            "outside.txt": "celery==4.4.7\n",
        },
    )
    version = find_version(root)
    assert (version.lowest, version.highest, version.source) == ((5, 3), (5, 5), root / "etc/base.txt")
    assert root / "missing.txt" in version.consulted
    assert tmp_path / "outside.txt" not in version.consulted


def test_the_nearest_folder_wins(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "uv.lock": UV_LOCK,
            "services/mail/requirements.txt": "celery==5.6.0\n",
            "services/mail/src/tasks.py": "",
            "services/web/pyproject.toml": '[project]\ndependencies = ["celery>=5.3,<6"]\n',
            "services/web/tasks.py": "",
            "services/old/pyproject.toml": '[project]\ndependencies = ["celery<5"]\n',
        },
    )
    assert version_for(tmp_path / "services/mail/src/tasks.py", tmp_path).lowest == (5, 6, 0)
    # A member of a workspace: the range is its own, the lock is the workspace's.
    assert version_for(tmp_path / "services/web/tasks.py", tmp_path).lowest == (5, 4, 0)
    # What does not fit is not its lock.
    assert version_for(tmp_path / "services/old/tasks.py", tmp_path).highest == (4,)
    assert version_for(tmp_path / "tasks.py", tmp_path).lowest == (5, 4, 0)
    version = version_for(tmp_path / "services/mail/src/tasks.py", tmp_path)
    assert tmp_path / "services/mail/src" in version.consulted
    assert tmp_path not in version.consulted


def test_folders_below_are_searched_where_nothing_else_speaks(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"docker/requirements.txt": "celery==5.4.0\n", "shop/tasks.py": "", "node_modules/setup.py": '"celery==4.0"'},
    )
    assert find_version(tmp_path).lowest == (5, 4, 0)
    assert version_for(tmp_path / "shop/tasks.py", tmp_path).lowest == (5, 4, 0)
    assert version_for(tmp_path.parent / "elsewhere.py", tmp_path).lowest == (5, 4, 0)


def test_the_caller_may_name_the_files(tmp_path: Path) -> None:
    write(tmp_path, {"uv.lock": UV_LOCK, "etc/worker.txt": "celery==5.6.1\n"})
    version = find_version(tmp_path, [tmp_path / "etc/worker.txt", tmp_path / "missing.txt"])
    assert version.lowest == (5, 6, 1)
    assert version.consulted == {tmp_path / "etc/worker.txt", tmp_path / "missing.txt"}


def test_a_change_is_seen(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "celery==5.6.1\n"})
    assert find_version(tmp_path).lowest == (5, 6, 1)
    write(tmp_path, {"requirements.txt": "celery==5.6.12\n"})
    assert find_version(tmp_path).lowest == (5, 6, 12)
    (tmp_path / "requirements.txt").unlink()
    assert find_version(tmp_path).lowest is None


def test_nothing_makes_it_fail(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").mkdir()
    (tmp_path / "setup.py").symlink_to("setup.py")
    (tmp_path / "uv.lock").write_bytes(b'name = "celery"\nversion = "\xff\xfe"\n')
    (tmp_path / "poetry.lock").write_bytes(b'name = "celery"\nversion = "99999999999999999999.1"\n')
    (tmp_path / "venv").write_text("")
    (tmp_path / "requirements").write_text("")
    assert find_version(tmp_path).consulted
    assert find_version(tmp_path / "missing") == CeleryVersion(consulted=find_version(tmp_path / "missing").consulted)


@given(
    st.sampled_from(["uv.lock", "Pipfile", "pyproject.toml", "setup.cfg", "requirements.txt", "environment.yml"]),
    st.text(),
)
def test_no_text_makes_it_fail(name: str, text: str) -> None:
    requirements_in(name, b"celery" + text.encode("utf-8", "surrogatepass"))
    requirements_in(name, f'[packages]\ncelery = {{{text}\n- celery{text}\n"celery=={text}"'.encode("utf-8", "replace"))


def test_names_of_files_are_known() -> None:
    assert all(map(is_version_file, ("uv.lock", "requirements-dev.txt", "pylock.worker.toml", "setup.py")))
    assert not any(map(is_version_file, ("tasks.py", "README.md", "notes.txt", "Dockerfile")))


@pytest.mark.parametrize(
    ("lowest", "highest", "at_least"),
    [
        ((5, 5, 0), (5, 5, 0), True),
        ((5, 5), None, True),
        ((5, 4, 9), (5, 4, 9), False),
        ((5, 3), (5,), None),
        ((5, 3), (5, 4), False),
        ((5, 3), (5, 5), None),
        (None, (4,), False),
        (None, (6,), None),
        ((6,), None, True),
        (None, None, None),
    ],
)
def test_versions_are_compared(lowest: tuple[int, ...], highest: tuple[int, ...], at_least: bool | None) -> None:
    version = CeleryVersion(lowest, highest)
    assert version.at_least(5, 5) is at_least
    assert version.below(5, 5) is (None if at_least is None else not at_least)


def test_one_release_is_told() -> None:
    assert CeleryVersion((5, 4, 0), (5, 4)).release == (5, 4)
    assert CeleryVersion((5, 4, 0), (5,)).release is None
    assert CeleryVersion((5, 4, 0), None).release is None


RELEASED = [f"{major}.{minor}.{patch}" for major in (4, 5, 6) for minor in range(8) for patch in (0, 1, 6)]
number = st.sampled_from(["4", "5", "5.0", "5.3", "5.4", "5.5.1", "5.5.0", "6", "6.0", "6.0.0"])
clause = st.one_of(
    st.tuples(st.sampled_from(["==", ">=", "<=", "<", ">"]), number).map("".join),
    number.filter(lambda text: "." in text).map("~={}".format),
    number.map("=={}.*".format),
)


@given(st.lists(clause, min_size=1, max_size=2))
def test_ranges_hold_every_version_that_pip_would_take(clauses: list[str]) -> None:
    spec = SpecifierSet(",".join(clauses))
    (requirement,) = requirements_in("requirements.txt", f"celery{spec}\n".encode())
    assert isinstance(requirement, Requirement)
    version = CeleryVersion(requirement.lowest, requirement.highest)
    for released in spec.filter(RELEASED):
        parts = Version(released).release
        assert version.at_least(*parts) is not False
        assert version.at_least(parts[0], parts[1] + 1) is not True
        assert version.at_least(parts[0] + 1) is not True
