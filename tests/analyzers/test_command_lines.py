"""The workers and beats that deployment files start, and Celery's command line as Celery itself defines it."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from celery.bin.celery import celery
from hypothesis import given
from hypothesis import strategies as st

from celery_analyzers.celery_commands import OPTIONS, Kind, WorkerCommand
from celery_analyzers.command_lines import commands_in, find_commands, is_deployment_file


def read(name: str, text: str) -> list[tuple[object, ...]]:
    """Each command as line, kind, app and options, and a sign where the options may be more."""
    return [
        (each.line, each.kind, each.app, dict(each.options), *([] if each.is_complete else ["..."]))
        for each in commands_in(Path(name), text.encode())
    ]


CASES: list[tuple[str, str, list[tuple[object, ...]]]] = [
    (
        "Procfile",
        "web: gunicorn shop.wsgi\nworker: celery -A shop worker -l info -Q a,b -c 4 -B\nbeat: celery --app=shop beat\n",
        [
            (1, "worker", "shop", {"loglevel": "info", "queues": "a,b", "concurrency": "4", "beat": ""}),
            (2, "beat", "shop", {}),
        ],
    ),
    (
        "Procfile",
        "worker: REMAP_SIGTERM=SIGQUIT newrelic-admin run-program celery -A shop.celery:app worker --time-limit=300 --soft-time-limit 250 --max-tasks-per-child=5 -O fair -P gevent\n",
        [
            (
                0,
                "worker",
                "shop.celery:app",
                {
                    "time_limit": "300",
                    "soft_time_limit": "250",
                    "max_tasks_per_child": "5",
                    "optimization": "fair",
                    "pool": "gevent",
                },
            )
        ],
    ),
    (
        "entrypoint.sh",
        (
            '#!/bin/bash\nset -e\n# celery -A old worker\necho "starting celery -A no worker"\necho celery -A no worker\n'
            'if [ "$1" = worker ]; then\n  exec celery -A "shop" worker \\\n    --concurrency=$CONCURRENCY \\\n    -Ofair -l"${LEVEL:-info}" "$@" >> /var/log/celery.log 2>&1 &\nfi\n'
        ),
        [(6, "worker", "shop", {"concurrency": None, "optimization": "fair", "loglevel": None}, "...")],
    ),
    (
        "start.sh",
        "cat <<EOF\ncelery -A no worker\nEOF\ncelery -A shop worker -EB && celery -A shop beat; python -m celery -A other worker\n",
        [
            (3, "worker", "shop", {"task_events": "", "beat": ""}),
            (3, "beat", "shop", {}),
            (3, "worker", "other", {}),
        ],
    ),
    (
        "start.sh",
        (
            "su celery -c \"celery -A shop worker -n 'w@%h'\"\ngosu celery celery -A shop beat\nchown celery worker\nsystemctl restart celery worker\n"
            "docker compose up celery worker\ndocker compose run web celery -A shop worker\npkill -f 'celery worker'\n"
        ),
        [
            (0, "worker", "shop", {"hostname": "w@%h"}),
            (1, "beat", "shop", {}),
            (5, "worker", "shop", {}),
        ],
    ),
    (
        "start.sh",
        (
            "watchmedo auto-restart -d . -p '*.py' -- celery -A shop worker\nwatchfiles --filter python 'celery -A shop worker -c 1'\n"
            "poetry run celery -A shop worker -P solo\n/opt/venv/bin/celery -A shop worker --pool threads\ncelery -A shop inspect ping\ncelery -A shop flower\n"
        ),
        [
            (0, "worker", "shop", {}),
            (1, "worker", "shop", {"concurrency": "1"}),
            (2, "worker", "shop", {"pool": "solo"}),
            (3, "worker", "shop", {"pool": "threads"}),
        ],
    ),
    (
        "start.sh",
        "celery multi start w1 w2 -A shop -c 3 -c:w1 10 -Q:w1 images --time-limit=300 --pidfile=/run/%n.pid\ncelery multi stop w1\ncelery -A shop multi restart 3 -l INFO\n",
        [
            (
                0,
                "worker",
                "shop",
                {"concurrency": "10", "queues": "images", "time_limit": "300", "pidfile": "/run/%n.pid"},
            ),
            (2, "worker", "shop", {"loglevel": "INFO"}),
        ],
    ),
    (
        "start.sh",
        "celery worker -A shop --queues=$(cat queues) --autoscale 10,3 --no-such --unheard-of=1\n",
        [(0, "worker", "shop", {"queues": None, "autoscale": "10,3", "no_such": "", "unheard_of": "1"})],
    ),
    (
        "compose/local/django/celery/worker/start",
        "#!/bin/bash\nexec watchfiles --filter python celery.__main__.main --args '-A shop worker -l INFO'\n",
        [(1, "worker", "shop", {"loglevel": "INFO"})],
    ),
    (
        "Makefile",
        "worker: ## Start a celery worker\n\t@celery -A shop worker -c $(N)\n\nbeat:\n\t-$(VENV)/bin/celery -A shop beat\n\nhelp:\n\t@echo celery -A shop worker\n",
        [(1, "worker", "shop", {"concurrency": None}), (4, "beat", "shop", {})],
    ),
    (
        "Dockerfile",
        'FROM python:3.12\n# CMD celery -A no worker\nRUN pip install celery worker\nHEALTHCHECK --interval=5s \\\n  CMD celery -A shop inspect ping\nCMD ["celery", "-A", "shop", "worker", "-c", "2"]\n',
        [(5, "worker", "shop", {"concurrency": "2"})],
    ),
    (
        "docker/worker.Dockerfile",
        'FROM base AS one\nENTRYPOINT ["celery", \\\n  "-A", "shop"]\nCMD ["worker", "--pool=gevent"]\nFROM base\nCMD exec celery -A shop beat \\\n  -s /tmp/schedule\n',
        [(1, "worker", "shop", {"pool": "gevent"}), (5, "beat", "shop", {"schedule": "/tmp/schedule"})],
    ),
    (
        "celery.service",
        "[Unit]\nDescription=The celery worker of the shop\n[Service]\nUser=celery\nExecStart=/bin/sh -c '${CELERY_BIN} -A $CELERY_APP multi start $CELERYD_NODES \\\n    --pidfile=${CELERYD_PID_FILE} --time-limit=60 $CELERYD_OPTS'\nExecStop=/bin/sh -c '${CELERY_BIN} multi stopwait $CELERYD_NODES'\n",
        [(4, "worker", None, {"pidfile": None, "time_limit": "60"}, "...")],
    ),
    (
        "worker@.service",
        "[Service]\n;ExecStart=celery -A no worker\nExecStart=/srv/venv/bin/celery -A shop worker -Q %i -n %i@%%h\n",
        [(2, "worker", "shop", {"queues": None, "hostname": "%i@%%h"})],
    ),
    (
        "supervisord.conf",
        '[program:celery]\n; command=celery -A no worker\ncommand = celery -A shop worker\n  -c 8\n  --loglevel=INFO ; enough\nuser=celery\n[program:beat]\ncommand=/bin/bash -c "celery -A %(ENV_APP)s beat"\n',
        [(2, "worker", "shop", {"concurrency": "8", "loglevel": "INFO"}), (7, "beat", None, {})],
    ),
    (
        "docker-compose.yml",
        """\
