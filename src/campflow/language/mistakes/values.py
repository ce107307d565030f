"""Mistakes inside a value: quotes of a word processor, numbers and dates as other countries write them, odd units."""

import calendar
import re
from collections.abc import Callable

from campflow.language.mistakes.scene import Mistake, Scene, end_of, near, start_of
from campflow.language.mistakes.wording import CURRENCIES, NUMBER_WORDS, UNITS, say

_UNIT_WORDS = [
    word for unit in ("second", "minute", "hour", "day", "week", "month", "year") for word in (unit, f"{unit}s")
]
_AMOUNT = re.compile(
    r"(?P<number>\d[\d_.,'\u2019 \u00a0\u202f]*?)(?P<blank>[ \t\u00a0\u202f]*)(?P<word>[^\W\d_]+|[€$£%])"
)
_NUMBER = re.compile(r"\d[\d_]*(?:\.\d+)?")


def find(scene: Scene) -> Mistake | None:
    """The first of these that fits, or None."""
    for recognise in _BY_KIND.get(scene.token.type, ()):
        mistake = recognise(scene)
        if mistake is not None:
            return mistake
    return None


def _value(
    scene: Scene, key: str, written: str, right: str, kind: str, start: int | None = None, replaces: int = 0
) -> Mistake:
    """A value is read as another one."""
    start = scene.start if start is None else start
    end = start + len(written)
    found = say(key, scene.span(start, end), written=written.strip(), right=right)
    return Mistake(found, start, end, ((kind, right),), replaces)


# --- texts ------------------------------------------------------------------------------------------------------


def _quotes(scene: Scene) -> Mistake | None:
    written = str(scene.token)
    inner = written[1:-1].strip() if written[0] in "«»" else written[1:-1]
    right = '"{}"'.format(inner.replace("\\", "\\\\").replace('"', '\\"'))
    if written[0] in "'\u2018\u2019\u201a":
        return _value(scene, "single-quotes", written, right, "TEXT")
    found = say("word-quotes", scene.span(), written=f"`{written[0]} {written[-1]}`", right=right)
    return Mistake(found, scene.start, scene.end, (("TEXT", right),))


def _unclosed(scene: Scene) -> Mistake | None:
    """The text ends with the line, or before the } of a block that was opened on it."""
    written = str(scene.token).rstrip()
    brace = scene.opened[-1] if scene.opened else None
    if brace is not None and brace.type == "LBRACE" and brace.line == scene.token.line:
        written = written.removesuffix("}").rstrip()
    end = scene.start + len(written)
    closing = '\\"' if written.endswith("\\") and not written.endswith("\\\\") else '"'
    return Mistake(say("unclosed-text", scene.span(end=end)), scene.start, end, (("TEXT", written + closing),))


def _unquoted(scene: Scene) -> Mistake | None:
    """`timezone Europe/Paris`, `owner growth@acme.example`: only a text can stand there."""
    if "TEXT" not in scene.expected or scene.expected & {"NAME", "NUMBER", "LBRACE"}:
        return None
    match = re.match(r"[^\s,{}#\"]+", scene.rest)
    return _value(scene, "unquoted", match[0], f'"{match[0]}"', "TEXT") if match else None


# --- dates and times --------------------------------------------------------------------------------------------


def _date(scene: Scene) -> Mistake | None:
    written = str(scene.token)
    first, second, third = (int(part) for part in re.split(r"[/.]", written))
    if first > 31:
        year, month, day = first, second, third
    elif "/" in written and first <= 12:
        year, month, day = third, first, second
    else:
        year, month, day = third, second, first
    if not (1 <= month <= 12 and year >= 1 and 1 <= day <= calendar.monthrange(year, month)[1]):
        found = say("date", scene.span(), right="2026-12-01")
        return Mistake(found, scene.start, scene.end)
    right = f"{year:04}-{month:02}-{day:02}"
    found = say("date", scene.span(), right=right)
    clock = re.match(r"[ \t]+\d\d?:\d\d(?::\d\d)?(?!\w)", scene.text[scene.end :])
    if clock and "DATETIME" in scene.expected:
        return Mistake(found, scene.start, scene.end + clock.end(), (("DATETIME", right + clock[0]),))
    return Mistake(found, scene.start, scene.end, (("DATE", right),))


