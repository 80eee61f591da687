"""Balances before and after, as check results and for the report."""

from decimal import Decimal

import dagster as dg

from etl_assets.assets.keys import VERIFICATION
from etl_assets.assets.outcomes import result, table_value
from etl_assets.core.balances.compare import BalanceComparison
from etl_assets.model.errors import sample_of
from etl_assets.model.money import gap_words
from etl_assets.model.report import BalanceLine
from etl_assets.model.words import counted, said

BALANCES_TITLE = "Every user who has moved has got each balance, once."
GAPS_TITLE = "Balance and transactions are as far apart, user by user, as they were in the legacy app."


def balances_result(found: list[BalanceComparison]) -> dg.AssetCheckResult:
    """The check `balances_were_applied`; green without a `balances:` section."""
    count = sum(line.unapplied for line in found)
    names = ("balance", "users", "legacy", "applied", "bonus", "now", "changed_in_legacy", "used")
    samples = [f"{line.balance}: users {sample_of(line.unapplied_sample)}" for line in found if line.unapplied]
    text = BALANCES_TITLE if not count else f"{said(count, 'user', 'have moved')} without their balance."
    return result(
        "balances_were_applied",
        VERIFICATION,
        passed=count == 0,
        blocking=True,
        description=text,
        metadata={
            "count": count,
            "balances": table_value(names, ([getattr(line, name) for name in names] for line in found)),
            "sample": "; ".join(samples) or "none",
            "remedy": "`bonus` is what the new app had granted before, `used` counts users who spent or earned since. "
            "A balance that is missing was not in the snapshot when its user moved: `undo --user`, then run again.",
        },
    )


def gaps_result(found: list[BalanceComparison]) -> dg.AssetCheckResult:
    """The check `balances_agree_with_transactions`: news, never red; what is not compared is no agreement."""
    count = sum(line.apart for line in found)
    unknown = [line for line in found if line.uncompared or line.hindrances]
    samples = [f"{line.balance}: users {sample_of(line.apart_sample)}" for line in found if line.apart]
    text = GAPS_TITLE if not count else f"Balance and transactions of {counted(count, 'user')} have drifted apart."
    words = [f"{line.balance}: {gap_words(line.apart, line.uncompared, line.hindrances)}" for line in unknown]
    return result(
        "balances_agree_with_transactions",
        VERIFICATION,
        passed=count == 0 and not unknown,
        blocking=False,
        description=" ".join([*([text] if count or not unknown else []), *(f"{sentence}." for sentence in words)]),
        metadata={
            "count": count,
            "uncompared": sum(line.uncompared for line in found),
            "sample": "; ".join(samples) or "none",
            "remedy": "Compare these users' transactions with their balance: the new app changed one and not the "
            "other. `balances.csv` beside the report names each; `against` in the spec says what to compare with.",
        },
    )


def balance_line(found: BalanceComparison) -> BalanceLine:
    """What the report needs of one balance."""
    totals = (found.legacy, found.applied, found.bonus, found.now, found.arrived, found.own, found.difference)
    legacy, applied, bonus, now, arrived, own, difference = (f"{Decimal(total):,}" for total in totals)
    return BalanceLine(
        found.balance,
        legacy,
        applied,
        bonus,
        now,
        found.unapplied,
        found.apart,
        found.uncompared,
        found.hindrances,
        found.changed_in_legacy,
        found.changed_sample,
        arrived,
        own,
        difference,
        found.listed,
        found.shown,
    )


def balance_audit(found: BalanceComparison) -> dict[str, object]:
    """What the audit trail keeps of one balance."""
    counts = {name: getattr(found, name) for name in ("users", "unapplied", "changed_in_legacy", "apart", "uncompared")}
    return {**counts, "hindrances": list(found.hindrances)}
