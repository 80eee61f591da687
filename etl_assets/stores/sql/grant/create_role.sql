-- A login role that sees every row, and has no privilege of the roles that it may take on.
DO $$BEGIN IF to_regrole(quote_ident({word})) IS NULL THEN CREATE ROLE {role} LOGIN NOINHERIT BYPASSRLS; END IF; END$$