def _clock(scene: Scene) -> Mistake | None:
    written = str(scene.token)
    hour, *minute = (int(part) for part in re.findall(r"\d+", written))
    half = re.search("[ap]", written)
    if half:
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    return _value(scene, "time", written, f"{hour:02}:{minute[0] if minute else 0:02}", "TIME")


def _partial_time(scene: Scene) -> Mistake | None:
    kind, written = scene.token.type, str(scene.token)
    if kind == "DATE" and "DATETIME" in scene.expected:
        instead = (("DATETIME", f"{written} 00:00"),)
        return Mistake(say("day-without-time", scene.span(), written=written), scene.start, scene.end, instead)
    if kind == "TIME" and "DATETIME" in scene.expected:
        return Mistake(say("time-without-day", scene.span(), written=written), scene.start, scene.end)
    if kind == "NUMBER" and "TIME" in scene.expected and written.isdigit() and len(written) <= 2:
        return _value(scene, "time", written, f"{int(written):02}:00", "TIME")
    return None


# --- numbers, amounts and durations -----------------------------------------------------------------------------


def _plain(written: str) -> str:
    """A number of any country as it is written here: `1.000,50` becomes `1_000.50`."""
    digits = re.sub(r"[ '\u2019_\u00a0\u202f]", "", written).strip(".,")
    if "," in digits and "." in digits:
        thousands = "," if digits.rindex(".") > digits.rindex(",") else "."
        digits = digits.replace(thousands, "").replace(",", ".")
    elif digits.count(".") > 1:
        digits = digits.replace(".", "")
    elif "," in digits:
        single = digits.count(",") == 1 and len(digits.rpartition(",")[2]) != 3
        digits = digits.replace(",", "." if single else "")
    whole, point, fraction = digits.partition(".")
    return f"{int(whole[:40] or 0):_}{point}{fraction}"


def _foreign_number(scene: Scene) -> Mistake | None:
    """With what follows it: a currency, a % or nothing."""
    written = str(scene.token)
    follows = re.match(r"[ \t\u00a0\u202f]*([A-Z]{3}(?!\w)|%)", scene.text[scene.end :])
    right, kind = _plain(written), "NUMBER"
    if follows:
        written += follows[0]
        kind = "PERCENT" if follows[1] == "%" else "MONEY"
        right += "%" if kind == "PERCENT" else f" {follows[1]}"
    return _value(scene, "number", written, right, kind)


def _foreign_money(scene: Scene) -> Mistake | None:
    written = str(scene.token)
    sign = next(character for character in written if character in CURRENCIES)
    right = f"{_plain(written.replace(sign, '').strip())} {CURRENCIES[sign]}"
    return _value(scene, "currency-sign", written, right, "MONEY")


def _comma_inside(scene: Scene) -> Mistake | None:
    """`12,50 EUR`: what stands before the comma was read as a number of its own."""
    before = scene.previous
    rest = re.match(r",(\d[\d_.,]*)([ \t]*[A-Z]{3}(?!\w)|%|)", scene.rest)
    if rest is None or before is None or before.type != "NUMBER" or end_of(before) != scene.start:
        return None
    written = f"{before}{rest[0]}"
    unit = rest[2].strip()
    kind = {"": "NUMBER", "%": "PERCENT"}.get(unit, "MONEY")
    right = _plain(f"{before},{rest[1]}") + (f" {unit}" if kind == "MONEY" else unit)
    return _value(scene, "comma-number", written, right, kind, start_of(before), 1)


