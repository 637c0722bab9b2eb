"""Frames: whatever arrives, what is a message is found in it."""

from __future__ import annotations

import contextlib
import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celery_language_server.protocol import parse
from celery_language_server.transport import FrameDecoder


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def feed(*pieces: bytes) -> list[bytes]:
    decoder = FrameDecoder()
    return [body for piece in pieces for body in decoder.feed(piece)]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=50), max_size=5), st.lists(st.integers(0, 400), max_size=8))
def test_frames_arrive_in_any_pieces(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(frame, bodies))
    edges = [0, *sorted(cut for cut in cuts if cut <= len(stream)), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    assert feed(*pieces) == bodies


@settings(deadline=None)
@given(st.lists(st.binary(max_size=200)))
def test_noise_is_never_an_error(noise: list[bytes]) -> None:
    feed(*noise)


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 2\r\n\r\n",
        b"content-length:2\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n",
        b"CONTENT-LENGTH : 2\r\nX-Other: 7\r\n\r\n",
        b"Content-Length: 2\n\n",
        b"\r\n\r\nContent-Length: 2\r\n\r\n",
        b"No-Length: 2\r\n\r\nContent-Length: 2\r\n\r\n",
        b"noise\r\nContent-Length: 2\r\n\r\n",
        b"the rest of a wrong body}Content-Length: 2\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: -5\r\n\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: two\r\n\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 7777777777\r\n\r\nContent-Length: 2\r\n\r\n",
        b"x" * 200_000 + b"\r\n\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_headers_may_be_of_any_form(headers: bytes) -> None:
    assert feed(headers + b"{}" + frame(b"[]")) == [b"{}", b"[]"]
    assert feed(*(bytes([byte]) for byte in headers[-200:] + b"{}"))[-1:] == [b"{}"]


def test_a_large_body_arrives_whole() -> None:
    body = json.dumps({"text": "x" * 3_000_000}).encode()
    stream = frame(body) * 2
    assert feed(*(stream[start : start + 65_536] for start in range(0, len(stream), 65_536))) == [body, body]


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_body_is_json_or_a_value_error(body: bytes) -> None:
    with contextlib.suppress(ValueError, RecursionError):
        parse(body)


def test_a_byte_that_is_not_utf8_costs_one_character() -> None:
    assert parse(b'{"text": "a\xffb"}') == {"text": "a\ufffdb"}


def test_a_lone_surrogate_is_kept() -> None:
    assert parse(rb'{"text": "\ud83d"}') == {"text": "\ud83d"}
