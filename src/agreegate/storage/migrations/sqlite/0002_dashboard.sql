-- What the dashboard keeps: who is signed in, and what people say beside a confirmation. Times of sessions are the machine's.

create table session (
    session_key text primary key,   -- SHA-256 of what the browser holds: who reads this table can sign in as nobody
    data text not null,             -- JSON: the user, a sign-in under way, what was typed when a session ended
    began_at integer not null,
    seen_at integer not null
) without rowid;
create index session_by_age on session (seen_at);

create table confirmation_collection ( -- through whom an indirect provider got the data (R22, R23): personal data
    partner_id text not null,
    customer_id text not null,
    sequence integer not null,
    reseller_id text not null references partner,
    person text not null,
    collected_at integer not null,  -- midnight UTC of the day
    primary key (partner_id, customer_id, sequence),
    foreign key (partner_id, customer_id, sequence) references confirmation
) without rowid;

create table confirmation_warning ( -- what whoever recorded it was warned of, and went on (R24, X14)
    partner_id text not null,
    customer_id text not null,
    sequence integer not null,
    warning text not null check (warning in ('partner_domain', 'reseller_domain', 'own_address')),
    primary key (partner_id, customer_id, sequence, warning),
    foreign key (partner_id, customer_id, sequence) references confirmation
) without rowid;

create table collection_request (   -- an indirect provider asks a reseller for one customer's acceptance data (R23)
    partner_id text not null,
    request_id text not null,
    reseller_id text not null references partner,
    customer_id text not null,
    asked_at integer not null,
    asked_by text not null,
    after_sequence integer not null,  -- the customer's last_sequence then: a confirmation beyond it answers the request
    received_at integer,
    received_by text,
    returned_at integer,
    returned_by text,
    return_reason text not null default '',
    primary key (partner_id, request_id),
    foreign key (partner_id, customer_id) references customer
) without rowid;
create index collection_request_by_customer on collection_request (partner_id, customer_id, reseller_id, asked_at);
create index collection_request_by_reseller on collection_request (partner_id, reseller_id, asked_at, request_id);

create trigger confirmation_warning_kept before delete on confirmation_warning begin select raise(abort, 'append only'); end;
create trigger confirmation_warning_unchanged before update on confirmation_warning begin select raise(abort, 'append only'); end;
