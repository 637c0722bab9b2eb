"""Makes `.venv` and installs the project into it, where there is Python and a network and nothing else.

    python3 -I tools/bootstrap.py          what celeryls needs to run
    python3 -I tools/bootstrap.py --dev    and what its tests and checks need

Standard library only, and no f-strings: any Python 3 can read this file, so that one that is too old gets a
sentence and not a traceback. The network is reached as pip is configured to reach it.
"""

import configparser
import fcntl
import hashlib
import html
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import venv
from pathlib import Path

MINIMUM = (3, 10)
if sys.version_info < MINIMUM:
    sys.exit("Python 3.10 or newer is needed; found %s at %s." % (sys.version.split()[0], sys.executable))

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
PIP = [PYTHON, "-m", "pip"]

STAMP = VENV / "bootstrap-stamp"
UNFINISHED = "unfinished"

PYPI = "https://pypi.org/simple"
PIP_FILES = ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf"]
# Variables that would lead pip or uv to another environment or away from uv.lock.
ELSEWHERE = re.compile(
    "VIRTUAL_ENV|CONDA_|PYTHON(PATH|HOME)|PIP_(PYTHON|USER|TARGET|PREFIX|ROOT)$|UV_(.*INDEX|.*PYTHON|PROJECT)"
)


# What is there already


def plan(stamp: str, home: str, inputs: str, wanted: str) -> tuple:
    """What an environment's stamp leaves to do ("make", "update" or "nothing"), and to what extent."""
    extent, stamped_home, stamped_inputs = (stamp.split("\n") + ["", ""])[:3]
    if extent not in ("run", "dev") or stamped_home != home:
        return "make", wanted
    if wanted == "run":  # `make demo` leaves the development tools where they are.
        wanted = extent
    return "nothing" if (extent, stamped_inputs) == (wanted, inputs) else "update", wanted


def read_stamp() -> str:
    """The stamp; where somebody else made a working environment, a stamp that leaves an update to do."""
    if STAMP.is_file():
        return STAMP.read_text() if PYTHON.exists() else UNFINISHED
    probe = "import sys; sys.exit(sys.prefix == sys.base_prefix or sys.version_info < (%d, %d))" % MINIMUM
    return "run\n" + home() if run([PYTHON, "-c", probe], quiet=True) else UNFINISHED


def home() -> str:
    """What the files in an environment name: its Python, and where it lies."""
    return "Python %d.%d in %s" % (sys.version_info[:2] + (ROOT,))


def fingerprint() -> str:
    files = [ROOT / "pyproject.toml", ROOT / "uv.lock", Path(__file__)]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


# How the network is reached


def pip_setting(name: str) -> str:
    """A setting as pip, which may not be installed yet, would read it."""
    last = os.environ.get("PIP_CONFIG_FILE", "")
    files = [] if last == os.devnull else [Path(file).expanduser() for file in PIP_FILES + [last]]
    config = configparser.RawConfigParser()
    config.read(map(str, files))
    sections = [config.get(section, name, fallback="") for section in ("install", "global")]
    return os.environ.get("PIP_" + name.upper().replace("-", "_")) or sections[0] or sections[1]


def index_url() -> str:
    return (pip_setting("index-url") or PYPI).rstrip("/")


