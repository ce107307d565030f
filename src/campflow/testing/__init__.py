"""For who writes plugins: contract suites to inherit, and what they are made of.

    class TestPigeon(ChannelContract):
        plugin = PIGEON

        @pytest.fixture
        def provider(self, tmp_path): ...

Each suite says, as tests, what campflow relies on; campflow's own plugins pass the same ones.
"""

from campflow.testing.actions import ActionContract, Deeds
from campflow.testing.audiences import AudienceContract, Members
from campflow.testing.channels import Answer, ChannelContract, Provider
from campflow.testing.commands import CommandContract
from campflow.testing.filters import FilterContract
from campflow.testing.functions import FunctionContract
from campflow.testing.observers import Notebook, ObserverContract
from campflow.testing.routes import RouteContract
from campflow.testing.samples import context, member, message, moved, note, settled, task
from campflow.testing.sinks import FigureContract, Figures, SinkContract, Texts
from campflow.testing.sources import SourceContract
from campflow.testing.visitor import Seen, Visitor
from campflow.testing.webhooks import Call, WebhookContract

__all__ = [
    "ActionContract",
    "Answer",
    "AudienceContract",
    "Call",
    "ChannelContract",
    "CommandContract",
    "Deeds",
    "FigureContract",
    "Figures",
    "FilterContract",
    "FunctionContract",
    "Members",
    "Notebook",
    "ObserverContract",
    "Provider",
    "RouteContract",
    "Seen",
    "SinkContract",
    "SourceContract",
    "Texts",
    "Visitor",
    "WebhookContract",
    "context",
    "member",
    "message",
    "moved",
    "note",
    "settled",
    "task",
]
