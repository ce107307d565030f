"""Makes the shop's customers and their year, the same ones every time: `python make_data.py [FOLDER] [CUSTOMERS]`.

FOLDER (default: data, beside this file) then holds customers.csv, signups.jsonl, purchases.csv and answers.jsonl. Every
customer buys at a pace of their own, for as long as the interest lasts. Some live near the shop; answers.jsonl is what
they make of being invited to its tasting: in a shop of your own it comes from the web part, the telephones and the
letters. Two rows are wrong on purpose, to show how an import says so.
"""

import csv
import datetime as dt
import json
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

YEAR = 2025
CUSTOMERS = 500

#: Country, its language, its time zone, and how many of a hundred customers live there.
COUNTRIES = [
    ("FR", "fr", "Europe/Paris", 45),
    ("BE", "fr", "Europe/Brussels", 10),
    ("CH", "fr", "Europe/Zurich", 5),
    ("GB", "en", "Europe/London", 20),
    ("IE", "en", "Europe/Dublin", 8),
    ("CA", "en", "America/Toronto", 7),
    ("JP", "en", "Asia/Tokyo", 5),
]
NAMES = {
    "fr": "Amélie Bastien Chloé Élodie Fabien Hugo Inès Jérôme Léa Manon Noémie Océane Rémi Solène Théo Zoé",
    "en": "Alice Ben Charlotte Daniel Emily Fiona George Hannah Isla Jack Kate Liam Mia Nora Oscar Ruby",
}
TEAS = [
    ("morning-mist", 12.50),
    ("first-flush", 24.00),
    ("smoked-pine", 15.90),
    ("heron-blend", 9.80),
    ("matcha", 29.00),
]
PAGES = ["/", "/teas", "/brewing", "/gift"]

