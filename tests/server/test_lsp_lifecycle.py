"""A session's beginning and its end, in every way in which it can end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from lsp_session import COMMAND, ErrorResponse, Session, SocketSession

BUSY = "x = (" + "[" * 40 + "1, " * 1000
Start = Callable[..., Session]


def patience(seconds: float = 2.0) -> float:
    """The seconds that may pass: as many times more as there are processes for each processor of this machine."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1) * 1.5)


def ends_within(session: Session, seconds: float = 2.0) -> int:
    started = time.monotonic()
    limit = patience(seconds)
    code = session.process.wait(limit + 10)
    assert time.monotonic() - started < limit
    return code


def keep_busy(session: Session) -> None:
    """Give the server more to do than it can do in a few seconds."""
    session.initialize()
    text = "".join(
        f"@app.task(bind=True)\ndef task_{number}(self, a):\n    return a + {number}\n\n\n" for number in range(20_000)
    )
    for number in range(30):
        session.open(f"untitled:busy-{number}", f"from celery import Celery\napp = Celery()\n{number}\n{text}")


def test_the_handshake(session: Session) -> None:
    result = session.initialize()
    assert result["serverInfo"]["name"] == "celeryls"
    assert result["capabilities"]["textDocumentSync"] == {
        "openClose": True,
        "change": 2,
        "save": {"includeText": False},
    }
    assert "diagnosticProvider" not in result["capabilities"]
    assert session.stop() == 0


def test_over_tcp(start: Start) -> None:
    session = start(kind=SocketSession)
    session.initialize()
    session.open("untitled:a", "x = 1\n")
    assert session.published("untitled:a", 1) == []
    assert session.stop() == 0


def test_tcp_ends_with_its_client(start: Start) -> None:
    session = start(kind=SocketSession)
    assert isinstance(session, SocketSession)
    session.initialize()
    session.socket.shutdown(2)
    assert ends_within(session) == 1


@pytest.mark.parametrize("encodings", [["utf-8"], ["utf-16"], ["utf-32", "utf-8"], ["utf-7"], None, "utf-8", [3]])
def test_the_position_encoding_is_agreed_upon(session: Session, encodings: object) -> None:
    result = session.initialize(capabilities={"general": {"positionEncodings": encodings}})
    expected = encodings[0] if isinstance(encodings, list) and encodings[0] not in ("utf-7", 3) else "utf-16"
    assert result["capabilities"]["positionEncoding"] == expected


def test_exit_while_idle(session: Session) -> None:
    session.initialize()
    session.notify("exit")
    assert ends_within(session) == 1


def test_only_exit_itself_ends(session: Session) -> None:
    session.initialize()
    session.notify("$/note", {"method": "exit"})
    session.open("untitled:a", '{"method": "exit"}')
    time.sleep(1.8)
    assert session.stop() == 0


def test_exit_before_the_handshake(session: Session) -> None:
    with pytest.raises(ErrorResponse):
        session.request("shutdown")
    session.notify("exit")
    assert ends_within(session) == 1


def test_end_of_input_while_idle(session: Session) -> None:
    session.initialize()
    session.process.stdin.close()
    assert ends_within(session) == 1


def test_end_of_input_after_shutdown(session: Session) -> None:
    session.initialize()
    session.request("shutdown")
    session.process.stdin.close()
    assert ends_within(session) == 0


def test_exit_while_busy(session: Session) -> None:
    keep_busy(session)
    session.notify("exit")
    assert ends_within(session) == 1


def test_shutdown_and_exit_while_busy(session: Session) -> None:
    keep_busy(session)
    session.send({"jsonrpc": "2.0", "id": "bye", "method": "shutdown"})
    session.notify("exit")
    assert ends_within(session) == 0


def test_end_of_input_while_busy(session: Session) -> None:
    keep_busy(session)
    session.process.stdin.close()
    assert ends_within(session) == 1


