"""The database itself: units of work, files, schema, backups. No module here knows a table of the domain."""
