-- All of an account's transactions.
(SELECT coalesce(sum(n.{amount}::numeric), 0) FROM {target} AS n WHERE n.{owner} = m.supabase_user_id)
