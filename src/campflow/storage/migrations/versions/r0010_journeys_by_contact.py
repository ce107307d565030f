"""PostgreSQL finds a journey by its contact: its id needs no index of its own, which every move had to write."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("journey_id", "journey")
