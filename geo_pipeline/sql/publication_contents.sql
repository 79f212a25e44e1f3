-- Tables and views of the current database, views first.
SELECT table_name, CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END AS kind
FROM information_schema.tables
WHERE table_catalog = current_database()
ORDER BY kind DESC, table_name
