"""`campflow simulate` on the example shop: what it says, what it rests on, and that it leaves the shop alone."""

import json
import runpy
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.cli.terminal import Terminal

SHOP = Path(__file__).parents[2] / "flows"
WELCOME = ("simulate", "welcome", "--from", "2026-01-05", "--people", "120", "--days", "10")


@pytest.fixture
def shop(tmp_path: Path) -> Terminal:
    """The example's text, without a database."""
    for file in SHOP.iterdir():
        if file.suffix in (".flow", ".toml"):
            shutil.copy(file, tmp_path)
    shutil.copytree(SHOP / "content", tmp_path / "content")
    return Terminal(tmp_path)


@pytest.fixture
def busy(shop: Terminal) -> Terminal:
    """With a few customers, and their year."""
    runpy.run_path(str(SHOP / "make_data.py"))["make"](shop.folder / "data", 40)
    shop("people", "import", "data/customers.csv", code=1)  # one row of each is wrong on purpose
    shop("events", "import", "data/signups.jsonl", "--event", "signup")
    shop("events", "import", "data/purchases.csv", "--event", "purchase", code=1)
    return shop


def told(shop: Terminal, *more: str) -> Any:
    return json.loads(shop(*WELCOME, "--format", "json", *more).stdout)


def files(folder: Path) -> dict[str, str]:
    return {str(each): sha256(each.read_bytes()).hexdigest() for each in folder.rglob("*") if each.is_file()}


def test_the_same_seed_prints_the_same_and_another_seed_something_else(shop: Terminal) -> None:
    first, again = shop(*WELCOME, "--seed", "7"), shop(*WELCOME, "--seed", "7")
    assert first.stdout == again.stdout
    assert "120 made-up people, 2026-01-05 to 2026-01-14, seed 7" in first.stdout
    assert told(shop, "--seed", "8")["stages"] != told(shop, "--seed", "7")["stages"]


def test_no_file_of_the_project_changes(busy: Terminal) -> None:
    busy("tick", "--now", "2025-03-01")
    before = files(busy.folder)
    busy(*WELCOME)
    busy(*WELCOME, "--sample")
    assert files(busy.folder) == before


def test_without_a_database_none_is_made(shop: Terminal) -> None:
    before = files(shop.folder)
    assert {each["source"] for each in told(shop)["assumed"]} == {"default"}
    assert files(shop.folder) == before
    assert "leave --sample out" in shop(*WELCOME, "--sample", code=1).stderr


def test_what_the_shop_has_seen_is_what_people_do(busy: Terminal) -> None:
    found = told(busy)
    (purchase,) = (each for each in found["assumed"] if each["name"] == "purchase")
    assert purchase["source"] == "measured"
    assert 0.05 < purchase["rate"] < 2
    assert "as measured so far" in busy(*WELCOME).stdout


def test_a_sample_is_of_the_shops_own_customers(busy: Terminal) -> None:
    """All of them have a country, as the audience asks; of made-up people some have none."""
    assert told(busy, "--sample")["people_entered"] == 120
    assert told(busy)["people_entered"] < 120
    assert "120 contacts of the project" in busy(*WELCOME, "--sample").stdout


def test_the_figures_hang_together(shop: Terminal) -> None:
    found = told(shop)
    stages = {each["name"]: each for each in found["stages"]}
    assert list(stages) == ["hello", "brewing", "offer", "customer", "reader"]
    assert stages["hello"]["reached"]["count"] == found["entered"] > 90
    assert sum(each["people"] for each in stages.values()) + found["left"]["count"] == found["entered"]
    (email,) = found["channels"]
    assert sum(email["days"]) == email["messages"] == found["messages"]["accepted"]
    assert len(email["days"]) == 10
    (conversion,) = found["conversions"]
    assert conversion["low"] <= conversion["share"] <= conversion["high"]
    assert found["prices"] == {}
    assert found["cost"] is None


def test_cost_is_held_against_the_budget(shop: Terminal) -> None:
    shop.change("welcome.flow", "  leave     on", "  budget    20 EUR\n  leave     on")
    shop.write("rates.toml", '[reactions]\nunsubscribed = "50%"\n[cost]\nemail = "0.10 EUR"\n')
    found = told(shop, "--rates", "rates.toml")
    assert found["cost"] == 10 * found["messages"]["accepted"] > 0
    assert found["budget"] == 2_000
    assert found["left"]["count"] > 30
    said = shop(*WELCOME, "--rates", "rates.toml").stdout
    assert "of the budget of 20.00 EUR" in said
    assert "unsubscribed: 50 % of welcome, brewing, first_order, thanks, from the rates file" in said


