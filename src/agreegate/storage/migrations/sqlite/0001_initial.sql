-- Every key starts with partner_id (D13). Instants (*_at) are integer microseconds since 1970, UTC.
-- Confirmations, endings, decisions, renewals and audit records are append only: triggers at the end refuse more.

create table partner (
    partner_id text primary key,
    name text not null,
    kind text not null check (kind in ('direct_bill', 'indirect_provider', 'indirect_reseller', 'operator')),
    cloud text not null check (cloud in ('public', 'us_government', 'germany', 'china')),
    account text not null check (account in ('production', 'sandbox')),
    mpn_id text,
    domain text not null,
    country text not null,
    culture text not null,
    email text,
    mpa_signed_at integer,          -- when the partner signed its own agreement with the vendor (contract 4.6)
    profile_etag text not null,
    created_at integer not null
) without rowid;
create unique index partner_by_domain on partner (domain);
create unique index partner_by_mpn on partner (mpn_id) where mpn_id is not null;

create table partner_mail_domain (  -- the partner's own, in lower case, for the warning about who accepts (X14)
    partner_id text not null references partner,
    domain text not null,
    primary key (partner_id, domain)
) without rowid;

create table partner_user (
    partner_id text not null references partner,
    user_id text not null,
    user_name text not null,        -- the user principal name
    designated integer not null default 0 check (designated in (0, 1)),  -- stands for staff without an account (R28)
    active integer not null default 1 check (active in (0, 1)),
    created_at integer not null,
    primary key (partner_id, user_id)
) without rowid;

create table partner_user_role (
    partner_id text not null,
    user_id text not null,
    role text not null check (role in ('admin_agent', 'sales_agent', 'helpdesk_agent', 'programme_operator')),
    primary key (partner_id, user_id, role),
    foreign key (partner_id, user_id) references partner_user
) without rowid;

create table reseller_link (        -- an indirect provider's resellers
    partner_id text not null references partner,
    reseller_id text not null references partner,
    created_at integer not null,
    ended_at integer,
    primary key (partner_id, reseller_id)
) without rowid;
create index reseller_link_by_reseller on reseller_link (reseller_id, partner_id);

create table customer (             -- the partner's own copy; only the tenant id is shared (D13)
    partner_id text not null references partner,
    customer_id text not null,
    commerce_id text not null,
    company_name text not null,
    company_key text not null,      -- the name as it is ordered and looked for, in any case and script
    domain text not null,           -- in lower case
    country text not null,
    language text not null,         -- two letters
    culture text not null,
    registration_number text,
    last_sequence integer not null default 0,  -- orders this customer's confirmations and endings
    created_at integer not null,
    primary key (partner_id, customer_id)
) without rowid;
create index customer_by_name on customer (partner_id, company_key, customer_id);
create index customer_by_domain on customer (partner_id, domain, customer_id);
create index customer_domain on customer (domain);  -- whoever has it: is it taken?

create table customer_contact (     -- personal data, apart so that it can be erased
    partner_id text not null,
    customer_id text not null,
    profile_id text not null,
    etag text not null,
    email text not null,
    first_name text not null,
    last_name text not null,
    phone text not null,
    address_line1 text not null,
    address_line2 text not null,
    city text not null,
    state text not null,
    postal_code text not null,
    primary key (partner_id, customer_id),
    foreign key (partner_id, customer_id) references customer
) without rowid;

create table relationship (         -- the present period, and what the gate must know besides confirmations
    partner_id text not null,
    customer_id text not null,
    period integer not null,        -- 1, 2, … : a new period starts without a confirmation
    started_at integer not null,
    ended_at integer,
    refused_at integer,             -- the customer no longer agrees (R47); outlives the period
    refused_sequence integer,
    primary key (partner_id, customer_id),
    foreign key (partner_id, customer_id) references customer
) without rowid;

create table relationship_period (  -- those that have ended
    partner_id text not null,
    customer_id text not null,
    period integer not null,
    started_at integer not null,
    ended_at integer not null,
    primary key (partner_id, customer_id, period),
    foreign key (partner_id, customer_id) references customer
) without rowid;

create table customer_reseller (    -- through which of its resellers a provider serves the customer
    partner_id text not null,
    customer_id text not null,
    reseller_id text not null,
    created_at integer not null,
    primary key (partner_id, customer_id, reseller_id),
    foreign key (partner_id, customer_id) references customer,
    foreign key (partner_id, reseller_id) references reseller_link
) without rowid;
create index customer_reseller_by_reseller on customer_reseller (reseller_id, customer_id, partner_id);