#: Around the shop. Numbers that begin with 02 61 91 are nobody's: France keeps them free for stories.
FAMILIES = ["Blanc", "Caradec", "Duval", "Fontaine", "Guillou", "Hamon", "Le Goff", "Moreau", "Perrin", "Tanguy"]
STREETS = ["rue Kervégan", "rue Crucy", "quai de la Fosse", "rue de Strasbourg", "allée Brancas", "rue Paul Bellamy"]
TOWNS = [("44000", "Nantes"), ("44100", "Nantes"), ("44400", "Rezé"), ("44800", "Saint-Herblain")]
INVITED = dt.datetime(YEAR, 11, 3, 9, tzinfo=dt.UTC)
TASTING = dt.datetime(YEAR, 11, 29, 9, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Customer:
    number: int
    name: str
    country: str
    language: str
    timezone: str
    signed_up: dt.datetime
    near: Mapping[str, str]  # what we know of those around the shop, by the name of the column

    @property
    def email(self) -> str:
        plain = self.name.lower().translate(str.maketrans("éèôïë", "eeoie"))
        return f"{plain}.{self.number:03}@customer.example"


def customers(chance: random.Random, count: int) -> Iterator[Customer]:
    """Two in five signed up on the first days of the year, the others come all through it."""
    start = dt.datetime(YEAR, 1, 1, tzinfo=dt.UTC)
    around = random.Random(44)  # noqa: S311 -- made-up people; of its own, so that nobody else changes with it
    for number in range(1, count + 1):
        country, language, zone, _ = chance.choices(COUNTRIES, weights=[share for *_, share in COUNTRIES])[0]
        day = chance.randrange(0, 14) if chance.random() < 0.4 else chance.randrange(14, 350)
        signed_up = start + dt.timedelta(days=day, seconds=chance.randrange(7 * 3600, 22 * 3600))
        near = neighbour(around, number) if country == "FR" and around.random() < 0.2 else {}
        yield Customer(number, chance.choice(NAMES[language].split()), country, language, zone, signed_up, near)


def neighbour(chance: random.Random, number: int) -> Mapping[str, str]:
    postcode, city = chance.choice(TOWNS)
    return {
        "last_name": chance.choice(FAMILIES),
        "phone": f"+33261910{number:03}",
        "street": f"{chance.randrange(1, 60)} {chance.choice(STREETS)}",
        "postcode": postcode,
        "city": city,
        "tea": chance.choice(["green", "green", "black", "oolong", ""]),
    }


def answers(chance: random.Random, customer: Customer) -> Iterator[tuple[dt.datetime, str, dict[str, str]]]:
    """What somebody does who is invited to the tasting: when, which event, its fields."""
    clicked = by_day(chance, INVITED, 1, 2)
    submitted = clicked + dt.timedelta(seconds=chance.randrange(40, 240))
    replied = submitted + dt.timedelta(hours=chance.uniform(24, 40))
    scanned = by_day(chance, INVITED, 10, 17)
    # The last thing that they answer before a letter.
    how_far = chance.choice(["mail", "page", "form", "form", "phone"])
    if how_far != "mail":
        yield clicked, "clicked", {"about": "invitation"}
    if how_far in ("form", "phone"):
        yield submitted, "submitted", {"about": "tasting"}
    comes = chance.random() < 0.7
    if how_far == "phone":
        yield replied, "replied", {"about": "reminder", "text": "OUI"}
    elif chance.random() < 0.1:
        comes = False
        yield scanned, "returned", {"about": "voucher"}
    elif comes:
        yield scanned, "scanned", {"about": "voucher"}
    if comes:
        item, price = chance.choice(TEAS)
        bought = TASTING + dt.timedelta(hours=chance.uniform(0, 6))
        yield bought, "purchase", {"order": f"till-{customer.number}", "amount": f"{price:.2f} EUR", "item": item}


def by_day(chance: random.Random, start: dt.datetime, first: int, last: int) -> dt.datetime:
    """While people are awake, so many days after the morning of the start."""
    return start + dt.timedelta(days=chance.randint(first, last), seconds=chance.randrange(11 * 3600))


def purchases(chance: random.Random, customer: Customer) -> Iterator[tuple[dt.datetime, str, str]]:
    """When a customer buys, what, and for how much."""
    end = dt.datetime(YEAR + 1, 1, 1, tzinfo=dt.UTC)
    pace = chance.uniform(12, 75)  # days between two purchases, on average
    stays = chance.choice([0, 1, 2, 3, 5, 8, 20])  # purchases before the interest is gone
    comes_back = chance.random() < 0.3
    at = customer.signed_up
    for nth in range(stays + 3 * comes_back):
        pause = chance.uniform(95, 130) if comes_back and nth == stays else chance.expovariate(1 / pace)
        at += dt.timedelta(days=min(pause, 140), seconds=chance.randrange(3600))
        if at >= end:
            return
        item, price = chance.choice(TEAS)
        yield at, item, f"{price * chance.choice([1, 1, 1, 2, 3]):.2f}"


def make(folder: Path, count: int = CUSTOMERS) -> None:
    chance = random.Random(YEAR)  # noqa: S311 -- made-up people, no secrets
    people = list(customers(chance, count))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "customers.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        about = ["last_name", "phone", "street", "postcode", "city", "tea"]
        rows.writerow(["email", "first_name", "country", "language", "timezone", *about])
        for p in people:
            rows.writerow(
                [p.email, p.name, p.country, p.language, p.timezone, *(p.near.get(each, "") for each in about)]
            )
        rows.writerow(["not-an-address", "Nobody", "FR", "fr", "Europe/Paris", *([""] * len(about))])
    with (folder / "signups.jsonl").open("w", encoding="utf-8") as file:
        for p in sorted(people, key=lambda p: p.signed_up):
            row = {
                "id": f"s{p.number}",
                "contact": p.email,
                "at": p.signed_up.isoformat(),
                "page": chance.choice(PAGES),
            }
            file.write(json.dumps(row) + "\n")
    with (folder / "answers.jsonl").open("w", encoding="utf-8") as file:
        guests = [p for p in people if p.near and p.signed_up < INVITED]
        around = random.Random(YEAR)  # noqa: S311 -- made-up people, no secrets
        answered = [(at, p.email, event, told) for p in guests for at, event, told in answers(around, p)]
        for nth, (at, email, event, told) in enumerate(sorted(answered, key=lambda each: each[:2]), start=1):
            row = {"id": f"a{nth}", "contact": email, "at": at.isoformat(timespec="seconds"), "event": event, **told}
            file.write(json.dumps(row) + "\n")
    bought = sorted((at, p.email, item, amount) for p in people for at, item, amount in purchases(chance, p))
    with (folder / "purchases.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "contact", "at", "order", "amount", "item"])
        for nth, (at, email, item, amount) in enumerate(bought, start=1):
            rows.writerow([f"p{nth}", email, at.isoformat(), f"{YEAR}-{nth:05}", f"{amount} EUR", item])
        rows.writerow(["p0", people[0].email, f"{YEAR}-02-30", "broken", "12.50 EUR", "matcha"])


if __name__ == "__main__":
    to = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data"
    make(to, int(sys.argv[2]) if len(sys.argv) > 2 else CUSTOMERS)
