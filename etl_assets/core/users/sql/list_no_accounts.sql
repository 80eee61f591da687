-- No account: this auth schema does not tell which identities an account has.
SELECT true AS is_at_once WHERE false
