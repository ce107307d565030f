"""What a newcomer does on the first day: init, check, import, tick, status, explain, outbox."""

from email import message_from_bytes, policy

from tests.journeys.command import Campflow

PEOPLE = "email,first_name,language\nada@example.com,Ada,en\nzoe@example.com,Zoé,fr\n"
SIGNUPS = "id,contact,at\n1,ada@example.com,2026-03-02 10:00\n2,zoe@example.com,2026-03-02 11:00\n"
PURCHASE = '{"id": "p1", "contact": "zoe@example.com", "at": "2026-03-04T12:00:00Z", "amount": "40 EUR"}\n'


def test_init_makes_a_project_that_checks_and_sends(campflow: Campflow) -> None:
    said = campflow("init", "shop")
    assert "campflow run" in said.stdout
    campflow = Campflow(campflow.folder / "shop")
    assert "no problem found" in campflow("check").stdout
    campflow("people", "import", "people.csv")
    campflow("events", "import", "signups.csv", "--event", "signup")
    assert "2 entered" in campflow("tick").stdout
    subjects = {message_from_bytes(each.read_bytes(), policy=policy.default)["Subject"] for each in campflow.mails()}
    assert subjects == {"Welcome, Ada!", "Welcome, Zoé!"}


def test_a_campaign_day_by_day(still: Campflow) -> None:
    still("people", "import", "-", "--format", "csv", stdin=PEOPLE)
    still("events", "import", "-", "--format", "csv", "--event", "signup", stdin=SIGNUPS)
    still("events", "import", "-", "--format", "jsonl", "--event", "purchase", stdin=PURCHASE)

    assert "nothing to do" in still("tick", "--now", "2026-03-02 09:59").stdout
    assert "2 entered, 2 moved, 2 planned, 2 accepted" in still("tick", "--now", "2026-03-02 12:00").stdout
    assert "1 converted" in still("tick", "--now", "2026-03-05").stdout
    still("tick", "--now", "2026-03-06")

    (welcome,) = still.json("status")["campaigns"]
    assert {stage["name"]: (stage["people"], stage["passed"]) for stage in welcome["stages"]} == {
        "hello": (0, 2), "reminder": (1, 1), "customer": (1, 1), "reader": (0, 0),
    }  # fmt: skip
    assert [stage["name"] for stage in welcome["stages"]] == ["hello", "reminder", "customer", "reader"]
    assert (welcome["entered"], welcome["inside"], welcome["sent"], welcome["waiting"]) == (2, 1, 2, 1)
    assert welcome["conversions"] == [{"name": "conversion", "count": 1, "worth": 4000}]
    table = still("status").stdout
    assert "2 entered · 2 sent · 1 waiting · 1 converted worth 40.00 EUR" in table

    told = still("explain", "zoe@example.com", "welcome").stdout
    assert "2026-03-02 11:00  entered, and is in hello   welcome.flow:6  enter on signup, once — signup" in told
    assert "2026-03-04 12:00  hello -> customer   welcome.flow:8" in told
    assert "purchase (amount 40.00 EUR)" in told
    (journey,) = still.json("explain", "zoe@example.com")["journeys"]
    assert [(move["at"], move["from"], move["to"], move["line"]) for move in journey["moves"]] == [
        ("2026-03-02T11:00:00.000Z", None, "hello", 6),
        ("2026-03-04T12:00:00.000Z", "hello", "customer", 8),
    ]
    assert journey["moves"][1]["event"]["fields"] == {"amount": "40.00 EUR"}

    (planned,) = still.json("outbox", "planned")
    assert (planned["contact"], planned["name"], planned["planned_at"]) == (
        "ada@example.com", "reminder", "2026-03-06T09:00:00.000Z",
    )  # fmt: skip
    assert len(still.json("outbox", "accepted")) == 2
    assert "2 accepted" in still("outbox").stdout


def test_play_runs_to_its_end(still: Campflow) -> None:
    still("people", "import", "-", "--format", "csv", stdin=PEOPLE)
    still("events", "import", "-", "--format", "csv", "--event", "signup", stdin=SIGNUPS)
    said = still("run", "--play", "1 day", "--until", "2026-03-20").stdout
    assert "2 entered · 4 sent · 0 waiting" in said
    assert len(still.mails()) == 4
