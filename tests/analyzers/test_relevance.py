"""Files that concern Celery are told by their words, before anything is parsed."""

from __future__ import annotations

import pytest

from celery_analyzers.relevance import concerns_celery


@pytest.mark.parametrize(
    "text",
    [
        "import celery\n",
        "from shop.tasks import send\n\nsend.delay(1)\n",
        "from shop.work import send\n\nsend.s(1)\n",
        "from shop.work import (\n    check,\n    send,\n)\n\nsend.si(1)\n",
        "from shop import work\n\nwork.mails.send.apply(1)\n",
        "from shop.work import *\n\nsend.s(1)\n",
        "from shop.queue import signature\n\nsignature('send')\n",
        "from shop.queue import run\n\n\n@run\ndef send(): ...\n\n\nsend.s()\n",
        "@app.task\ndef send(): ...\n",
        "app.tasks['send'].s()\n",
    ],
)
def test_what_concerns_celery(text: str) -> None:
    assert concerns_celery(text.encode())
    assert concerns_celery(text.replace("\n", "\r\n").encode())


@pytest.mark.parametrize(
    "text",
    [
        "import os\n",
        "import inspect\n\ninspect.signature(len)\n",
        "from inspect import signature\n\nsignature(len)\n",
        "frame = read()\nframe.apply(len)\nframe.groupby('a').apply(len)\n",
        "def move(body):\n    body.s(1)\n    self.s(2)\n",
    ],
)
def test_what_does_not(text: str) -> None:
    assert not concerns_celery(text.encode())
