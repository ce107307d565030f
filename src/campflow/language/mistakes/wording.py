"""What is said about a syntax mistake, apart from how it is found (mistakes.py). No word here names a token."""

from collections.abc import Iterable

from campflow.diagnostics.diagnostic import Diagnostic, Label
from campflow.diagnostics.source import Span

_NUMBER_HINT = "write `{right}`: `_` stands between thousands, `.` before decimals"

MESSAGES: dict[str, tuple[str, str | None]] = {
    # signs
    "arrow": ("`{written}` is not an arrow here", "write `->`"),
    "at-least": ("`{written}` is not a comparison", "write `{right}`"),
    "equals": ("`{written}` does not compare", "write `{right}`"),
    "sign": ("`{written}` is not a sign of the language", "write `{right}`"),
    "semicolon": ("a line does not end with `;`", "leave it out: the end of the line is enough"),
    "colon": ("no `:` stands between a name and its value", "leave it out: `{before} VALUE`"),
    "square": ("a list does not stand in `[ ]`", "write `( )`: `country in (\"FR\", \"CH\")`"),
    "comment": ("`{written}` does not begin a comment", "a comment begins with `#`"),
    "doubled": ("there is one `{written}` too many", "leave it out"),
    "strange": ("`{written}` is not part of the language", None),
    "invisible": ("there is an invisible character here: {character}", "delete it"),
    "hard-blank": ("there is a {character} here, not an ordinary blank", "delete it and type a blank"),
    # texts
    "word-quotes": ("{written} are the quotes of a word processor", "write {right}"),
    "single-quotes": ("a text does not stand in single quotes", "write {right}"),
    "unclosed-text": ("this text has no closing `\"`", "put `\"` where it ends"),
    "unquoted": ("a text stands in quotes", "write {right}"),
    "quoted-name": ("a name stands without quotes", "write `{right}`"),
    "quoted-title": ("a name comes first, and a title in quotes may follow", "write `{right} {written}`"),
    # numbers and amounts
    "number": ("`{written}` is not how a number is written here", _NUMBER_HINT),
    "comma-number": ("a `,` stands inside this number", _NUMBER_HINT),
    "currency-sign": ("an amount is written with the code of its currency, not a sign", "write `{right}`"),
    "currency-word": ("`{written}` is not the code of a currency", "write `{right}`"),
    "currency-first": ("the currency comes after the amount", "write `{right}`"),
    "no-currency": ("this amount has no currency", "write it behind: `{written} EUR`"),
    "no-blank": ("a blank is missing inside `{written}`", "write `{right}`"),
    "percent-blank": ("no blank stands before `%`", "write `{right}`"),
    "no-percent": ("a percentage has a `%`", "write `{right}`"),
    # times
    "date": ("a date is written year-month-day", "write `{right}`"),
    "time": ("a time of day is written `hours:minutes`, from `00:00` to `23:59`", "write `{right}`"),
    "day-without-time": ("a day alone is not enough here", "add the time: `{written} 09:00`"),
    "time-without-day": ("a time alone is not enough here", "add the day: `2026-12-01 {written}`"),
    "no-unit": ("`{written}` of what?", "add the unit of time: `{written} days`"),
    "unit": ("`{written}` is not a unit of time", "write `{right}`"),
    "unit-unknown": ("`{written}` is not a unit of time", "units are second, minute, hour, day, week, month and year"),
    "half-unit": ("a duration counts in whole units", "use a smaller unit: `36 hours`, `1 day 12 hours`"),
    "number-word": ("a number is written in digits", "write `{right}`"),
    # words
    "yes-no": ("`{written}` is not a value here", "write `{right}`"),
    "capitals": ("`{written}` is written in small letters", "write `{right}`"),
    "name-letters": ("a name is written in small letters a to z, digits and `_`", "write `{right}`"),
    "name-hyphen": ("a name has no `-` in it", "write `{right}`"),
    "foreign-letter": ("`{letter}` in `{written}` is not the letter it looks like but {character}", "write `{right}`"),
    "misspelt": ("`{written}` is not a word of the language", "did you mean `{right}`?"),
    "instead": ("no line begins with `{written}` here", "write {right}"),
    # what is missing
    "no-arrow": ("the arrow before `{written}` is missing", "write `-> {written}`"),
    "no-comma": ("a comma is missing before `{written}`", "separate what stands on one line by `,`"),
    "no-comma-clause": ("a comma is missing before `{written}`", "write `, {written}`"),
    "no-and": ("two conditions stand side by side", "join them with `and` or `or`"),
    "no-brace": ("the `{{` that opens this block is missing", "write it at the end of this line"),
    "no-brace-before": ("the `{{` before `{written}` is missing", "write `{{ {written} … }}`"),
    "brace-below": ("the `{{` of a block stands on the line of its beginning", "move it to the end of the line before"),
    "extra-brace": ("this `}}` closes nothing", "remove it, or look for a missing `{{` above"),
    "extra-bracket": ("this `)` closes nothing", "remove it, or write the missing `(` before"),
    "unclosed-block": ("the block that opens here is never closed", "write `}}` where it ends"),
    "unclosed-bracket": ("the `(` that opens here is never closed", "write `)` where it ends"),
    "not-closed-before": ("`{written}` cannot stand inside {block}", "is a `}}` missing before this line?"),
    "not-closed-bracket": ("`{written}` stands inside a bracket that was not closed", "write `)` before this line"),
    "homeless": ("`{written}` cannot stand {place}", "it belongs inside {home}"),
    "closed-before": (
        "`{written}` cannot stand {place}",
        "it belongs inside {home}: is there a `}}` too many before this line?",
    ),
    "misplaced": ("`{written}` cannot stand {place}", "{place} stand {holds}"),
    # conditions
    "chained": ("a comparison has two sides", "write `between 10 and 20`, or join two comparisons with `and`"),
    "is-value": ("`is` asks only whether something is `missing` or `set`", "to compare, write `==`"),
    "is-other": ("`{written}` does not follow `is`", "write `{right}`"),
    "did-inside": ("a `did` inside the `where` of a `did` stands in brackets",
                   "write `( … )` around the one that comes first"),
    "when-if": ("`when` has its condition already", "join the two with `and`"),
    "else-if": ("`else` has no condition", "write `when CONDITION -> STAGE` above it"),
    # the rest
    "too-deep": ("brackets are nested too deep here", "give a part of the condition a name: `segment NAME = …`"),
    "too-long": ("this condition is too long", "give parts of it a name: `segment NAME = …`"),
    "too-many": ("too many mistakes: the rest of this file was not read", "is it a `.flow` file?"),
    "missing": ("{expected} is missing before `{written}`", "{form}"),
    "unexpected": ("`{written}` cannot stand here; {expected}", "{form}"),
    "breaks-off": ("this line breaks off; {expected}", "{form}"),
    "ends": ("the file ends in the middle of a statement; {expected}", "{form}"),
}  # fmt: skip


