"""Texts that came from phones: the reaction that each is, and what is answered by law."""

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Mapping
from time import monotonic
from typing import NamedTuple

import phonenumbers

from campflow.hooks.contracts import Reaction, Sender
from campflow_sms.settings import SmsSettings
from campflow_sms.words import Kind, meaning

#: Seconds in which nobody is answered the same a second time: two machines that answer each other are quiet soon.
ONCE_IN = 3_600.0

#: How many people are remembered for that.
_REMEMBERED = 100_000

#: Reactions by what was meant; what was not is a reply.
REACTIONS: Mapping[Kind | None, str] = {"stop": "unsubscribed", "start": "resubscribed", None: "replied"}

#: What is answered where the settings say nothing; `{sender}` is the sender's name, `{contact}` where they are reached.
TEXTS: Mapping[Kind, Mapping[str, str]] = {
    "stop": {
        "en": "{sender}: You are unsubscribed and will get no more messages. Text START to come back.",
        "fr": "{sender}: Votre désinscription est faite, vous ne recevrez plus de messages. START pour revenir.",
        "de": "{sender}: Sie sind abgemeldet und erhalten keine Nachrichten mehr. Mit START kommen Sie zurück.",
    },
    "start": {
        "en": "{sender}: You will get our messages again. Text STOP to end them, HELP for help.",
        "fr": "{sender}: Vous recevrez de nouveau nos messages. STOP pour y mettre fin, AIDE pour de l'aide.",
        "de": "{sender}: Sie erhalten wieder Nachrichten von uns. STOP beendet sie, HILFE hilft.",
    },
    "help": {
        "en": "{sender}: You get messages from us by SMS. {contact}Text STOP to end them.",
        "fr": "{sender}: Vous recevez nos messages par SMS. {contact}Envoyez STOP pour y mettre fin.",
        "de": "{sender}: Sie erhalten Nachrichten von uns per SMS. {contact}STOP beendet sie.",
    },
}


class Answered(NamedTuple):
    """`reaction` is None for who only asked for help; `answer` is empty where nothing is said."""

    reaction: Reaction | None
    answer: str


class Answers:
    """Reads what came. `clock` counts seconds; what was answered is remembered by this process alone."""

    def __init__(self, settings: SmsSettings, sender: Sender, clock: Callable[[], float] = monotonic) -> None:
        self._settings, self._sender, self._clock = settings, sender, clock
        self._given: OrderedDict[tuple[str, Kind], tuple[float, str]] = OrderedDict()

    def read(
        self, phone: str, text: str, at: dt.datetime, id: str, *, answered: bool = False, keyword: bool = True
    ) -> Answered:
        """A text from `phone`, whose `id` is the provider's name for it.

        `answered`: the provider has answered it. Without `keyword` it is the rest of a longer text, and is a reply
        whatever its first word.
        """
        said = meaning(text) if keyword else None
        kind, language = (said.kind, said.language) if said else (None, None)
        reaction = None
        if kind != "help":
            reaction = Reaction(REACTIONS[kind], at, id, address=international(phone), text=_line(text))
        if kind is None or answered or not self._settings.answers or not self._may(phone, kind, id):
            return Answered(reaction, "")
        return Answered(reaction, self._text(kind, language))

    def _may(self, phone: str, kind: Kind, id: str) -> bool:
        """Whether this is answered: once in ONCE_IN. What is told again is answered again: that may have got lost."""
        now = self._clock()
        given = self._given.get((phone, kind))
        if given is not None and now - given[0] < ONCE_IN:
            return given[1] == id
        self._given[phone, kind] = (now, id)
        self._given.move_to_end((phone, kind))
        while len(self._given) > _REMEMBERED:
            self._given.popitem(last=False)
        return True

    def _text(self, kind: Kind, language: str | None) -> str:
        own = {"stop": self._settings.stopped, "start": self._settings.started, "help": self._settings.help}[kind]
        texts = {**TEXTS[kind], **own}
        wanted = (language or self._settings.language, self._settings.language, "en")
        text = next(texts[each] for each in wanted if each in texts)
        contact = f"{self._sender.reply_to or self._sender.email} " if self._sender.email else ""
        name = self._sender.name or self._sender.email or "SMS"
        return text.replace("{sender}", name).replace("{contact}", contact)


def _line(text: str) -> str:
    """What was written, on one line, of what can be shown."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def international(phone: str) -> str:
    """A number as it is stored, with a plus; a short code or a name as it came: nobody has it."""
    try:
        parsed = phonenumbers.parse(phone if phone.startswith("+") else f"+{phone}")
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
