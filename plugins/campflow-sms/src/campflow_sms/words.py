"""What a text from a phone means: the words by which people stop, come back, or ask who we are."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal["stop", "start", "help"]


class Meaning(NamedTuple):
    """`kind` is None for a text in somebody's own words; `language` the word's, None where it is in many."""

    kind: Kind | None
    language: str | None = None


#: Words that stop, whatever follows them: operators and regulators (CTIA, FCC 47 CFR 64.1200(a)(10), CNIL, AFMM) want
#: STOP 36000 heard as STOP is. Who means something else by one gets one message less, not one too many.
_STOP_FIRST: Mapping[str, str | None] = {
    "stop": None, "stopall": None, "unsubscribe": "en", "optout": "en", "revoke": "en", "arret": "fr", "stopp": "de",
    "desabonner": "fr", "desinscription": "fr", "abmelden": "de", "abbestellen": "de", "afmelden": "nl",
    "baja": "es", "cancella": "it",
}  # fmt: skip
#: Words that do so only alone: CANCEL MY ORDER is something else.
_STOP_ALONE: Mapping[str, str | None] = {
    "cancel": "en", "end": "en", "quit": "en", "remove": "en", "stop all": None, "opt out": "en", "stop sms": None,
    "fin": "fr", "desabonnement": "fr", "alto": "es", "cancelar": "es", "sair": "pt", "ende": "de",
}  # fmt: skip
_HELP: Mapping[str, str | None] = {
    "help": "en",
    "info": None,
    "aide": "fr",
    "hilfe": "de",
    "ayuda": "es",
    "aiuto": "it",
}
_START: Mapping[str, str | None] = {
    "start": None, "unstop": "en", "subscribe": "en", "optin": "en", "opt in": "en", "reprise": "fr", "anmelden": "de",
    "alta": "es",
}  # fmt: skip

#: Characters of a text that are looked at: a word stands at its beginning.
_LOOKED_AT = 200


def meaning(text: str) -> Meaning:
    """What is meant, whatever the case, the accents, the blanks and the punctuation.

    >>> meaning(" Arrêt! ").kind
    'stop'
    """
    words = _plain(text[:_LOOKED_AT])
    if not words:
        return Meaning(None)
    whole, joined = " ".join(words), "".join(words)
    for kind, known in (("stop", _STOP_ALONE), ("help", _HELP), ("start", _START)):
        # «S T O P» and «STOP!» are one word; «op tin» is none of ours.
        for form in (whole, joined) if len(words) == 1 or all(len(word) == 1 for word in words) else (whole,):
            if form in known:
                return Meaning(kind, known[form])  # type: ignore[arg-type]  # the literals of the line above
    for form in (words[0], joined if all(len(word) == 1 for word in words) else words[0]):
        if form in _STOP_FIRST:
            return Meaning("stop", _STOP_FIRST[form])
    return Meaning(None)


def _plain(text: str) -> list[str]:
    """The words in small letters without accents; what is no letter or digit parts them."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return re.findall(r"[^\W_]+", bare.casefold())
