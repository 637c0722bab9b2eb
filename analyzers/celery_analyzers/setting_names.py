"""Which setting a key means where it is written, and how a setting is written there.

Celery takes a key from a configuration source by how the source is read:

- Without a namespace it takes the names that came with Celery 4, lower-case (`task_time_limit`), and those of
  Celery 3, upper-case (`CELERYD_TASK_TIME_LIMIT`). `TASK_TIME_LIMIT` and `CELERY_TASK_TIME_LIMIT` mean nothing.
- With `namespace="CELERY"` it takes `CELERY_TASK_TIME_LIMIT`, then `task_time_limit`, and from Celery 5.7 on the names
  of Celery 3. A namespace that is not upper-case makes lower-case keys: `shop_task_time_limit`.

What is set on `app.conf` or passed to `Celery(...)` is taken in the same way. Keys that mean nothing are never
complained of. Verified on Celery 5.3 to 5.7; in Celery: `ConfigurationView._to_keys` of `celery.utils.collections`,
`detect_settings` of `celery.app.utils`. Must not know where settings are looked for, nor rules.

`namespace` is what `config_from_object` or the app was given, None or empty for none. `version` is a release of
Celery, None for the newest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from celery_analyzers.celery_tables import setting_tables
from celery_analyzers.spelling import correction

Version = tuple[int, int]
Style = Literal["new", "old", "namespaced", "ignored", "extra", "unknown"]

UNLISTED: Final = frozenset(
    {
        *("override_backends", "result_backend_thread_safe", "visibility_timeout", "dynamodb_endpoint_url"),
        *("redis_backend_health_check_interval", "redis_backend_credential_provider", "redis_client_name"),
        *("cassandra_secure_bundle_path", "firestore_project", "gcs_threadpool_maxsize"),
    }
    | {
        f"{program}_{option}"
        for program in ("worker", "beat", "events")
        for option in ("logfile", "pidfile", "uid", "gid", "umask", "executable")
    }
)
"""What Celery reads though its own list of settings does not have it."""
FALLBACKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "timezone": "TIME_ZONE",
        "broker_url": "broker_host",
        "broker_read_url": "broker_url",
        "broker_write_url": "broker_url",
        "task_default_exchange": "task_default_queue",
        "task_default_routing_key": "task_default_queue",
    }
)
"""What Celery reads where a setting is not set: the properties of `celery.app.utils.Settings`."""
_DEAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CELERYD_TIME_LIMIT": "task_time_limit",
        "CELERYD_SOFT_TIME_LIMIT": "task_soft_time_limit",
        "CELERYD_REDIRECT_STDOUTS": "worker_redirect_stdouts",
        "CELERYD_REDIRECT_STDOUTS_LEVEL": "worker_redirect_stdouts_level",
        "CELERY_EAGER_PROPAGATES": "task_eager_propagates",
        "CELERY_PUBLISH_RETRY": "task_publish_retry",
        "CELERY_PUBLISH_RETRY_POLICY": "task_publish_retry_policy",
        "CELERY_SEND_SENT_EVENT": "task_send_sent_event",
        "CELERY_RESULT_DB_TABLE_NAMES": "database_table_names",
        "CASSANDRA_COLUMN_FAMILY": "cassandra_table",
    }
)
"""Names that pages list among the old ones, yet no Celery 5 takes. Others of them read as `CELERY_` + new name.

https://docs.celeryq.dev/en/stable/userguide/configuration.html#new-lowercase-settings
"""
_FOREIGN = (
    *("once", "singleton", "flower", "django_celery", "redbeat", "progress", "haystack"),
    *("mongodb_scheduler", "heimdall", "email", "dburi", "beat_dburi", "beat_schema", "db_reuse_max", "skip_checks"),
    *("custom_worker_pool", "tenant"),
)
"""Beginnings of the settings of packages beside Celery: celery-once, celery-singleton, Flower, django-celery-beat and
-results, celery-redbeat, celery-progress, django-celery-email, celerybeat-mongo, sqlalchemy-celery-beat, ..."""
_OLD_PREFIXES = ("CELERY_", "CELERYD_", "CELERYBEAT_", "BROKER_")
_OLD_PREFIX = re.compile(r"^CELERY(?:D|BEAT)?_")
_OURS = re.compile(r"accept_content|(?:task|worker|beat|broker|result|event|control)_\w+")
"""New names that only Celery's settings have; `DATABASE_URL` and `TIMEZONE` are anybody's."""


@dataclass(frozen=True, slots=True)
class SettingName:
    """What a key means.

    `canonical` is the setting's new name, None if Celery takes the key for none. `style` tells how it is written, or
    why it means nothing: `ignored` is a setting that would have to be written otherwise here, `extra` another
    package's, `unknown` anything else.
    """

    canonical: str | None
    style: Style


def setting_name(key: str, namespace: str | None = None, version: Version | None = None) -> SettingName:
    """What a key means where it is written."""
    name = canonical(key, namespace, version)
    if name is not None:
        if key == name:
            return SettingName(name, "new")
        return SettingName(name, "namespaced" if namespace and key == _prefixed(name, namespace) else "old")
    if is_extra(key, namespace):
        return SettingName(None, "extra")
    return SettingName(None, "unknown" if _meant(key, namespace, version) is None else "ignored")


def canonical(key: str, namespace: str | None = None, version: Version | None = None) -> str | None:
    """The new name of the setting that Celery takes a key for; None if it ignores the key."""
    return _keys(namespace or "", version).get(key)


def spellings(name: str, namespace: str | None = None, version: Version | None = None) -> tuple[str, ...]:
    """The keys under which Celery takes a setting, the one that wins first; none if it knows no such setting.

    Without a namespace an old name wins over a new one where most of the source's names are old.
    """
    if not is_known(name, version):
        return ()
    setting = setting_tables(version).settings.get(name)
    old = setting.old if setting is not None else ()
    if not namespace:
        return (name, *old)
    keys = (_prefixed(name, namespace), name, *(old if _takes_old_names_in_namespaces(version) else ()))
    return tuple(dict.fromkeys(keys))


def preferred(name: str, namespace: str | None = None) -> str:
    """The key to write for a setting."""
    return _prefixed(name, namespace) if namespace else name


def is_known(name: str, version: Version | None = None) -> bool:
    """Whether Celery reads a setting of this new name."""
    return name in setting_tables(version).settings or name in UNLISTED


def is_extra(key: str, namespace: str | None = None) -> bool:
    """Whether a key is a setting of a package beside Celery, as far as can be told by its name."""
    bare = _bare(key, namespace)
    begins = any(bare == prefix or bare.startswith(f"{prefix}_") for prefix in _FOREIGN)
    # A name as common as these is Celery's neighbour's only if it says so.
    return begins and (bare != key.lower() or bare.split("_")[0] not in {"email", "progress", "tenant", "once"})


def suggestion(key: str, namespace: str | None = None, version: Version | None = None) -> str | None:
    """The key that was probably meant, as it must be written here; None if the key is right, or nobody can tell."""
    if canonical(key, namespace, version) is not None or is_extra(key, namespace):
        return None
    name = _meant(key, namespace, version)
    return preferred(name, namespace) if name is not None else None


def looks_like_setting(key: str, namespace: str | None = None) -> bool:
    """Whether a name is one that only a setting of Celery's has: one it knows in any spelling, or with its prefix."""
    if namespace and key.startswith(_prefixed("", namespace)):
        return True
    if key.startswith(_OLD_PREFIXES):
        return True
    return _exactly(key, namespace, None) is not None if key.isupper() else is_known(key)


