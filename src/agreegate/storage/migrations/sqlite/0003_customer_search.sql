-- What lists of customers are found by: the customers that a partner serves today, their words, and how many there are.
-- All of it follows from other tables and is kept by the triggers below; nobody else writes it. No personal data.

create table customer_entry (       -- a customer with an open relationship
    entry integer primary key,      -- a later one is greater
    partner_id text not null,
    customer_id text not null,
    company_key text not null,
    country text not null,
    coverage text not null,         -- templates whose confirmations count, in order; `!` first where it no longer agreed (R47)
    commitment_end_at integer,      -- the soonest of its living subscriptions
    unique (partner_id, customer_id)
);

create virtual table customer_text using fts5 (  -- by words: its rows are entries
    name,
    domain,                         -- one word: its dots and hyphens stand as U+E000 and U+E001
    facets,                         -- partner, country, resellers: ids without hyphens
    content = '',
    contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 2",
    prefix = '1 2 3 4'
);

create table customer_tally (       -- how many entries there are
    partner_id text not null,
    country text not null,
    coverage text not null,
    customers integer not null,
    primary key (partner_id, country, coverage)
) without rowid;

insert into customer_entry (partner_id, customer_id, company_key, country, coverage, commitment_end_at)
select r.partner_id, r.customer_id, c.company_key, c.country,
  iif(r.refused_at is null, '', '!') || coalesce((select group_concat(n.template_id, ' ' order by n.template_id)
    from current_confirmation n where n.partner_id = r.partner_id and n.customer_id = r.customer_id), ''),
  (select min(s.commitment_end_at) from subscription s where s.partner_id = r.partner_id
    and s.customer_id = r.customer_id and s.status in ('active', 'suspended'))
from relationship r join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
where r.ended_at is null order by r.started_at, r.partner_id, r.customer_id;

create view customer_words as       -- what is kept of an entry's words
select e.entry, e.partner_id, e.customer_id, c.company_name as name,
  replace(replace(c.domain, '.', char(57344)), '-', char(57345)) as domain,
  replace(e.partner_id, '-', '') || ' ' || c.country || ' ' || coalesce((select group_concat(replace(v.reseller_id, '-', ''), ' ')
    from customer_reseller v where v.partner_id = e.partner_id and v.customer_id = e.customer_id), '') as facets
from customer_entry e join customer c on c.partner_id = e.partner_id and c.customer_id = e.customer_id;

insert into customer_text (rowid, name, domain, facets) select entry, name, domain, facets from customer_words order by entry;
insert into customer_tally (partner_id, country, coverage, customers)
select partner_id, country, coverage, count(*) from customer_entry group by 1, 2, 3;

create index customer_entry_by_name on customer_entry (partner_id, company_key);
create index customer_entry_by_coverage on customer_entry (partner_id, country, coverage, company_key);
create index customer_entry_by_commitment on customer_entry (partner_id, coverage, commitment_end_at)
    where commitment_end_at is not null;
create index cart_open on cart (partner_id, expires_at) where status = 'Active';
create index decision_denied on decision (partner_id, decided_at) where verdict = 'deny';

-- A relationship begins and ends.
create trigger customer_entry_begins after insert on relationship when new.ended_at is null begin
    insert into customer_entry (partner_id, customer_id, company_key, country, coverage)
    select partner_id, customer_id, company_key, country, iif(new.refused_at is null, '', '!')
    from customer where partner_id = new.partner_id and customer_id = new.customer_id;
end;
create trigger customer_entry_resumes after update of ended_at on relationship
when old.ended_at is not null and new.ended_at is null begin
    insert into customer_entry (partner_id, customer_id, company_key, country, coverage, commitment_end_at)
    select partner_id, customer_id, company_key, country, iif(new.refused_at is null, '', '!'),
      (select min(s.commitment_end_at) from subscription s where s.partner_id = new.partner_id
        and s.customer_id = new.customer_id and s.status in ('active', 'suspended'))
    from customer where partner_id = new.partner_id and customer_id = new.customer_id;
end;
create trigger customer_entry_ends after update of ended_at on relationship
when old.ended_at is null and new.ended_at is not null begin
    delete from customer_entry where partner_id = new.partner_id and customer_id = new.customer_id;
end;

-- Its words.
create trigger customer_text_begins after insert on customer_entry begin
    insert into customer_text (rowid, name, domain, facets)
    select entry, name, domain, facets from customer_words
    where partner_id = new.partner_id and customer_id = new.customer_id;
