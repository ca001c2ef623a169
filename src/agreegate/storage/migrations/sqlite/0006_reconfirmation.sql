-- What outdated confirmations are found by (R34). Whether a confirmation is outdated follows from its template, its
-- customer's country and the accepted text, and from the versions in effect: so those that agree in the first three become
-- outdated together. Each such group knows how many it has, and lists them by the customer's next commitment end.
-- All of it follows from other tables and is kept by the triggers below; nobody else writes it. No personal data.

create table confirmation_group (   -- confirmations that count and become outdated together
    group_number integer primary key,
    partner_id text not null,
    template_id text not null,
    country text not null,          -- the customer's
    later text not null,            -- templates of the customer's later confirmations that count too, in order
    text_at integer not null,       -- the accepted text; if it is not known, the beginning of the 30 days of the acceptance
    text_number integer not null,   -- 0: it is not known
    confirmations integer not null,
    unique (partner_id, template_id, country, later, text_at, text_number)
);

create table confirmation_entry (   -- a confirmation in its group
    group_number integer not null,
    commitment_end_at integer not null,  -- the customer's soonest; 999999999999999999: it has no living subscription
    customer_id text not null,
    date_agreed_at integer not null,
    renewed_at integer,             -- when a renewal last ran after that, if one did
    primary key (group_number, commitment_end_at, customer_id)
) without rowid;
create index confirmation_entry_renewed on confirmation_entry (group_number, renewed_at, commitment_end_at, customer_id)
    where renewed_at is not null;

create view confirmation_place as   -- where each confirmation that counts belongs
select n.partner_id, n.customer_id, n.template_id, n.date_agreed_at, e.country,
  case when exists (select 1 from current_confirmation m
    where m.partner_id = n.partner_id and m.customer_id = n.customer_id and m.sequence > n.sequence)
  then (select group_concat(m.template_id, ' ' order by m.template_id) from current_confirmation m
    where m.partner_id = n.partner_id and m.customer_id = n.customer_id and m.sequence > n.sequence)
  else '' end as later,             -- seldom any: sorting none would cost more than to ask first
  coalesce(n.text_at, n.date_agreed_at - (n.date_agreed_at % 2592000000000 + 2592000000000) % 2592000000000) as text_at,
  coalesce(n.text_number, 0) as text_number,
  coalesce(e.commitment_end_at, 999999999999999999) as commitment_end_at,
  (select max(min(r.due_at, r.recorded_at)) from renewal r where r.partner_id = n.partner_id and r.customer_id = n.customer_id
    and r.outcome = 'renewed' and min(r.due_at, r.recorded_at) > n.date_agreed_at) as renewed_at
from current_confirmation n
join customer_entry e on e.partner_id = n.partner_id and e.customer_id = n.customer_id;

create view grouped_confirmation as -- likewise, with the group
select p.*, g.group_number from confirmation_place p join confirmation_group g
  on g.partner_id = p.partner_id and g.template_id = p.template_id and g.country = p.country and g.later = p.later
  and g.text_at = p.text_at and g.text_number = p.text_number;

insert into confirmation_group (partner_id, template_id, country, later, text_at, text_number, confirmations)
select partner_id, template_id, country, later, text_at, text_number, count(*) from confirmation_place group by 1, 2, 3, 4, 5, 6;
insert into confirmation_entry (group_number, commitment_end_at, customer_id, date_agreed_at, renewed_at)
select group_number, commitment_end_at, customer_id, date_agreed_at, renewed_at from grouped_confirmation order by 1, 2, 3;

create trigger confirmation_group_grows after insert on confirmation_entry begin
    update confirmation_group set confirmations = confirmations + 1 where group_number = new.group_number;
end;
create trigger confirmation_group_shrinks after delete on confirmation_entry begin
    update confirmation_group set confirmations = confirmations - 1 where group_number = old.group_number;
end;

