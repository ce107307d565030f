"""Commands one by one."""

from tests.cli.terminal import Terminal

from campflow.engine import errand_rows, listing

PEOPLE = "email,first_name,language\nada@example.com,Ada,en\nzoe@example.com,Zoé,fr\n"
SIGNUPS = "id,contact,at\n1,ada@example.com,2026-03-02 10:00\n2,zoe@example.com,2026-03-02 11:00\n"


def test_the_same_file_twice_changes_nothing(still: Terminal) -> None:
    for expected in ("2 added, 0 changed, 0 unchanged", "0 added, 0 changed, 2 unchanged"):
        assert expected in still("people", "import", "-", "--format", "csv", stdin=PEOPLE).stdout
        assert expected in still("events", "import", "-", "--format", "csv", "--event", "signup", stdin=SIGNUPS).stdout


def test_a_late_tick_makes_the_moves_that_were_due(still: Terminal) -> None:
    still("people", "import", "-", "--format", "csv", stdin=PEOPLE)
    still("events", "import", "-", "--format", "csv", "--event", "signup", stdin=SIGNUPS)
    still("tick", "--now", "2026-05-01")
    moves = still.json("explain", "ada@example.com")["journeys"][0]["moves"]
    assert [(move["at"], move["to"]) for move in moves] == [
        ("2026-03-02T10:00:00.000Z", "hello"),
        ("2026-03-05T10:00:00.000Z", "reminder"),
        ("2026-03-12T10:00:00.000Z", "reader"),
    ]
    assert {message["state"] for message in still.json("outbox")} == {"expired"}
    assert not (still.folder / "mail").exists()


def test_each_state_of_messages_and_of_errands_can_be_asked_for(still: Terminal) -> None:
    for command, states in (("outbox", listing.STATES), ("errands", errand_rows.STATES)):
        for state in states:
            assert still.json(command, state) == [], state


def test_refused_rows_are_named_and_kept(still: Terminal) -> None:
    bad = PEOPLE + "nobody,Nobody,en\n"
    said = still("people", "import", "-", "--format", "csv", "--rejects", "bad.csv", stdin=bad, code=1)
    assert "standard input:4, email:" in said.stderr
    assert "3 rows: 2 added, 0 changed, 0 unchanged, 1 refused" in said.stdout
    assert "nobody,Nobody,en,4,email" in (still.folder / "bad.csv").read_text()


def test_columns_can_be_mapped(still: Terminal) -> None:
    rows = "E-Mail;Vorname\nada@example.com;Ada\n"
    still.write("people.csv", rows)
    still("people", "import", "people.csv", "--map", "E-Mail=email", "--map", "Vorname=first_name")
    assert still.json("explain", "ADA@example.com")["email"] == "ada@example.com"


def test_compile_shows_every_room(still: Terminal) -> None:
    for room, expected in {
        "tokens": "CAMPAIGN\t'campaign'",
        "tree": "CampaignDeclaration @",
        "model": "Convert @8:3",
        "plan": "CampaignPlan",
        "sql": "INSERT INTO",
    }.items():
        assert expected in still("compile", "welcome.flow", "--to", room).stdout


def test_init_overwrites_nothing(campflow: Terminal) -> None:
    campflow.write(".gitignore", "mine\n")
    campflow("init")
    assert (campflow.folder / ".gitignore").read_text() == "mine\n"
    campflow.change("people.flow", "signup", "enrolled")
    assert "is a project already" in campflow("init", code=2).stderr
    assert "enrolled" in (campflow.folder / "people.flow").read_text()