end;
create trigger customer_text_ends after delete on customer_entry begin
    delete from customer_text where rowid = old.entry;
end;
create trigger customer_text_renamed after update of company_name, company_key, domain, country on customer
when new.company_name <> old.company_name or new.domain <> old.domain or new.country <> old.country begin
    update customer_entry set company_key = new.company_key, country = new.country
    where partner_id = new.partner_id and customer_id = new.customer_id;
    insert or replace into customer_text (rowid, name, domain, facets)
    select entry, name, domain, facets from customer_words
    where partner_id = new.partner_id and customer_id = new.customer_id;
end;
create trigger customer_text_with_reseller after insert on customer_reseller begin
    insert or replace into customer_text (rowid, name, domain, facets)
    select entry, name, domain, facets from customer_words
    where partner_id = new.partner_id and customer_id = new.customer_id;
end;
create trigger customer_text_without_reseller after delete on customer_reseller begin
    insert or replace into customer_text (rowid, name, domain, facets)
    select entry, name, domain, facets from customer_words
    where partner_id = old.partner_id and customer_id = old.customer_id;
end;

-- How many there are.
create trigger customer_tally_begins after insert on customer_entry begin
    insert into customer_tally values (new.partner_id, new.country, new.coverage, 1)
    on conflict (partner_id, country, coverage) do update set customers = customers + 1;
end;
create trigger customer_tally_ends after delete on customer_entry begin
    update customer_tally set customers = customers - 1
    where partner_id = old.partner_id and country = old.country and coverage = old.coverage;
end;
create trigger customer_tally_moves after update of country, coverage on customer_entry
when new.country <> old.country or new.coverage <> old.coverage begin
    update customer_tally set customers = customers - 1
    where partner_id = old.partner_id and country = old.country and coverage = old.coverage;
    insert into customer_tally values (new.partner_id, new.country, new.coverage, 1)
    on conflict (partner_id, country, coverage) do update set customers = customers + 1;
end;

-- How it stands: recorded anew, taken back, refused.
create trigger customer_entry_confirmed after insert on current_confirmation begin
    update customer_entry set coverage = iif(new.refused_at is null, '', '!') || (
      select group_concat(n.template_id, ' ' order by n.template_id) from current_confirmation n
      where n.partner_id = new.partner_id and n.customer_id = new.customer_id)
    where partner_id = new.partner_id and customer_id = new.customer_id;
end;
create trigger customer_entry_confirmed_otherwise after update of template_id, refused_at on current_confirmation
when new.template_id <> old.template_id or new.refused_at is not old.refused_at begin
    update customer_entry set coverage = iif(new.refused_at is null, '', '!') || (
      select group_concat(n.template_id, ' ' order by n.template_id) from current_confirmation n
      where n.partner_id = new.partner_id and n.customer_id = new.customer_id)
    where partner_id = new.partner_id and customer_id = new.customer_id;
end;
create trigger customer_entry_taken_back after delete on current_confirmation begin
    update customer_entry set coverage = iif(old.refused_at is null, '', '!') || coalesce((
      select group_concat(n.template_id, ' ' order by n.template_id) from current_confirmation n
      where n.partner_id = old.partner_id and n.customer_id = old.customer_id), '')
    where partner_id = old.partner_id and customer_id = old.customer_id;
end;
create trigger customer_entry_refused after update of refused_at on relationship
when new.refused_at is not old.refused_at begin
    update customer_entry set coverage = iif(new.refused_at is null, '', '!') || coalesce((
      select group_concat(n.template_id, ' ' order by n.template_id) from current_confirmation n
      where n.partner_id = new.partner_id and n.customer_id = new.customer_id), '')
    where partner_id = new.partner_id and customer_id = new.customer_id;
end;

-- What it holds.
create trigger customer_entry_bought after insert on subscription when new.status in ('active', 'suspended') begin
    update customer_entry set commitment_end_at = min(coalesce(commitment_end_at, new.commitment_end_at), new.commitment_end_at)
    where partner_id = new.partner_id and customer_id = new.customer_id;
end;
create trigger customer_entry_renewed after update of status, commitment_end_at on subscription
when new.status <> old.status or new.commitment_end_at <> old.commitment_end_at begin
    update customer_entry set commitment_end_at = (select min(s.commitment_end_at) from subscription s
      where s.partner_id = new.partner_id and s.customer_id = new.customer_id and s.status in ('active', 'suspended'))
    where partner_id = new.partner_id and customer_id = new.customer_id;
end;
