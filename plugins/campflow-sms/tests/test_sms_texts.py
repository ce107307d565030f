"""Segments, what they cost, what a text from a phone means, and what `campflow check` says of a content file."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from campflow.errors import ContentError
from campflow.hooks.contracts import Sender
from campflow_sms import SMS
from campflow_sms.answers import ONCE_IN, TEXTS, Answers
from campflow_sms.segments import BASIC, EXTENSION, SIZES, alphabet_of, cut, decode_gsm7, encode
from campflow_sms.settings import SmsSettings
from campflow_sms.texts import prepare
from campflow_sms.words import meaning

NOW = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "alphabet", "count"),
    [
        ("", "gsm7", 1),
        ("x" * 160, "gsm7", 1),
        ("x" * 161, "gsm7", 2),
        ("x" * 306, "gsm7", 2),
        ("x" * 307, "gsm7", 3),
        ("€" * 80, "gsm7", 1),
        ("€" * 81, "gsm7", 2),
        # An escape is never cut: 152 septets and a sign of two are 76 signs and one left over in each segment.
        ("€" * 153, "gsm7", 3),
        ("Ж" * 70, "ucs2", 1),
        ("Ж" * 71, "ucs2", 2),
        ("Ж" * 134, "ucs2", 2),
        ("Ж" * 135, "ucs2", 3),
        ("😀" * 35, "ucs2", 1),
        ("😀" * 36, "ucs2", 2),
        # Nor is a surrogate pair: 33 of them are 66 of 67 units.
        ("😀" * 67, "ucs2", 3),
        ("x" * 70 + "`", "ucs2", 2),
    ],
)
def test_how_many_segments_a_text_needs(text: str, alphabet: str, count: int) -> None:
    found = cut(text)
    assert (found.alphabet, len(found)) == (alphabet, count)


@given(st.text(alphabet=st.one_of(st.sampled_from([*BASIC.replace("\x1b", ""), *EXTENSION.values()]), st.characters())))
def test_segments_joined_are_the_text_and_each_fits(text: str) -> None:
    found = cut(text)
    assert "".join(found.texts) == text
    alone, joined = SIZES[found.alphabet]
    room = alone if len(found) == 1 else joined
    for each in found.texts:
        octets = encode(each, found.alphabet)
        assert (len(octets) if found.alphabet == "gsm7" else len(octets) // 2) <= room
        if found.alphabet == "gsm7":
            assert decode_gsm7(octets) == each
        else:
            assert octets.decode("utf-16-be", "surrogatepass") == each


def test_the_alphabet_is_that_of_the_standard() -> None:
    """Signs that lists on the web often get wrong: 3GPP TS 23.038, 6.2.1."""
    octets = {"@": 0, "_": 0x11, " ": 0x20, "¡": 0x40, "Ä": 0x5B, "§": 0x5F, "¿": 0x60, "à": 0x7F, "Ç": 9, "Σ": 0x18}
    assert {sign: encode(sign, "gsm7")[0] for sign in octets} == octets
    assert encode("€[", "gsm7") == b"\x1b\x65\x1b\x3c"
    assert [alphabet_of(each) for each in ("ç", "`", "\t", "ê", "\u2019")] == ["ucs2"] * 5
    assert decode_gsm7(b"a\x1b") == "a"
    assert decode_gsm7(b"\x1b\x1ba") == " a"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("STOP", "stop"), ("stop.", "stop"), (" Stop! ", "stop"), ("S T O P", "stop"), ("\u201cSTOP\u201d", "stop"),
        ("STOPALL", "stop"), ("Stop all", "stop"), ("STOP 36007", "stop"), ("stop please", "stop"),
        ("UNSUBSCRIBE", "stop"),
        ("Arrêt", "stop"), ("ARRET", "stop"), ("arre\u0302t", "stop"), ("stopp", "stop"),
        ("\uff33\uff34\uff2f\uff30", "stop"),
        ("cancel", "stop"), ("END", "stop"), ("Quit", "stop"), ("STOP\r\n\0", "stop"), ("opt-out", "stop"),
        ("HELP", "help"), ("help?", "help"), ("Info", "help"), ("AIDE", "help"), ("Hilfe!", "help"),
        ("START", "start"), ("unstop", "start"),
        ("cancel my order please", None), ("the end", None), ("help me choose", None), ("start when?", None),
        ("stopwatch", None), ("yes", None), ("", None), ("🛑", None), ("x" * 100_000, None), ("\u2028", None),
    ],
)  # fmt: skip
def test_what_a_text_means(text: str, kind: str | None) -> None:
    assert meaning(text).kind == kind


@pytest.mark.parametrize(
    ("body", "front_matter", "reason"),
    [
        ("x" * 161, {"max_segments": 1}, "needs 2 segments, and 1 may be sent: shorten it or raise `max_segments`"),
        ("{{ a }}" + "x" * 1_600 + "{% if b %}y{% endif %}", {}, "needs 11 segments, and 10 may be sent: shorten it"),
        ("{% if a %}" + "x" * 200 + "{% else %}" + "y" * 170 + "{% endif %}", {"max_segments": 1}, "needs 2 segments"),
        ("x" * 70 + "\u2019", {"max_segments": 1}, "needs 2 segments"),
        (" \n", {}, "the message is empty"),
        ("x", {"max_segments": 11}, "`max_segments` is a number from 1 to 10"),
        ("x", {"max_segments": True}, "`max_segments` is a number"),
        ("x", {"plain": "yes"}, "`plain` is yes or no"),
    ],
)
def test_check_says_what_cannot_be_sent_to_anyone(body: str, front_matter: dict[str, object], reason: str) -> None:
    with pytest.raises(ContentError, match=reason):
        prepare(body, front_matter)


@pytest.mark.parametrize(
    ("body", "front_matter"),
    [
        ("x" * 160, {"max_segments": 1}),
        ("{% if a %}" + "x" * 200 + "{% endif %}", {"max_segments": 1}),
        ("x" * 70 + "\u2019", {"max_segments": 1, "plain": True}),
    ],
)
def test_what_may_fit_is_left_to_the_people(body: str, front_matter: dict[str, object]) -> None:
    assert prepare(body, front_matter).parts == {"text": body}


# --- answers -------------------------------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def answers(clock: Clock, sender: Sender | None = None, **more: object) -> Answers:
    return Answers(SmsSettings.model_validate(more), sender or Sender("Acme", "hello@acme.example"), clock)


def test_each_is_answered_in_the_language_of_their_word_and_once_in_an_hour() -> None:
    clock = Clock()
    desk = answers(clock, language="de")
    said = [desk.read("+33612345678", text, NOW, str(n)).answer for n, text in enumerate(("ARRET", "Arrêt!", "Aide"))]
    assert "désinscription" in said[0]
    assert said[1] == ""
    assert "hello@acme.example" in said[2]
    assert "abgemeldet" in desk.read("+33612345679", "STOP", NOW, "4").answer
    clock.now = ONCE_IN
    assert desk.read("+33612345678", "stop", NOW, "5").answer != ""


def test_two_machines_that_answer_each_other_are_quiet_at_once() -> None:
    """Our own answer, sent back to us, is a reply and gets none."""
    desk, text = answers(Clock()), "HELP"
    for number in range(5):
        text = desk.read("+33612345678", text, NOW, str(number)).answer or text
    assert desk.read("+33612345678", text, NOW, "9").answer == ""


def test_answers_are_one_segment_and_the_settings_beat_them() -> None:
    for texts in TEXTS.values():
        for text in texts.values():
            found = cut(text.replace("{sender}", "Blue Heron Tea").replace("{contact}", "hello@heron.example "))
            assert (found.alphabet, len(found)) == ("gsm7", 1), text
    desk = answers(Clock(), stopped={"en": "Bye from {sender}. {{ 7 * 7 }}"})
    assert desk.read("+33612345678", "STOP", NOW, "1").answer == "Bye from Acme. {{ 7 * 7 }}"
    assert answers(Clock(), answers=False).read("+33612345678", "STOP", NOW, "1").answer == ""


@pytest.mark.parametrize("sender", ["+15552345678\r\n", "a" * 12, "+0155", "Ac\u2028me", "", "1", "Äcme"])
def test_a_sender_that_no_phone_could_show_is_refused(sender: str) -> None:
    with pytest.raises(ValidationError, match="cannot be a sender"):
        SmsSettings.model_validate({"sender": sender})


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": "smpp"}, {"provider": "pigeon"}, {"price": "8 cents"}, {"max_segments": 0}, {"help": {"en": " "}},
        {"smpp": {"host": "h", "system_id": "x" * 16}}, {"smpp": {"host": "h", "system_id": "a\0b"}},
        {"twilio": {"account_sid": "AC1"}}, {"twilio": {"account_sid": "AC" + "a" * 32, "url": "http://evil.example"}},
        {"twilio": {"account_sid": "AC" + "a" * 32, "api_key": "SK" + "a" * 32}},
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SmsSettings.model_validate(wrong)


def test_a_channel_is_what_its_provider_can_do() -> None:
    assert SMS.fitted is not None
    smpp = {"provider": "smpp", "smpp": {"host": "h", "system_id": "x"}}
    by_centre = SMS.fitted(SMS, SmsSettings.model_validate(smpp))
    by_twilio = SMS.fitted(
        SMS, SmsSettings.model_validate({"provider": "twilio", "twilio": {"account_sid": "AC" + "a" * 32}})
    )
    assert (by_centre.webhook, by_centre.listens) == (None, True)
    assert (by_twilio.webhook, by_twilio.listens) == (SMS.webhook, False)
    assert dataclasses.replace(by_twilio, listens=True) == SMS