services:
  celery worker:
    image: shop
    container_name: celery worker
  one:
    command: celery -A shop worker -c 1 # four
    # command: celery -A no worker
  two:
    command: >
      bash -c "sleep 5 &&
      celery -A shop worker
      --time-limit 300"
    healthcheck:
      test: celery -A shop inspect ping
  three:
    command: ["celery", "-A", "shop", "worker",
              "-Q", 'a,b']
  four:
    command:
      - celery
      - --app=shop
      - worker   # a worker
      - "--concurrency=${CONCURRENCY:-4}"
  five:
    entrypoint: [celery, -A, shop]
    command: worker -P solo
  six:
    command: "sh -c \\"celery -A shop beat\\""
  seven:
    command: celery -A shop
      worker
      -c 7
  eight:
    entrypoint: /entrypoint.sh
    command: |
      set -e
      python manage.py migrate
      celery -A shop worker -c 8
""",
        [
            (5, "worker", "shop", {"concurrency": "1"}),
            (10, "worker", "shop", {"time_limit": "300"}),
            (15, "worker", "shop", {"queues": "a,b"}),
            (19, "worker", "shop", {"concurrency": None}),
            (24, "worker", "shop", {"pool": "solo"}),
            (27, "beat", "shop", {}),
            (29, "worker", "shop", {"concurrency": "7"}),
            (37, "worker", "shop", {"concurrency": "8"}),
        ],
    ),
    (
        "deploy/worker.yaml",
        """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: celery worker
  description: |
    command: celery -A no worker
