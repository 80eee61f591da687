"""What an expert sees in a legacy database: who its users are, whose rows, which keys, what stays behind. It owns no table of schema `etl`."""
