-- Customers are found by the person who accepted for them too. A worker takes persons over from the confirmations in the order of
-- recording, so that recording a confirmation costs nothing more. These tables follow from the confirmations: an erasure of a
-- person's data takes the rows here as well.

create table person (               -- who accepted for a customer: personal data
    partner_id text not null,
    customer_id text not null,
    words text not null,            -- folded, each after a blank: the names, the e-mail address and its parts
    primary key (partner_id, customer_id, words)
) without rowid;
create table person_word (          -- the same word by word: personal data
    partner_id text not null,
    word text not null,
    customer_id text not null,
    company_key text not null,      -- of the customer
    primary key (partner_id, word, customer_id)
) without rowid;
create table person_progress (      -- how far the worker is
    id integer primary key check (id = 1),
    confirmation_number integer not null  -- of the last confirmation whose person was taken over
);
insert into person_progress (id, confirmation_number) values (1, 0);