def environment() -> dict:
    """The variables for pip and uv: none that lead elsewhere, and pip's certificates and proxy for uv."""
    env = {name: value for name, value in os.environ.items() if not ELSEWHERE.match(name)}
    env.update(PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    env.update(UV_PROJECT_ENVIRONMENT=str(VENV), UV_NO_CONFIG="1")
    env.update(UV_PYTHON=str(PYTHON), UV_PYTHON_DOWNLOADS="never")
    certificates = pip_setting("cert") or env.get("REQUESTS_CA_BUNDLE") or env.get("CURL_CA_BUNDLE")
    if certificates:
        env.setdefault("SSL_CERT_FILE", certificates)
    system = ssl.get_default_verify_paths()
    if system.cafile or (system.capath and any(Path(system.capath).iterdir())):
        env.setdefault("UV_SYSTEM_CERTS", "1")  # pip trusts these too; uv brings its own.
    if pip_setting("proxy"):
        env.setdefault("ALL_PROXY", pip_setting("proxy"))
    return env


def say(text: str) -> None:
    print(text, flush=True)


def run(command: list, quiet: bool = False, **variables: str) -> bool:
    command, env = list(map(str, command)), dict(environment(), **variables)
    output = subprocess.DEVNULL if quiet else None
    try:
        return not subprocess.call(
            command, cwd=str(ROOT), env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    except OSError:
        return False


# pip


def newest_pip(page: str, url: str, python: tuple) -> tuple:
    """The address and SHA-256 of the newest pip for this Python, from an index's page that is at `url`."""
    found = []
    for attributes, version in re.findall(r"<a\s([^>]*)>\s*pip-([\d.]+)-[^<]*-none-any\.whl\s*</a>", page):
        attributes = html.unescape(attributes)
        link = re.search(r'href="([^"#]+)#sha256=([0-9a-f]{64})"', attributes)
        oldest = re.search(r'data-requires-python="[^"]*>=\s*(\d+)\.(\d+)', attributes)
        fits = not oldest or tuple(map(int, oldest.groups())) <= python
        if link and fits and "data-yanked" not in attributes:
            address = urllib.parse.urljoin(url, link.group(1))
            found.append((tuple(map(int, version.split("."))), address, link.group(2)))
    if not found:
        raise ValueError("the package index offers none for Python %d.%d" % python)
    return max(found)[1:]


def download(url: str) -> bytes:
    context = ssl.create_default_context(cafile=environment().get("SSL_CERT_FILE"))
    handlers = [urllib.request.HTTPSHandler(context=context)]
    proxy = pip_setting("proxy")
    if proxy:
        handlers.append(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    with urllib.request.build_opener(*handlers).open(url, timeout=60) as response:
        return response.read()


def download_pip() -> Path:
    page = index_url() + "/pip/"
    url, sha256 = newest_pip(download(page).decode(), page, sys.version_info[:2])
    content = download(url)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError("the file does not have the hash that the package index gives")
    wheel = VENV / url.rpartition("/")[2]
    wheel.write_bytes(content)
    return wheel


def obtain_pip() -> None:
    """Debian leaves ensurepip out of Python, and pip too; what the machine lacks comes from the index."""
    if run(PIP + ["--version"], quiet=True) or run([PYTHON, "-m", "ensurepip"], quiet=True):
        return
    for other in ([sys._base_executable, "-m", "pip"], ["pip3"], ["pip"]):
        if run(other + ["--python", PYTHON, "install", "pip"], quiet=True):
            return
    try:
        wheel = download_pip()
    except (OSError, ValueError) as problem:
        sys.exit("pip is missing, and getting it failed: %s\nInstall it (Debian: python3-venv)." % problem)
    if not run([PYTHON, wheel / "pip", "install", "-q", "--no-index", wheel]):
        sys.exit("The pip from the package index does not work here.")
    wheel.unlink()


# The project


def install(extent: str) -> None:
    obtain_pip()
    have_uv = UV.exists() or run(PIP + ["install", "-q", "--only-binary=:all:", "uv"])
    groups = [] if extent == "dev" else ["--no-dev"]
    if have_uv and (sync(groups) or install_locked(groups)):
        return
    say("uv.lock cannot be used; taking the newest versions that pyproject.toml allows ...")
    groups = ["--group", "dev"] if extent == "dev" else []
    newer_pip = PIP + ["install", "-q", "--upgrade", "pip"]  # for `--group`
    if not (run(newer_pip) and run(PIP + ["install", "-q", "--editable", "."] + groups)):
        sys.exit("The installation failed; the messages above say why.")


def sync(groups: list) -> bool:
    """uv.lock names files on PyPI, so with another index this is not the way."""
    return index_url() == PYPI and run([UV, "sync", "-q", "--locked"] + groups)


def install_locked(groups: list) -> bool:
    """The versions and hashes of uv.lock, from whichever index pip is configured to use."""
    locked = VENV / "requirements.txt"
    if not run([UV, "export", "-q", "--locked", "--no-emit-project", "-o", locked] + groups, quiet=True):
        return False
    steps = (["install", "-q", "-r", locked], ["install", "-q", "--no-deps", "--editable", "."])
    if all(run([UV, "pip"] + step, UV_DEFAULT_INDEX=index_url()) for step in steps):
        return True
    say("uv cannot install them; trying pip ...")
    return all(run(PIP + step) for step in steps)


def prepare(wanted: str) -> None:
    inputs = fingerprint()
    task, extent = plan(read_stamp(), home(), inputs, wanted)
    if task == "nothing":
        return
    started = time.monotonic()
    if task == "update":
        say("Updating .venv ...")
    else:
        say("Making .venv with Python %s ..." % sys.version.split()[0])
        remove_environment()
        VENV.mkdir()
    STAMP.write_text(UNFINISHED)
    if task == "make":
        venv.create(str(VENV), symlinks=True)
    install(extent)
    STAMP.write_text("\n".join([extent, home(), inputs]))
    say("Ready after %.0f s." % (time.monotonic() - started))


def remove_environment() -> None:
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(str(VENV))


if __name__ == "__main__":
    try:
        with (ROOT / "pyproject.toml").open() as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)  # Two makes at once take turns.
            prepare("dev" if "--dev" in sys.argv[1:] else "run")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; the next run starts afresh.")
