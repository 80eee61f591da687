"""What to do about each state and each rule, in an operator's words. Used by the report and by the support answer."""

USER_REMEDIES = {
    "resolved": "Nothing to do: the account that proved the address has the history, or will have it when its rows can "
    "arrive.",
    "waiting": "Invite this user to sign in to the new app and confirm the address. The next wave brings the rows.",
    "unconfirmed": "The address is not proven yet. Ask the user to follow the link in the confirmation mail; see the "
    "reason if the account is there already.",
    "ambiguous": "Two could claim, so nobody does. Settle the addresses in the legacy app, or set "
    "`merge_duplicates: true` when the twins are one person.",
    "held": "Correct this user's quarantined rows in the legacy app, or set `incomplete_users: load` to go on without "
    "them.",
    "invalid_email": "This address can never be compared. Correct it in the legacy app.",
    "no_email": "There is no address to compare. Enter one in the legacy app.",
}
ROW_REMEDIES = {
    "account_waiting": "Arrives when its owner has confirmed an account.",
    "account_gone": "The account that claimed it was deleted. Only an operator can settle this.",
    "owner_is_another_person": "The legacy id was given to somebody else after the claim. Only an operator can settle "
    "this.",
    "owner_missing": "Names no owner. Correct the owner in the legacy app.",
    "owner_unknown": "Names an owner whom the legacy app does not know. Correct the owner in the legacy app.",
    "owner_changed": "Was loaded for its former owner and stays there.",
    "reference_waiting": "Arrives when the row that it refers to has arrived.",
    "reference_unknown": 'Refers to a row that does not exist. Correct it, or say `otherwise: "null"` in the spec.',
    "reference_quarantined": "Refers to a row that is quarantined. Correct that one and both arrive.",
    "reference_excluded": "Refers to a row that stays behind on purpose.",
    "target_conflict": "Breaks a constraint of the new table. Correct the row, or relax the constraint.",
    "required": "The new table wants a value here. Enter one, or give the column a `default` in the spec.",
    "number_without_unit": "A number where a time is wanted. Say its `unit` in the spec: s, ms, us or julian.",
    "not_iso_8601": "A time in a form of its own. Say its `format` in the spec, or correct it.",
    "no_such_date": "No calendar has this date. Correct it in the legacy app.",
    "not_in_map": "The spec's `map` does not know this value. Add it there.",
    "key_missing_or_repeated": "Rows without a key, or with the same one, cannot be told apart. Correct the keys.",
    "dropped": "Left behind by a line of the corrections file.",
    "not_in_format": "A time that is not in the column's `format`. Correct it, or change the format.",
    "not_in_encoding": "Bytes that the column's `encoding` does not know. Correct them, or choose another encoding.",
    "where": "Left behind on purpose: the spec's `where` is not true for it.",
    "forgotten": "Belonged to somebody who was forgotten on request (`etl-assets forget`). It does not come back.",
    "vanished": "Was removed from the legacy app before it could be loaded.",
}
VALUE_REMEDY = (
    "Its value does not fit its type. Correct it in the legacy app or the corrections file, or widen the spec."
)
READY_REMEDY = "Can be loaded now: the next wave brings it."


def row_remedy(reason: str | None) -> str:
    """What to do about a row with this reason or broken value rule; None means that it is ready."""
    return READY_REMEDY if reason is None else ROW_REMEDIES.get(reason, VALUE_REMEDY)
