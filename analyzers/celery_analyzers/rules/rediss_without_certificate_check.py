"""`rediss-without-certificate-check`: a `rediss://` result backend that Celery refuses."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.findings import Finding

_URL = re.compile(r"rediss://[^\s;#]*\Z")


class RedissWithoutCertificateCheck(Rule):
    """A `rediss://` result backend does not say whether the certificate is looked at.

    ## What it does

    Finds `result_backend` URLs that begin with `rediss://` and have no `ssl_cert_reqs`, where the app has no
    `redis_backend_use_ssl` either.

    ## Why is this bad

    Celery raises `ValueError` when the backend is first needed: in the worker when it starts, and in `delay()`. For
    `broker_url` the same URL works, so that it is often copied.

    ## Example

        app.conf.result_backend = "rediss://cache.example.org:6380/0"
        #                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ Celery refuses a `rediss://` backend without
        #                                                             `ssl_cert_reqs` with `ValueError` when it is first
        #                                                             used

    ## Use instead

        app.conf.result_backend = "rediss://cache.example.org:6380/0?ssl_cert_reqs=required"

    ## Not flagged

    Brokers, and backends whose app has the setting:

        app.conf.broker_url = "rediss://cache.example.org:6380/0"
        app.conf.result_backend = "rediss://cache.example.org:6380/0"
        app.conf.redis_backend_use_ssl = {"ssl_cert_reqs": "required"}

    ## Fix safety

    The fix is safe: as it stands, the backend cannot be used.

    ## References

    - [`result_backend` for Redis](https://docs.celeryq.dev/en/stable/userguide/configuration.html#conf-redis-result-backend)
    """

    code = "CEL834"
    severity = Severity.ERROR
    proofs = (
        Proof(
            setup="import os\nos.environ.pop('CELERY_RESULT_BACKEND', None)",
            run="type(app.backend).__name__",
            fails="ValueError: A rediss:// URL must have parameter ssl_cert_reqs",
            succeeds="'RedisBackend'",
            worker="none",
        ),
    )

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        url = setting.value
        if setting.name != "result_backend" or not isinstance(url, str):
            return
        if not _URL.match(url) or "ssl_cert_reqs" in url:
            return
        if context.in_tests or context.project.ask("apps") is None:
            return
        if context.beside("redis_backend_use_ssl") is not None or context.setting("redis_backend_use_ssl") is not None:
            return
        message = "Celery refuses a `rediss://` backend without `ssl_cert_reqs` with `ValueError` when it is first used"
        yield self.finding(setting.value_span, message, _asking(url, setting.value_span, context))


def _asking(url: str, span: Span, context: SettingContext) -> Fix | None:
    if not isinstance(context.node, ast.Constant) or context.source(span)[1:-1] != url:
        return None
    query = f"{'&' if '?' in url else '?'}ssl_cert_reqs=required"
    edit = Edit(Span(span.end - 1, span.end - 1), query)
    return Fix("Ask for a certificate", (edit,), "safe", preferred=True)
