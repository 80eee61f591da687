-- Faulty cells as CSV.
COPY pg_temp.etl_quarantine_batch FROM STDIN (FORMAT csv, ENCODING 'UTF8')
