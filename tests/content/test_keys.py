"""A message's key names the message to whoever brings it back, and nobody else can make one up."""

from campflow.content.keys import message_key, message_of

HERE, THERE = "one project", "another"


def test_a_key_leads_back_to_its_message() -> None:
    for message_id in (1, 15, 16, 123_456_789, 2**62):
        assert message_of(HERE, message_key(HERE, message_id)) == message_id


def test_a_key_of_another_project_or_another_message_leads_nowhere() -> None:
    key = message_key(HERE, 7)
    assert message_of(THERE, key) is None
    assert message_of(HERE, "8" + key[1:]) is None
    assert message_of(HERE, "07" + key[1:]) is None  # one message has one key
    for strange in ("", "-", "7", "7-", key.upper() + "x", key[:-1], "\u0667" + key[1:], "f" * 5_000, "7-\ud800"):
        assert message_of(HERE, strange) is None