create table direct_acceptance (    -- the customer accepted with the vendor itself (contract 4.5)
    partner_id text not null,
    customer_id text not null,
    agreement_type text not null,
    accepted_at integer not null,
    primary key (partner_id, customer_id, agreement_type),
    foreign key (partner_id, customer_id) references customer
) without rowid;

create table confirmation (
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
    primary key (partner_id, customer_id, sequence),
    foreign key (partner_id, customer_id) references customer
) without rowid;
create unique index confirmation_by_id on confirmation (partner_id, confirmation_id);

create table confirmation_contact ( -- personal data, apart so that it can be erased
    partner_id text not null,
    customer_id text not null,
    sequence integer not null,
    first_name text not null,
    last_name text not null,
    email text not null,
    phone text,
    primary key (partner_id, customer_id, sequence),
    foreign key (partner_id, customer_id, sequence) references confirmation
) without rowid;

create table confirmation_employee (-- the real employee behind a designated account (R28): personal data
    partner_id text not null,
    customer_id text not null,
    sequence integer not null,
    name text not null,
    email text,
    reference text,
    stated_by text not null,
    stated_at integer not null,
    primary key (partner_id, customer_id, sequence),
    foreign key (partner_id, customer_id, sequence) references confirmation
) without rowid;

create table ending (
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
    primary key (partner_id, customer_id, sequence),
    foreign key (partner_id, customer_id) references customer,
    foreign key (partner_id, customer_id, confirmation_sequence) references confirmation,
    check ((reason = 'recorded_in_error') = (confirmation_sequence is not null))
) without rowid;
-- A confirmation is taken back once.
create unique index ending_of_confirmation on ending (partner_id, customer_id, confirmation_sequence)
    where confirmation_sequence is not null;

create table current_confirmation ( -- all that the gate reads when it may open; at most one per agreement type (R27)
    partner_id text not null,
    customer_id text not null,
    agreement_type text not null,
    period integer not null,
    sequence integer not null,
    template_id text not null,
    date_agreed_at integer not null,
    recorded_at integer not null,
    refused_at integer,             -- the relationship's: it cannot change while a confirmation counts
    primary key (partner_id, customer_id, agreement_type),
    foreign key (partner_id, customer_id) references relationship,
    foreign key (partner_id, customer_id, sequence) references confirmation
) without rowid;

create table decision (             -- the gate's recorded answers
    partner_id text not null,
    decision_id text not null,
    customer_id text not null,      -- no foreign key: a refusal may speak of a customer that does not exist
    action text not null,
    channel text not null,
    agreement_type text,
    verdict text not null check (verdict in ('allow', 'deny')),
    reasons text not null,          -- JSON: code, rule, channel, date
    advisories text not null,       -- JSON, likewise
    standing text not null,         -- JSON: what was known, without personal data
    cloud text not null,
    policy text not null,
    decided_by text not null,
    request_id text not null,
    fingerprint text not null,
    subject_id text,                -- the order, cart or subscription
    decided_at integer not null,
    primary key (partner_id, decision_id)
) without rowid;
create index decision_by_customer on decision (partner_id, customer_id, decided_at);
-- A repeat with the same request id, body and verdict adds no row.
create unique index decision_once on decision (partner_id, request_id, fingerprint, verdict, action);

create table replay (               -- answers already given, by request id (contract 3.10)
    partner_id text not null,
    method text not null,
    path text not null,
    request_id text not null,
    fingerprint text not null,
    status integer not null,
    body blob not null,
    kept_at integer not null,       -- by the machine's clock
    primary key (partner_id, method, path, request_id)
) without rowid;
create index replay_by_age on replay (kept_at);

create table order_ (
    partner_id text not null,
    customer_id text not null,
    order_id text not null,
    billing_cycle text not null,
    currency_code text not null,
    status text not null check (status in ('completed', 'cancelled')),
    created_at integer not null,
    primary key (partner_id, customer_id, order_id),
    foreign key (partner_id, customer_id) references customer
) without rowid;

create table order_line (
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
    transaction_type text not null check (transaction_type in ('New', 'renew', 'convert')),
    term_duration text not null,
    renews_to text,
    provisioning_context text,      -- JSON: a string map of the caller's
    primary key (partner_id, customer_id, order_id, line_number),
    foreign key (partner_id, customer_id, order_id) references order_
) without rowid;