LONGEST_QUOTE = 80


def say(key: str, span: Span, labels: Iterable[Label] = (), /, **blanks: str) -> Diagnostic:
    """The diagnostic of this key, with its blanks filled in. A hint that comes out empty is left out."""
    message, hint = MESSAGES[key]
    blanks |= {name: _short(blanks[name]) for name in ("written", "right", "before") if name in blanks}
    filled = hint.format_map(blanks) if hint else None
    return Diagnostic("syntax", message.format_map(blanks), span, filled or None, tuple(labels))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


KINDS: dict[str, str] = {
    "TEXT": "a text in quotes",
    "NUMBER": "a number",
    "PERCENT": "a percentage such as `5%`",
    "MONEY": "an amount such as `40 EUR`",
    "DATE": "a date such as `2026-12-01`",
    "DATETIME": "a date and time such as `2026-12-01 09:00`",
    "TIME": "a time such as `09:00`",
    "DURATION": "a duration such as `3 days`",
    "COMPARE": "a comparison such as `==`",
    "WEEKDAY": "a weekday",
    "ARROW": "`->`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "COMMA": "`,`",
    "EQUAL": "`=`",
    "DOT": "`.`",
    "IN_LAST": "`in last`",
    "_REENTRY_COMMA": "`, once`",
    "_NL": "the end of the line",
    "$END": "the end of the file",
}
"""What could have stood there, in words; a word of the language stands for itself."""

