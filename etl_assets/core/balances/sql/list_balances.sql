-- Balances of users.
SELECT {cells} FROM ({users}) AS u WHERE {listed} ORDER BY u.legacy_user_id
