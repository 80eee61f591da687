-- What the account's transactions came to beside the legacy app's when an amount was applied: a bonus among them.
ALTER TABLE etl.balances ADD COLUMN IF NOT EXISTS own numeric