def _word_behind(scene: Scene) -> Mistake | None:
    """A number and a word that do not go together: `3 dayz`, `3days`, `40 euro`, `3.5 days`."""
    at, taken = scene.start, 0
    previous = scene.previous
    if not scene.token[:1].isdigit():
        if previous is None or previous.type != "NUMBER" or scene.text[end_of(previous) : at].strip():
            return None
        at, taken = start_of(previous), 1
    match = _AMOUNT.match(scene.text, at)
    if match is None or not _NUMBER.fullmatch(match["number"]):
        return None
    number, word, written = match["number"], match["word"], match[0]
    if word == "%":
        return _value(scene, "percent-blank", written, f"{number}%", "PERCENT", at, taken)
    if re.fullmatch("[A-Z]{3}", word):
        return _value(scene, "no-blank", written, f"{number} {word}", "MONEY", at, taken)
    if word.lower() in CURRENCIES:
        right = f"{number} {CURRENCIES[word.lower()]}"
        found = say("currency-word", scene.span(match.start("word"), match.end()), written=word, right=right)
        return Mistake(found, at, match.end(), (("MONEY", right),), taken)
    unit = word.lower() if word.lower() in _UNIT_WORDS else UNITS.get(word.lower()) or near(word.lower(), _UNIT_WORDS)
    if unit is None:
        return None
    if "." in number:
        return Mistake(
            say("half-unit", scene.span(at, match.end())), at, match.end(), (("DURATION", f"1 {unit}"),), taken
        )
    if unit == word:
        return _value(scene, "no-blank", written, f"{number} {unit}", "DURATION", at, taken)
    found = say("unit", scene.span(match.start("word"), match.end()), written=word, right=f"{number} {unit}")
    return Mistake(found, at, match.end(), (("DURATION", f"{number} {unit}"),), taken)


def _number_word(scene: Scene) -> Mistake | None:
    """`after three days`."""
    match = re.match(r"([A-Za-z]+)[ \t]+([a-z]+)", scene.rest)
    if match is None or "DURATION" not in scene.expected or match[2] not in _UNIT_WORDS:
        return None
    if match[1].lower() not in NUMBER_WORDS:
        return None
    return _value(scene, "number-word", match[0], f"{NUMBER_WORDS[match[1].lower()]} {match[2]}", "DURATION")


def _bare_number(scene: Scene) -> Mistake | None:
    """A number where one with a unit is due: `budget 5000`, `holdout 5`, `after 3`."""
    written = str(scene.token)
    if "NUMBER" in scene.expected:
        return None
    if "PERCENT" in scene.expected:
        return _value(scene, "no-percent", written, f"{written}%", "PERCENT")
    if "MONEY" in scene.expected:
        found = say("no-currency", scene.span(), written=written)
        return Mistake(found, scene.start, scene.end, (("MONEY", f"{written} EUR"),))
    if "DURATION" in scene.expected:
        if re.match(r"[ \t]+[^\W\d]+", scene.text[scene.end :]):
            word = re.match(r"[ \t]+(\w+)", scene.text[scene.end :])
            if word and word[1] not in ("where", "if", "worth", "and", "or"):
                end = scene.end + word.end()
                return Mistake(
                    say("unit-unknown", scene.span(end - len(word[1]), end), written=word[1]),
                    scene.start,
                    end,
                    (("DURATION", "1 day"),),
                )
        found = say("no-unit", scene.span(), written=written)
        return Mistake(found, scene.start, scene.end, (("DURATION", "1 day"),))
    return None


def _currency_first(scene: Scene) -> Mistake | None:
    """`EUR 40`."""
    match = re.match(r"([A-Z]{3})[ \t]*(\d[\d.,_]*)(?!\w)", scene.rest)
    return match and _value(scene, "currency-first", match[0], f"{_plain(match[2])} {match[1]}", "MONEY")


_Recogniser = Callable[[Scene], Mistake | None]
_BY_KIND: dict[str, tuple[_Recogniser, ...]] = {
    "FOREIGN_TEXT": (_quotes,),
    "UNCLOSED_TEXT": (_unclosed,),
    "FOREIGN_DATE": (_date,),
    "FOREIGN_TIME": (_clock,),
    "FOREIGN_NUMBER": (_foreign_number,),
    "FOREIGN_MONEY": (_foreign_money,),
    "COMMA": (_comma_inside,),
    "NUMBER": (_word_behind, _partial_time, _bare_number),
    "DATE": (_partial_time,),
    "TIME": (_partial_time,),
    "STRANGE": (_word_behind, _unquoted),
    "NAME": (_word_behind, _number_word, _unquoted),
    "WRONG_WORD": (_word_behind, _currency_first, _unquoted),
}
