-- A sealed wave's number of users, and whether it was undone.
SELECT users, undone_at IS NOT NULL FROM etl.waves WHERE wave = %(wave)s
