-- Tables that only grow are kept in the order in which they grow, under numbers that the database counts, with narrow indexes.
-- What was kept beside a confirmation is found by the confirmation's number.

-- A trigger of another table reads a table that is rebuilt.
drop trigger relationship_without_current;

create table text_version_next (
    number integer primary key,     -- in the order of publishing, over all templates
    template_id text not null,
    version_id text not null,
    label text not null,
    major integer not null check (major in (0, 1)),
    note text not null,
    effective_at integer not null,
    published_at integer not null,
    published_by text not null,     -- a user, or the command
    files integer not null check (files > 0)  -- how many rows of text_file belong to it
);
create unique index text_version_by_version_id on text_version_next (version_id);
-- Within a template the order stays, also where the clock was set back in between.
insert into text_version_next
  (template_id, version_id, label, major, note, effective_at, published_at, published_by, files)
select template_id, version_id, label, major, note, effective_at, published_at, published_by, files from text_version
order by max(published_at) over (partition by template_id order by number), template_id, number;

create table text_file_next (
    number integer not null references text_version_next,
    country text not null,
    language text not null,
    digest text not null check (length(digest) = 64),
    media_type text not null,
    size integer not null check (size > 0),
    primary key (number, country, language)
) without rowid;
insert into text_file_next (number, country, language, digest, media_type, size)
select n.number, f.country, f.language, f.digest, f.media_type, f.size from text_file f
join text_version v on v.template_id = f.template_id and v.number = f.number
join text_version_next n on n.version_id = v.version_id;

create table confirmation_next (
    number integer primary key,     -- in the order of recording, over all partners
    partner_id text not null,
    customer_id text not null,
    sequence integer not null,
    confirmation_id text not null,
    period integer not null,
    template_id text not null,
    agreement_type text not null,
    date_agreed_at integer not null,
    user_id text not null,          -- the wire's userId
    recorded_by text not null,      -- the token's user or application
    channel text not null check (channel in ('api', 'dashboard')),
    request_id text,
    recorded_at integer not null,
    foreign key (partner_id, customer_id) references customer
);
insert into confirmation_next (partner_id, customer_id, sequence, confirmation_id, period, template_id, agreement_type,
  date_agreed_at, user_id, recorded_by, channel, request_id, recorded_at)
select partner_id, customer_id, sequence, confirmation_id, period, template_id, agreement_type, date_agreed_at, user_id,
  recorded_by, channel, request_id, recorded_at
from confirmation order by recorded_at, partner_id, customer_id, sequence;
create unique index confirmation_of_customer on confirmation_next (partner_id, customer_id, sequence);

create table confirmation_contact_next (  -- personal data, apart so that it can be erased
    confirmation_number integer primary key references confirmation_next,
    first_name text not null,
    last_name text not null,
    email text not null,
    phone text
);
insert into confirmation_contact_next (confirmation_number, first_name, last_name, email, phone)
select c.number, p.first_name, p.last_name, p.email, p.phone from confirmation_next c
join confirmation_contact p using (partner_id, customer_id, sequence) order by c.number;

create table confirmation_employee_next (  -- the real employee behind a designated account (R28): personal data
    number integer primary key,     -- in the order of stating: of several about one confirmation the last counts
    confirmation_number integer not null references confirmation_next,
    name text not null,
    email text,
    reference text,
    stated_by text not null,
    stated_at integer not null
);
insert into confirmation_employee_next (confirmation_number, name, email, reference, stated_by, stated_at)
select c.number, e.name, e.email, e.reference, e.stated_by, e.stated_at from confirmation_employee e
join confirmation_next c using (partner_id, customer_id, sequence) order by e.number, c.number;

create table confirmation_collection_next (  -- through whom an indirect provider got the data (R22, R23): personal data
    confirmation_number integer primary key references confirmation_next,
    reseller_id text not null references partner,
    person text not null,
    collected_at integer not null   -- midnight UTC of the day
);
insert into confirmation_collection_next (confirmation_number, reseller_id, person, collected_at)
select c.number, k.reseller_id, k.person, k.collected_at from confirmation_collection k
join confirmation_next c using (partner_id, customer_id, sequence) order by c.number;

