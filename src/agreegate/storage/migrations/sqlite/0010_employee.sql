-- The employee behind a designated account may be stated again: a correction is a row of its own, and the newest one is shown.
create table confirmation_employee_next (-- personal data
    partner_id text not null,
    customer_id text not null,
    sequence integer not null,
    number integer not null,        -- counts the statements about one confirmation, from 1
    name text not null,
    email text,
    reference text,
    stated_by text not null,
    stated_at integer not null,
    primary key (partner_id, customer_id, sequence, number),
    foreign key (partner_id, customer_id, sequence) references confirmation
) without rowid;
insert into confirmation_employee_next (partner_id, customer_id, sequence, number, name, email, reference, stated_by, stated_at)
select partner_id, customer_id, sequence, 1, name, email, reference, stated_by, stated_at from confirmation_employee;
drop table confirmation_employee;
alter table confirmation_employee_next rename to confirmation_employee;
