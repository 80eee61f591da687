-- Typed rows as CSV.
COPY {staging} ({columns}) FROM STDIN (FORMAT csv)