NAMES: dict[str, str] = {
    "SEND": "the name of a channel", "SENT": "the name of a channel", "ARROW": "the name of a stage",
    "MOVED": "the name of a stage", "STAGE": "a name for the stage", "FINAL": "a name for the stage",
    "CAMPAIGN": "a name for the campaign", "EVENT": "a name for the event", "SPLIT": "a name for the split",
    "PERCENT": "a name for the arm", "ON": "the name of an event", "DID": "the name of an event",
    "EMIT": "the name of an event", "SYNC": "the name of an audience", "NOTIFY": "the name of a sink",
    "DO": "the name of an action", "SET": "the name of a field", "EXPECT": "the name of a contact",
    "CONTACT": "the name of a contact", "PURPOSE": "the name of a purpose", "DOT": "the name of a field",
    "SEGMENT": "the name of a segment", "MEASURE": "the name of an event", "CONVERTED": "the name of a conversion",
    "GOAL": "what is measured", "ATTRIBUTE": "a model such as `last touch`", "ARM": "the name of a split",
}  # fmt: skip
"""What a name would have been the name of, by what stands before it."""

FORMS: dict[str, str] = {
    "contact": "contact { email email }",
    "event": "event NAME { field type }",
    "segment": 'segment NAME "Title" = CONDITION',
    "campaign": 'campaign NAME "Title" { … }',
    "test": 'test "what is shown" of CAMPAIGN { … }',
    "runs": "runs 2026-12-01 to 2027-02-28",
    "owner": 'owner "growth@acme.example"',
    "timezone": 'timezone "Europe/Paris"',
    "purpose": "purpose NAME",
    "audience": 'audience plan == "trial"',
    "enter": "enter on EVENT, once",
    "leave": "leave on EVENT",
    "convert": "convert on EVENT within 14 days -> STAGE",
    "goal": "goal conversion >= 12% by 2027-01-31",
    "budget": "budget 5_000 EUR",
    "holdout": "holdout 5%",
    "limit": "limit 1 email per day, 3 messages per week",
    "priority": "priority 10",
    "quiet": "quiet 21:00 to 08:00",
    "attribute": "attribute last touch within 30 days",
    "edits": "edits reach newcomers",
    "moved": "moved OLD_STAGE -> NEW_STAGE",
    "stage": 'stage NAME "Title" { … }',
    "final": "final NAME",
    "send": "send email MESSAGE at 09:00",
    "set": "set FIELD = VALUE",
    "emit": "emit EVENT",
    "notify": 'notify SINK "text"',
    "sync": "sync AUDIENCE",
    "do": "do ACTION",
    "on": "on EVENT -> STAGE",
    "after": "after 3 days -> STAGE",
    "at": "at 09:00 on monday -> STAGE",
    "when": "when CONDITION -> STAGE",
    "else": "else -> STAGE",
    "split": "split NAME { 50% ARM { … } }",
    "measure": "measure EVENT within 3 days",
    "decide": "decide at 95% after 7 days",
    "arm": "arm SPLIT = ARM",
    "expect": "expect CONTACT in STAGE",
}
"""How each statement is written, by its first word."""

TEST_FORMS: dict[str, str] = {
    "contact": 'contact NAME { plan "trial" }',
    "at": "at 2026-12-03 10:00",
    "after": "after 1 day",
}
ARM_FORM = "45% NAME { send email MESSAGE }"

BLOCKS: dict[str, tuple[str, str]] = {
    "": ("outside of a block", "`contact`, `event`, `segment`, `campaign` and `test`"),
    "contact": ("in the contact block", "fields such as `email email`"),
    "event": ("in an event", "fields such as `amount money`"),
    "campaign": ("in a campaign, outside of its stages", "clauses such as `audience` and `enter`, `stage` and `final`"),
    "stage": ("in a stage", "actions (`send`, `set`, `emit`, `notify`, `sync`, `do`), `split`, and ways out (`on`, "
                            "`after`, `at`, `when`, `else`)"),
    "split": ("in a split", "arms such as `50% NAME`, `measure` and `decide`"),
    "arm": ("in an arm", "actions such as `send` and ways out such as `on`"),
    "test": ("in a test", "steps such as `contact`, `at`, `after`, `expect` and what a contact does: `ada signup`"),
    "options": ("in an options block", 'a name and a value each, such as `subject "Hello"`'),
}  # fmt: skip
"""Each kind of block: where one stands who stands in it, and what it holds."""

