"""The index of a folder in the server: it follows what the settings say of tests."""

from __future__ import annotations

import json

from celery_analyzers.index_records import FileRecord
from celery_analyzers.test_files import TEST_FILES
from celery_language_server.folder_index import FolderIndex


def apps(index: FolderIndex) -> tuple[str, ...]:
    assert index.index is not None
    return index.index.apps_for("/project/tasks.py")


def test_other_files_become_the_tests() -> None:
    index = FolderIndex("/project", TEST_FILES)
    index.set_test_files(("checks/*",))
    assert not index.is_due, "there is nothing yet"
    index.set_test_files(TEST_FILES)
    record = json.dumps(FileRecord(apps=1).to_json())
    paths = ("checks/app.py", "shop/app.py")
    index.receive({"records": dict.fromkeys(paths, record), "files": "\0".join(paths), "ready": True, "all": True})
    assert index.update()
    assert apps(index) == ("/project/checks/app.py", "/project/shop/app.py")

    index.set_test_files(TEST_FILES)
    assert not index.is_due
    index.set_test_files(("checks/*",))
    assert index.is_due
    assert index.update()
    assert apps(index) == ("/project/shop/app.py",)
