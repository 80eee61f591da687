-- Rows that are staged.
SELECT count(*) FROM {staging}
