"""`people show`, `consent`, `suppress`, `forget`, `export`, in a project as `init` makes it."""

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.terminal import Terminal, stand_still

ADA, ZOE = "ada@example.com", "zoe@example.com"
PEOPLE = f"key,email,first_name\na1,{ADA},Ada\nz1,{ZOE},Zoé\n"
SIGNUPS = f"id,contact,at\n1,{ADA},2026-03-02 10:00\n2,{ZOE},2026-03-02 11:00\n"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder from which each test's own is copied."""
    still = stand_still(Terminal(tmp_path_factory.mktemp("once")))
    signed_up(still)
    return still.folder


@pytest.fixture
def shop(once: Path, tmp_path: Path) -> Terminal:
    """Ada and Zoé have signed up, and their first mail is planned; it is 2026-03-02."""
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    return Terminal(tmp_path)


def signed_up(still: Terminal) -> None:
    still("tick", "--now", "2026-03-01")
    still("people", "import", "-", "--format", "csv", stdin=PEOPLE)
    still("events", "import", "-", "--format", "csv", "--event", "signup", stdin=SIGNUPS)


#: Of the channels that are installed, those that these tests tell about.
CHANNELS = ("echo", "email")


def consents(shop: Terminal) -> dict[tuple[str, str], bool]:
    found = shop.json("people", "show", "a1")["consent"]
    return {(each["channel"], each["purpose"]): each["allowed"] for each in found if each["channel"] in CHANNELS}


# --- show ------------------------------------------------------------------------------------------------------


def test_show_tells_how_a_person_stands(shop: Terminal) -> None:
    shop("tick", "--now", "2026-03-02 10:30")
    shop("people", "consent", "a1", "email", "--given", "--source", "paper form 12")
    shop("people", "suppress", ADA, "--channel", "echo", "--reason", "asked by telephone")
    said = " ".join(shop("people", "show", ADA).stdout.split())
    for expected in (
        f"a1, {ADA} (times: UTC)",
        "first_name Ada",
        "welcome in hello entered 2026-03-02 10:00",
        "accepted a1 email welcome welcome.hello",
        "email no purpose given 2026-03-02 10:30, paper form 12",
        "echo no purpose yes never asked",
        "echo all addresses asked by telephone 2026-03-02 10:30",
    ):
        assert expected in said
    assert ZOE not in said


def test_show_for_programs(shop: Terminal) -> None:
    shop("tick", "--now", "2026-03-02 10:30")
    shown = shop.json("people", "show", ADA)
    assert (shown["contact"], shown["email"], shown["fields"]["first_name"]) == ("a1", ADA, "Ada")
    assert [(each["campaign"], each["stage"]) for each in shown["journeys"]] == [("welcome", "hello")]
    assert [(each["name"], each["state"]) for each in shown["messages"]] == [("welcome", "accepted")]
    assert (shown["ledger"], shown["suppressions"]) == ([], [])


# --- consent ---------------------------------------------------------------------------------------------------


def test_consent_is_a_ledger_in_which_the_latest_line_decides(shop: Terminal) -> None:
    shop.change("campflow.toml", "[sender]", '[consent]\nopt_in = ["news"]\n\n[sender]')
    assert consents(shop) == {
        ("echo", ""): True,
        ("echo", "news"): False,
        ("email", ""): True,
        ("email", "news"): False,
    }
    shop(
        "people", "consent", "a1", "email", "--purpose", "news", "--given", "--wording", "Yes, send me news",
        "--source", "footer form", "--proof", "request 77",
    )  # fmt: skip
    assert consents(shop)[("email", "news")]
    assert not consents(shop)[("echo", "news")]
    shop("tick", "--now", "2026-03-02")
    shop("people", "consent", ADA, "every", "--withdrawn")
    assert not any(consents(shop).values())
    first, last = shop.json("people", "show", "a1")["ledger"]
    assert first == {
        "channel": "email", "purpose": "news", "given": True, "wording": "Yes, send me news", "source": "footer form",
        "proof": "request 77", "at": "2026-03-01T00:00:00.000Z",
    }  # fmt: skip
    assert (last["channel"], last["purpose"], last["given"]) == ("", "", False)


def test_a_purpose_that_nothing_has_is_written_down_and_said(shop: Terminal) -> None:
    shop.change("campflow.toml", "[sender]", '[consent]\nopt_in = ["newsletter"]\n\n[sender]')
    said = shop("people", "consent", "a1", "email", "--purpose", "newsleter", "--given")
    assert "no campaign and no message has the purpose `newsleter`: did you mean `newsletter`?" in said.stderr
    assert ("email", "newsleter") in consents(shop)


# --- suppress --------------------------------------------------------------------------------------------------


def test_what_is_suppressed_can_be_lifted(shop: Terminal) -> None:
    assert "Nothing goes to a1 by every channel" in shop("people", "suppress", "a1").stdout
    assert "Nothing goes to a1 by email" in shop("people", "suppress", "a1", "--channel", "email").stdout
    said = shop("people", "suppress", "a1", "--channel", "email", "--lift").stdout
    assert "1 suppression of email lifted" in said
    assert "Every channel is suppressed still" in said
    assert "1 suppression lifted" in shop("people", "suppress", "a1", "--lift").stdout
    found = shop.json("people", "show", "a1")["suppressions"]
    assert [(each["reason"], each["lifted_at"]) for each in found] == [("manual", "2026-03-01T00:00:00.000Z")] * 2


