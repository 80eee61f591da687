"""What sections of the spec have in common, and those that no other one is made of.

The text below a field is its entry in the reference: what it means, then one line `Example:`, and `Refused:` where
something is.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from etl_assets.spec.time_format import TimeFormat, parse_format


class Strict(BaseModel):
    """A section that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Source(Strict):
    """What holds for the whole legacy database."""

    timezone: str
    """The time zone of legacy timestamps that carry none, as an IANA name. UTC is right where the app wrote UTC.

    Example: `source: {timezone: Europe/Berlin}`
    Refused: a name that is no IANA time zone, such as `CET+1`.
    """


class TargetMarker(Strict):
    """Guards against loading into another environment, such as staging instead of production."""

    marker: str | None = None
    """A name that the first load writes into the target and that every later run compares.

    Example: `target: {marker: myapp-prod}`
    Refused: at run time, a target that was loaded under another marker.
    """


class Timed(Strict):
    """What says how a legacy time is read."""

    unit: Literal["s", "ms", "us", "ns", "julian", "ticks", "coredata", "webkit"] | None = None
    """What a number in a column of times counts. `s`, `ms`, `us` and `ns` count from 1970, `julian` counts days as
    SQLite's `julianday` does, `ticks` are .NET's (100 ns from the year 1), `coredata` are seconds from 2001, `webkit`
    are microseconds from 1601. Text in the same column is still read as ISO 8601. Without a unit a number is
    quarantined.

    Example: `created_at: {type: timestamptz, unit: ms}`
    Refused: a unit on a type that is no time. An `interval` takes `s`, `ms` or `us`.
    """
    format: tuple[str, ...] = ()
    """The format of times that are not ISO 8601, or a list of formats, of which the first that fits reads a cell. The
    directives are `%Y %y %m %d %b %B %H %I %p %M %S %f %z`, with English month names; `%a`, `%A` and `%Z` are
    skipped. ISO 8601 is read in any case.

    Example: `paid_on: {type: date, format: ["%d.%m.%Y", "%d/%m/%y"]}`
    Refused: a directive that is unknown or stands twice, and a format without year, month and day.
    """
    ambiguous: Literal["earliest", "latest"] | None = None
    """Which instant is meant by a local time that the clock showed twice, or skipped, when summer time changed.
    Without it such a cell is quarantined.

    Example: `created_at: {type: timestamptz, ambiguous: earliest}`
    Refused: on types other than `timestamptz` and `timestamp`.
    """
    timezone: str | None = None
    """The zone of this column's times that carry none, where it differs from `source.timezone`.

    Example: `starts_at: {type: timestamptz, timezone: America/New_York}`
    Refused: a name that is no IANA time zone, and types other than `timestamptz` and `timestamp`.
    """

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
    """Where the new accounts are found, and which of them may claim a legacy user's history."""

    from_: Literal["auth", "profiles"] = Field("auth", alias="from")
    """`auth` reads `auth.users` joined to the profiles, and only a confirmed address may claim. `profiles` reads the
    profiles alone, which prove nothing about an address.

    Example: `accounts: {from: auth}`
    Refused: `profiles` without `accept_unconfirmed: true`.
    """
    profiles: str = "public.profiles"
    """The new app's table of profiles: its `id` is the account's, and owned rows refer to it.

    Example: `accounts: {profiles: public.members}`
    """
    accept_unconfirmed: bool = False
    """Your word that an address in the profiles may claim although nothing proves that it is the user's own. Whoever
    can write an address there can take somebody's history.

    Example: `accounts: {from: profiles, accept_unconfirmed: true}`
    """
    trust_autoconfirm: bool = False
    """Your word that accounts which were confirmed at the moment they were created are genuine. Without it a target
    that confirms addresses by itself is refused, because then nobody has proven anything.

    Example: `accounts: {trust_autoconfirm: true}`
    """
    sso_domains: tuple[str, ...] = ()
    """Domains of addresses whose single sign-on accounts may claim. By default none may.

    Example: `accounts: {sso_domains: [example.com]}`
    """
    merge_duplicates: bool = False
    """Two legacy users with one address are one person and go to one account. Without it neither is claimed.

    Example: `accounts: {merge_duplicates: true}`
    """

    @property
    def profiles_table(self) -> tuple[str, str]:
        """Schema and name of the profiles."""
        schema, _, table = self.profiles.rpartition(".")
        return schema or "public", table


