"""The index of a workspace: made beside the session, kept up to date, shared with `celeryls check`, and never in the
way of its end."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from command import run
from lsp_session import PATIENCE, PULLED, PUSHED, Session

Start = Callable[..., Session]
LIMITS: dict[str, Any] = {"select": ["missing-time-limit"]}
UNLIMITED = "from celery import shared_task\n\n\n@shared_task\ndef ping(): ...\n"
"""A module with one finding, which a time limit in any settings of the workspace takes away."""
SILENCE = 0.5
"""Seconds between two requests that leave the server time for other work."""
LIMIT = "CELERY_TASK_TIME_LIMIT = 60\n"
WATCHING = {**PUSHED["workspace"], "didChangeWatchedFiles": {"dynamicRegistration": True}}
WATCHED: dict[str, Any] = {**PUSHED, "workspace": WATCHING, "window": {"workDoneProgress": True}}
PULLED_WATCHED: dict[str, Any] = {
    **PULLED,
    "workspace": {**PULLED["workspace"], "didChangeWatchedFiles": {"dynamicRegistration": True}},
}


def project(folder: Path, **files: str) -> Path:
    """A project with files; `__` in a name stands for a slash."""
    for name, text in {"pyproject__toml": "", **files}.items():
        path = folder.joinpath(*name.split("__"))
        path = path if name == "pyproject__toml" else path.with_suffix(".py")
        path = folder / "pyproject.toml" if name == "pyproject__toml" else path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def watched(session: Session, *paths: Path) -> None:
    """Tell that files changed."""
    changes = [{"uri": path.as_uri(), "type": 2} for path in paths]
    session.notify("workspace/didChangeWatchedFiles", {"changes": changes})


def awaited(session: Session, path: Path, count: int, since: int = 0) -> list[Any]:
    """Wait until the diagnostics of a file are so many."""
    message = session.wait(
        lambda message: (
            message.get("method") == "textDocument/publishDiagnostics"
            and message["params"]["uri"] == path.as_uri()
            and len(message["params"]["diagnostics"]) == count
        ),
        since,
    )
    return message["params"]["diagnostics"]


def progress(session: Session, kind: str) -> dict[str, Any]:
    """Wait for a kind of progress."""
    return session.wait(lambda m: m.get("method") == "$/progress" and m["params"]["value"]["kind"] == kind)["params"]


def large_project(folder: Path, files: int = 300) -> Path:
    """A project that takes a while to be indexed."""
    task = '@app.task(bind=True)\ndef task_{0}(self, first: int, second: str) -> None:\n    """Do it."""\n' + (
        "    print(first, second)\n    self.retry(countdown=first)\n" * 5
    )
    text = "from celery import Celery\n\napp = Celery()\n\n\n" + "\n\n".join(map(task.format, range(60)))
    project(folder)
    for number in range(files):
        (folder / f"tasks_{number}.py").write_text(f"# {number}\n{text}")
    return folder


def test_progress_is_shown(start: Start, tmp_path: Path) -> None:
    session = start()
    session.initialize(project(tmp_path, tasks=UNLIMITED, other="import os\n"), capabilities=WATCHED, options=LIMITS)
    begun = progress(session, "begin")
    assert begun["value"]["title"] == f"Indexing {tmp_path.name}"
    created = session.wait(lambda message: message.get("method") == "window/workDoneProgress/create")
    assert created["params"] == {"token": begun["token"]}
    assert progress(session, "end")["token"] == begun["token"]
    assert session.stop() == 0


def test_a_client_without_progress_hears_of_none(start: Start, tmp_path: Path) -> None:
    session = start()
    folder = project(tmp_path, tasks=UNLIMITED, settings=LIMIT)
    session.initialize(folder, options=LIMITS)
    session.open((folder / "tasks.py").as_uri(), UNLIMITED)
    awaited(session, folder / "tasks.py", 0)
    methods = {message.get("method") for message in session.heard}
    assert not methods & {"window/workDoneProgress/create", "$/progress"}


def test_open_files_have_findings_before_the_index_is_there(start: Start, tmp_path: Path) -> None:
    session = start()
    large_project(tmp_path, 60)
    text = "from celery import Celery\n\napp = Celery()\n\n\n@app.task(bind=True)\ndef pong(): ...\n"
    session.initialize(tmp_path, capabilities=WATCHED, options={"select": ["bind-without-self"]})
    uri = (tmp_path / "new.py").as_uri()
    session.open(uri, text)
    assert len(session.published(uri, 1)) == 1
    assert not [one for one in session.all("$/progress") if one["value"]["kind"] == "end"]


def test_what_the_index_may_contradict_is_not_said_before(start: Start, tmp_path: Path) -> None:
    folder = large_project(tmp_path, 60)
    (folder / "settings.py").write_text(LIMIT)
    session = start()
    session.initialize(folder, capabilities=WATCHED, options=LIMITS)
    uri = (folder / "new.py").as_uri()
    session.open(uri, UNLIMITED)
    progress(session, "end")
    text = UNLIMITED + "\n\n@shared_task(soft_time_limit='x')\ndef pong(): ...\n"
    session.change(uri, 2, text)
    session.published(uri, 2)
    assert not any(one["diagnostics"] for one in session.all("textDocument/publishDiagnostics"))


def test_what_another_file_says(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED, shop__settings=LIMIT)
    session = start()
    session.initialize(folder, capabilities=WATCHED, options=LIMITS)
    tasks, settings = folder / "tasks.py", folder / "shop" / "settings.py"
    session.open(tasks.as_uri(), UNLIMITED)
    awaited(session, tasks, 0)

    seen = len(session.heard)
    settings.write_text("DEBUG = True\n")
    watched(session, settings)
    awaited(session, tasks, 1, seen)

    seen = len(session.heard)
    settings.write_text(LIMIT)
    watched(session, settings)
    awaited(session, tasks, 0, seen)

    seen = len(session.heard)
    settings.unlink()
    watched(session, settings)
    awaited(session, tasks, 1, seen)


def test_unsaved_text_wins(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED, settings="DEBUG = True\n")
    session = start()
    session.initialize(folder, capabilities=WATCHED, options=LIMITS)
    tasks, settings = folder / "tasks.py", folder / "settings.py"
    session.open(tasks.as_uri(), UNLIMITED)
    session.open(settings.as_uri(), "DEBUG = True\n")
    progress(session, "end")
    awaited(session, tasks, 1)

    seen = len(session.heard)
    session.change(settings.as_uri(), 2, LIMIT)
    awaited(session, tasks, 0, seen)

    seen = len(session.heard)
    session.notify("textDocument/didClose", {"textDocument": {"uri": settings.as_uri()}})
    awaited(session, tasks, 1, seen)


def test_unsaved_text_wins_that_was_open_before_the_index_was_there(start: Start, tmp_path: Path) -> None:
    folder = project(large_project(tmp_path, 30), tasks=UNLIMITED, settings="DEBUG = True\n")
    session = start()
    rules = ["missing-time-limit", "duplicate-task-name"]
    session.initialize(folder, capabilities=WATCHED, options={"select": rules})
    tasks, settings = folder / "tasks.py", folder / "settings.py"
    session.open(settings.as_uri(), LIMIT)
    # That two tasks have one name is said once the index is there.
    session.open(tasks.as_uri(), UNLIMITED + UNLIMITED.replace("ping()", "ping(x)"))
    found = awaited(session, tasks, 1)
    assert found[0]["code"] == "duplicate-task-name"
    session.change(settings.as_uri(), 2, "DEBUG = True\n")
    awaited(session, tasks, 3)


def test_a_new_file_that_is_not_saved_yet(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED)
    session = start()
    session.initialize(folder, capabilities=WATCHED, options=LIMITS)
    session.open((folder / "tasks.py").as_uri(), UNLIMITED)
    progress(session, "end")
    awaited(session, folder / "tasks.py", 1)
    seen = len(session.heard)
    session.open((folder / "settings.py").as_uri(), LIMIT)
    awaited(session, folder / "tasks.py", 0, seen)


def test_what_is_left_out_does_not_count(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED, old__settings=LIMIT, build__settings=LIMIT, secret__settings=LIMIT)
    (folder / ".gitignore").write_text("secret/\n")
    session = start()
    session.initialize(folder, capabilities=WATCHED, options=LIMITS | {"exclude": ["old/"]})
    session.open((folder / "tasks.py").as_uri(), UNLIMITED)
    session.open((folder / "secret" / "settings.py").as_uri(), LIMIT)
    progress(session, "end")
    awaited(session, folder / "tasks.py", 1)
    (folder / ".gitignore").write_text("")
    seen = len(session.heard)
    watched(session, folder / ".gitignore")
    awaited(session, folder / "tasks.py", 0, seen)


def test_typing_in_a_body_touches_no_other_file(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED, more=UNLIMITED.replace("...", "\n    return 1"))
    session = start()
    session.initialize(folder, capabilities=WATCHED, options=LIMITS)
    tasks, more = folder / "tasks.py", folder / "more.py"
    text = more.read_text()
    session.open(tasks.as_uri(), UNLIMITED)
    session.open(more.as_uri(), text)
    progress(session, "end")
    awaited(session, tasks, 1)
    awaited(session, more, 1)
    time.sleep(1)
    seen = len(session.heard)
    for version, body in enumerate(("return (", "return (1", "return (1)", "x = 1\n    return (1)"), 2):
        session.change(more.as_uri(), version, text.replace("return 1", body))
        time.sleep(0.3)
    time.sleep(0.5)
    said = {m["params"]["uri"] for m in session.heard[seen:] if m.get("method") == "textDocument/publishDiagnostics"}
    assert said == {more.as_uri()}


def test_files_that_the_editor_renames(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED, notes=LIMIT)
    session = start()
    capabilities = {**PUSHED, "workspace": {**WATCHING, "fileOperations": {"didRename": True}}}
    offered = session.initialize(folder, capabilities=capabilities, options=LIMITS)
    assert set(offered["capabilities"]["workspace"]["fileOperations"]) == {"didCreate", "didRename", "didDelete"}
    tasks = folder / "tasks.py"
    session.open(tasks.as_uri(), UNLIMITED)
    awaited(session, tasks, 1)
    settings = (folder / "notes.py").rename(folder / "settings.py")
    seen = len(session.heard)
    files = [{"oldUri": (folder / "notes.py").as_uri(), "newUri": settings.as_uri()}]
    session.notify("workspace/didRenameFiles", {"files": files})
    awaited(session, tasks, 0, seen)
    settings.unlink()
    seen = len(session.heard)
    session.notify("workspace/didDeleteFiles", {"files": [{"uri": settings.as_uri()}]})
    awaited(session, tasks, 1, seen)


def test_a_client_that_watches_nothing(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED)
    session = start()
    session.initialize(folder, options=LIMITS)
    session.open((folder / "tasks.py").as_uri(), UNLIMITED)
    awaited(session, folder / "tasks.py", 1)
    time.sleep(1.5)
    (folder / "settings.py").write_text(LIMIT)
    awaited(session, folder / "tasks.py", 0)


def test_a_branch_switch(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED)
    names = [folder / f"module_{number}.py" for number in range(2000)]
    for name in names:
        name.write_text("import os\n")
    session = start()
    session.initialize(folder, capabilities=WATCHED, options=LIMITS)
    session.open((folder / "tasks.py").as_uri(), UNLIMITED)
    progress(session, "end")
    awaited(session, folder / "tasks.py", 1)
    seen = len(session.heard)
    for name in names:
        name.write_text("import sys\n")
    (folder / "settings.py").write_text(LIMIT)
    for name in names:
        watched(session, name)
    watched(session, folder / "settings.py")
    awaited(session, folder / "tasks.py", 0, seen)
    said = [m for m in session.heard[seen:] if m.get("method") == "$/progress"]
    assert sum(one["params"]["value"]["kind"] == "begin" for one in said) <= 3, "not once for each file"


def test_each_folder_has_its_own_index(start: Start, tmp_path: Path) -> None:
    one = project(tmp_path / "one", tasks=UNLIMITED, settings=LIMIT)
    two = project(tmp_path / "two", tasks=UNLIMITED)
    session = start()
    session.initialize(one, capabilities=WATCHED, options=LIMITS)
    session.open((one / "tasks.py").as_uri(), UNLIMITED)
    awaited(session, one / "tasks.py", 0)
    event = {"added": [{"uri": two.as_uri(), "name": "two"}], "removed": []}
    session.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    session.open((two / "tasks.py").as_uri(), UNLIMITED)
    awaited(session, two / "tasks.py", 1)
    event = {"added": [], "removed": [{"uri": one.as_uri(), "name": "one"}]}
    session.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    seen = len(session.heard)
    (two / "settings.py").write_text(LIMIT)
    watched(session, two / "settings.py")
    awaited(session, two / "tasks.py", 0, seen)


def test_a_file_from_nowhere_leads_no_deeper_than_its_folder(start: Start, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "settings.py").write_text(LIMIT)
    file = tmp_path / "tasks.py"
    file.write_text(UNLIMITED)
    session = start(env={"HOME": str(tmp_path)})
    session.initialize(capabilities=WATCHED, options=LIMITS)
    session.open(file.as_uri(), UNLIMITED)
    awaited(session, file, 1)
    progress(session, "end")
    time.sleep(0.7)
    seen = len(session.heard)
    (tmp_path / "settings.py").write_text(LIMIT)
    watched(session, tmp_path / "settings.py")
    awaited(session, file, 0, seen)


def test_a_file_from_a_project_that_is_not_open(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, shop__tasks=UNLIMITED, conf__settings=LIMIT)
    session = start()
    session.initialize(capabilities=WATCHED, options=LIMITS)
    session.open((folder / "shop" / "tasks.py").as_uri(), UNLIMITED)
    awaited(session, folder / "shop" / "tasks.py", 0)


def test_the_cache_is_shared_with_check(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED, settings=LIMIT)
    for path in folder.glob("*"):
        os.utime(path, (1, 1))
    arguments = ("check", "--select", "missing-time-limit", "--min-severity", "hint")
    assert run(*arguments, cwd=folder).code == 0
    (kept,) = folder.glob(".celeryls_cache/*/index-*")
    before = kept.stat().st_mtime_ns

    session = start()
    session.initialize(folder, capabilities=WATCHED, options=LIMITS)
    session.open((folder / "tasks.py").as_uri(), UNLIMITED)
    awaited(session, folder / "tasks.py", 0)
    assert not session.all("$/progress"), "nothing had to be read"

    more = folder / "more.py"
    more.write_text(UNLIMITED)
    os.utime(more, (2, 2))
    watched(session, more)
    progress(session, "end")
    session.stop()
    assert kept.stat().st_mtime_ns != before
    before = kept.stat().st_mtime_ns
    assert run(*arguments, cwd=folder).code == 0
    assert kept.stat().st_mtime_ns == before, "check finds what the server has read"


def processes_of(session: Session) -> list[psutil.Process]:
    return psutil.Process(session.process.pid).children(recursive=True)


def until(condition: Callable[[], object], pause: float = 0.02) -> bool:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def busy_session(start: Start, folder: Path) -> tuple[Session, list[psutil.Process]]:
    """A session that is indexing, and the processes that do so."""
    session = start()
    session.initialize(large_project(folder), capabilities=WATCHED, options=LIMITS)
    progress(session, "begin")
    assert until(lambda: len(processes_of(session)) >= 2)
    return session, processes_of(session)


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive


def test_the_session_ends_in_time_while_files_are_indexed(start: Start, tmp_path: Path) -> None:
    session, processes = busy_session(start, tmp_path)
    begun = time.monotonic()
    assert session.stop() == 0
    assert time.monotonic() - begun < 2
    assert_gone(processes)


@pytest.mark.skipif(sys.platform == "win32", reason="kills")
def test_a_killed_server_leaves_no_process(start: Start, tmp_path: Path) -> None:
    session, processes = busy_session(start, tmp_path)
    session.process.send_signal(signal.SIGKILL)
    assert_gone(processes)


def test_a_client_that_hangs_up_leaves_no_process(start: Start, tmp_path: Path) -> None:
    session, processes = busy_session(start, tmp_path)
    assert session.process.stdin is not None
    session.process.stdin.close()
    session.process.wait(PATIENCE)
    assert_gone(processes)


@pytest.mark.skipif(sys.platform == "win32", reason="kills")
def test_a_process_that_is_killed_is_started_again(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED, settings=LIMIT)
    session = start()
    session.initialize(folder, capabilities=WATCHED, options=LIMITS)
    session.open((folder / "tasks.py").as_uri(), UNLIMITED)
    awaited(session, folder / "tasks.py", 0)
    for process in processes_of(session):
        process.kill()
    (folder / "settings.py").write_text("DEBUG = True\n")
    seen = len(session.heard)
    watched(session, folder / "settings.py")
    awaited(session, folder / "tasks.py", 1, seen)


def test_closed_files_are_shown_where_the_settings_say_so(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED)
    session = start()
    session.initialize(folder, capabilities=WATCHED, options=LIMITS | {"diagnostic-mode": "workspace"})
    (shown,) = awaited(session, folder / "tasks.py", 1)
    assert shown["range"] == {"start": {"line": 4, "character": 4}, "end": {"line": 4, "character": 8}}

    session.open((folder / "tasks.py").as_uri(), UNLIMITED + LIMIT)
    session.published((folder / "tasks.py").as_uri(), 1)
    seen = len(session.heard)
    session.notify("textDocument/didClose", {"textDocument": {"uri": (folder / "tasks.py").as_uri()}})
    awaited(session, folder / "tasks.py", 1, seen)

    seen = len(session.heard)
    (folder / "settings.py").write_text(LIMIT)
    watched(session, folder / "settings.py")
    awaited(session, folder / "tasks.py", 0, seen)

    seen = len(session.heard)
    (folder / "settings.py").unlink()
    watched(session, folder / "settings.py")
    awaited(session, folder / "tasks.py", 1, seen)

    seen = len(session.heard)
    session.notify("workspace/didChangeConfiguration", {"settings": {"celeryls": LIMITS}})
    awaited(session, folder / "tasks.py", 0, seen)


def test_closed_files_for_a_client_that_pulls(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED)
    session = start()
    options = LIMITS | {"diagnostic-mode": "workspace"}
    session.initialize(folder, capabilities=PULLED_WATCHED, options=options)
    session.wait(lambda message: message.get("method") == "workspace/diagnostic/refresh")

    def pull(previous: list[dict[str, str]]) -> list[dict[str, Any]]:
        return session.request("workspace/diagnostic", {"previousResultIds": previous})["items"]

    assert until(lambda: pull([]), SILENCE)
    (report,) = pull([])
    assert report["kind"] == "full"
    assert report["uri"] == (folder / "tasks.py").as_uri()
    assert len(report["items"]) == 1
    known = [{"uri": report["uri"], "value": report["resultId"]}]
    assert pull(known)[0]["kind"] == "unchanged"

    seen = len(session.heard)
    (folder / "settings.py").write_text(LIMIT)
    watched(session, folder / "settings.py")
    session.wait(lambda message: message.get("method") == "workspace/diagnostic/refresh", seen)
    assert until(lambda: pull(known)[0]["kind"] == "full", SILENCE)
    assert pull(known)[0]["items"] == []
    assert not session.all("textDocument/publishDiagnostics")


def test_pulled_result_ids_follow_the_index(start: Start, tmp_path: Path) -> None:
    folder = project(tmp_path, tasks=UNLIMITED)
    session = start()
    session.initialize(folder, capabilities=PULLED_WATCHED, options=LIMITS)
    uri = (folder / "tasks.py").as_uri()
    session.open(uri, UNLIMITED)
    assert until(lambda: len(session.pulled(uri)["items"]) == 1, SILENCE)
    first = session.pulled(uri)["resultId"]
    time.sleep(1)
    assert session.pulled(uri, first)["kind"] == "unchanged"
    (folder / "settings.py").write_text(LIMIT)
    watched(session, folder / "settings.py")
    assert until(lambda: session.pulled(uri, first)["kind"] == "full", SILENCE)
    assert session.pulled(uri)["items"] == []
