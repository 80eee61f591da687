-- Keys as CSV.
COPY pg_temp.etl_gone FROM STDIN (FORMAT csv, ENCODING 'UTF8')
