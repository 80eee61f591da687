-- Typed rows as CSV.
COPY {staging} ({columns}) FROM STDIN (FORMAT csv, FREEZE {is_new})
