-- Lists, counts and searches are ordinary statements over ordinary indexes. The tables, views and triggers that were kept for
-- them follow from other tables and go.

drop trigger current_confirmation_of_text;  -- the text is recorded before the confirmation becomes current
drop trigger customer_entry_begins;
drop trigger customer_entry_resumes;
drop trigger customer_entry_ends;
drop trigger customer_text_begins;
drop trigger customer_text_ends;
drop trigger customer_text_renamed;
drop trigger customer_text_with_reseller;
drop trigger customer_text_without_reseller;
drop trigger customer_tally_begins;
drop trigger customer_tally_ends;
drop trigger customer_tally_moves;
drop trigger customer_entry_confirmed;
drop trigger customer_entry_confirmed_otherwise;
drop trigger customer_entry_taken_back;
drop trigger customer_entry_refused;
drop trigger customer_entry_bought;
drop trigger customer_entry_renewed;
drop trigger confirmation_group_grows;
drop trigger confirmation_group_shrinks;
drop trigger confirmations_leave;
drop trigger confirmations_place;
drop trigger confirmation_entry_begins_to;
drop trigger confirmation_entry_begins;
drop trigger confirmation_entry_changes_to;
drop trigger confirmation_entry_changes;
drop trigger confirmation_entry_ends_to;
drop trigger confirmation_entry_ends;
drop trigger confirmation_entry_moves_to;
drop trigger confirmation_entry_moves;
drop trigger confirmation_entry_committed;
drop trigger confirmation_entry_renewed;
drop view confirmations_leaving;
drop view confirmations_placed;
drop view grouped_confirmation;
drop view confirmation_place;
drop table confirmation_entry;
drop table confirmation_group;
drop view customer_words;
drop table customer_text;
drop table customer_tally;
drop table customer_entry;

-- The rank of the accepted text, of every confirmation that is current. Where the text is not known, a major text is newer when
-- it takes effect after the latest instant at which the customer can have accepted: that instant stands for the text's, and the
-- highest number comes after every text of that instant.
update current_confirmation set
  text_at = case
    when date_agreed_at % 86400000000 <> 0 then date_agreed_at
    when recorded_at >= date_agreed_at + 86399999999 then date_agreed_at + 86399999999
    when recorded_at > date_agreed_at then recorded_at
    else date_agreed_at end,
  text_number = 9223372036854775807
where text_at is null;
create index current_confirmation_by_text on current_confirmation (partner_id, template_id, text_at, text_number, customer_id);

-- Customers who no longer agree.
create index relationship_refused on relationship (partner_id, refused_at, customer_id) where refused_at is not null;
-- The next end of a commitment, customer by customer.
create index subscription_by_end on subscription (partner_id, commitment_end_at, customer_id, status)
    where status in ('active', 'suspended');

-- Whether a domain is taken: by the tenant that it belongs to, whoever serves that tenant.
create table tenant_domain (
    domain text primary key,        -- in lower case
    customer_id text not null
) without rowid;
insert into tenant_domain (domain, customer_id) select domain, min(customer_id) from customer group by domain;
drop index customer_domain;

-- The order of a customer's confirmations and endings, in a narrow row of its own: every record of the customer changes it.
create table customer_sequence (
    partner_id text not null,
    customer_id text not null,
    last_sequence integer not null,
    primary key (partner_id, customer_id),
    foreign key (partner_id, customer_id) references customer
) without rowid;
insert into customer_sequence (partner_id, customer_id, last_sequence)
select partner_id, customer_id, last_sequence from customer where last_sequence > 0;
alter table customer drop column last_sequence;

-- The idempotency key of a call is inserted before the work is done, and holds the answer afterwards. Keys are kept in the order
-- in which they came: they leave in that order too.
create table idempotency (
    number integer primary key,
    partner_id text not null,
    method text not null,
    path text not null,
    request_id text not null,
    fingerprint text not null,
    status integer,                 -- null while the work is under way; nobody else sees that
    body blob,
    confirmation_id text,           -- that the answer acknowledges
    kept_at integer not null        -- by the machine's clock
);
insert into idempotency (partner_id, method, path, request_id, fingerprint, status, body, confirmation_id, kept_at)
select partner_id, method, path, request_id, fingerprint, status, body, confirmation_id, kept_at from replay order by kept_at;
drop table replay;
create unique index idempotency_by_key on idempotency (partner_id, request_id, method, path);

-- The search of customers. `company_key`, the key by which names are ordered and found, has no accents any more. The words of
-- a name are kept beside it, and word by word in a table that is read by the beginning of a word; the application writes both
-- with the name.
alter table customer add column name_words text not null default '';  -- in order, folded, each after a blank
update customer set company_key = search_key(company_name) where company_key <> search_key(company_name);
update customer set name_words = spaced_words(company_name);
create table customer_word (        -- Chinese, Japanese and Korean words: every rest of the word too
    partner_id text not null,
    word text not null,
    company_key text not null,      -- of the customer, as is name_words: a search reads this table alone
    customer_id text not null,
    name_words text not null,
    primary key (partner_id, word, company_key, customer_id)
) without rowid;
insert into customer_word (partner_id, word, company_key, customer_id, name_words)
select c.partner_id, w.value, c.company_key, c.customer_id, c.name_words
from customer c cross join json_each(index_words(c.name_words)) w order by 1, 2, 3, 4;
-- The customers of a country, by name.
create index customer_by_country_and_name on customer (partner_id, country, company_key, customer_id);
-- Customers who renewed since a text took effect. Every renewal begins a term after the first: the condition keeps the index
-- from statements that read the renewals of one customer.
create index renewal_by_due on renewal (partner_id, due_at, customer_id) where outcome = 'renewed' and term > 1;
