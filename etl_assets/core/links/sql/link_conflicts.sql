-- Rows that a UNIQUE, CHECK or FOREIGN KEY constraint of the target would refuse: found beforehand, so that the others
-- load.
SELECT x._legacy_id, x._new_id, x._created, x._legacy_user_id, x._account_id, x._wave, r._reason,
       {values}
FROM ({rows}) AS x
{fence}
