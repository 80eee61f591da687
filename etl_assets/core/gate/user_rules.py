"""The validations about people: is everybody known, and may the claims be trusted?"""

from collections.abc import Callable
from typing import Any

from etl_assets.access.postgres.catalog import regclass, update_triggers
from etl_assets.access.postgres.statements import Statement, Statements, literal, literals
from etl_assets.core.gate.claim_standing import standing_claims
from etl_assets.core.gate.validation import ANYTHING, RESOLVED_ASSET, USERS_ASSET, Validation
from etl_assets.core.links.links import Links
from etl_assets.core.users.users import judged_claims
from etl_assets.spec.model import USERS, Spec

SQL = Statements(__file__)


def user_validations(spec: Spec) -> list[Validation]:
    """Shown on `legacy_user_map`."""
    schema, profiles = spec.accounts.profiles_table
    fired = spec.policy.fires(profiles)
    triggers = Validation(
        "balance_triggers_are_agreed",
        USERS_ASSET,
        USERS_ASSET,
        "No trigger of the app sees a profile being written unless the spec says so.",
        f"Disable the triggers for the load, or say `policy: {{triggers: {{{profiles}: fire}}}}` in the spec.",
        lambda _: update_triggers(allowed=fired),
        blocking=True,
        asks=ANYTHING,
        values=lambda _: {"table": regclass(schema, profiles)},
    )

    def rule(check: str, title: str, remedy: str, query: str, *, blocking: bool = False) -> Validation:
        return Validation(
            check, USERS_ASSET, USERS_ASSET, title, remedy, lambda _: SQL(query), blocking=blocking, asks=ANYTHING
        )

    return [
        *([triggers] if spec.writes_profiles else []),
        rule(
            "every_legacy_user_is_in_the_map",
            "The map knows every user of the snapshot.",
            "Materialize `exports/users` and `legacy_user_map` again.",
            "count_unmapped_users",
            blocking=True,
        ),
        rule(
            "emails_are_unique",
            "No two legacy users share an address.",
            "These users stay ambiguous and unclaimed. Settle them in the legacy app, or set `merge_duplicates: true`.",
            "count_repeated_emails",
        ),
        rule(
            "claims_still_agree",
            "No claimed legacy user has another address now.",
            "The claim stays with the account that proved the former address. Where the moment of sign-up does not "
            "prove that it is the same person, what is new waits: see `legacy_ids_are_still_theirs`.",
            "count_contradicted_claims",
        ),
        rule(
            "legacy_ids_are_still_theirs",
            "No claimed legacy id is another person's by now.",
            "The address of these users changed in the legacy app, and nothing proves that they are who claimed: "
            "SQLite hands the id of a deleted user out again. What is new under these ids waits, and nothing is "
            "written over. If it is the same person, say so in the claims file: a line with the account that claimed. "
            "If not, give the newcomer another id in the legacy app.",
            "count_other_people",
        ),
        rule(
            "emails_are_valid",
            "Every legacy user has an address that can be compared.",
            "These users cannot be found by address. Correct the address in the legacy app.",
            "count_invalid_emails",
        ),
        claims_file_is_met(),
    ]


def claims_file_is_met() -> Validation:
    """Shown on `legacy_user_map`, and told by the rehearsal."""
    return Validation(
        "claims_file_is_met",
        USERS_ASSET,
        USERS_ASSET,
        "Every line of the claims file came true, or can.",
        "Look at these legacy users in the claims file: nobody has this id, the account is not there, may not "
        "claim or is somebody's already, or the user has moved. A claim that was made is never moved.",
        lambda links: SQL("count_unmet_claims", claims=judged_claims(links)),
    )


def resolve_validations(spec: Spec) -> list[Validation]:
    """Shown on `resolved_users`: may the claims be trusted?"""
    merge, trusting = literal(spec.accounts.merge_duplicates), literal(spec.accounts.from_ == "profiles")

    def rule(check: str, title: str, remedy: str, compose: Callable[[Links], Statement], **more: Any) -> Validation:
        return Validation(check, RESOLVED_ASSET, RESOLVED_ASSET, title, remedy, compose, **more)

    return [
        rule(
            "staging_is_of_one_snapshot",
            "All staging tables come from the same snapshot.",
            "Run the `migrate` job: it exports and stages every table from one snapshot.",
            lambda links: SQL("count_mixed_snapshots", tables=literals((*links.tables, USERS))),
            blocking=True,
            asks=ANYTHING,
        ),
        rule(
            "one_account_per_legacy_user",
            "No account was claimed for two legacy users.",
            "A claim was changed by hand. Restore `etl.legacy_user_map` from a backup; see `etl.audit_log`.",
            lambda _: SQL("count_shared_accounts", merge=merge),
            blocking=True,
            asks=ANYTHING,
        ),
        rule(
            "every_claim_was_confirmed",
            "Each claim rests on a confirmed address.",
            "A claim was written by hand, without evidence. Take it back before anything is loaded under it.",
            lambda _: SQL("count_unproven_claims", trusting=trusting),
            blocking=True,
            asks=ANYTHING,
        ),
        *standing_claims(),
        rule(
            "waiting_rows_are_counted",
            "No row waits for its owner to sign in.",
            "Nothing to do: these rows arrive with a later wave, when their owners have confirmed their accounts.",
            lambda _: SQL("count_waiting_for_accounts"),
            names="legacy users",
            is_news=True,
        ),
    ]
