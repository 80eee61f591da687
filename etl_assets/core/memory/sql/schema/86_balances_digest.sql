-- What the staged snapshot says of one user's balances and of the profile beside them, as one value.
CREATE OR REPLACE FUNCTION etl.balances_digest(legacy_user_id text) RETURNS uuid LANGUAGE sql STABLE AS
$$SELECT md5(coalesce(string_agg(f.name || ' ' || f.value, ',' ORDER BY f.name), ''))::uuid
  FROM (SELECT g.balance, g.amount::text FROM etl.legacy_balances AS g WHERE g.legacy_user_id = $1
        UNION ALL
        SELECT v.attribute, v.value FROM etl.legacy_profile AS v WHERE v.legacy_user_id = $1) AS f (name, value)$$
