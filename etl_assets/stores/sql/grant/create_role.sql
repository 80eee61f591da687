-- A login role that sees every row.
DO $$BEGIN IF to_regrole(quote_ident({word})) IS NULL THEN CREATE ROLE {role} LOGIN BYPASSRLS; END IF; END$$
