-- Tells a worker that lost its connection during a commit what became of the unit of work.
create table kept_unit (
    unit_id text collate "C" primary key,  -- of version 7: later ids are greater
    outcome text collate "C" not null check (outcome in ('kept', 'given up'))
);
