-- Dropped and made anew: a `CREATE TABLE IF NOT EXISTS` would keep an old shape in silence.
DROP TABLE IF EXISTS {staging}