spec:
  template:
    spec:
      containers:
      - name: one
        command: ["/bin/sh", "-c"]
        args: ["celery -A shop worker --max-tasks-per-child=10"]
      - name: two
        command: [celery]
        args:
        - -A
        - shop
        - worker
        - --concurrency={{ .Values.concurrency }}
        env:
        - name: CELERY
          value: celery worker
      - args:
        - |-
          exec celery -A shop worker \\
            -Q high
        command:
        - bash
        - -c
      - command:
        {{- if .Values.beat }}
          - celery
          - -A
          - {{ .Values.app }}
          - beat
        {{- end }}
""",
        [
            (12, "worker", "shop", {"max_tasks_per_child": "10"}),
            (14, "worker", "shop", {"concurrency": None}),
            (25, "worker", "shop", {"queues": "high"}),
            (32, "beat", None, {}),
        ],
    ),
    (
        "ci.yml",
        "worker:\n  script:\n    - pip install celery\n    - celery -A shop worker -D\n    - celery -A shop beat --detach\n",
        [(3, "worker", "shop", {"detach": ""}), (4, "beat", "shop", {"detach": ""})],
    ),
    ("render.yaml", "services:\n- startCommand: 'celery -A shop worker'\n", [(1, "worker", "shop", {})]),
    ("app.yml", "description: celery worker\nnotes: >\n  celery -A shop worker\ntitle: celery beat\n", []),
    ("start", "#!/usr/bin/env python\ncelery = worker\ncelery worker\n", []),
]


@pytest.mark.parametrize(("name", "text", "expected"), CASES, ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
def test_commands_are_read(name: str, text: str, expected: list[tuple[object, ...]]) -> None:
    assert read(name, text) == expected
    # What Windows saves means the same.
    assert read(name, text.replace("\n", "\r\n")) == expected


def test_options_are_asked_for_by_name() -> None:
    (command,) = commands_in(Path("Procfile"), b"w: celery -A shop worker -c 1 -c $N -Q a -Q b -B")
    assert command.value("queues") == "b"
    assert command.values("queues") == ("a", "b")
    assert command.has("concurrency")
    assert command.value("concurrency") is None
    assert command.value("pool") is None
    assert not command.has("pool")
    assert command.value("beat") == ""
    assert isinstance(command, WorkerCommand)


@pytest.mark.parametrize("kind", ["worker", "beat"])
def test_the_options_are_those_of_this_celery(kind: Kind) -> None:
    known = OPTIONS[kind]
    # Some names differ from the function's parameter on purpose: they are those of the long option.
    for parameter in (*celery.params, *celery.commands[kind].params):
        if not isinstance(parameter, click.Option):
            continue
        names = {known.names.get(option) for option in parameter.opts}
        assert len(names) == 1, parameter.opts
        (name,) = names
        assert name is not None
        assert f"--{name.replace('_', '-')}" in parameter.opts or name == "remote_control", parameter.opts
        assert (name in known.flags) == parameter.is_flag, parameter.opts
        assert all(option in known.names for option in parameter.secondary_opts)


@pytest.mark.parametrize(
    "path",
    [
        *("Procfile", "Procfile.dev", "docker-compose.yml", "compose.prod.yaml", "Dockerfile", "worker.dockerfile"),
        *("docker/Dockerfile.worker", "etc/systemd/celery.service", "supervisord.conf", "deploy/shop.ini", "run.sh"),
        *("entrypoint", "docker-entrypoint", "bin/worker", "scripts/go", "compose/local/django/celery/worker/start"),
        *("Makefile", "charts/shop/templates/worker.yaml", "k8s/beat.yml", "docker\\start"),
    ],
)
def test_deployment_files_are_known_by_their_path(path: str) -> None:
    assert is_deployment_file(path)


@pytest.mark.parametrize(
    "path",
    [
        *("README.md", "tasks.py", "docs/compose.yml", "tests/docker-compose.yml", ".github/workflows/ci.yml"),
        *("node_modules/x/Makefile", "LICENSE", "shop/worker.py", "scripts/run.py", ".venv/bin/celery"),
    ],
)
def test_other_files_are_left_alone(path: str) -> None:
    assert not is_deployment_file(path)


def test_a_project_is_searched(tmp_path: Path) -> None:
    files = {
        "Procfile": "worker: celery -A shop worker",
        "deploy/beat.yml": "command: celery -A shop beat",
        "docs/Procfile": "worker: celery -A no worker",
        ".hidden/Procfile": "worker: celery -A no worker",
        "huge.sh": "celery -A no worker\n" + "#" * 1_000_000,
        "binary.sh": "celery -A no worker\n\0",
        "bin/celery": "#!/bin/sh\nexec celery -A bin worker",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "run.sh").symlink_to(tmp_path / "missing")
    (tmp_path / "x.sh").mkdir()
    found = find_commands(tmp_path)
    assert [(each.path.relative_to(tmp_path).as_posix(), each.app) for each in found] == [
        ("Procfile", "shop"),
        ("bin/celery", "bin"),
        ("deploy/beat.yml", "shop"),
    ]
    assert find_commands(tmp_path / "missing") == ()


PIECES = st.sampled_from(
    [
        *"'\"\\[]{}|>-:#&;()<$`% \n\t",
        "celery ",
        "worker ",
        "-A x ",
        "-c ",
        "command: ",
        "args:\n  - ",
        "<<EOF\n",
        "${",
        "{{",
        "CMD [",
        "command=",
        "ExecStart=",
        "\r\n",
        "&a ",
        "\x01",
        "é",
        "- |\n  ",
        "multi start ",
    ]
)


@given(
    st.sampled_from(["Procfile", "Dockerfile", "a.sh", "a.yml", "a.service", "Makefile"]), st.lists(PIECES).map("".join)
)
def test_no_text_makes_it_fail(name: str, text: str) -> None:
    for command in commands_in(Path(name), f"celery -A x worker\n{text}".encode()):
        assert 0 <= command.line <= text.count("\n") + 1


@pytest.mark.parametrize("name", ["Procfile", "Dockerfile", "a.sh", "a.yml", "a.service"])
@pytest.mark.parametrize(
    "piece", ["'", '"', "$(", "{{", "<<A\n", "a: [\n", "a:\n" + " ", "- ", "\\\n", "celery worker -c ", "command: |\n "]
)
def test_strange_files_take_no_long_time(name: str, piece: str) -> None:
    # The limit of the test's own time would end it.
    commands_in(Path(name), ("celery " + piece * (100_000 // len(piece))).encode())
