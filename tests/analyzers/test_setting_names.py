"""What keys mean: for every setting, in every mode, what the real Celery makes of every spelling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import celery
import pytest
from celery.app.defaults import _TO_NEW_KEY, _TO_OLD_KEY, DEFAULTS
from celery.app.utils import Settings, detect_settings
from celery.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from celery_analyzers import setting_names
from celery_analyzers.setting_names import (
    FALLBACKS,
    UNLISTED,
    SettingName,
    canonical,
    is_extra,
    is_known,
    looks_like_setting,
    preferred,
    renames,
    setting_name,
    spellings,
    suggestion,
)

pytestmark = pytest.mark.filterwarnings("ignore::celery.exceptions.CPendingDeprecationWarning")

INSTALLED = (int(celery.__version__.split(".")[0]), int(celery.__version__.split(".")[1]))
NAMES = [*DEFAULTS, *sorted(UNLISTED)]
NAMESPACES = [None, "", "CELERY", "CELERY_", "celery", "SHOP", "Shop", "task", "BROKER"]
STYLES = {
    "new": lambda name, prefix: name,
    "NEW": lambda name, prefix: name.upper(),
    "PREFIX_NEW": lambda name, prefix: f"{prefix}_{name}".upper(),
    "prefix_new": lambda name, prefix: f"{prefix}_{name}".lower(),
    "PREFIX_new": lambda name, prefix: f"{prefix.upper()}_{name}",
    "CELERY_NEW": lambda name, prefix: f"CELERY_{name}".upper(),
    "OLD": lambda name, prefix: _TO_OLD_KEY.get(name, name),
    "old": lambda name, prefix: _TO_OLD_KEY.get(name, name).lower(),
    "PREFIX_OLD": lambda name, prefix: f"{prefix}_{_TO_OLD_KEY.get(name, name)}".upper(),
}


def conf(source: Mapping[str, object], namespace: str | None) -> Any:
    """The configuration that real Celery makes of a source."""
    app = celery.Celery("shop", set_as_current=False)
    app.config_from_object(type("Source", (), dict(source)), namespace=namespace)
    app.conf.get("timezone")  # It is read when it is first asked.
    return app.conf


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("namespace", NAMESPACES)
def test_keys_mean_what_celery_takes_them_for(namespace: str | None, style: str) -> None:
    prefix = (namespace or "celery").rstrip("_")
    source = {STYLES[style](name, prefix): object() for name in NAMES}
    real = conf(source, namespace)
    taken = {id(real.get(name)): name for name in NAMES}
    for key, value in source.items():
        assert canonical(key, namespace, INSTALLED) == taken.get(id(value)), key


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_spellings_are_taken_and_the_first_wins(namespace: str | None) -> None:
    for name in NAMES:
        keys = spellings(name, namespace, INSTALLED)
        source = {key: object() for key in keys}
        assert {canonical(key, namespace, INSTALLED) for key in keys} == {name}
        assert conf(source, namespace).get(name) is source[keys[0]]
        assert keys[0] == preferred(name, namespace)


@pytest.mark.parametrize("namespace", [None, "CELERY"])
@pytest.mark.parametrize("way", ["update", "item", "attribute", "constructor"])
def test_what_is_set_on_the_app_means_the_same(namespace: str | None, way: str) -> None:
    for name in DEFAULTS:
        for key in spellings(name, namespace, INSTALLED):
            value = object()
            app = celery.Celery(
                "shop", set_as_current=False, namespace=namespace, **({key: value} if way == "constructor" else {})
            )
            if way == "update":
                app.conf.update({key: value})
            elif way == "item":
                app.conf[key] = value
            elif way == "attribute":
                setattr(app.conf, key, value)
            assert app.conf.get(name) is value, key


def test_old_names_count_in_a_namespace_since_5_7() -> None:
    assert canonical("BROKER_URL", "CELERY", (5, 7)) == "broker_url"
    assert canonical("BROKER_URL", "CELERY", (5, 6)) is None
    assert canonical("BROKER_URL", "CELERY") == "broker_url"
    assert suggestion("BROKER_URL", "CELERY", (5, 6)) == "CELERY_BROKER_URL"
    assert canonical("BROKER_URL", None, (5, 6)) == "broker_url"
    assert spellings("broker_url", "CELERY", (5, 6)) == ("CELERY_BROKER_URL", "broker_url")
    assert spellings("broker_url", "CELERY", (5, 7)) == ("CELERY_BROKER_URL", "broker_url", "BROKER_URL")


def test_settings_that_a_release_does_not_have_mean_nothing_to_it() -> None:
    assert canonical("task_acks_on_timeout", None, (5, 6)) is None
    assert canonical("task_acks_on_timeout", None, (5, 7)) == "task_acks_on_timeout"
    assert not is_known("task_acks_on_timeout", (5, 6))
    assert spellings("task_acks_on_timeout", None, (5, 6)) == ()


@pytest.mark.parametrize(
    ("key", "namespace", "expected"),
    [
        ("task_time_limit", None, SettingName("task_time_limit", "new")),
        ("CELERYD_TASK_TIME_LIMIT", None, SettingName("task_time_limit", "old")),
        ("CELERY_TASK_TIME_LIMIT", None, SettingName(None, "ignored")),
        ("TASK_TIME_LIMIT", None, SettingName(None, "ignored")),
        ("CELERY_TASK_TIME_LIMIT", "CELERY", SettingName("task_time_limit", "namespaced")),
        ("task_time_limit", "CELERY", SettingName("task_time_limit", "new")),
        ("CELERYD_TASK_TIME_LIMIT", "CELERY", SettingName("task_time_limit", "old")),
        ("CELERY_task_time_limit", "CELERY", SettingName(None, "ignored")),
        ("CELERY_TASK_TIME_LIMTI", "CELERY", SettingName(None, "ignored")),
        ("CELERY_ACCEPT_CONTENT", "CELERY", SettingName("accept_content", "namespaced")),
        ("CELERY_ACCEPT_CONTENT", None, SettingName("accept_content", "old")),
        ("CELERY_ONCE", "CELERY", SettingName(None, "extra")),
        ("redbeat_redis_url", None, SettingName(None, "extra")),
        ("CELERY_OUR_OWN", "CELERY", SettingName(None, "unknown")),
        ("DEBUG", "CELERY", SettingName(None, "unknown")),
    ],
)
def test_the_style_is_told(key: str, namespace: str | None, expected: SettingName) -> None:
    assert setting_name(key, namespace, (5, 7)) == expected


@pytest.mark.parametrize(
    ("key", "namespace", "wanted"),
    [
        ("CELERY_TASK_TIME_LIMIT", None, "task_time_limit"),
        ("TASK_TIME_LIMIT", None, "task_time_limit"),
        ("TASK_TIME_LIMIT", "CELERY", "CELERY_TASK_TIME_LIMIT"),
        ("celery_task_time_limit", "CELERY", "CELERY_TASK_TIME_LIMIT"),
        ("SHOP_TASK_TIME_LIMIT", "SHOP", None),
        ("CELERY_TASK_TIME_LIMIT", "SHOP", "SHOP_TASK_TIME_LIMIT"),
        ("CELERYD_TIME_LIMIT", None, "task_time_limit"),
        ("CELERYD_TIME_LIMIT", "CELERY", "CELERY_TASK_TIME_LIMIT"),
        ("CELERY_CELERYD_TIME_LIMIT", "CELERY", "CELERY_TASK_TIME_LIMIT"),
        ("CELERY_CELERY_IMPORTS", "CELERY", "CELERY_IMPORTS"),
        ("CELERY_EAGER_PROPAGATES", "CELERY", "CELERY_TASK_EAGER_PROPAGATES"),
        ("CELERY_BROKER_URI", "CELERY", "CELERY_BROKER_URL"),
        ("CELERY_TIMEZONES", "CELERY", "CELERY_TIMEZONE"),
        ("task_time_limti", None, "task_time_limit"),
        ("task_soft_timelimit", None, "task_soft_time_limit"),
        ("CELERYD_TASK_TIMELIMIT", None, "task_time_limit"),
        ("worker_prefetch_multiplyer", None, "worker_prefetch_multiplier"),
        ("CELERY_WORKER_MAX_TASK_PER_CHILD", "CELERY", "CELERY_WORKER_MAX_TASKS_PER_CHILD"),
        ("task_limit_time", None, "task_time_limit"),
        # These may well be meant as they stand, or are right.
        ("task_time_limit", None, None),
        ("CELERYD_TASK_TIME_LIMIT", None, None),
        ("CELERY_TASK_TIMEOUT", "CELERY", None),
        ("CELERY_REDIS_HOME", "CELERY", None),
        ("CELERY_DEFAULT_TIMEOUT", "CELERY", None),
        ("CELERY_ENABLED", "CELERY", None),
        ("CELERY_USER", "CELERY", None),
        ("CELERY_PASSWORD", "CELERY", None),
        ("CELERY_LOG_LEVEL", "CELERY", None),
        ("CELERY_ONCE", "CELERY", None),
        ("CELERY_EMAIL_BACKEND", "CELERY", None),
        ("DEBUG", "CELERY", None),
        ("INSTALLED_APPS", "CELERY", None),
        ("TIME_ZONE", "CELERY", None),
        ("USE_TZ", "CELERY", None),
        ("DATABASE_URL", "CELERY", None),
        ("REDIS_HOST", "CELERY", None),
        ("TIMEZONE", "CELERY", None),
        ("ENABLE_UTC", "CELERY", None),
    ],
)
def test_what_was_meant_is_told_as_it_must_be_written(key: str, namespace: str | None, wanted: str | None) -> None:
    assert suggestion(key, namespace, (5, 7)) == wanted


LISTED_AS_OLD = [
    "CELERYD_TIME_LIMIT",
    "CELERYD_SOFT_TIME_LIMIT",
    "CELERY_RESULT_EXPIRES",
    "CELERY_TASK_ALWAYS_EAGER",
    "CELERY_TASK_TRACK_STARTED",
    "CELERY_TASK_REJECT_ON_WORKER_LOST",
    "CELERY_EAGER_PROPAGATES",
    "CELERY_PUBLISH_RETRY",
    "CELERY_PUBLISH_RETRY_POLICY",
    "CELERY_SEND_SENT_EVENT",
    "CELERYD_REDIRECT_STDOUTS",
    "CELERYD_REDIRECT_STDOUTS_LEVEL",
    "CELERY_WORKER_LOG_FORMAT",
    "CELERY_WORKER_TASK_LOG_FORMAT",
    "CELERY_ENABLE_UTC",
    "CASSANDRA_COLUMN_FAMILY",
    "CELERY_RESULT_DB_TABLE_NAMES",
]


def test_names_that_only_pages_know_mean_nothing() -> None:
    real = conf({name: object() for name in LISTED_AS_OLD}, None)
    for key in LISTED_AS_OLD:
        assert canonical(key) is None
        name = suggestion(key)
        assert name in DEFAULTS
        assert real.get(name) == DEFAULTS[name]
    assert not setting_names._DEAD.keys() & _TO_NEW_KEY.keys()
    assert set(setting_names._DEAD.values()) <= DEFAULTS.keys()


def test_unlisted_settings_are_known_and_read() -> None:
    assert not UNLISTED & DEFAULTS.keys()
    assert canonical("CELERY_REDIS_CLIENT_NAME", "CELERY") == "redis_client_name"
    assert is_known("worker_pidfile")


@pytest.mark.parametrize("namespace", [None, "CELERY"])
def test_what_celery_falls_back_to(namespace: str | None) -> None:
    for name, other in FALLBACKS.items():
        assert isinstance(getattr(Settings, name), property)
        real = conf({preferred(other, namespace): "value"}, namespace)
        assert getattr(real, name) == "value"
    assert conf({"TIME_ZONE": "Europe/Oslo"}, namespace).timezone == "Europe/Oslo"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("ONCE", False),
        ("CELERY_ONCE", True),
        ("singleton_backend_url", True),
        ("FLOWER_URL", True),
        ("DJANGO_CELERY_BEAT_TZ_AWARE", True),
        ("CELERY_EMAIL_TASK_CONFIG", True),
        ("EMAIL_BACKEND", False),
        ("onceover", False),
        ("task_time_limit", False),
    ],
)
def test_neighbours_have_settings_too(key: str, expected: bool) -> None:
    assert is_extra(key) is expected


@pytest.mark.parametrize(
    ("key", "namespace", "expected"),
    [
        ("task_time_limit", None, True),
        ("CELERY_TASK_TIME_LIMIT", None, True),
        ("CELERYD_ANYTHING", None, True),
        ("TASK_TIME_LIMIT", None, True),
        ("SHOP_ANYTHING", "SHOP", True),
        ("SHOP_ANYTHING", None, False),
        ("task_list", None, False),
        ("DEBUG", None, False),
        ("DATABASES", None, False),
        ("DATABASE_URL", "CELERY", False),
        ("celery_app", None, False),
    ],
)
def test_settings_are_told_from_other_names(key: str, namespace: str | None, expected: bool) -> None:
    assert looks_like_setting(key, namespace) is expected


@given(
    st.sets(st.sampled_from(sorted(DEFAULTS)[:12])),
    st.sets(st.sampled_from([_TO_OLD_KEY[n] for n in sorted(DEFAULTS)[6:18]])),
)
def test_celery_wants_the_same_renames(new: set[str], old: set[str]) -> None:
    expected = dict(complained({**dict.fromkeys(new, 1), **dict.fromkeys(old, 1)}))
    assert renames(new | old, None, INSTALLED) == expected
    assert renames(new | old, "CELERY", INSTALLED) == {}


def complained(source: dict[str, int]) -> Iterator[tuple[str, str]]:
    try:
        detect_settings(source)
    except ImproperlyConfigured as error:
        for line in str(error).split("\n"):
            key, arrow, right = line.partition(" -> ")
            if arrow:
                yield key.strip(), right.strip()


@given(st.text(), st.sampled_from(NAMESPACES))
def test_any_key_has_an_answer(key: str, namespace: str | None) -> None:
    assert setting_name(key, namespace).style in {"new", "old", "namespaced", "ignored", "extra", "unknown"}
    wanted = suggestion(key, namespace)
    assert wanted is None or canonical(wanted, namespace) is not None
    looks_like_setting(key, namespace)
