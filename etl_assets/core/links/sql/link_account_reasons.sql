-- Has the owner an account by now, and may rows go there?
WHEN u.supabase_user_id IS NULL THEN 'account_waiting'
WHEN NOT u.has_account THEN 'account_gone'
WHEN u.is_another THEN 'owner_is_another_person'
WHEN u.is_held THEN 'owner_held'
WHEN u.hindrance IS NOT NULL THEN 'account_barred'
