"""Unsubscribe tokens."""

from campflow.content.tokens import SigningKeys
from campflow.content.unsubscribe import Unsubscribe, sign, unsubscribe_url, verify
from campflow.hooks.contracts import Sender

WHO = Unsubscribe(42, "email", 7)
KEYS = SigningKeys("b", {"b": b"new secret"})


def test_a_token_comes_back_as_it_was_signed() -> None:
    token = sign(KEYS, WHO)
    assert verify(KEYS, token) == WHO
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def test_after_a_rotation_old_tokens_hold_and_new_ones_are_signed_with_the_new_secret() -> None:
    old = sign(SigningKeys("a", {"a": b"old secret"}), WHO)
    rotated = SigningKeys("b", {"a": b"old secret", "b": b"new secret"})
    assert verify(rotated, old) == WHO
    assert verify(KEYS, sign(rotated, WHO)) == WHO
    assert verify(KEYS, old) is None


def test_every_changed_character_breaks_it() -> None:
    token = sign(KEYS, WHO)
    for place in range(len(token)):
        forged = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert verify(KEYS, forged) is None, forged


def test_rubbish_is_no_token() -> None:
    for token in (
        "",
        ".",
        "....",
        "1.b..",
        "1.b.é.é",
        "\0",
        "x" * 10_000,
        "1.b.NDI6ZW1haWw6Nw.",
        "2" + sign(KEYS, WHO)[1:],
    ):
        assert verify(KEYS, token) is None


def test_secrets_do_not_show_in_a_log() -> None:
    assert "secret" not in repr(KEYS)


def test_the_url_is_the_project_s_page_or_a_mail() -> None:
    assert unsubscribe_url(Sender(unsubscribe="https://a.example/u"), "T") == "https://a.example/u?token=T"
    assert unsubscribe_url(Sender(unsubscribe="https://a.example/u?l=fr"), "T") == "https://a.example/u?l=fr&token=T"
    assert unsubscribe_url(Sender(unsubscribe="https://a.example/{token}/u"), "T") == "https://a.example/T/u"
    assert unsubscribe_url(Sender(email="hi@a.example"), "T") == "mailto:hi@a.example?subject=unsubscribe%20T"
    mail = Sender(email="hi@a.example", unsubscribe="mailto:leave@a.example")
    assert unsubscribe_url(mail, "T") == "mailto:leave@a.example?subject=unsubscribe%20T"
    assert unsubscribe_url(Sender(), "T") == ""
