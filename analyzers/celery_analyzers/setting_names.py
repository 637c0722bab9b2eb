"""What a written key means as a setting of Celery, and how a setting may be written.

With a namespace, `CELERY` say, an app takes `CELERY_TASK_TIME_LIMIT`; without one, `task_time_limit`; and in both cases
the name of Celery 3, `CELERYD_TASK_TIME_LIMIT`. All else it passes over without a word. The names are read from Celery
itself (`celery_tables`). Must not know where settings are written.
"""

from __future__ import annotations

from functools import cache, lru_cache

from celery_analyzers.celery_tables import setting_tables
from celery_analyzers.spelling import correction

_DOCUMENTED_IN_VAIN = {
    "CASSANDRA_COLUMN_FAMILY": "cassandra_table",
    "CELERYD_REDIRECT_STDOUTS": "worker_redirect_stdouts",
    "CELERYD_REDIRECT_STDOUTS_LEVEL": "worker_redirect_stdouts_level",
    "CELERYD_SOFT_TIME_LIMIT": "task_soft_time_limit",
    "CELERYD_TIME_LIMIT": "task_time_limit",
    "CELERY_EAGER_PROPAGATES": "task_eager_propagates",
    "CELERY_ENABLE_UTC": "enable_utc",
    "CELERY_PUBLISH_RETRY": "task_publish_retry",
    "CELERY_PUBLISH_RETRY_POLICY": "task_publish_retry_policy",
    "CELERY_RESULT_DB_TABLE_NAMES": "database_table_names",
    "CELERY_RESULT_EXPIRES": "result_expires",
    "CELERY_SEND_SENT_EVENT": "task_send_sent_event",
    "CELERY_TASK_ALWAYS_EAGER": "task_always_eager",
    "CELERY_TASK_REJECT_ON_WORKER_LOST": "task_reject_on_worker_lost",
    "CELERY_TASK_TRACK_STARTED": "task_track_started",
    "CELERY_WORKER_LOG_FORMAT": "worker_log_format",
    "CELERY_WORKER_TASK_LOG_FORMAT": "worker_task_log_format",
}
"""Old names that Celery's documentation lists and its code does not know."""
_EXTRA = frozenset(
    {"cassandra_secure_bundle_path", "dynamodb_endpoint_url", "firestore_project", "gcs_threadpool_maxsize"}
    | {"override_backends", "redis_backend_credential_provider", "redis_backend_health_check_interval"}
    | {"redis_client_name", "result_backend_thread_safe", "visibility_timeout"}
    | {
        f"{part}_{key}"
        for part in ("worker", "beat", "events")
        for key in ("logfile", "pidfile", "uid", "gid", "umask")
    }
    | {f"{part}_executable" for part in ("worker", "beat", "events")}
    | {"cache_backend", "cache_backend_options", "db_reuse_max", "skip_checks"}
)
"""Settings that Celery or its backends read though its table does not list them."""
_EXTRA_PREFIXES = ("once", "singleton_", "flower_", "django_celery_", "beat_dburi", "redbeat_", "batch", "email_")
"""How the settings of extensions begin."""


@cache
def _old_names() -> dict[str, str]:
    """The name of Celery 3 for each setting."""
    return {name: old for old, name in reversed(list(setting_tables().old_names.items()))}


def spellings(name: str, namespace: str | None = None) -> tuple[str, ...]:
    """The keys under which an app takes a setting, the one that counts first."""
    old = _old_names().get(name)
    keys = (name,) if old is None else (name, old)
    return (_prefixed(name, namespace), *keys) if namespace else keys


def _prefixed(name: str, namespace: str) -> str:
    prefix = namespace.rstrip("_") + "_"
    key = name if name.startswith(prefix) else prefix + name
    return key.upper() if prefix.isupper() else key.lower() if prefix.islower() else key


@lru_cache(8)
def _keys(namespace: str | None) -> dict[str, str]:
    """The setting that each key is taken for."""
    names = setting_tables().settings
    return {key: name for name in names for key in reversed(spellings(name, namespace))}


def canonical(key: str, namespace: str | None) -> str | None:
    """The new, lower-case name of the setting that an app takes `key` for; None if it passes over it."""
    return _keys(namespace).get(key)


def is_known(name: str) -> bool:
    """Whether Celery has a setting of this new name."""
    return name in setting_tables().settings


def is_extra(key: str, namespace: str | None = None) -> bool:
    """Whether a key that Celery's table does not have is a setting all the same: a backend's, or an extension's."""
    name = key.lower()
    if namespace and name.startswith(namespace.lower() + "_"):
        name = name[len(namespace) + 1 :]
    name = name.removeprefix("celery_")
    return name in _EXTRA or name.startswith(_EXTRA_PREFIXES)


def looks_like_setting(key: str) -> bool:
    """Whether a variable of this name is meant for Celery, whether it takes it or not."""
    if key.islower():
        return key.partition("_")[0] in _groups()
    return key.startswith(("CELERY_", "CELERYD_", "CELERYBEAT_", "BROKER_")) or is_known(key.lower())


@cache
def _groups() -> frozenset[str]:
    """The words that the new names of settings begin with: `task`, `worker`, `result`, ..."""
    return frozenset(name.partition("_")[0] for name in setting_tables().settings)


@lru_cache(1024)
def suggestion(key: str, namespace: str | None) -> str | None:
    """The key that was probably meant by one that Celery passes over; None where there is none."""
    if canonical(key, namespace) is not None or is_extra(key, namespace):
        return None
    name = _DOCUMENTED_IN_VAIN.get(key) or _meant(key, namespace)
    return None if name is None else spellings(name, namespace)[0]


def _meant(key: str, namespace: str | None) -> str | None:
    names = setting_tables().settings
    lowered = key.lower()
    prefixes = (f"{(namespace or 'celery').lower().rstrip('_')}_", "celeryd_", "celerybeat_")
    prefix = next((prefix for prefix in prefixes if lowered.startswith(prefix)), None)
    if namespace and prefix is None and not key.islower():
        # A variable of Django's settings that does not begin with the namespace is not Celery's business.
        return None
    rest = lowered if prefix is None else lowered[len(prefix) :]
    for candidate in (rest, lowered):
        if candidate in names:
            return candidate
    old = correction(key, setting_tables().old_names)
    return correction(rest, names) or (setting_tables().old_names[old] if old else None)
