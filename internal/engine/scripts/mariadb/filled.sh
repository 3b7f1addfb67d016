#!/bin/sh
# Prints what the database holds. Statements that create tables cannot be rolled back:
# while the schema of the restore's name exists, the tables are those of a try that was
# killed.

@client@ --batch --skip-column-names <<SQL
SELECT CONCAT(COUNT(*), ' tables or views, among them ', MIN(table_name)) FROM information_schema.tables
  WHERE table_schema = '$ATOLL_DATABASE'
    AND NOT EXISTS (SELECT * FROM information_schema.schemata WHERE schema_name = '$ATOLL_RESTORE')
  HAVING COUNT(*) > 0;
SQL