-- A customer's confirmations leave their groups before something changes, and are placed anew after it. Both are said once:
-- a row put into one of these views is done by its trigger.
create view confirmations_leaving as select partner_id, customer_id from customer_entry;
create trigger confirmations_leave instead of insert on confirmations_leaving begin
    delete from confirmation_entry where customer_id = new.customer_id
      and group_number in (select g.group_number from grouped_confirmation g
        where g.partner_id = new.partner_id and g.customer_id = new.customer_id)
      and commitment_end_at in (select coalesce(e.commitment_end_at, 999999999999999999) from customer_entry e
        where e.partner_id = new.partner_id and e.customer_id = new.customer_id);
end;
create view confirmations_placed as select partner_id, customer_id from customer_entry;
create trigger confirmations_place instead of insert on confirmations_placed begin
    insert into confirmation_group (partner_id, template_id, country, later, text_at, text_number, confirmations)
    select p.partner_id, p.template_id, p.country, p.later, p.text_at, p.text_number, 0 from confirmation_place p
    where p.partner_id = new.partner_id and p.customer_id = new.customer_id
    on conflict (partner_id, template_id, country, later, text_at, text_number) do nothing;
    insert into confirmation_entry (group_number, commitment_end_at, customer_id, date_agreed_at, renewed_at)
    select g.group_number, g.commitment_end_at, g.customer_id, g.date_agreed_at, g.renewed_at from grouped_confirmation g
    where g.partner_id = new.partner_id and g.customer_id = new.customer_id;
end;

-- Recorded, recorded anew, taken back; or its text is told. An upsert fires what goes before an insert, then what belongs to an
-- update.
create trigger confirmation_entry_begins_to before insert on current_confirmation
when exists (select 1 from current_confirmation n where n.partner_id = new.partner_id and n.customer_id = new.customer_id
    and n.agreement_type <> new.agreement_type) begin
    insert into confirmations_leaving values (new.partner_id, new.customer_id);
end;
create trigger confirmation_entry_begins after insert on current_confirmation begin
    insert into confirmations_placed values (new.partner_id, new.customer_id);
end;
create trigger confirmation_entry_changes_to before update of sequence, template_id, date_agreed_at, text_at, text_number
on current_confirmation begin
    insert into confirmations_leaving values (new.partner_id, new.customer_id);
end;
create trigger confirmation_entry_changes after update of sequence, template_id, date_agreed_at, text_at, text_number
on current_confirmation begin
    insert into confirmations_placed values (new.partner_id, new.customer_id);
end;
create trigger confirmation_entry_ends_to before delete on current_confirmation begin
    insert into confirmations_leaving values (old.partner_id, old.customer_id);
end;
create trigger confirmation_entry_ends after delete on current_confirmation begin
    insert into confirmations_placed values (old.partner_id, old.customer_id);
end;

-- The customer moves to another country, buys, renews.
create trigger confirmation_entry_moves_to before update of country on customer_entry when new.country <> old.country begin
    insert into confirmations_leaving values (old.partner_id, old.customer_id);
end;
create trigger confirmation_entry_moves after update of country on customer_entry when new.country <> old.country begin
    insert into confirmations_placed values (new.partner_id, new.customer_id);
end;
create trigger confirmation_entry_committed after update of commitment_end_at on customer_entry
when new.commitment_end_at is not old.commitment_end_at begin
    update confirmation_entry set commitment_end_at = coalesce(new.commitment_end_at, 999999999999999999)
    where customer_id = new.customer_id and commitment_end_at = coalesce(old.commitment_end_at, 999999999999999999)
      and group_number in (select g.group_number from grouped_confirmation g
        where g.partner_id = new.partner_id and g.customer_id = new.customer_id);
end;
create trigger confirmation_entry_renewed after insert on renewal when new.outcome = 'renewed' begin
    update confirmation_entry set renewed_at = max(coalesce(renewed_at, date_agreed_at), min(new.due_at, new.recorded_at))
    where customer_id = new.customer_id and date_agreed_at < min(new.due_at, new.recorded_at)
      and group_number in (select g.group_number from grouped_confirmation g
        where g.partner_id = new.partner_id and g.customer_id = new.customer_id)
      and commitment_end_at in (select coalesce(e.commitment_end_at, 999999999999999999) from customer_entry e
        where e.partner_id = new.partner_id and e.customer_id = new.customer_id);
end;
