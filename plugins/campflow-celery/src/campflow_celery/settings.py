"""`[executors.celery]` of campflow.toml."""

from pydantic import BaseModel, Field, field_validator


class CelerySettings(BaseModel, extra="forbid"):
    """`broker` is RabbitMQ's URL, or Redis's; `prefix` begins the names of all queues, one for each project that shares
    a broker; `timeout` are the seconds after which a broker that does not answer counts as away."""

    broker: str = "amqp://guest:guest@127.0.0.1:5672//"
    prefix: str = Field(default="campflow", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    timeout: float = Field(default=5.0, gt=0)

    @field_validator("broker")
    @classmethod
    def _known(cls, value: str) -> str:
        if not value.startswith(("amqp://", "amqps://", "redis://", "rediss://")):
            raise ValueError("write the URL of a broker: amqp://USER:PASSWORD@HOST:5672/VHOST, or redis://HOST:6379/0")
        return value
