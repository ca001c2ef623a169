-- Columns and tables get the words of the trade: a customer *no longer agrees*, a provider sends a *reseller request*.

alter table relationship rename column refused_at to no_longer_agrees_at;
alter table relationship rename column refused_sequence to no_longer_agrees_sequence;
alter table current_confirmation rename column refused_at to no_longer_agrees_at;
drop index relationship_refused;
create index relationship_no_longer_agrees on relationship (partner_id, no_longer_agrees_at, customer_id)
where no_longer_agrees_at is not null;

alter table collection_request rename to reseller_request;
drop index collection_request_by_customer;
drop index collection_request_by_reseller;
create index reseller_request_by_customer on reseller_request (partner_id, customer_id, reseller_id, asked_at);
create index reseller_request_by_reseller on reseller_request (partner_id, reseller_id, asked_at, request_id);
