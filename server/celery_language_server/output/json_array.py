"""All findings as one JSON array."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def json_array(items: Sequence[object]) -> str:
    """Items one to a few lines each, in ASCII, which any encoding can carry."""
    return json.dumps(items, indent=2) + "\n"