class Policy(Strict):
    """What happens when something is not straightforward. Each default is the cautious choice."""

    incomplete_users: Literal["hold", "load"] = "hold"
    """What becomes of a user some of whose rows are quarantined: `hold` brings nothing until they are settled, `load`
    brings the other rows now and these later.

    Example: `policy: {incomplete_users: load}`
    """
    max_quarantined: int | None = None
    """How many quarantined rows a table may have. With more than that, nothing is loaded.

    Example: `policy: {max_quarantined: 100}`
    """
    max_changed: int | None = 5
    """A percentage. If more of the legacy file than this differs from the last one, it is taken for another file, or
    for an old backup, and refused.

    Example: `policy: {max_changed: 20}`
    """
    triggers: dict[str, Literal["fire"]] | Literal["refuse", "fire"] = "refuse"
    """What happens where a target table has triggers of the app, which would see history as if it were new: `refuse`
    loads nothing, `fire` lets them run. A mapping allows single tables, by their keys in `tables`.

    Example: `policy: {triggers: {jobs: fire}}`
    Refused: `fire` together with `foreign_keys: join`.
    """
    on_change: Literal["report", "update"] = "report"
    """What happens when a row changes in the legacy app after it was loaded: `report` lists it, `update` writes it over
    the row in production while that is still what was loaded.

    Example: `policy: {on_change: update}`
    """
    foreign_keys: Literal["trigger", "join"] = "trigger"
    """How foreign keys are proven: `trigger` lets Postgres check each row, `join` checks a whole batch at once, which
    is faster and needs a role that may set `session_replication_role`.

    Example: `policy: {foreign_keys: join}`
    Refused: `join` together with triggers that shall fire.
    """

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


class Files(Strict):
    """Files that columns name: where they lie, and where the new app keeps them. Either side is a folder on this disk
    or a URL that fsspec knows, such as sftp and s3. Credentials come from the environment alone, under the names that
    the libraries know (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL_S3`, `FSSPEC_SFTP_USERNAME`).
    """

    from_: str = Field(alias="from")
    """The folder below which the files lie; a path that leads out of it is quarantined and never read.

    Example: `files: {results: {from: /srv/app/uploads, to: "s3://results"}}`
    Refused: a URL with a user, a password or a query; a folder that is not named from the root.
    """
    to: str
    """The bucket or folder that takes the files. Supabase Storage has an S3 endpoint.

    Example: `files: {results: {from: "sftp://old.example.com/srv/app", to: "s3://results"}}`
    Refused: as in `from`.
    """
    key: str = "{account}/{table}/{new_id}/{column}/{name}"
    """The name of each object in `to`. It begins with the account, as Supabase's storage policies expect, and holds
    `{new_id}` and `{name}`; `{table}` where several tables name files of this entry, and `{column}` where several
    columns of one table do.

    Example: `files: {results: {from: /srv/app, to: "s3://results", key: "{account}/{table}/{new_id}/{name}"}}`
    Refused: one that begins otherwise, or under which two rows could meet.
    """
    strip: tuple[str, ...] = ()
    """Former roots that stand in front of the paths: folders or URLs of the old server, one or a list.

    Example: `files: {results: {from: /srv/app, to: "s3://results", strip: /var/www/app/}}`
    """
    url: str | None = None
    """What comes before the key where a column says `write: url`.

    Example: `files: {results: {from: /srv/app, to: "s3://results", url: "https://cdn.example.com/results"}}`
    """

    @field_validator("strip", mode="before")
    @classmethod
    def _are_roots(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("from_", "to")
    @classmethod
    def _says_where(cls, value: str) -> str:
        # The value is not repeated: it may hold a password.
        if "://" in value and ("@" in value.partition("://")[2].partition("/")[0] or "?" in value or "#" in value):
            raise ValueError("holds a user, a password or a query; credentials come from the environment alone")
        # The command line and the services run in different folders.
        if "://" not in value and not value.startswith(("/", "~")):
            raise ValueError(f"{value!r} is not named from the root: /srv/app/uploads")
        return value
