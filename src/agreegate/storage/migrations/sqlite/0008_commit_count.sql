-- How many units of work were committed. A small file beside the database has the number too (storage/engine/commit_count.py):
-- when the database has fewer, its journal was lost or damaged. One row, because there is one writer: nobody waits for it.
create table commit_count (
    id integer primary key check (id = 1),
    commits integer not null
);
insert into commit_count values (1, 0);
