"""The client believes a server only what it says of the present text."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest
from lsp_client import Change, Client, Place, ServerError

SERVER = """
    import json, sys

    def receive():
        length = 0
        while (line := sys.stdin.buffer.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(sys.stdin.buffer.read(length))

    def send(**message):
        body = json.dumps(message).encode()
        sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n%b" % (len(body), body))
        sys.stdout.buffer.flush()

    def publish(version, *codes):
        diagnostics = [{"code": code} for code in codes]
        params = {"uri": uri, "version": version, "diagnostics": diagnostics}
        send(method="textDocument/publishDiagnostics", params=params)

    capabilities = {"textDocumentSync": {"change": 2}}
    if "pull" in sys.argv:
        capabilities["diagnosticProvider"] = {}
    put_off = True
    while True:
        message = receive()
        match message.get("method"):
            case "initialize":
                send(id=message["id"], result={"capabilities": capabilities})
            case "textDocument/didOpen":
                uri = message["params"]["textDocument"]["uri"]
                if "pull" not in sys.argv:
                    publish(1, "opened")
            case "textDocument/didChange":
                if "ask" in sys.argv:
                    send(id="q", method="workspace/configuration", params={"items": [{}, {}]})
                    assert receive()["result"] == [None, None]
                if "pull" not in sys.argv:
                    publish(1, "late")
                    publish(2, "right")
            case "textDocument/diagnostic":
                if put_off:
                    put_off = False
                    send(id=message["id"], error={"code": -32802, "message": "again"})
                    continue
                send(id=message["id"], result={"kind": "full", "items": [{"code": "pulled"}]})
            case "shutdown":
                send(id=message["id"], result=None)
            case "exit":
                break
"""


def connect(folder: Path, *arguments: str) -> Client:
    return Client([sys.executable, "-c", dedent(SERVER), *arguments], folder, timeout=20)


@pytest.mark.parametrize(
    ("arguments", "opened", "changed"),
    [((), "opened", "right"), (("ask",), "opened", "right"), (("pull",), "pulled", "pulled")],
)
def test_the_diagnostics_are_those_of_the_text(
    tmp_path: Path, arguments: tuple[str, ...], opened: str, changed: str
) -> None:
    client = connect(tmp_path, *arguments)
    first = client.open(tmp_path / "tasks.py", "x")
    second = client.change(Change(Place(0, 1), Place(0, 1), "y"))
    client.idle(0.001)
    client.close()
    assert [each["code"] for each in first.diagnostics] == [opened]
    assert [each["code"] for each in second.diagnostics] == [changed]
    assert second.seconds > 0


def test_a_server_that_dies_is_told_of_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="no such luck"):
        Client([sys.executable, "-c", "raise SystemExit('no such luck')"], tmp_path, timeout=20)
