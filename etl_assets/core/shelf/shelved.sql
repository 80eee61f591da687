-- name: begin_object :exec (key, name)
-- Noted before it is sent: what is killed in between is found, without asking the store for a list.
INSERT INTO etl.shelf_objects (key, name) VALUES (%(key)s, %(name)s)

-- name: point :many (name, key, sha256, bytes)
-- The artifact is this object from now on; no row where somebody who forgets has taken the object away meanwhile.
INSERT INTO etl.shelf AS s (name, key, sha256, bytes)
SELECT %(name)s, o.key, %(sha256)s, %(bytes)s FROM etl.shelf_objects AS o WHERE o.key = %(key)s FOR UPDATE
ON CONFLICT (name) DO UPDATE
SET key = EXCLUDED.key, sha256 = EXCLUDED.sha256, bytes = EXCLUDED.bytes, at = clock_timestamp()
RETURNING s.key

-- name: find_pointer :first (name)
-- The object that an artifact is.
SELECT s.key, s.sha256 FROM etl.shelf AS s WHERE s.name = %(name)s

-- name: list_names :many (prefix)
-- Artifacts whose names begin so, with their digests.
SELECT s.name, s.sha256 FROM etl.shelf AS s WHERE starts_with(s.name, %(prefix)s) ORDER BY s.name

-- name: drop_pointer :exec (name)
-- The artifact is no more.
DELETE FROM etl.shelf AS s WHERE s.name = %(name)s

-- name: list_loose :many (name, older)
-- Objects of an artifact, or of any where none is named, that no artifact is, and that are so many seconds old.
SELECT o.key FROM etl.shelf_objects AS o
WHERE (%(name)s::text IS NULL OR o.name = %(name)s) AND o.at <= clock_timestamp() - make_interval(secs => %(older)s)
  AND NOT EXISTS (SELECT FROM etl.shelf AS s WHERE s.key = o.key)
ORDER BY o.key

-- name: drop_object :many (key)
-- Takes an object off the list, unless an artifact is it by now.
DELETE FROM etl.shelf_objects AS o
WHERE o.key = %(key)s AND NOT EXISTS (SELECT FROM etl.shelf AS s WHERE s.key = o.key)
RETURNING o.key
