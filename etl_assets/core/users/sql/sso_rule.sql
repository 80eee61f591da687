-- An SSO account proves its provider's word, not the mailbox; domains are opted in one by one.
WHEN a.is_sso_user AND lower(split_part(a.email, '@', 2)) = ANY ({domains}::text[]) IS NOT TRUE
    THEN 'the account signs in through SSO'
