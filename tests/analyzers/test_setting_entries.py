"""Where an entry of a setting is written, in each way in which settings are given."""

from __future__ import annotations

import pytest

from celery_analyzers.app_settings import SettingsHome
from celery_analyzers.setting_entries import SettingEntry
from celery_codeactions.fixes import apply_edits

ROUTE = '"shop.send": {"queue": "mail"}'


def written(text: str, home: SettingsHome | None) -> str | None:
    """The text with a route in it; None where there is no place for it."""
    edits = SettingEntry(None, home, "task_routes", "shop.send", '{"queue": "mail"}').edits(text)
    return apply_edits(text, edits) if edits else None


@pytest.mark.parametrize(
    ("text", "home", "expected"),
    [
        ("A = 1\nCELERY_ROUTES = {}\n", SettingsHome(None, "A"), f"A = 1\nCELERY_ROUTES = {{{ROUTE}}}\n"),
        (
            "task_time_limit = 60  # seconds\n\nx = 1\n",
            SettingsHome(None, "task_time_limit"),
            f"task_time_limit = 60  # seconds\ntask_routes = {{\n    {ROUTE},\n}}\n\nx = 1\n",
        ),
        (
            "class Base:\n    task_time_limit = 1\n\nclass Config:\n    task_time_limit = 60\n\n    other = 1\n",
            SettingsHome(None, "task_time_limit", owner="Config"),
            (
                "class Base:\n    task_time_limit = 1\n\nclass Config:\n    task_time_limit = 60\n"
                f"    task_routes = {{\n        {ROUTE},\n    }}\n\n    other = 1\n"
            ),
        ),
        (
            "app.conf.task_time_limit = 60\n",
            SettingsHome(None, "task_time_limit", is_conf=True),
            f"app.conf.task_time_limit = 60\napp.conf.task_routes = {{\n    {ROUTE},\n}}\n",
        ),
        (
            'app.conf["task_routes"] = {"a": {"queue": "b"}}\n',
            SettingsHome(None, "task_routes", is_conf=True),
            f'app.conf["task_routes"] = {{"a": {{"queue": "b"}}, {ROUTE}}}\n',
        ),
        (
            "app.conf.update({'task_routes': {}})\n",
            SettingsHome(None, "task_routes", is_conf=True),
            f"app.conf.update({{'task_routes': {{{ROUTE}}}}})\n",
        ),
        (
            "app = Celery('shop')\nrun()\n",
            None,
            f"app = Celery('shop')\napp.conf.task_routes = {{\n    {ROUTE},\n}}\nrun()\n",
        ),
        (
            "S3_REGION = 'eu'\nCELERY_TIMEZONE = 'UTC'\n",
            SettingsHome(None, "S3_REGION", "CELERY"),
            f"S3_REGION = 'eu'\nCELERY_TIMEZONE = 'UTC'\nCELERY_TASK_ROUTES = {{\n    {ROUTE},\n}}\n",
        ),
        ("CELERY_TASK_ROUTES = routes()\n", SettingsHome(None, "CELERY_TASK_ROUTES", "CELERY"), None),
        ("if x:\n    task_routes = {}\ntask_time_limit = 1\n", SettingsHome(None, "task_time_limit"), None),
        ("task_routes = {'shop.send': {'queue': 'other'}}\n", SettingsHome(None, "task_routes"), None),
        ("x = 1\n", SettingsHome(None, "task_time_limit"), None),
        ("x = 1\n", None, None),
    ],
)
def test_an_entry_is_written_where_the_settings_stand(
    text: str, home: SettingsHome | None, expected: str | None
) -> None:
    assert written(text, home) == expected
    if expected is not None:
        assert written(expected, home) is None
