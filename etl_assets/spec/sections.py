"""What sections of the spec have in common, and those that no other one is made of."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from etl_assets.spec.time_format import TimeFormat, parse_format


class Strict(BaseModel):
    """A section that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Timed(Strict):
    """What says how a legacy time is read; `timezone` is its own where it differs from `source.timezone`."""

    unit: Literal["s", "ms", "us", "ns", "julian", "ticks", "coredata", "webkit"] | None = None
    format: tuple[str, ...] = ()
    ambiguous: Literal["earliest", "latest"] | None = None
    timezone: str | None = None

    @property
    def time_formats(self) -> tuple[TimeFormat, ...]:
        """The formats taken apart; a text is read by the first that it has."""
        return tuple(parse_format(text) for text in self.format)

    @field_validator("format", mode="before")
    @classmethod
    def _are_formats(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("format")
    @classmethod
    def _can_be_read(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            parse_format(text)
        return value


class Accounts(Strict):
    """Where new accounts are found, and which of them may claim."""

    from_: Literal["auth", "profiles"] = Field("auth", alias="from")
    profiles: str = "public.profiles"
    accept_unconfirmed: bool = False
    trust_autoconfirm: bool = False
    sso_domains: tuple[str, ...] = ()
    merge_duplicates: bool = False

    @property
    def profiles_table(self) -> tuple[str, str]:
        """Schema and name of the profiles."""
        schema, _, table = self.profiles.rpartition(".")
        return schema or "public", table


class Policy(Strict):
    """What happens to the awkward: incomplete users, quarantined rows, triggers, later changes, foreign keys.

    `max_changed` is a share in percent: a legacy file of which more differs from the last one is taken for another.
    """

    incomplete_users: Literal["hold", "load"] = "hold"
    max_quarantined: int | None = None
    max_changed: int | None = 5
    triggers: dict[str, Literal["fire"]] | Literal["refuse", "fire"] = "refuse"
    on_change: Literal["report", "update"] = "report"
    foreign_keys: Literal["trigger", "join"] = "trigger"

    @field_validator("max_quarantined", "max_changed", mode="before")
    @classmethod
    def _unlimited(cls, value: Any) -> Any:
        return None if value == "unlimited" else value

    @model_validator(mode="after")
    def _one_silence(self) -> "Policy":
        if self.joins and self.triggers != "refuse":
            raise ValueError(
                "`foreign_keys: join` keeps every trigger from firing: it goes with `triggers: refuse` alone"
            )
        return self

    @property
    def joins(self) -> bool:
        """True when foreign keys are proven by a join, without their triggers."""
        return self.foreign_keys == "join"

    @property
    def updates(self) -> bool:
        """True when a changed legacy row is written over the production row that it became."""
        return self.on_change == "update"

    def fires(self, table: str) -> bool:
        """True when the operator said that the triggers of this table may see history."""
        return self.triggers == "fire" or (isinstance(self.triggers, dict) and table in self.triggers)
