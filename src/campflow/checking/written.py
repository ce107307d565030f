"""Values as text, to tell whether they are still the same."""

from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass


def written(value: object) -> str:
    """The same text for the same value, every time campflow runs."""
    if isinstance(value, Set):
        return str(sorted(map(written, value)))
    if isinstance(value, Mapping):
        return str(sorted((written(key), written(each)) for key, each in value.items()))
    if is_dataclass(value) and not isinstance(value, type):
        return written({field.name: getattr(value, field.name) for field in fields(value) if field.compare})
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return str(list(map(written, value)))
    return repr(value)