create table confirmation_warning_next (  -- what the person who recorded it was warned of, and went on (R24, X14)
    confirmation_number integer not null references confirmation_next,
    warning text not null check (warning in ('partner_domain', 'reseller_domain', 'own_address')),
    primary key (confirmation_number, warning)
) without rowid;
insert into confirmation_warning_next (confirmation_number, warning)
select c.number, w.warning from confirmation_warning w
join confirmation_next c using (partner_id, customer_id, sequence) order by 1, 2;

create table confirmation_text_next (  -- which text a confirmation speaks of (R38)
    confirmation_number integer primary key references confirmation_next,
    basis text not null check (basis in ('inferred', 'stated', 'undetermined')),
    version_id text references text_version_next (version_id),
    country text,
    language text,
    digest text,
    check ((basis = 'undetermined') = (version_id is null)),
    check ((country is null) = (language is null)),
    check (version_id is not null or (country is null and digest is null)),
    check (basis <> 'inferred' or (country is not null and digest is not null))
);
insert into confirmation_text_next (confirmation_number, basis, version_id, country, language, digest)
select c.number, t.basis, t.version_id, t.country, t.language, t.digest from confirmation_next c
join confirmation_text t using (partner_id, customer_id, sequence) order by c.number;

create table ending_next (
    number integer primary key,     -- in the order of recording, over all partners
    partner_id text not null,
    customer_id text not null,
    sequence integer not null,
    ending_id text not null,
    period integer not null,
    reason text not null check (reason in ('no_longer_agrees', 'recorded_in_error')),
    confirmation_sequence integer,  -- the confirmation taken back; null for a refusal, which ends all
    note text not null,
    recorded_by text not null,
    channel text not null check (channel in ('api', 'dashboard')),
    request_id text,
    recorded_at integer not null,
    foreign key (partner_id, customer_id) references customer,
    foreign key (partner_id, customer_id, confirmation_sequence)
      references confirmation_next (partner_id, customer_id, sequence),
    check ((reason = 'recorded_in_error') = (confirmation_sequence is not null))
);
insert into ending_next (partner_id, customer_id, sequence, ending_id, period, reason, confirmation_sequence, note,
  recorded_by, channel, request_id, recorded_at)
select partner_id, customer_id, sequence, ending_id, period, reason, confirmation_sequence, note, recorded_by, channel,
  request_id, recorded_at
from ending order by recorded_at, partner_id, customer_id, sequence;

create table current_confirmation_next (  -- all that the gate reads when it may open; at most one per agreement type (R27)
    partner_id text not null,
    customer_id text not null,
    agreement_type text not null,
    period integer not null,
    sequence integer not null,
    template_id text not null,
    date_agreed_at integer not null,
    recorded_at integer not null,
    refused_at integer,             -- the relationship's: it cannot change while a confirmation counts
    text_at integer not null,       -- of the accepted text: since when it binds, and its number
    text_number integer not null,
    primary key (partner_id, customer_id, agreement_type),
    foreign key (partner_id, customer_id) references relationship,
    foreign key (partner_id, customer_id, sequence) references confirmation_next (partner_id, customer_id, sequence)
) without rowid;
insert into current_confirmation_next (partner_id, customer_id, agreement_type, period, sequence, template_id, date_agreed_at,
  recorded_at, refused_at, text_at, text_number)
select partner_id, customer_id, agreement_type, period, sequence, template_id, date_agreed_at, recorded_at, refused_at, text_at,
  coalesce((select n.number from text_version v join text_version_next n on n.version_id = v.version_id
    where v.template_id = o.template_id and v.number = o.text_number), text_number)
from current_confirmation o;

