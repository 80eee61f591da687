-- Why what arrives under a claimed legacy id waits: it is another person's, or nobody can tell.
CASE WHEN m.legacy_user_id IN ({repeated}) THEN 'two legacy users have the id now'
     WHEN m.seen_created_value IS NOT NULL AND m.created_value IS NOT NULL
          AND m.created_value <> m.seen_created_value AND m.created_at IS DISTINCT FROM m.seen_created_at
     THEN 'the legacy id was given to somebody else'
     ELSE 'the legacy address changed, and nothing proves that it is the same person' END
