"""Mistakes in names and words: misspelt, in capitals, in quotes, with letters that a name does not have."""

import re
import unicodedata

from campflow.language.mistakes.scene import Mistake, Scene, end_of, near, start_of, words
from campflow.language.mistakes.structure import HOME
from campflow.language.mistakes.wording import COMPARISONS, SYNONYMS, say


def hyphen(scene: Scene) -> Mistake | None:
    """`campaign trial-onboarding`."""
    before, rest = scene.previous, re.match(r"(?:-\w+)+", scene.rest)
    if rest is None or before is None or before.type != "NAME" or end_of(before) != scene.start:
        return None
    right = _as_name(f"{before}{rest[0]}")
    start, end = start_of(before), scene.start + rest.end()
    return Mistake(say("name-hyphen", scene.span(start, end), right=right), start, end, (("NAME", right),), 1)


def quoted_name(scene: Scene) -> Mistake | None:
    """`send email "welcome"`; `stage "Welcome" {`, where a name comes before the title."""
    at_beginning = not scene.statement
    if scene.token.type != "TEXT" or "NAME" not in scene.expected or "NUMBER" in scene.expected or at_beginning:
        return None
    written = str(scene.token)
    right = _as_name(written[1:-1])
    if scene.head in ("campaign", "stage", "final", "segment"):
        found = say("quoted-title", scene.span(), written=written, right=right)
        return Mistake(found, scene.start, scene.end, (("NAME", right), ("TEXT", written)))
    return Mistake(say("quoted-name", scene.span(), right=right), scene.start, scene.end, (("NAME", right),))


def wrong_word(scene: Scene) -> Mistake | None:
    """A word in capitals, with letters of another alphabet, or in camelCase."""
    if scene.token.type != "WRONG_WORD":
        return None
    written, known = str(scene.token), words(scene.expected)
    word = {"true": "yes", "false": "no"}.get(written.lower(), written.lower())
    if word in known:
        key = "capitals" if word == written.lower() else "yes-no"
        found = say(key, scene.span(), written=written, right=word)
        return Mistake(found, scene.start, scene.end, ((known[word], word),))
    name = _as_name(written)
    kind = words(scene.expected).get(name, "NAME")
    strange = next((letter for letter in written if letter in _LOOKALIKES), None)
    if strange is not None:
        character = unicodedata.name(strange, "?").lower()
        found = say("foreign-letter", scene.span(), letter=strange, written=written, character=character, right=name)
        return Mistake(found, scene.start, scene.end, ((kind, name),))
    if "NAME" not in scene.expected:
        return _slip(scene, written.lower())
    return Mistake(say("name-letters", scene.span(), right=name), scene.start, scene.end, ((kind, name),))


_LOOKALIKES = dict(
    zip(
        "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0455\u0458\u0501\u04bb\u03bf\u03b1\u03bd",
        "aceopxyisjdhoav",
        strict=True,
    )
)
"""Cyrillic and Greek letters that look like Latin ones."""


def _as_name(written: str) -> str:
    """The name that somebody means who writes `Trial-Onboarding`, `préférence` or `2nd`."""
    ascii_letters = "".join(_LOOKALIKES.get(letter, letter) for letter in written)
    plain = unicodedata.normalize("NFKD", ascii_letters).encode("ascii", "ignore").decode()
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()
    name = re.sub(r"[^a-z0-9]+", "_", snake).strip("_")[:60]
    return name if name[:1].isalpha() else f"x_{name}".rstrip("_")


def misspelt(scene: Scene) -> Mistake | None:
    """A word that is nearly one of those that could stand there."""
    if scene.token.type != "NAME" or "NAME" in scene.expected:
        return None
    return _slip(scene, str(scene.token))


def _slip(scene: Scene, written: str) -> Mistake | None:
    known = words(scene.expected)
    if written in COMPARISONS and "COMPARE" in scene.expected:
        right = COMPARISONS[written]
        found = say("equals", scene.span(), written=scene.token, right=right)
        return Mistake(found, scene.start, scene.end, (("CONTAINS" if right == "contains" else "COMPARE", right),))
    if scene.statement == () and written in HOME:
        return None
    meant = near(written, known)
    if meant is None:
        return None
    found = say("misspelt", scene.span(), written=scene.token, right=meant)
    return Mistake(found, scene.start, scene.end, ((known[meant], meant),))


def misspelt_beginning(scene: Scene) -> Mistake | None:
    """In a test a line may begin with a name, so a slip in its first word shows only later: `exepct ada in nudge`."""
    if not scene.statement or scene.statement[0].type != "NAME":
        return None
    known = words(scene.beginning)
    first = scene.statement[0]
    right = near(str(first), known)
    if right is None:
        return None
    start, end = start_of(first), end_of(first)
    found = say("misspelt", scene.span(start, end), written=first, right=right)
    return Mistake(found, start, end, ((known[right], right),), restarts=True)


def synonym(scene: Scene) -> Mistake | None:
    """`wait 3 days`."""
    if scene.statement or str(scene.token).lower() not in SYNONYMS:
        return None
    written = str(scene.token)
    return Mistake(
        say("instead", scene.span(), written=written, right=SYNONYMS[written.lower()]), scene.start, scene.end
    )
