-- After the COPY: one sort is cheaper than as many index insertions.
ALTER TABLE {staging} ADD PRIMARY KEY (_legacy_id)
