-- Was the legacy user with this id forgotten? HMAC-SHA256 by hand (RFC 2104): the embedded server has no pgcrypto.
CREATE OR REPLACE FUNCTION etl.is_forgotten(legacy_user_id text) RETURNS boolean LANGUAGE sql STABLE AS
$$SELECT EXISTS (SELECT FROM etl.forgotten) AND EXISTS (
    SELECT FROM etl.forgotten AS f
    WHERE f.keyed = (
        SELECT sha256(string_agg(set_byte('\x00'::bytea, 0, get_byte(p.key, n) # 92), ''::bytea ORDER BY n)
                      || sha256(string_agg(set_byte('\x00'::bytea, 0, get_byte(p.key, n) # 54), ''::bytea ORDER BY n)
                                || convert_to($1, 'UTF8')))
        FROM (SELECT decode(rpad(m.value, 128, '0'), 'hex') AS key FROM etl.meta AS m
              WHERE m.key = 'suppression key') AS p, generate_series(0, 63) AS n))$$
