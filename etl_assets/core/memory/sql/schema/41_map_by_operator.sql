-- Why an operator gave this user to the account, where that was no matter of addresses.
ALTER TABLE etl.legacy_user_map ADD COLUMN IF NOT EXISTS claimed_by_operator text
