-- A sealed wave's number of users.
SELECT users FROM etl.waves WHERE wave = %(wave)s
