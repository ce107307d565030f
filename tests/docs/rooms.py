"""What campflow makes of an example on a page: findings, tokens, tree, model, plan, SQL."""

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from tests.docs.pages import DOCS
from tests.reference.functions import FUNCTIONS

from campflow.checking.vocabulary import ActionWords, ChannelWords, ContentFile, ContentIndex, Vocabulary
from campflow.cli.authoring import _of_file, _sql
from campflow.cli.dump import dump
from campflow.compiler import Checked, check_sources, compile_flow
from campflow.content.inspect import inspect_content
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.render import render_text
from campflow.diagnostics.source import Source
from campflow.hooks.contracts import ChannelPlugin
from campflow.language.parser import parse, tokens
from campflow.model.people import Duration
from campflow.planning.plan import Rfm
from campflow.sql.program import Program
from campflow.storage.database import Database
from campflow.storage.tables import Tables, tables
from campflow_echo import campflow_actions as echo_actions
from campflow_echo import campflow_channels as echo_channels
from campflow_echo import campflow_sinks as echo_sinks
from campflow_email import EMAIL
from campflow_notices import campflow_sinks as notice_sinks
from campflow_print import LETTER
from campflow_sms import SMS
from campflow_social import MASTODON

#: Messages that the examples may send: the prelude's other half. docs/language/index.md names them too.
MESSAGES = ("welcome", "tips", "nudge", "reminder", "offer", "thanks", "receipt")

#: What they may post.
POST = "spring_sale"

#: The landing page that they may ask about.
PAGE = "demo"

#: The audience that they may sync.
AUDIENCE = "lost_trials"

CHANNELS: dict[str, ChannelPlugin] = {
    plugin.name: plugin for plugin in (EMAIL, LETTER, MASTODON, SMS, *echo_channels())
}

PRELUDE = "prelude.flow"

#: The day on which the examples are looked at, for campaigns that are over by then.
TODAY = dt.date(2026, 2, 1)


@dataclass(frozen=True)
class Example:
    """A block of a page as a whole program.

    `alone` is without the prelude, `project` a folder with content of its own, `path` the name of the file.
    """

    text: str
    alone: bool = False
    project: Path | None = None
    path: str = "example.flow"

    @cached_property
    def sources(self) -> dict[str, Source]:
        prelude = [] if self.alone else [Source(PRELUDE, (DOCS / "language" / PRELUDE).read_text("utf-8"))]
        return {each.path: each for each in [*prelude, Source(self.path, self.text)]}

    @cached_property
    def checked(self) -> Checked:
        return check_sources(list(self.sources.values()), _vocabulary(self.project), today=TODAY)

    @property
    def found(self) -> list[Diagnostic]:
        """What is wrong with the example itself, or with the content file that it is about; not with what all share."""
        shown = self.sources.keys() - {PRELUDE}
        return [each for each in self.checked.diagnostics if each.span.path in shown]

    def findings(self) -> str:
        """As `campflow check` prints them."""
        return render_text(self.found, self.sources)

    @property
    def tables(self) -> Tables:
        assert self.checked.flow is not None, self.findings()
        flow = self.checked.flow.flow
        return tables(flow.contact, flow.events)

    @cached_property
    def program(self) -> Program:
        assert self.checked.flow is not None, self.findings()
        database = Database("sqlite://", self.tables)
        return compile_flow(
            self.checked.flow, zone="UTC", expires=Duration(days=1), tables=database.tables,
            dialect=database.engine.dialect, rfm=Rfm("purchase", "amount"),
        )  # fmt: skip

    # --- what each room holds -----------------------------------------------------------------------------------

    def room(self, name: str) -> str:
        """As `campflow compile FILE --to NAME` prints it."""
        source = self.sources[self.path]
        match name:
            case "tokens":
                return "".join(f"{line}:{column}\t{kind}\t{text!r}\n" for kind, text, line, column in tokens(source))
            case "tree":
                return dump(parse(source)[0])
            case "model":
                assert self.checked.flow is not None, self.findings()
                return dump(_of_file(self.checked.flow.flow, self.path))
            case "plan":
                return "\n".join(dump(each.plan) for each in self.program.campaigns)
            case _:
                return "\n".join(_sql(each) for each in self.program.campaigns)

    def statement(self, name: str) -> str:
        """One statement of `--to sql`: `CAMPAIGN.STATEMENT`. Raises KeyError with those that there are."""
        campaign, _, wanted = name.partition(".")
        for each in self.program.campaigns:
            if each.plan.name == campaign:
                parts = re.split(r"\n-- (?=\w)", _sql(each))[1:]
                found = {part.partition(":")[0]: f"-- {part}" for part in parts}
                if wanted not in found:
                    raise KeyError(f"{name}: {campaign} has {', '.join(found)}")
                return found[wanted].rstrip() + "\n"
        raise KeyError(f"{name}: the example has no campaign {campaign}")


@lru_cache
def _vocabulary(project: Path | None) -> Vocabulary:
    written = inspect_content(project, CHANNELS).files if project else ()
    taken = {file.message for file in written if file.channel == "email"}
    said = [ContentFile(f"content/{name}.email.md", name, "email") for name in MESSAGES if name not in taken]
    said.append(ContentFile(f"content/{POST}.mastodon.txt", POST, "mastodon"))
    said.append(ContentFile(f"content/{PAGE}.page.html", PAGE, "page"))
    return Vocabulary(
        channels={
            plugin.name: ChannelWords(
                plugin.name, plugin.address, plugin.options, plugin.extensions, plugin.needs, plugin.posts
            )
            for plugin in CHANNELS.values()
        },
        sinks=frozenset(plugin.name for plugin in (*echo_sinks(), *notice_sinks())),
        audiences=frozenset({AUDIENCE}),
        actions={plugin.name: ActionWords(plugin.name, plugin.options) for plugin in echo_actions()},
        functions={"length": FUNCTIONS["length"]},
        content=ContentIndex((*written, *said)),
        currency="EUR",
        rfm_event="purchase",
    )
