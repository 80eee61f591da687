"""What to do about each state and each rule, in an operator's words. Used by the report and by the support answer."""

from etl_assets.model.spec_keys import pointed

USER_REMEDIES = {
    "resolved": "Nothing to do: the account that proved the address has the history, or will have it when its rows can "
    "arrive.",
    "waiting": "Invite this user to sign in to the new app and confirm the address. The next wave brings the rows.",
    "unconfirmed": "The address is not proven yet. Ask the user to follow the link in the confirmation mail; see the "
    "reason if the account is there already.",
    "ambiguous": "Two could claim, so nobody does. Settle the addresses in the legacy app, name the account in the "
    "claims file, or set `merge_duplicates: true` when the twins are one person.",
    "held": "Correct this user's quarantined rows in the legacy app, or set `incomplete_users: load` to go on without "
    "them.",
    "invalid_email": "This address can never be compared. Correct it in the legacy app, or name the account in the "
    "claims file.",
    "no_email": "There is no address to compare. Enter one in the legacy app, or name the account in the claims file.",
}
# Where the reason asks for something else than the state does.
READY_USER = "Nothing to do: the next wave brings the rows."
REASON_REMEDIES = {
    "undone": "An operator took this user out of production again. Run the wave again by hand, or "
    "`etl-assets migrate --user`, when the cause is settled.",
    "has quarantined rows": USER_REMEDIES["held"],
    "claimable: the next wave takes this user": READY_USER,
    "the legacy address was never verified": "The legacy app never verified this address, so it proves nothing. Have "
    "it verified there.",
    "the legacy id was of somebody who was forgotten": "A person with this id was erased on request, and the legacy "
    "app may have given the id to somebody else since. If so, name the account in the claims file; if it is the same "
    "person, `etl-assets forget` again.",
    "by an operator": "An operator's claims file holds this user. Take the line out when it is settled.",
    "the account in the claims file is not there or may not claim": "Look at the line in the claims file. The account "
    "must have a confirmed address and a profile, and must not be banned or deleted.",
    "the claims file gives the account to two legacy users": "Decide who it is, and take the other line out of the "
    "claims file; or set `merge_duplicates: true` when both are one person.",
    "the claims file gives the account to another legacy user": "An operator gave the account that has this address to "
    "another legacy user. If that was a mistake, take the line out of the claims file.",
    "the legacy id is missing or repeated": "Users without an id, or with the same one, cannot be told apart. Correct "
    "the ids in the legacy app.",
}
CLAIM_ANEW = (
    "If the user has signed up anew, `etl-assets undo --user` and then `etl-assets migrate --user` give the history to "
    "the account that has the address now, or to the one that the claims file names."
)
LATER_HOLD = "Nothing more arrives until the account may hold it again, and then it does by itself."
REASON_REMEDIES |= {
    "the account is gone": f"The account that claimed this history was removed, and the history with it. {CLAIM_ANEW}",
    "the account has no profile": f"{LATER_HOLD} The new app makes the profile. {CLAIM_ANEW}",
    "the account was deleted": f"The account that claimed this history was deleted. {CLAIM_ANEW}",
    "the account is banned": LATER_HOLD,
    "the account is anonymous": LATER_HOLD,
    "the address of the account is not confirmed": f"{LATER_HOLD} Ask the user to follow the link in the confirmation "
    "mail.",
    "the account signs in through SSO": f"{LATER_HOLD} Name the domain under `sso_domains` if its sign-in proves the "
    "address.",
    "another account has the claimed address now": "The history stays with the account that proved the address first. "
    "If the other one is the legacy user, name it in the claims file, `etl-assets undo --user`, then "
    "`etl-assets migrate --user`.",
    "the account has another address now": "Nothing to do: the user took another address, and the history stays.",
    "the legacy app has another address now": "Nothing to do: the history stays with the account that proved the "
    "former address.",
    "the legacy id was given to somebody else": "Another person has this id in the legacy app now, so what is new "
    "under it waits. Give the newcomer an id of her own there. If it is the same person all the same, say so in the "
    "claims file: a line with this user's account.",
    "two legacy users have the id now": "What is new waits, because nobody can say whose it is. Give one of them "
    "another id in the legacy app.",
    "the legacy address changed, and nothing proves that it is the same person": "What is new waits, because the "
    "legacy app may have given the id to somebody else. If it is the same person, say so in the claims file: a line "
    "with this user's account. If not, give the newcomer an id of her own in the legacy app.",
}
INCOMPLETE_USER = "This user has moved, but some rows are kept back. `etl-assets user` with the id says which, and why."
ROW_REMEDIES = {
    "account_waiting": "Arrives when its owner has confirmed an account.",
    "account_gone": "The account that claimed it is gone. `etl-assets user` with the owner's id says what to do.",
    "account_barred": "The account that claimed it may not hold it now: it is banned, deleted or no longer confirmed. "
    "Arrives when the account may.",
    "owner_is_another_person": "The owner's legacy id may be somebody else's since the claim. `etl-assets user` with "
    "the owner's id says what to do.",
    "id_given_to_another_row": "Another row was loaded under this legacy id before, and this one cannot take its "
    "place. Give it a key of its own in the corrections file: the column `_key`, and as value a key that no row has.",
    "owner_held": "Its owner was taken out of production by `undo`. Run the wave again by hand, or "
    "`etl-assets migrate --user`.",
    "owner_missing": "Names no owner. Correct the owner in the legacy app.",
    "owner_unknown": "Names an owner whom the legacy app does not know. Correct the owner in the legacy app.",
    "owner_changed": "Was loaded for its former owner and stays there.",
    "file_waiting": "Its file was not copied yet. Run the wave again; the asset `files/...` of its table says why.",
    "file_missing": "Its file is not where the path says. Put it there and run the wave again, or say `missing:` in "
    "the spec.",
    "path_outside": "Its path leads out of the folder of the files, so nothing was read. Correct the path, or say the "
    "former root in `strip:`.",
    "path_is_a_list": "It names several files in one cell, which is out of scope. Give each file a row of its own.",
    "reference_waiting": "Arrives when the row that it refers to has arrived.",
    "reference_unknown": 'Refers to a row that does not exist. Correct it, or say `otherwise: "null"` in the spec.',
    "reference_quarantined": "Refers to a row that is quarantined. Correct that one and both arrive.",
    "reference_excluded": "Refers to a row that stays behind on purpose.",
    "target_refused": "The new table does not take it: see the rule. Correct the row, or relax the rule; it is tried "
    "again when either has changed.",
    "target_conflict": "Breaks a constraint of the new table. Correct the row, or relax the constraint.",
    "required": "The new table wants a value here. Enter one, or give the column a `default` in the spec.",
    "number_without_unit": "A number where a time is wanted. Say its `unit` in the spec, such as s or ms.",
    "target_would_round": "The new table's column has fewer digits than the value. Give it more, or say `round: true` "
    "in the spec.",
    "target_would_change": "The new table would write the value in another way. Say it as Postgres does, with an "
    "`expr` in the spec or a line of the corrections file.",
    "target_refuses": "Postgres cannot read the value as the column's type. Correct it in the legacy app.",
    "not_a_list": "The cell is no JSON array. Correct it, or say in the spec what separates its elements: `split`.",
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
CHANGE_REMEDIES = {
    "balance_changed_in_legacy": "The new app keeps what was applied. Say `policy: {on_change: update}` in the spec, "
    "and the next wave applies the difference; or add it there by hand, but not both.",
    "balance_change_waits": "A wave applies the difference, when the user is not on hold and the account may hold it; "
    "`etl-assets user` says what is in the way.",
    "balance_rows_changed_in_legacy": "It adds up from rows that were changed or removed there, which are listed under "
    "their table. It follows what becomes of them in the new app.",
    "balance_vanished_in_legacy": "The user, or the balance, is not in the legacy app any more. The new app keeps what "
    "was applied.",
    "new_balance_refused": "The balance there now cannot be read; see the quarantine list. The new app keeps what was "
    "applied.",
    "changed_in_legacy": "Production keeps what was loaded. `policy: {on_change: update}` in the spec writes the "
    "change over it with the next wave, where the new version can be loaded.",
    "changed_on_both_sides": "Somebody changed the row in the new app too, which is never overwritten. Settle it by "
    "hand.",
    "changed_in_legacy_and_removed_in_production": "Its user removed the row in the new app, where it stays removed.",
    "new_version_refused": "The new version does not fit its types; see the quarantine list. Production keeps the "
    "former.",
    "key_repeats_in_legacy": "More than one legacy row has this key by now, and none of them is read any more. What "
    "was loaded stays. Give each row a key of its own with `_key` in the corrections file: the loaded one keeps this.",
    "vanished_in_legacy": "Removed from the legacy app after it was loaded. Production keeps it; remove it there by "
    "hand if that is wanted.",
}
VALUE_REMEDY = (
    "Its value does not fit its type. Correct it in the legacy app or the corrections file, or widen the spec."
)
for remedies in (USER_REMEDIES, REASON_REMEDIES, ROW_REMEDIES, CHANGE_REMEDIES):
    remedies.update({word: pointed(remedy) for word, remedy in remedies.items()})
READY_REMEDY = "Can be loaded now: the next wave brings it."


def user_remedy(state: str, reason: str | None, *, is_listed: bool = False) -> str:
    """What to do about a user; a resolved one who is listed among the missing has rows that are kept back."""
    if is_listed and state == "resolved" and reason not in REASON_REMEDIES:
        return INCOMPLETE_USER
    return REASON_REMEDIES.get(reason or "", USER_REMEDIES[state])


def row_remedy(reason: str | None) -> str:
    """What to do about a row with this reason or broken value rule; None means that it is ready."""
    return READY_REMEDY if reason is None else ROW_REMEDIES.get(reason, VALUE_REMEDY)
