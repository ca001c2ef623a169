-- A date of acceptance alone stands for its whole day, up to the recording. Where the accepted text is not known, a major text
-- outdates a confirmation when it takes effect after the latest instant at which the customer can have accepted. That instant
-- lies within the day of the acceptance, so every confirmation stays in its group.

alter table confirmation_entry add column accepted_by_at integer not null default 0;

drop view confirmation_place;
create view confirmation_place as   -- where each confirmation that counts belongs
select n.partner_id, n.customer_id, n.template_id, n.date_agreed_at,
  case when n.date_agreed_at % 86400000000 <> 0 then n.date_agreed_at
  else max(n.date_agreed_at, min(n.recorded_at, n.date_agreed_at + 86399999999)) end as accepted_by_at,
  e.country,
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

drop trigger confirmations_place;
create trigger confirmations_place instead of insert on confirmations_placed begin
    insert into confirmation_group (partner_id, template_id, country, later, text_at, text_number, confirmations)
    select p.partner_id, p.template_id, p.country, p.later, p.text_at, p.text_number, 0 from confirmation_place p
    where p.partner_id = new.partner_id and p.customer_id = new.customer_id
    on conflict (partner_id, template_id, country, later, text_at, text_number) do nothing;
    insert into confirmation_entry (group_number, commitment_end_at, customer_id, date_agreed_at, accepted_by_at, renewed_at)
    select g.group_number, g.commitment_end_at, g.customer_id, g.date_agreed_at, g.accepted_by_at, g.renewed_at
    from grouped_confirmation g where g.partner_id = new.partner_id and g.customer_id = new.customer_id;
end;

update confirmation_entry set accepted_by_at = p.accepted_by_at
from grouped_confirmation p
where p.group_number = confirmation_entry.group_number and p.customer_id = confirmation_entry.customer_id;