HOMES: dict[str, str] = {
    "clause": "a `campaign`", "stage": "a `stage`", "split": "a `split`", "test": "a `test`",
}  # fmt: skip

SYNONYMS: dict[str, str] = {
    "wait": "`after 3 days -> STAGE`",
    "delay": "`after 3 days -> STAGE`",
    "goto": "`-> STAGE` behind what leads there",
    "go": "`-> STAGE` behind what leads there",
    "move": "`-> STAGE` behind what leads there",
    "if": "`when CONDITION -> STAGE`, or `if` behind `on` or `after`",
    "exit": "`leave on EVENT`, or an arrow to a `final` stage",
    "stop": "`leave on EVENT`, or an arrow to a `final` stage",
    "end": "`final NAME`",
    "email": "`send email MESSAGE`",
    "mail": "`send email MESSAGE`",
    "sms": "`send sms MESSAGE`",
    "step": "`stage NAME { … }`",
    "import": "nothing: all `.flow` files of a project share their names",
    "include": "nothing: all `.flow` files of a project share their names",
    "trigger": "`enter on EVENT`",
    "start": "`enter on EVENT`, or `runs from DATE`",
    "assert": "`expect CONTACT in STAGE`",
}
"""What people write at the start of a line for want of the right word."""

COMPARISONS: dict[str, str] = {
    "equals": "==", "equal": "==", "eq": "==", "ne": "!=", "gt": ">", "gte": ">=", "ge": ">=", "lt": "<", "lte": "<=",
    "le": "<=", "like": "contains", "includes": "contains", "has": "contains",
}  # fmt: skip
"""What people write between two values."""

UNITS: dict[str, str] = {
    "s": "seconds", "sec": "seconds", "secs": "seconds", "min": "minutes", "mins": "minutes", "m": "minutes",
    "h": "hours", "hr": "hours", "hrs": "hours", "d": "days", "w": "weeks", "wk": "weeks", "wks": "weeks",
    "mo": "months", "mth": "months", "y": "years", "yr": "years", "yrs": "years", "tag": "days", "tage": "days",
    "tagen": "days", "stunde": "hours", "stunden": "hours", "minuten": "minutes", "sekunden": "seconds",
    "woche": "weeks", "wochen": "weeks", "monat": "months", "monate": "months", "jahr": "years", "jahre": "years",
    "jour": "days", "jours": "days", "heure": "hours", "heures": "hours", "secondes": "seconds", "semaine": "weeks",
    "semaines": "weeks", "mois": "months", "an": "years", "ans": "years", "fortnight": "weeks",
}  # fmt: skip

NUMBER_WORDS: dict[str, str] = {
    "a": "1", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "twelve": "12", "fourteen": "14", "thirty": "30",
}  # fmt: skip

CURRENCIES: dict[str, str] = {
    "€": "EUR", "$": "USD", "£": "GBP", "euro": "EUR", "euros": "EUR", "eur": "EUR", "dollar": "USD", "dollars": "USD",
    "usd": "USD", "chf": "CHF", "franken": "CHF", "francs": "CHF", "gbp": "GBP", "pounds": "GBP",
}  # fmt: skip

SIGNS: dict[str, tuple[str, str]] = {
    "&&": ("AND", "and"), "&": ("AND", "and"), "||": ("OR", "or"), "|": ("OR", "or"), "!": ("NOT", "not"),
    "<>": ("COMPARE", "!="), "≠": ("COMPARE", "!="), "≤": ("COMPARE", "<="), "≥": ("COMPARE", ">="),
    "\u00d7": ("STAR", "*"), "÷": ("SLASH", "/"), "\u2212": ("MINUS", "-"), "\u2013": ("MINUS", "-"),
    "\u2014": ("MINUS", "-"), "|>": ("ARROW", "->"),
}  # fmt: skip
"""Signs of other languages and of word processors, and the one that is meant."""