def test_a_client_that_reads_nothing_and_leaves() -> None:
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}'
    for _ in range(3000):
        process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    process.stdin.close()
    assert process.wait(4) == 1


CLIENT = """
import json, os, subprocess, sys, time
server = subprocess.Popen({command!r}, stdin=int(sys.argv[1]), stdout=subprocess.PIPE)
print(server.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="inherits a pipe by its number")
@pytest.mark.parametrize("busy", [False, True])
def test_the_parent_dies_and_the_input_stays_open(busy: bool) -> None:
    source, target = os.pipe()
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT.format(command=COMMAND), str(source)],
        pass_fds=[source],
        stdout=subprocess.PIPE,
    )
    assert client.stdout is not None
    server = int(client.stdout.readline())
    body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":%d,"capabilities":{}}}' % client.pid
    os.write(target, b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    time.sleep(1.5)
    os.kill(server, 0)
    client.kill()
    started = time.monotonic()
    # Nobody waits for the client for a while: it is a zombie, as under a careless supervisor.
    while is_running(server):
        assert time.monotonic() - started < patience()
        time.sleep(0.02)
    client.wait()
    os.close(source)
    os.close(target)


def is_running(process_id: int) -> bool:
    try:
        status = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_parent_that_cannot_be_seen_is_not_missed(session: Session) -> None:
    session.request("initialize", {"processId": 2**22 - 3, "capabilities": {}})
    time.sleep(1.5)
    assert session.process.poll() is None


@pytest.mark.parametrize("process_id", [None, 0, -1, 2**70, True, "7"])
def test_any_process_id_will_do(session: Session, process_id: object) -> None:
    session.request("initialize", {"processId": process_id, "capabilities": {}})
    assert session.stop() == 0


def test_requests_in_the_wrong_order(session: Session) -> None:
    with pytest.raises(ErrorResponse) as early:
        session.request("textDocument/codeAction", {})
    assert early.value.code == -32002
    session.open("untitled:a", "x = 1\n")
    session.initialize()
    with pytest.raises(ErrorResponse) as twice:
        session.request("initialize", {"capabilities": {}})
    assert twice.value.code == -32600
    session.request("shutdown")
    with pytest.raises(ErrorResponse) as late:
        session.request("textDocument/codeAction", {})
    assert late.value.code == -32600
    assert session.all("textDocument/publishDiagnostics") == []


def test_an_interrupt_is_no_traceback(session: Session) -> None:
    session.initialize()
    session.process.send_signal(signal.SIGINT)
    assert ends_within(session) == 130
    assert b"Traceback" not in session.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--version"], 0, "celery-language-server 0."),
        (["--help"], 0, "--tcp HOST:PORT"),
        (["--tcp", "2087"], 2, "--tcp must be HOST:PORT"),
        (["--tcp", "127.0.0.1:99999"], 2, "--tcp must be HOST:PORT"),
        (["--tcp", "host.invalid:1"], 1, "celery-language-server: "),
        (["--tcp"], 2, "expected one argument"),
        (["--nonsense"], 2, "unrecognized arguments"),
        (["--tcp", "localhost:1", "--stdio"], 2, "not allowed with"),
    ],
)
def test_the_command_line(arguments: list[str], code: int, said: str) -> None:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--stdio"], ["--stdio", "--clientProcessId=12"]])
def test_arguments_that_clients_add(start: Start, arguments: list[str]) -> None:
    session = start(*arguments)
    session.initialize()
    assert session.stop() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_started_without_its_streams(closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND],
        capture_output=True,
        check=False,
        timeout=10,
        input=b"",
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_the_start_imports_little() -> None:
    program = (
        "import sys, celery_language_server.serve, celery_language_server.server, celery_analyzers.analysis\n"
        "heavy = {'asyncio', 'celery', 'libcst', 'lsprotocol', 'pydantic', 'pygls', 'rich', 'celery_codeactions'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
