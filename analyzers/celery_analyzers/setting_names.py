"""Stand-in."""


def spellings(name: str, namespace: str | None = None) -> tuple[str, ...]:
    old = f"CELERYD_{name.upper()}" if name.endswith("time_limit") else name.upper()
    return (name, old, f"{namespace}_{name.upper()}") if namespace else (name, old)


def canonical(key: str, namespace: str | None) -> str | None:
    if namespace:
        return key[len(namespace) + 1 :].lower() if key.startswith(namespace + "_") else None
    return key.lower() if key.islower() else None


def looks_like_setting(key: str) -> bool:
    return key.startswith("CELERY")
