-- Which text the confirmation that counts speaks of, as a place among its template's: (effective_at, number). Null where it
-- is not known; then the date of acceptance stands for it. A major text that comes after it outdates the confirmation (R34).

alter table current_confirmation add column text_at integer;
alter table current_confirmation add column text_number integer;

update current_confirmation set (text_at, text_number) = (
    select v.effective_at, v.number from confirmation_text t join text_version v on v.version_id = t.version_id
    where t.partner_id = current_confirmation.partner_id and t.customer_id = current_confirmation.customer_id
      and t.sequence = current_confirmation.sequence)
where exists (select 1 from confirmation_text);

-- A confirmation's text may be written after it began to count.
create trigger current_confirmation_of_text after insert on confirmation_text when new.version_id is not null begin
    update current_confirmation set (text_at, text_number) = (
      select v.effective_at, v.number from text_version v where v.version_id = new.version_id)
    where partner_id = new.partner_id and customer_id = new.customer_id and sequence = new.sequence;
end;
