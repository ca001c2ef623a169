-- Carts and lines of orders hold words of our own: the wire's are mapped at the wire. A check changes only with its table;
-- no other table refers to these two. Decisions and audit records keep the words in which they were recorded.

create table line_in_own_words (
    partner_id text not null,
    customer_id text not null,
    order_id text not null,
    line_number integer not null,
    offer_id text not null,
    subscription_id text not null,
    parent_subscription_id text,
    friendly_name text not null,
    quantity integer not null check (quantity between 1 and 100000),
    partner_id_on_record text,
    kind text not null check (kind in ('new', 'renew', 'convert')),
    term_duration text not null,
    renews_to text,
    provisioning_context text,      -- JSON: a string map of the caller's
    primary key (partner_id, customer_id, order_id, line_number),
    foreign key (partner_id, customer_id, order_id) references order_
) without rowid;
insert into line_in_own_words (partner_id, customer_id, order_id, line_number, offer_id, subscription_id,
    parent_subscription_id, friendly_name, quantity, partner_id_on_record, kind, term_duration, renews_to, provisioning_context)
select partner_id, customer_id, order_id, line_number, offer_id, subscription_id, parent_subscription_id, friendly_name,
    quantity, partner_id_on_record, lower(transaction_type), term_duration, renews_to, provisioning_context
from order_line order by partner_id, customer_id, order_id, line_number;
drop table order_line;
alter table line_in_own_words rename to order_line;

create table cart_in_own_words (
    partner_id text not null,
    customer_id text not null,
    cart_id text not null,
    status text not null check (status in ('active', 'ordered')),
    modified_by text not null,
    lines text not null,            -- JSON: a draft of the caller's; it becomes rows when it is checked out
    created_at integer not null,
    modified_at integer not null,
    expires_at integer not null,
    primary key (partner_id, customer_id, cart_id),
    foreign key (partner_id, customer_id) references customer
) without rowid;
-- What is wrong with a line was the wire's number. The text of a line never reads `"error":` followed by a digit: quotes within
-- JSON strings are escaped, and the caller's own map has no numbers.
insert into cart_in_own_words (partner_id, customer_id, cart_id, status, modified_by, lines, created_at, modified_at, expires_at)
select partner_id, customer_id, cart_id, lower(status), last_modified_user,
    replace(replace(replace(replace(replace(replace(line_items,
        '"error":10000', '"error":"currency"'),
        '"error":10001', '"error":"catalog_item"'),
        '"error":10004', '"error":"participant"'),
        '"error":10007', '"error":"subscription"'),
        '"error":10009', '"error":"sandbox"'),
        '"error":10010', '"error":"input"'),
    created_at, modified_at, expires_at
from cart order by partner_id, customer_id, cart_id;
drop table cart;
alter table cart_in_own_words rename to cart;
create index cart_by_age on cart (expires_at) where status = 'active';
create index cart_open on cart (partner_id, expires_at) where status = 'active';