create table clock_acceptance_next (  -- an operator said that the clock is right
    number integer primary key,     -- in the order of saying: a partner's latest counts, whatever its instant
    partner_id text not null references partner,
    accepted_at integer not null,
    ahead_until integer not null,   -- the newest instant known then: what lies between is not compared any more
    reason text not null,
    accepted_by text not null       -- the command
);
insert into clock_acceptance_next (partner_id, accepted_at, ahead_until, reason, accepted_by)
select partner_id, accepted_at, ahead_until, reason, accepted_by from clock_acceptance order by sequence, partner_id;

create table audit_record_next (    -- who did what; no personal data, contacts are joined when read
    number integer primary key,     -- in the order of recording, over all partners
    partner_id text not null,
    audit_id text not null,
    customer_id text,
    resource_type text not null,
    resource_id text,
    operation_type text not null,
    operation_status text not null check (operation_status in ('succeeded', 'failed', 'progress', 'decline')),
    user_id text,
    application_id text,
    channel text not null,
    correlation_id text,
    resource_old_value text,        -- JSON
    resource_new_value text,
    operation_at integer not null
);
insert into audit_record_next (partner_id, audit_id, customer_id, resource_type, resource_id, operation_type,
  operation_status, user_id, application_id, channel, correlation_id, resource_old_value, resource_new_value, operation_at)
select partner_id, audit_id, customer_id, resource_type, resource_id, operation_type, operation_status, user_id, application_id,
  channel, correlation_id, resource_old_value, resource_new_value, operation_at
from audit_record order by operation_at, partner_id, audit_id;

drop table current_confirmation;
drop table ending;
drop table confirmation_text;
drop table confirmation_warning;
drop table confirmation_collection;
drop table confirmation_employee;
drop table confirmation_contact;
drop table confirmation;
drop table text_file;
drop table text_version;
drop table clock_acceptance;
drop table audit_record;
alter table text_version_next rename to text_version;
alter table text_file_next rename to text_file;
alter table confirmation_next rename to confirmation;
alter table confirmation_contact_next rename to confirmation_contact;
alter table confirmation_employee_next rename to confirmation_employee;
alter table confirmation_collection_next rename to confirmation_collection;
alter table confirmation_warning_next rename to confirmation_warning;
alter table confirmation_text_next rename to confirmation_text;
alter table ending_next rename to ending;
alter table current_confirmation_next rename to current_confirmation;
alter table clock_acceptance_next rename to clock_acceptance;
alter table audit_record_next rename to audit_record;

create unique index text_version_by_label on text_version (template_id, label);
create index text_version_in_force on text_version (template_id, effective_at, number);
create index text_file_by_digest on text_file (digest);
create unique index confirmation_by_id on confirmation (confirmation_id);
create index confirmation_by_time on confirmation (partner_id, recorded_at);
create index employee_of_confirmation on confirmation_employee (confirmation_number);
create unique index ending_of_customer on ending (partner_id, customer_id, sequence);
-- A confirmation is taken back once.
create unique index ending_of_confirmation on ending (partner_id, customer_id, confirmation_sequence)
    where confirmation_sequence is not null;
