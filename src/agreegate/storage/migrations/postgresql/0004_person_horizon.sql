-- Up to which confirmation the search by person may go on: a transaction still open may yet commit a lower number.
create table person_horizon (
    id bigint primary key check (id = 1),
    confirmation_number bigint not null,  -- the greatest that was committed when the horizon was set
    horizon bigint not null  -- once no older transaction is open, every confirmation up to that number is committed
);
insert into person_horizon (id, confirmation_number, horizon) values (1, 0, 0);
