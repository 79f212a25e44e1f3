-- The columns of each published table.
SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'published'
