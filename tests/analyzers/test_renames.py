"""Settings that get another name throughout a module."""

from __future__ import annotations

from rule_examples import analyse

from celery_codeactions.fix_all import apply
from celery_codeactions.fixes import apply_edits
from celery_codeactions.renames import rename_edits

NAMES = (("CELERY_ACKS_LATE", "task_acks_late"), ("CELERYD_CONCURRENCY", "worker_concurrency"))


def renamed(text: str) -> str:
    edits = rename_edits(NAMES, text)
    assert edits is not None
    return apply_edits(text, edits)


def test_every_form_in_which_a_setting_is_given_or_used() -> None:
    assert renamed("CELERY_ACKS_LATE = True\nif CELERY_ACKS_LATE: ...\n") == (
        "task_acks_late = True\nif task_acks_late: ...\n"
    )
    assert renamed('app.conf["CELERY_ACKS_LATE"] = é = 1; app.conf.CELERY_ACKS_LATE = 2\n') == (
        'app.conf["task_acks_late"] = é = 1; app.conf.task_acks_late = 2\n'
    )
    assert renamed('app.conf.update({"CELERY_ACKS_LATE": 1}, **dict(CELERYD_CONCURRENCY=4))\n') == (
        'app.conf.update({"task_acks_late": 1}, **dict(worker_concurrency=4))\n'
    )
    assert renamed("class Config:\n    CELERYD_CONCURRENCY = 4\n\nprint(Config.CELERYD_CONCURRENCY)\n") == (
        "class Config:\n    worker_concurrency = 4\n\nprint(Config.worker_concurrency)\n"
    )


def test_what_only_reads_like_a_setting_stays() -> None:
    text = 'x = os.environ["CELERY_ACKS_LATE"]\ny = settings.CELERY_ACKS_LATE\nz = env(CELERY_ACKS_LATE=1)\n'
    assert renamed(text) == text


def test_what_cannot_be_read_is_not_renamed() -> None:
    assert rename_edits(NAMES, "CELERY_ACKS_LATE = (\n") is None
    assert rename_edits((), "CELERY_ACKS_LATE = (\n") == ()


def test_all_findings_are_fixed_at_once() -> None:
    text = (
        'from celery import Celery\n\napp = Celery("shop")\n'
        "app.conf.CELERY_ACKS_LATE = True\napp.conf.CELERYD_CONCURRENCY = 4\n"
    )
    result = apply(analyse, text, unsafe=False, rules={"deprecated-setting"})
    assert result.text == text.replace("CELERY_ACKS_LATE", "task_acks_late").replace(
        "CELERYD_CONCURRENCY", "worker_concurrency"
    )