def test_lines_that_nobody_took_are_named(shop: Terminal) -> None:
    shop.write("rates.toml", "[reactions]\nunsubscribed = 0\n")
    said = shop(*WELCOME, "--rates", "rates.toml").stdout
    assert "Nobody took\n  welcome.flow:9  leave on unsubscribed" in said


def test_days_on_which_the_campaign_does_not_run(shop: Terminal) -> None:
    said = shop("simulate", "welcome", "--from", "2024-01-01", "--people", "5", "--days", "3").stdout
    assert "0 entered" in said
    assert "The campaign runs from 2025-01-01 on, after these days" in said


# --- wrong use --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("simulate wellcome --from 2026-01-01", "no campaign `wellcome`: did you mean `welcome`?"),
        ("simulate welcome", "Missing option '--from'"),
        ("simulate welcome --from tomorrow", "`tomorrow` is not a time"),
        ("simulate welcome --from 2026-01-01 --people 0", "--people"),
        ("simulate welcome --from 2026-01-01 --days 0", "--days"),
        ("simulate welcome --from 2026-01-01 --rates nowhere.toml", "nowhere.toml cannot be read"),
    ],
)
def test_wrong_use(shop: Terminal, words: str, expected: str) -> None:
    assert expected in shop(*words.split(), code=2).words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[reactions", "rates.toml is not valid TOML"),
        ("[reactons]", "rates.toml:1: `reactons`: there is no such table; did you mean `reactions`?"),
        ("reactions = 3", "rates.toml:1: `reactions`: `3` is not a table"),
        ("[reactions]\nopend = 1", "rates.toml:2: `reactions.opend`: there is no such reaction; did you mean `opened`"),
        ("[reactions]\nopened = 30", "rates.toml:2: `reactions.opened`: `30` is not a share: write for example 0.35"),
        ("[reactions]\nopened = true", "is not a share"),
        ("[reactions.welcom]", "rates.toml:1: `reactions.welcom`: there is no such message; did you mean `welcome`?"),
        ("[reactions.welcome]\n\nclicked = 'many'", "rates.toml:3: `reactions.welcome.clicked`: `many` is not a share"),
        ("[delays]\nopened = 'soon'", "rates.toml:2: `delays.opened`: `soon` is not a duration"),
        ("[delays]\nopened = '900 years'", "is longer than ten years"),
        ("[events]\npurchas = 1", "there is no such event; did you mean `purchase`?"),
        ("[events]\npurchase = -1", "`-1` does not say how often"),
        ("[events]\npurchase = nan", "`nan` does not say how often"),
        ("[people]\ncountry = { FR = 1, XX = 2 }", "rates.toml:2: `people.country.XX`: `XX` is not a country code"),
        ("[people]\nemail = ['a@b.example']", "everybody gets an e-mail address of their own"),
        ("[people.standing]\nmissing = 1", "rates.toml:2: `people.standing.missing`: `standing` is never missing"),
        ("[people.standing]\nactive = 0", "names no value that ever comes"),
        ("[people.standing]\nactive = -2", "`-2` is not a weight"),
        ("[fields.purchase]\namount = ['12 USD']", "`12 USD` is not in EUR"),
        ("[fields.came_back]\nx = 1", "there is no such event with fields; write one of signup, purchase"),
        ("[cost]\nemail = 0.001", '`0.001` is not a price: write for example "0.001 EUR"'),
        ("[cost]\nemial = '1 EUR'", "there is no such channel; did you mean `email`?"),
        ("[past]\ndays = 99999", "is not a number of days"),
    ],
)  # fmt: skip
def test_a_wrong_rates_file_is_told_with_line_and_key(shop: Terminal, text: str, expected: str) -> None:
    shop.write("rates.toml", text)
    assert expected in shop(*WELCOME, "--rates", "rates.toml", code=2).stderr


def test_all_that_is_wrong_with_a_rates_file_is_told_at_once(shop: Terminal) -> None:
    shop.write("rates.toml", "[reactions]\nopend = 1\nclickd = 1\n[cost]\nemail = 'much'\n")
    assert shop(*WELCOME, "--rates", "rates.toml", code=2).stderr.count("rates.toml:") == 3
