"""`connection-at-import`: a connection that the processes of a worker share."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Severity
from celery_analyzers.pools import runs_in_processes
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body, CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_CONNECTS = tuple(
    f"{path}."
    for path in (
        *("MySQLdb.connect", "cx_Oracle.connect", "mysql.connector.connect", "oracledb.connect", "pymssql.connect"),
        *("pymysql.connect", "psycopg.connect", "psycopg2.connect", "pyodbc.connect", "snowflake.connector.connect"),
        *("ftplib.FTP", "imaplib.IMAP4", "imaplib.IMAP4_SSL", "poplib.POP3", "smtplib.SMTP", "smtplib.SMTP_SSL"),
        *("pika.BlockingConnection", "socket.create_connection", "telnetlib.Telnet"),
    )
)
"""What opens a connection at once, when it is called."""


class ConnectionAtImport(Rule):
    """A task uses a connection that was opened when its module was imported.

    ## What it does

    Finds tasks that use a connection of the module, made by `psycopg2.connect()`, `smtplib.SMTP()`,
    `socket.create_connection()` and others that connect at once, with the default pool, `prefork`.

    ## Why is this bad

    A worker imports the modules of its tasks once, and then forks its processes. All of them have the same
    open connection, and speak on it at the same time: one reads the answer that another one is to get. What
    comes of that are errors that cannot be repeated, and sometimes another user's data. When the connection is
    lost, it is lost for all, until the worker is started anew.

    ## Example

        import socket

        line = socket.create_connection(("warehouse", 7001), timeout=10)

        @app.task
        def count(item):
            line.sendall(item)
        #   ^^^^ this connection is opened when the module is imported: all processes of a worker speak on it at once
            return line.recv(4)

    ## Use instead

        import socket

        @app.task
        def count(item):
            with socket.create_connection(("warehouse", 7001), timeout=10) as line:
                line.sendall(item)
                return line.recv(4)

    ## Not flagged

    Clients that connect when they are used, such as those of `redis`, `boto3` and SQLAlchemy's engines, and a
    connection of the task's own.

        import redis

        client = redis.Redis()

        @app.task
        def look(item):
            return client.get(item)

    ## Fix safety

    There is no fix: whether each run is to have a connection, or each process by the signal
    `worker_process_init`, is for you to say.

    ## References

    - [`worker_process_init`](https://docs.celeryq.dev/en/stable/userguide/signals.html#worker-process-init)
    """

    code = "CEL422"
    severity = Severity.WARNING
    proofs = (
        # A stand-in for a connection knows in which process it was opened.
        Proof(
            setup="""
                import os
                import socket

                class Line:
                    def __init__(self):
                        self.opened_in = os.getpid()

                    def __enter__(self):
                        return self

                    def __exit__(self, *details):
                        pass

                    def sendall(self, item):
                        pass

                    def recv(self, size):
                        return self.opened_in == os.getpid()

                socket.create_connection, real = lambda *a, **k: Line(), socket.create_connection
            """,
            run="""
                socket.create_connection = real
                count.delay('tea').get(timeout=30)
            """,
            fails="returns: False",
            succeeds="True",
            worker="prefork",
            broker="redis",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:  # noqa: ARG002
        body = context.body
        if body is None or context.in_tests:
            return
        used: dict[str, CallSite] = {}
        for call in body.calls:
            if call.path is not None and call.path.startswith(_CONNECTS) and _is_of_module(call, body):
                used.setdefault(call.source.split(".", 1)[0], call)
        if not used or not runs_in_processes(context):
            return
        for call in used.values():
            node = call.node.func
            owner = node.value if isinstance(node, ast.Attribute) else node
            message = "this connection is opened when the module is imported: all processes of a worker speak on it "
            yield self.finding(context.span(owner), f"{message}at once")


def _is_of_module(call: CallSite, body: Body) -> bool:
    """Whether the connection is a name of the module, and not made in the body."""
    name = call.source.split(".", 1)[0]
    bound, where = body.scope.lookup(name)
    return bool(name) and len(bound) == 1 and where is not body.scope