create index ending_by_time on ending (partner_id, recorded_at);
create index current_confirmation_by_text on current_confirmation (partner_id, template_id, text_at, text_number, customer_id);
create index clock_acceptance_of_partner on clock_acceptance (partner_id);
create unique index audit_record_by_time on audit_record (partner_id, operation_at, audit_id);
create index audit_record_by_customer on audit_record (partner_id, customer_id, operation_at, audit_id);
create trigger audit_record_kept before delete on audit_record begin select raise(abort, 'append only'); end;
create trigger audit_record_unchanged before update on audit_record begin select raise(abort, 'append only'); end;
create trigger confirmation_kept before delete on confirmation begin select raise(abort, 'append only'); end;
create trigger confirmation_unchanged before update on confirmation begin select raise(abort, 'append only'); end;
create trigger confirmation_text_kept before delete on confirmation_text begin select raise(abort, 'append only'); end;
create trigger confirmation_text_unchanged before update on confirmation_text begin select raise(abort, 'append only'); end;
create trigger confirmation_warning_kept before delete on confirmation_warning begin select raise(abort, 'append only'); end;
create trigger confirmation_warning_unchanged before update on confirmation_warning begin select raise(abort, 'append only'); end;
create trigger ending_kept before delete on ending begin select raise(abort, 'append only'); end;
create trigger ending_unchanged before update on ending begin select raise(abort, 'append only'); end;
create trigger text_version_kept before delete on text_version begin select raise(abort, 'append only'); end;
create trigger text_version_unchanged before update on text_version begin select raise(abort, 'append only'); end;
create trigger text_file_kept before delete on text_file begin select raise(abort, 'append only'); end;
create trigger text_file_unchanged before update on text_file begin select raise(abort, 'append only'); end;
create trigger clock_acceptance_kept before delete on clock_acceptance begin select raise(abort, 'append only'); end;
create trigger clock_acceptance_unchanged before update on clock_acceptance begin select raise(abort, 'append only'); end;
create trigger current_confirmation_counts before insert on current_confirmation
when not exists (
    select 1 from relationship r
    join confirmation c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
    where r.partner_id = new.partner_id and r.customer_id = new.customer_id and r.ended_at is null
      and r.period = new.period and coalesce(r.refused_sequence, 0) < new.sequence and r.refused_at is new.refused_at
      and c.sequence = new.sequence and c.period = new.period
      and c.agreement_type = new.agreement_type and c.template_id = new.template_id
) or exists (
    select 1 from ending x
    where x.partner_id = new.partner_id and x.customer_id = new.customer_id and x.confirmation_sequence = new.sequence
) or exists (
    select 1 from confirmation c
    where c.partner_id = new.partner_id and c.customer_id = new.customer_id and c.sequence > new.sequence
      and c.period = new.period and c.agreement_type = new.agreement_type
      and not exists (
        select 1 from ending x
        where x.partner_id = c.partner_id and x.customer_id = c.customer_id and x.confirmation_sequence = c.sequence
      )
) begin select raise(abort, 'not the newest confirmation that counts'); end;
create trigger current_confirmation_advances before update on current_confirmation
when not exists (
    select 1 from relationship r
    join confirmation c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
    where r.partner_id = new.partner_id and r.customer_id = new.customer_id and r.ended_at is null
      and r.period = new.period and coalesce(r.refused_sequence, 0) < new.sequence and r.refused_at is new.refused_at
      and c.sequence = new.sequence and c.period = new.period
      and c.agreement_type = new.agreement_type and c.template_id = new.template_id
) or exists (
    select 1 from ending x
    where x.partner_id = new.partner_id and x.customer_id = new.customer_id and x.confirmation_sequence = new.sequence
) or exists (
    select 1 from confirmation c
    where c.partner_id = new.partner_id and c.customer_id = new.customer_id and c.sequence > new.sequence
      and c.period = new.period and c.agreement_type = new.agreement_type
      and not exists (
        select 1 from ending x
        where x.partner_id = c.partner_id and x.customer_id = c.customer_id and x.confirmation_sequence = c.sequence
      )
) begin select raise(abort, 'not the newest confirmation that counts'); end;
create trigger relationship_without_current before update on relationship
when (new.ended_at is not null or new.period <> old.period or new.refused_at is not old.refused_at
    or new.refused_sequence is not old.refused_sequence)
  and exists (
    select 1 from current_confirmation n where n.partner_id = new.partner_id and n.customer_id = new.customer_id
) begin select raise(abort, 'a confirmation still counts'); end;
create trigger ending_of_none_current before insert on ending
when exists (
    select 1 from current_confirmation n
    where n.partner_id = new.partner_id and n.customer_id = new.customer_id and n.sequence = new.confirmation_sequence
) begin select raise(abort, 'a confirmation still counts'); end;
-- A published version gets no further files.
create trigger text_file_complete before insert on text_file
when (select count(*) from text_file f where f.number = new.number)
  >= (select v.files from text_version v where v.number = new.number)
begin select raise(abort, 'append only'); end;
