"""The project that the editor's tests work in."""

from pathlib import Path

FILES = {
    "campflow.toml": 'timezone = "Europe/Paris"\ncurrency = "EUR"\n\n[sender]\nemail = "hello@example.com"\n',
    "people.flow": """\
contact {
  email       email
  first_name  text?
  language    language?
  country     country?
  plan        one of trial, pro, enterprise
  score       number = 0
}

event signup {
  page  text?
}
event purchase {
  amount  money
  sku     text
}

segment vip "Best customers" = sum(purchase.amount, last 365 days) >= 1_000 EUR
segment asleep = in segment vip and now - last(purchase) > 60 days
""",
    "onboarding.flow": """\
campaign onboarding "Trial onboarding" {
  runs      from 2026-12-01
  owner     "growth@example.com"
  audience  plan == "trial" and country is set
  enter     on signup, once
  convert   on purchase where amount > 5 EUR and score >= 0 within 14 days worth amount -> customer

  stage welcome "Hello" {
    send email welcome
    on clicked welcome -> engaged
    after 3 days       -> nudge
  }

  stage engaged {
    send email nudge { subject "Come back, {{ first_name }}" }
    when in segment vip -> customer
    after 7 days        -> lost
  }

  stage nudge {
    send email nudge
    after 4 days -> lost
  }

  final customer
  final lost {
    set score = 0
  }
}
""",
    "tests.flow": """\
test "a click engages" of onboarding {
  contact ada { email "ada@example.com", plan "trial", country "FR" }
  at 2026-12-03 10:00
  ada signup { page "/start" }
  after 1 day
  ada clicked welcome
  expect ada in engaged
  expect ada sent email welcome
}
""",
    "content/welcome.email.md": """\
---
subject: "Welcome, {{ first_name | default('friend') }}"
---
You came by {{ entry.page }} and are on {{ contact.plan }}.
""",
    "content/fr/welcome.email.md": "---\nsubject: Bienvenue, {{ first_name }}\n---\nBonjour.\n",
    "content/nudge.email.md": "---\nsubject: Still there?\n---\nYour plan: {{ plan }}.\n",
}


def write_project(folder: Path) -> Path:
    """The project in a folder of its own below this one."""
    root = folder / "projet d'été"  # a place whose URI needs escapes
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root