def renames(keys: Iterable[str], namespace: str | None = None, version: Version | None = None) -> dict[str, str]:
    """The keys that Celery wants renamed before it starts, and to what: `ImproperlyConfigured`.

    It takes new names or old ones, whichever a source has more of, but not both; in a namespace it never complains.
    """
    known = setting_tables(version)
    have = set(keys)
    new, old = have & known.settings.keys(), have & known.old_names.keys()
    if namespace or not new or not old:
        return {}
    wrong = (
        {key: known.settings[key].old[0] for key in new if known.settings[key].old}
        if len(old) > len(new)
        else {key: known.old_names[key] for key in old}
    )
    return {key: right for key, right in sorted(wrong.items()) if right not in have}


@lru_cache(maxsize=64)
def _keys(namespace: str, version: Version | None) -> dict[str, str]:
    """All keys that mean something: key -> new name."""
    keys: dict[str, str] = {}
    for name in (*setting_tables(version).settings, *UNLISTED):
        for key in spellings(name, namespace, version):
            keys.setdefault(key, name)
    return keys


def _takes_old_names_in_namespaces(version: Version | None) -> bool:
    return version is None or version >= (5, 7)


def _prefixed(name: str, namespace: str) -> str:
    prefix = f"{namespace.rstrip('_')}_"
    key = name if name.startswith(prefix) else prefix + name
    return key.upper() if prefix.isupper() else key.lower()


def _bare(key: str, namespace: str | None) -> str:
    """A key in lower case, without the prefixes that it may have."""
    bare = key.lower()
    for prefix in ((f"{namespace.rstrip('_').lower()}_",) if namespace else ()) + ("celery_",):
        bare = bare.removeprefix(prefix)
    return bare


def _meant(key: str, namespace: str | None, version: Version | None) -> str | None:
    """The setting that a key which Celery ignores here was probably meant for."""
    exact = _exactly(key, namespace, version)
    if exact is not None:
        return exact
    known = setting_tables(version)
    bare = _bare(key, namespace)
    is_marked = bare != key.lower() or key.upper().startswith(_OLD_PREFIXES)
    if not is_marked and not key.islower():
        return None
    name = correction(bare, known.settings)
    if name is not None and _is_near(bare, name):
        return name
    former = correction(key.upper(), known.old_names) if is_marked else None
    if former is None or not _is_near(*(_OLD_PREFIX.sub("", name) for name in (key.upper(), former))):
        return None
    return known.old_names[former]


def _exactly(key: str, namespace: str | None, version: Version | None) -> str | None:
    """The setting that a key names in some other spelling."""
    known = setting_tables(version)
    bare, upper = _bare(key, namespace), key.upper()
    if upper in _DEAD:
        return _DEAD[upper]
    if bare == key.lower() and not upper.startswith(_OLD_PREFIXES) and not _OURS.fullmatch(bare):
        return None
    if is_known(bare, version):
        return bare
    old = (upper, f"CELERY_{bare.upper()}", bare.upper())
    return next((name for each in old if (name := known.old_names.get(each) or _DEAD.get(each)) is not None), None)


def _is_near(key: str, wanted: str) -> bool:
    """Whether two names are alike beyond doubt: `redis_hose` may be a host, `redis_home` is no `redis_port`."""
    if sorted(key.split("_")) == sorted(wanted.split("_")):
        return True
    from difflib import SequenceMatcher

    return SequenceMatcher(None, key, wanted).ratio() >= 0.87