create table cart (
    partner_id text not null,
    customer_id text not null,
    cart_id text not null,
    status text not null check (status in ('Active', 'Ordered')),
    last_modified_user text not null,
    line_items text not null,       -- JSON: a draft of the caller's; it becomes rows when it is checked out
    created_at integer not null,
    modified_at integer not null,
    expires_at integer not null,
    primary key (partner_id, customer_id, cart_id),
    foreign key (partner_id, customer_id) references customer
) without rowid;
create index cart_by_age on cart (expires_at) where status = 'Active';

create table subscription (
    partner_id text not null,
    customer_id text not null,
    subscription_id text not null,
    order_id text not null,
    offer_id text not null,
    offer_name text not null,
    friendly_name text not null,
    quantity integer not null check (quantity between 1 and 100000),
    parent_subscription_id text,
    partner_id_on_record text,
    billing_cycle text not null,
    term_duration text not null check (term_duration in ('P1M', 'P1Y', 'P3Y')),          -- of the present term
    renewal_term_duration text not null check (renewal_term_duration in ('P1M', 'P1Y', 'P3Y')),  -- of those after it
    status text not null check (status in ('active', 'suspended', 'deleted', 'expired')),
    auto_renew integer not null check (auto_renew in (0, 1)),
    is_trial integer not null default 0 check (is_trial in (0, 1)),
    revision integer not null default 1,  -- counts changes: the etag
    created_at integer not null,
    started_at integer not null,    -- of the first term: every term's end is counted from here
    terms integer not null default 1,
    months integer not null,        -- of all terms so far
    commitment_end_at integer not null,
    primary key (partner_id, customer_id, subscription_id),
    foreign key (partner_id, customer_id, order_id) references order_
) without rowid;
-- Renewals are due in this order.
create index subscription_due on subscription (commitment_end_at) where status in ('active', 'suspended');

create table renewal (              -- one row a term: exactly once is the primary key's doing
    partner_id text not null,
    customer_id text not null,
    subscription_id text not null,
    term integer not null,          -- the term that began (2 = first renewal), or that did not because it expired
    outcome text not null check (outcome in ('renewed', 'expired')),
    due_at integer not null,
    recorded_at integer not null,
    primary key (partner_id, customer_id, subscription_id, term),
    foreign key (partner_id, customer_id, subscription_id) references subscription
) without rowid;

create table audit_record (         -- who did what; no personal data, contacts are joined when read
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
    resource_old_value text,        -- JSON, PascalCase, as the wire shows it
    resource_new_value text,
    operation_at integer not null,
    primary key (partner_id, operation_at, audit_id)
) without rowid;
create index audit_record_by_customer on audit_record (partner_id, customer_id, operation_at, audit_id);

create table demo_clock (           -- only the demo's clock is ever moved (D14)
    id integer primary key check (id = 1),
    offset_us integer not null
);

create table deployment (           -- what this database was made for
    id integer primary key check (id = 1),
    programme text not null,
    demo integer not null check (demo in (0, 1))
);

create trigger confirmation_kept before delete on confirmation begin select raise(abort, 'append only'); end;
create trigger confirmation_unchanged before update on confirmation begin select raise(abort, 'append only'); end;
create trigger ending_kept before delete on ending begin select raise(abort, 'append only'); end;
create trigger ending_unchanged before update on ending begin select raise(abort, 'append only'); end;
create trigger decision_kept before delete on decision begin select raise(abort, 'append only'); end;
create trigger decision_unchanged before update on decision begin select raise(abort, 'append only'); end;
create trigger renewal_kept before delete on renewal begin select raise(abort, 'append only'); end;
create trigger renewal_unchanged before update on renewal begin select raise(abort, 'append only'); end;
create trigger audit_record_kept before delete on audit_record begin select raise(abort, 'append only'); end;
create trigger audit_record_unchanged before update on audit_record begin select raise(abort, 'append only'); end;

-- A current confirmation is the newest of its agreement type in the present period that was not taken back, and newer
-- than any refusal (R27, R47).
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
-- Ending a relationship period, or recording a refusal, leaves no confirmation counting.
create trigger relationship_without_current before update on relationship
when (new.ended_at is not null or new.period <> old.period or new.refused_at is not old.refused_at
    or new.refused_sequence is not old.refused_sequence)
  and exists (
    select 1 from current_confirmation n where n.partner_id = new.partner_id and n.customer_id = new.customer_id
) begin select raise(abort, 'a confirmation still counts'); end;
-- Likewise taking one back.
create trigger ending_of_none_current before insert on ending
when exists (
    select 1 from current_confirmation n
    where n.partner_id = new.partner_id and n.customer_id = new.customer_id and n.sequence = new.confirmation_sequence
) begin select raise(abort, 'a confirmation still counts'); end;
