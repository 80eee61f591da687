"""What sections of the spec have in common."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from etl_assets.spec.time_format import TimeFormat, parse_format


class Strict(BaseModel):
    """A section that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Timed(Strict):
    """What says how a legacy time is read; `timezone` is its own where it differs from `source.timezone`."""

    unit: Literal["s", "ms", "us", "julian"] | None = None
    format: str | None = None
    ambiguous: Literal["earliest", "latest"] | None = None
    timezone: str | None = None

    @property
    def time_format(self) -> TimeFormat | None:
        """The format taken apart, where there is one."""
        return parse_format(self.format) if self.format is not None else None

    @field_validator("format")
    @classmethod
    def _is_a_format(cls, value: str | None) -> str | None:
        if value is not None:
            parse_format(value)
        return value
