-- Something about the user's balance differs, or it was not compared for a reason of her own.
(u.is_unapplied OR u.is_changed OR u.difference <> 0 OR u.hindrance IN ('merged', 'unreadable', 'not_noted'))
