"""`tools/bootstrap.py`: what it decides and what it reads, without making an environment."""

import hashlib
import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parent.parent / "tools" / "bootstrap.py"
INDEX = "https://mirror.example/simple/pip/"
HERE = "Python 3.12 in /home/ada/celeryls"


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def configured(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """pip's configuration: no variables, and one file that the test writes."""
    for name in [*os.environ]:
        if name.startswith(("PIP_", "UV_", "SSL_")) or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name)
    file = tmp_path / "pip.conf"
    monkeypatch.setattr(bootstrap, "PIP_FILES", [str(file)])
    return file


@pytest.mark.parametrize(
    ("stamp", "wanted", "expected"),
    [
        (f"dev\n{HERE}\nabc", "dev", ("nothing", "dev")),
        (f"run\n{HERE}\nabc", "run", ("nothing", "run")),
        pytest.param(f"dev\n{HERE}\nabc", "run", ("nothing", "dev"), id="development tools stay"),
        pytest.param(f"run\n{HERE}\nabc", "dev", ("update", "dev"), id="development tools are added"),
        pytest.param(f"dev\n{HERE}\nold", "run", ("update", "dev"), id="the lock changed"),
        pytest.param(f"run\n{HERE}", "run", ("update", "run"), id="made by somebody else"),
        pytest.param(
            "dev\nPython 3.11 in /home/ada/celeryls\nabc",
            "dev",
            ("make", "dev"),
            id="another Python",
        ),
        pytest.param("unfinished", "dev", ("make", "dev"), id="interrupted"),
        pytest.param("", "run", ("make", "run"), id="empty"),
    ],
)
def test_a_stamp_tells_what_is_left_to_do(
    bootstrap: ModuleType, stamp: str, wanted: str, expected: tuple[str, str]
) -> None:
    assert bootstrap.plan(stamp, HERE, "abc", wanted) == expected


def anchor(version: str, attributes: str = "", path: str = "../../files") -> str:
    name = f"pip-{version}-py3-none-any.whl"
    digest = hashlib.sha256(version.encode()).hexdigest()
    return f'<a href="{path}/{name}#sha256={digest}" {attributes}>{name}</a><br/>\n'


def test_the_newest_pip_that_fits_is_chosen(bootstrap: ModuleType) -> None:
    page = (
        anchor("9.0.3")
        + anchor("30.0", 'data-requires-python="&gt;=3.12"')
        + anchor("26.10", 'data-requires-python="&gt;=3.10"')
        + anchor("26.9", 'data-requires-python="&gt;=3.10"')
        + anchor("26.11", 'data-yanked=""')
        + anchor("31.0b1")
        + '<a href="pip-40.0-py3-none-any.whl">pip-40.0-py3-none-any.whl</a>'  # no hash
    )
    url, digest = bootstrap.newest_pip(page, INDEX, (3, 10))
    assert url == "https://mirror.example/files/pip-26.10-py3-none-any.whl"
    assert digest == hashlib.sha256(b"26.10").hexdigest()
    assert bootstrap.newest_pip(page, INDEX, (3, 12))[0].endswith("/pip-30.0-py3-none-any.whl")


def test_an_index_without_pip_is_a_problem_with_words(bootstrap: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"offers none for Python 3\.10"):
        bootstrap.newest_pip(anchor("30.0", 'data-requires-python="&gt;=3.12"'), INDEX, (3, 10))


def test_settings_are_read_as_pip_reads_them(
    bootstrap: ModuleType, configured: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert bootstrap.index_url() == bootstrap.PYPI
    configured.write_text("[global]\nindex-url = https://global.example/%40/simple/\n")
    assert bootstrap.index_url() == "https://global.example/%40/simple"
    configured.write_text(
        "[global]\nindex-url = https://global.example\n[install]\nindex-url = https://install.example"
    )
    assert bootstrap.index_url() == "https://install.example"

    named = tmp_path / "named.conf"
    named.write_text("[install]\nindex-url = https://named.example\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(named))
    assert bootstrap.index_url() == "https://named.example"
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert bootstrap.index_url() == bootstrap.PYPI
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable.example/simple/")
    assert bootstrap.index_url() == "https://variable.example/simple"


def test_tools_see_pips_certificates_and_no_other_environment(
    bootstrap: ModuleType, configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured.write_text("[global]\ncert = /etc/company.pem\nproxy = http://proxy.example:3128\n")
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "UV_INDEX_URL", "UV_SYSTEM_PYTHON"):
        monkeypatch.setenv(name, "/elsewhere")
    env = bootstrap.environment()
    assert "/elsewhere" not in env.values()
    assert (env["SSL_CERT_FILE"], env["ALL_PROXY"]) == ("/etc/company.pem", "http://proxy.example:3128")
    assert env["UV_PYTHON_DOWNLOADS"] == "never"
