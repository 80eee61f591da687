-- Typed rows as CSV.
COPY {staging} ({columns}) FROM STDIN (FORMAT csv, ENCODING 'UTF8', FREEZE {is_new})
