"""`unverified-tls`: an encrypted connection to who knows whom."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.findings import Finding

_OPTIONS = frozenset({"broker_use_ssl", "redis_backend_use_ssl"})
_URLS = frozenset({"broker_url", "broker_read_url", "broker_write_url", "result_backend"})
_KEYS = frozenset({"cert_reqs", "ssl_cert_reqs"})
_QUERY = re.compile(r"(?:[?&]|\A)ssl_cert_reqs=(?P<value>CERT_NONE|none)(?=&|\Z)")
_REQUIRED = {"CERT_NONE": "CERT_REQUIRED", "none": "required"}


class UnverifiedTls(Rule):
    """A connection is encrypted, but nobody looks at the server's certificate.

    ## What it does

    Finds `ssl_cert_reqs` and `cert_reqs` that ask for no certificate in `broker_use_ssl` and `redis_backend_use_ssl`,
    and `ssl_cert_reqs=CERT_NONE` in the URLs of brokers and result backends.

    ## Why is this bad

    Without a look at the certificate anybody on the way can say that they are the broker: they read the password that
    the app sends them, the messages, and put their own in their place.

    ## Example

        import ssl

        app.conf.broker_use_ssl = {"cert_reqs": ssl.CERT_NONE}
        #                                       ^^^^^^^^^^^^^ the server's certificate is not looked at: anybody on the
        #                                                     way can pose as it, and read and write messages

    ## Use instead

        import ssl

        app.conf.broker_use_ssl = {"cert_reqs": ssl.CERT_REQUIRED}

    ## Not flagged

    Certificates that are looked at, and what is decided at run time:

        import os
        import ssl

        app.conf.redis_backend_use_ssl = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": "/etc/ssl/mq.pem"}
        app.conf.broker_url = "rediss://cache.example.org/0?ssl_cert_reqs=required"
        app.conf.broker_use_ssl = {"cert_reqs": getattr(ssl, os.environ["CERT_REQS"])}

    ## Fix safety

    The fix is unsafe: the app no longer connects where the server's certificate is not one that the machine trusts.
    Give such a certificate, or that of its authority, in `ca_certs` or `ssl_ca_certs`.

    ## References

    - [`broker_use_ssl`](https://docs.celeryq.dev/en/stable/userguide/configuration.html#broker-use-ssl)
    - [`redis_backend_use_ssl`](https://docs.celeryq.dev/en/stable/userguide/configuration.html#redis-backend-use-ssl)
    """

    code = "CEL010"
    severity = Severity.WARNING

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if context.in_tests:
            return
        if setting.name in _OPTIONS:
            for value in _options(context.node):
                if _is_none(value, context):
                    yield self.finding(context.span(value), _MESSAGE, _required(context.span(value), context))
        elif setting.name in _URLS:
            for node in ast.walk(context.node):
                found = _QUERY.search(_text(node))
                if found is not None:
                    yield self._url(found, context.span(node), context)

    def _url(self, found: re.Match[str], span: Span, context: SettingContext) -> Finding:
        # What is written may hold escapes: it is looked for in the source.
        start = context.text.find(found["value"], context.text.find("ssl_cert_reqs=", span.start, span.end))
        value = Span(start, start + len(found["value"]))
        if start < span.start or value.end > span.end:
            return self.finding(span, _MESSAGE)
        return self.finding(value, _MESSAGE, _required(value, context))


_MESSAGE = "the server's certificate is not looked at: anybody on the way can pose as it, and read and write messages"


def _text(node: ast.AST) -> str:
    """What a literal says; empty for what is none."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _options(node: ast.expr) -> Iterator[ast.expr]:
    """The values that tell whether a certificate is asked for."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Dict):
            for key, value in zip(inner.keys, inner.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in _KEYS:
                    yield value
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "dict":
            yield from (keyword.value for keyword in inner.keywords if keyword.arg in _KEYS)


def _is_none(node: ast.expr, context: SettingContext) -> bool:
    if isinstance(node, ast.Constant):
        return node.value in _REQUIRED
    return context.symbol(node) == External("ssl.CERT_NONE")


def _required(span: Span, context: SettingContext) -> Fix | None:
    written = context.source(span)
    right = re.sub(r"CERT_NONE|none", lambda found: _REQUIRED[found[0]], written, count=1)
    if right == written or not re.fullmatch(r"""(?:\w+\.)?CERT_NONE|["']?(?:CERT_NONE|none)["']?""", written):
        return None
    if written == "CERT_NONE" and context.text[span.start - 1 : span.start] != "=":
        name, needed = context.imported("ssl", "CERT_REQUIRED")
        imports = () if needed is None else (needed,)
        return Fix("Ask for a certificate", (Edit(span, name),), preferred=True, imports=imports)
    return Fix("Ask for a certificate", (Edit(span, right),), preferred=True)
