-- Has the owner an account by now?
WHEN u.supabase_user_id IS NULL THEN 'account_waiting'
WHEN NOT u.has_account THEN 'account_gone'
WHEN u.is_another THEN 'owner_is_another_person'
