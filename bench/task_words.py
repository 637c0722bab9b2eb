"""What the tasks of a generated module are called, and which parameters and options they can have.

How often each is chosen is said beside it where that is not even.
"""

NOUNS = (
    "order",
    "invoice",
    "shipment",
    "customer",
    "payment",
    "subscription",
    "coupon",
    "report",
    "document",
    "newsletter",
    "product",
    "refund",
    "account",
    "supplier",
)
VERBS = (
    "sync",
    "send",
    "import",
    "export",
    "refresh",
    "expire",
    "archive",
    "notify",
    "rebuild",
    "validate",
    "merge",
    "enrich",
    "publish",
    "charge",
)
QUALIFIERS = (
    "",
    "_details",
    "_totals",
    "_history",
    "_batch",
    "_nightly",
    "_events",
    "_files",
    "_state",
    "_copies",
)

# Name, type and default.
PARAMETERS = (
    ("force", "bool", "False"),
    ("limit", "int", "100"),
    ("region", "str", '"eu"'),
    ("since", "str | None", "None"),
    ("dry_run", "bool", "False"),
    ("tags", "list[str] | None", "None"),
    ("attempts", "int", "3"),
)

# The options, with the share of tasks that have each, and the values that each takes.
OPTIONS = {
    "name": 0.2, "ignore_result": 0.11, "queue": 0.1, "acks_late": 0.08, "default_retry_delay": 0.03,
    "rate_limit": 0.02,
}  # fmt: skip
OPTION_VALUES = {
    "name": ('"shop.tasks.$name"',),
    "ignore_result": ("True",),
    "queue": ('"slow"', '"mail"', '"default"'),
    "acks_late": ("True",),
    "default_retry_delay": ("30", "5 * 60"),
    "rate_limit": ('"10/m"', '"100/h"', '"5/s"'),
}