# --- forget and export -----------------------------------------------------------------------------------------


def test_forget_asks_and_leaves_everything_without_a_yes(shop: Terminal) -> None:
    said = shop("people", "forget", "a1", stdin="n\n", code=1)
    assert f"Erase all that is known about a1, {ADA}, for good?" in said.stdout + said.stderr
    shop("people", "show", "a1")


def test_who_was_forgotten_gets_nothing_that_was_planned_and_is_not_imported_again(shop: Terminal) -> None:
    shop("tick", "--now", "2026-03-05 12:00")
    assert [each["name"] for each in shop.json("outbox", "planned")] == ["reminder", "reminder"]
    said = shop("people", "forget", ADA, stdin="y\n").stdout
    assert "1 message not sent any more" in said
    shop("tick", "--now", "2026-03-06 09:30")
    assert [(each["contact"], each["name"]) for each in shop.json("outbox", "accepted")] == [("z1", "reminder")]
    assert {each["contact"] for each in shop.json("outbox")} == {"z1"}
    refused = shop("people", "import", "-", "--format", "csv", "--rejects", "bad.csv", stdin=PEOPLE, code=1)
    assert "`a1` was forgotten on 2026-03-05" in refused.stderr
    assert f"a1,{ADA},Ada,2,key" in (shop.folder / "bad.csv").read_text()
    for command in ("show", "export"):
        assert "look at the spelling" in shop("people", command, "a1", code=1).stderr


def test_forgetting_needs_no_correct_flow(shop: Terminal) -> None:
    shop.write("wrong.flow", "campaign {")
    assert "a1" in shop("people", "export", "a1").stdout
    assert "Forgotten: " in shop("people", "forget", "a1", "--yes").stdout
    shop("people", "show", "a1", code=1)


def test_export_is_one_document_about_one_person(shop: Terminal) -> None:
    shop("tick", "--now", "2026-03-02 12:00")
    text = shop("people", "export", "a1").stdout
    assert ZOE not in text
    document = json.loads(text)
    assert (document["contact"], document["exported_at"]) == ("a1", "2026-03-02T12:00:00.000Z")
    held = document["held"]
    assert held["event"][0]["name"] == "signup"
    assert (held["journey"][0]["campaign"], held["journey"][0]["stage"]) == ("welcome", "hello")
    assert (held["message"][0]["message"], held["message"][0]["state"]) == ("welcome", "accepted")
    assert held["move"][0]["because"].startswith("enter")


# --- wrong use -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ("show nobody", 1, "nobody has the key or e-mail address nobody"),
        ("consent nobody email --given", 1, "look at the spelling"),
        ("suppress nobody", 1, "look at the spelling"),
        ("forget nobody --yes", 1, "look at the spelling"),
        ("export nobody", 1, "look at the spelling"),
        ("consent a1 email", 2, "--given or --withdrawn"),
        ("consent a1 email --given --withdrawn", 2, "one of them"),
        ("consent a1 emial --given", 2, "did you mean `email`?"),
        ("consent a1 email --given --purpose Big-News", 2, "a purpose is a name"),
        ("suppress a1 --channel pigeon", 2, "there is no channel `pigeon`"),
        ("suppress a1 --lift --reason x", 2, "needs no reason"),
        ("forget", 2, "Missing argument"),
    ],
)
def test_a_wrong_use_says_what_to_write(shop: Terminal, words: str, code: int, expected: str) -> None:
    assert expected in shop("people", *words.split(), code=code).words


# --- what comes of it ------------------------------------------------------------------------------------------


def fates(shop: Terminal, message: str) -> dict[str, tuple[str, str | None]]:
    found = (each for each in shop.json("outbox") if each["name"] == message)
    return {each["contact"]: (each["state"], each["detail"]) for each in found}


def test_who_did_not_opt_in_gets_nothing_and_the_reason_is_there(still: Terminal) -> None:
    still.change("campflow.toml", "[sender]", '[consent]\nopt_in = ["news"]\n\n[sender]')
    still.change("welcome.flow", "audience  letters", "audience  letters\n  purpose   news")
    signed_up(still)
    still("people", "consent", "a1", "email", "--purpose", "news", "--given")
    still("tick", "--now", "2026-03-02 12:00")
    assert fates(still, "welcome") == {"a1": ("accepted", None), "z1": ("skipped", "no consent for purpose news")}


def test_who_unsubscribes_or_bounces_gets_nothing_more(still: Terminal) -> None:
    still.change("welcome.flow", "  leave     on unsubscribed\n", "")
    signed_up(still)
    still("tick", "--now", "2026-03-02 12:00")
    said = (
        f"contact,event,about,at\n{ADA},unsubscribed,welcome,2026-03-02 12:30\n{ZOE},bounced,welcome,2026-03-02 12:40\n"
    )
    still("events", "import", "-", "--format", "csv", stdin=said)
    still("tick", "--now", "2026-03-05 12:00")
    still("tick", "--now", "2026-03-06 12:00")
    assert {state for state, _ in fates(still, "welcome").values()} == {"accepted"}
    assert fates(still, "reminder") == {
        "a1": ("skipped", "consent withdrawn"),
        "z1": ("skipped", "suppressed: bounced"),
    }
