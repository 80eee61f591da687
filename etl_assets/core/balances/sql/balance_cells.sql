-- One user's balance as text: see `UserBalance`.
u.legacy_user_id, u.legacy::text, u.at_claim::text, u.applied::text, u.bonus::text, u.now::text, u.arrived::text,
u.own::text, u.difference::text, u.hindrance, to_char(u.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC'),
u.change
