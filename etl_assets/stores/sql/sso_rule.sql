-- An SSO account proves its provider's word, not the mailbox; domains are opted in one by one.
(a.is_sso_user IS NOT TRUE OR lower(split_part(a.email, '@', 2)) = ANY ({domains}::text[]))
