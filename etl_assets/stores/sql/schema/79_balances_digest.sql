-- What the staged snapshot says of one user's balances, as one value.
CREATE OR REPLACE FUNCTION etl.balances_digest(legacy_user_id text) RETURNS uuid LANGUAGE sql STABLE AS
$$SELECT md5(coalesce(string_agg(g.balance || ' ' || g.amount, ',' ORDER BY g.balance), ''))::uuid
  FROM etl.legacy_balances AS g WHERE g.legacy_user_id = $1$$
