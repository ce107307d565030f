"""Which texts a kind of field can hold: choices, countries, languages and time zones are closed lists."""

import re
from zoneinfo import ZoneInfo, available_timezones

from campflow.checking.operand import Operand
from campflow.checking.wording import types as say
from campflow.diagnostics.diagnostic import Diagnostic, did_you_mean
from campflow.diagnostics.source import Span
from campflow.model.countries import COUNTRIES
from campflow.model.people import ValueType

#: The shape of a BCP 47 language tag as campaigns use it: "fr", "pt-BR", "zh-Hant-TW".
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def unfit(type_: ValueType, operand: Operand) -> Diagnostic | None:
    """What is wrong with a text written down where a value of `type_` stands; None for anything else."""
    value, span = operand.fixed_text, operand.span
    if value is None:
        return None
    match type_.kind:
        case "choice" if value not in type_.choices:
            return say.unknown_choice(value, type_, span)
        case "country" if value not in COUNTRIES:
            return say.unknown_country(value, span, value.upper() in COUNTRIES)
        case "language" if not _LANGUAGE.fullmatch(value):
            return say.unknown_language(value, span)
        case "timezone" if not is_zone(value):
            return unknown_zone(value, span)
    return None


def is_zone(name: str) -> bool:
    """Whether the name is in the IANA time zone database."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def unknown_zone(value: str, span: Span, code: str = "unknown-choice") -> Diagnostic:
    return say.unknown_zone(value, span, did_you_mean(value, available_timezones()), code)
