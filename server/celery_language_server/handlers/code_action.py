"""`textDocument/codeAction`, `codeAction/resolve`: fixes."""
from __future__ import annotations
from typing import Any
KINDS = ("quickfix", "source.fixAll.celery")
METHODS: dict[str, Any] = {}
