-- Ledger rows against production. A row that still carries the loading transaction's id and differs is our fault;
-- one that another transaction wrote since, or removed, is its user's business and is listed. The fence (OFFSET 0)
-- makes Postgres compute each digest once, not once for every count; and what equals production, where production equals
-- the ledger, needs no second digest, unless a later writer has made the row look the same. A row whose new version is
-- refused has changed too; one that is nowhere any more has vanished. A row that is as it was loaded and stands under
-- another account than the one of the claim is misowned.
SELECT count(*),
       count(*) FILTER (WHERE c.is_equal),
       count(*) FILTER (WHERE c.is_equal IS FALSE AND c.is_ours),
       count(*) FILTER (WHERE c.is_equal IS FALSE AND NOT c.is_ours),
       count(*) FILTER (WHERE c.is_equal IS NULL),
       count(*) FILTER (WHERE c.differs_in_legacy),
       (array_agg(c.legacy_id) FILTER (WHERE c.is_equal IS FALSE AND c.is_ours))[1:6],
       (array_agg(c.legacy_id) FILTER (WHERE c.is_equal IS FALSE AND NOT c.is_ours))[1:6],
       (array_agg(c.legacy_id) FILTER (WHERE c.is_equal IS NULL))[1:6],
       count(*) FILTER (WHERE c.has_vanished),
       (array_agg(c.legacy_id) FILTER (WHERE c.differs_in_legacy OR c.has_vanished))[1:6],
       count(*) FILTER (WHERE c.is_equal AND c.is_elsewhere),
       (array_agg(c.legacy_id) FILTER (WHERE c.is_equal AND c.is_elsewhere))[1:6]
FROM (
    SELECT p.*,
           CASE WHEN NOT p.is_staged THEN p.is_quarantined
                WHEN p.is_equal AND p.is_same THEN false
                ELSE coalesce(p.staged_digest <> p.digest, NOT p.is_equal) END AS differs_in_legacy
    FROM (
        SELECT l.legacy_id,
               l.digest,
               CASE WHEN t.{id} IS NOT NULL THEN {found} = l.digest END AS is_equal,
               t.xmin = l.xid AS is_ours,
               {misowned} AS is_elsewhere,
               k._legacy_id IS NOT NULL AS is_staged,
               {staged_row} IS NOT DISTINCT FROM {found_row} AS is_same,
               CASE WHEN {staged_row} IS DISTINCT FROM {found_row} OR t.xmin <> l.xid THEN {staged} END AS staged_digest,
               k._legacy_id IS NULL AND EXISTS (
                   SELECT FROM etl.quarantine AS q
                   WHERE q."table" = {table} AND q.legacy_id = l.legacy_id) AS is_quarantined,
               k._legacy_id IS NULL
               AND NOT EXISTS (SELECT FROM etl.quarantine AS q WHERE q."table" = {table} AND q.legacy_id = l.legacy_id)
               AND NOT EXISTS (SELECT FROM etl.excluded AS e
                               WHERE e."table" = {table} AND e.legacy_id = l.legacy_id AND e.reason <> 'vanished')
                   AS has_vanished
        FROM etl.loaded AS l
        LEFT JOIN ({links}) AS k ON k._legacy_id = l.legacy_id
        LEFT JOIN {target} AS t ON t.{id} = l.new_id::{id_type}
        {owners}
        WHERE l."table" = {table} {of_wave}
        OFFSET 0) AS p) AS c
