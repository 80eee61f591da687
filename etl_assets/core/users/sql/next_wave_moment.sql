-- Now, or the second after the last wave when that is later: two waves never share a key.
SELECT greatest(
    date_trunc('second', clock_timestamp()),
    (SELECT max(to_timestamp(wave, 'YYYY-MM-DD"T"HH24MISS"Z"')) + interval '1 second' FROM etl.waves))
