-- The schema of SQLite after all its migrations, for PostgreSQL 15 and later. `tests/storage/test_schemas.py` holds the two together.
-- Every key starts with partner_id (D13). Instants (*_at) are microseconds since 1970, UTC. SQLite alone has `commit_count`.
-- Every text is of the collation "C", so that both engines order and compare texts alike, byte by byte.

create table partner (
    partner_id text collate "C" primary key,
    name text collate "C" not null,
    kind text collate "C" not null check (kind in ('direct_bill', 'indirect_provider', 'indirect_reseller', 'operator')),
    cloud text collate "C" not null check (cloud in ('public', 'us_government', 'germany', 'china')),
    account text collate "C" not null check (account in ('production', 'sandbox')),
    mpn_id text collate "C",
    domain text collate "C" not null,
    country text collate "C" not null,
    culture text collate "C" not null,
    email text collate "C",
    mpa_signed_at bigint,  -- when the partner signed its own agreement with the vendor (contract 4.6)
    profile_etag text collate "C" not null,
    created_at bigint not null
);
create unique index partner_by_domain on partner (domain);
create unique index partner_by_mpn on partner (mpn_id) where mpn_id is not null;

create table partner_mail_domain (  -- the partner's own, in lower case, for the warning about who accepts (X14)
    partner_id text collate "C" not null references partner,
    domain text collate "C" not null,
    primary key (partner_id, domain)
);

create table partner_user (
    partner_id text collate "C" not null references partner,
    user_id text collate "C" not null,
    user_name text collate "C" not null,  -- the user principal name
    designated bigint not null default 0 check (designated in (0, 1)),  -- stands for staff without an account (R28)
    active bigint not null default 1 check (active in (0, 1)),
    created_at bigint not null,
    primary key (partner_id, user_id)
);

create table partner_user_role (
    partner_id text collate "C" not null,
    user_id text collate "C" not null,
    role text collate "C" not null check (role in ('admin_agent', 'sales_agent', 'helpdesk_agent', 'programme_operator')),
    primary key (partner_id, user_id, role),
    foreign key (partner_id, user_id) references partner_user
);

create table reseller_link (  -- an indirect provider's resellers
    partner_id text collate "C" not null references partner,
    reseller_id text collate "C" not null references partner,
    created_at bigint not null,
    ended_at bigint,
    primary key (partner_id, reseller_id)
);
create index reseller_link_by_reseller on reseller_link (reseller_id, partner_id);

create table customer (  -- the partner's own copy; only the tenant id is shared (D13)
    partner_id text collate "C" not null references partner,
    customer_id text collate "C" not null,
    commerce_id text collate "C" not null,
    company_name text collate "C" not null,
    company_key text collate "C" not null,  -- the name as it is ordered and looked for, in any case and script
    domain text collate "C" not null,  -- in lower case
    country text collate "C" not null,
    language text collate "C" not null,  -- two letters
    culture text collate "C" not null,
    registration_number text collate "C",
    created_at bigint not null,
    name_words text collate "C" not null default '',
    primary key (partner_id, customer_id)
);
create index customer_by_name on customer (partner_id, company_key, customer_id);
create index customer_by_domain on customer (partner_id, domain, customer_id);
create index customer_by_country_and_name on customer (partner_id, country, company_key, customer_id);

create table customer_sequence (
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    last_sequence bigint not null,
    primary key (partner_id, customer_id),
    foreign key (partner_id, customer_id) references customer
);

create table customer_contact (  -- personal data, apart so that it can be erased
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    profile_id text collate "C" not null,
    etag text collate "C" not null,
    email text collate "C" not null,
    first_name text collate "C" not null,
    last_name text collate "C" not null,
    phone text collate "C" not null,
    address_line1 text collate "C" not null,
    address_line2 text collate "C" not null,
    city text collate "C" not null,
    state text collate "C" not null,
    postal_code text collate "C" not null,
    primary key (partner_id, customer_id),
    foreign key (partner_id, customer_id) references customer
);

create table customer_word (  -- Chinese, Japanese and Korean words: every rest of the word too
    partner_id text collate "C" not null,
    word text collate "C" not null,
    company_key text collate "C" not null,  -- of the customer, as is name_words: a search reads this table alone
    customer_id text collate "C" not null,
    name_words text collate "C" not null,
    primary key (partner_id, word, company_key, customer_id)
);

create table tenant_domain (
    domain text collate "C" primary key,  -- in lower case
    customer_id text collate "C" not null
);

create table relationship (  -- the present period, and what the gate must know besides confirmations
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    period bigint not null,  -- 1, 2, … : a new period starts without a confirmation
    started_at bigint not null,
    ended_at bigint,
    no_longer_agrees_at bigint,  -- the customer no longer agrees (R47); outlives the period
    no_longer_agrees_sequence bigint,
    primary key (partner_id, customer_id),
    foreign key (partner_id, customer_id) references customer
);
create index relationship_no_longer_agrees on relationship (partner_id, no_longer_agrees_at, customer_id)
where no_longer_agrees_at is not null;

create table relationship_period (  -- those that have ended
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    period bigint not null,
    started_at bigint not null,
    ended_at bigint not null,
    primary key (partner_id, customer_id, period),
    foreign key (partner_id, customer_id) references customer
);

create table customer_reseller (  -- through which of its resellers a provider serves the customer
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    reseller_id text collate "C" not null,
    created_at bigint not null,
    primary key (partner_id, customer_id, reseller_id),
    foreign key (partner_id, customer_id) references customer,
    foreign key (partner_id, reseller_id) references reseller_link
);
create index customer_reseller_by_reseller on customer_reseller (reseller_id, customer_id, partner_id);

create table direct_acceptance (  -- the customer accepted with the vendor itself (contract 4.5)
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    agreement_type text collate "C" not null,
    accepted_at bigint not null,
    primary key (partner_id, customer_id, agreement_type),
    foreign key (partner_id, customer_id) references customer
);

create table text_version (
    number bigint generated by default as identity primary key,  -- in the order of publishing, over all templates
    template_id text collate "C" not null,
    version_id text collate "C" not null,
    label text collate "C" not null,
    major bigint not null check (major in (0, 1)),
    note text collate "C" not null,
    effective_at bigint not null,
    published_at bigint not null,
    published_by text collate "C" not null,  -- a user, or the command
    files bigint not null check (files > 0)  -- how many rows of text_file belong to it
);
create unique index text_version_by_version_id on text_version (version_id);
create unique index text_version_by_label on text_version (template_id, label);
create index text_version_in_force on text_version (template_id, effective_at, number);

create table text_file (
    number bigint not null references text_version,
    country text collate "C" not null,
    language text collate "C" not null,
    digest text collate "C" not null check (length(digest) = 64),
    media_type text collate "C" not null,
    size bigint not null check (size > 0),
    shown_digest text collate "C" check (length(shown_digest) = 64),
    shown_size bigint check (shown_size > 0),
    primary key (number, country, language)
);
create index text_file_by_digest on text_file (digest);

-- Files of texts by digest, in pieces: published ones, and those of publications under way.
create table text_content (
    digest text collate "C" primary key check (length(digest) = 64),
    kept_at bigint not null
);

create table text_piece (
    digest text collate "C" not null references text_content on delete cascade,
    number bigint not null,
    content bytea not null,
    primary key (digest, number)
);

create table confirmation (
    number bigint generated by default as identity primary key,  -- in the order of recording, over all partners
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    sequence bigint not null,
    confirmation_id text collate "C" not null,
    period bigint not null,
    template_id text collate "C" not null,
    agreement_type text collate "C" not null,
    date_agreed_at bigint not null,
    user_id text collate "C" not null,  -- the wire's userId
    recorded_by text collate "C" not null,  -- the token's user or application
    channel text collate "C" not null check (channel in ('api', 'dashboard')),
    request_id text collate "C",
    recorded_at bigint not null,
    foreign key (partner_id, customer_id) references customer
);
create unique index confirmation_of_customer on confirmation (partner_id, customer_id, sequence);
create unique index confirmation_by_id on confirmation (confirmation_id);
create index confirmation_by_time on confirmation (partner_id, recorded_at);

create table confirmation_contact (  -- personal data, apart so that it can be erased
    confirmation_number bigint primary key references confirmation,
    first_name text collate "C" not null,
    last_name text collate "C" not null,
    email text collate "C" not null,
    phone text collate "C"
);

create table confirmation_employee (  -- the real employee behind a designated account (R28): personal data
    number bigint generated by default as identity primary key,  -- in the order of stating: of several about one confirmation the last counts
    confirmation_number bigint not null references confirmation,
    name text collate "C" not null,
    email text collate "C",
    reference text collate "C",
    stated_by text collate "C" not null,
    stated_at bigint not null
);
create index employee_of_confirmation on confirmation_employee (confirmation_number);

create table confirmation_collection (  -- through whom an indirect provider got the data (R22, R23): personal data
    confirmation_number bigint primary key references confirmation,
    reseller_id text collate "C" not null references partner,
    person text collate "C" not null,
    collected_at bigint not null  -- midnight UTC of the day
);

create table confirmation_warning (  -- what the person who recorded it was warned of, and went on (R24, X14)
    confirmation_number bigint not null references confirmation,
    warning text collate "C" not null check (warning in ('partner_domain', 'reseller_domain', 'own_address')),
    primary key (confirmation_number, warning)
);

create table confirmation_text (  -- which text a confirmation speaks of (R38)
    confirmation_number bigint primary key references confirmation,
    basis text collate "C" not null check (basis in ('inferred', 'stated', 'undetermined')),
    version_id text collate "C" references text_version (version_id),
    country text collate "C",
    language text collate "C",
    digest text collate "C",
    check ((basis = 'undetermined') = (version_id is null)),
    check ((country is null) = (language is null)),
    check (version_id is not null or (country is null and digest is null)),
    check (basis <> 'inferred' or (country is not null and digest is not null))
);

create table ending (
    number bigint generated by default as identity primary key,  -- in the order of recording, over all partners
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    sequence bigint not null,
    ending_id text collate "C" not null,
    period bigint not null,
    reason text collate "C" not null check (reason in ('no_longer_agrees', 'recorded_in_error')),
    confirmation_sequence bigint,  -- the confirmation taken back; null for a refusal, which ends all
    note text collate "C" not null,
    recorded_by text collate "C" not null,
    channel text collate "C" not null check (channel in ('api', 'dashboard')),
    request_id text collate "C",
    recorded_at bigint not null,
    foreign key (partner_id, customer_id) references customer,
    foreign key (partner_id, customer_id, confirmation_sequence)
      references confirmation (partner_id, customer_id, sequence),
    check ((reason = 'recorded_in_error') = (confirmation_sequence is not null))
);
create unique index ending_of_customer on ending (partner_id, customer_id, sequence);
create unique index ending_of_confirmation on ending (partner_id, customer_id, confirmation_sequence)
    where confirmation_sequence is not null;
create index ending_by_time on ending (partner_id, recorded_at);

create table current_confirmation (  -- all that the gate reads when it may open; at most one per agreement type (R27)
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    agreement_type text collate "C" not null,
    period bigint not null,
    sequence bigint not null,
    template_id text collate "C" not null,
    date_agreed_at bigint not null,
    recorded_at bigint not null,
    no_longer_agrees_at bigint,  -- the relationship's: it cannot change while a confirmation counts
    text_at bigint not null,  -- of the accepted text: since when it binds, and its number
    text_number bigint not null,
    primary key (partner_id, customer_id, agreement_type),
    foreign key (partner_id, customer_id) references relationship,
    foreign key (partner_id, customer_id, sequence) references confirmation (partner_id, customer_id, sequence)
);
create index current_confirmation_by_text on current_confirmation (partner_id, template_id, text_at, text_number, customer_id);

create table reseller_request (  -- an indirect provider asks a reseller for one customer's acceptance data (R23)
    partner_id text collate "C" not null,
    request_id text collate "C" not null,
    reseller_id text collate "C" not null references partner,
    customer_id text collate "C" not null,
    asked_at bigint not null,
    asked_by text collate "C" not null,
    after_sequence bigint not null,  -- the customer's last_sequence then: a confirmation beyond it answers the request
    received_at bigint,
    received_by text collate "C",
    returned_at bigint,
    returned_by text collate "C",
    return_reason text collate "C" not null default '',
    primary key (partner_id, request_id),
    foreign key (partner_id, customer_id) references customer
);
create index reseller_request_by_customer on reseller_request (partner_id, customer_id, reseller_id, asked_at);
create index reseller_request_by_reseller on reseller_request (partner_id, reseller_id, asked_at, request_id);

create table person (  -- who accepted for a customer: personal data
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    words text collate "C" not null,  -- folded, each after a blank: the names, the e-mail address and its parts
    primary key (partner_id, customer_id, words)
);

create table person_word (  -- the same word by word: personal data
    partner_id text collate "C" not null,
    word text collate "C" not null,
    customer_id text collate "C" not null,
    company_key text collate "C" not null,  -- of the customer
    primary key (partner_id, word, customer_id)
);

create table person_progress (  -- how far the worker is
    id bigint primary key check (id = 1),
    confirmation_number bigint not null  -- of the last confirmation whose person was taken over
);
insert into person_progress (id, confirmation_number) values (1, 0);

create table decision (  -- the gate's recorded answers
    partner_id text collate "C" not null,
    decision_id text collate "C" not null,
    customer_id text collate "C" not null,  -- no foreign key: a refusal may speak of a customer that does not exist
    action text collate "C" not null,
    channel text collate "C" not null,
    agreement_type text collate "C",
    verdict text collate "C" not null check (verdict in ('allow', 'deny')),
    reasons text collate "C" not null,  -- JSON: code, rule, channel, date
    advisories text collate "C" not null,  -- JSON, as reasons
    standing text collate "C" not null,  -- JSON: what was known, without personal data
    cloud text collate "C" not null,
    policy text collate "C" not null,
    decided_by text collate "C" not null,
    request_id text collate "C" not null,
    fingerprint text collate "C" not null,
    subject_id text collate "C",  -- the order, cart or subscription
    decided_at bigint not null,
    primary key (partner_id, decision_id)
);
create index decision_by_customer on decision (partner_id, customer_id, decided_at);
create index decision_denied on decision (partner_id, decided_at) where verdict = 'deny';
create index decision_by_time on decision (partner_id, decided_at);

create table decision_repeat (  -- the newest decision that a request got, by verdict and kind of action
    partner_id text collate "C" not null,
    request_id text collate "C" not null,
    fingerprint text collate "C" not null,
    verdict text collate "C" not null,
    action text collate "C" not null,
    decision_id text collate "C" not null,
    kept_at bigint not null,  -- by the machine's clock
    primary key (partner_id, request_id, fingerprint, verdict, action),
    foreign key (partner_id, decision_id) references decision
);
create index decision_repeat_by_age on decision_repeat (kept_at);

create table idempotency (
    number bigint generated by default as identity primary key,
    partner_id text collate "C" not null,
    method text collate "C" not null,
    path text collate "C" not null,
    request_id text collate "C" not null,
    fingerprint text collate "C" not null,
    status bigint,  -- null while the work is under way; nobody else sees that
    body bytea,
    confirmation_id text collate "C",  -- that the answer acknowledges
    kept_at bigint not null  -- by the machine's clock
);
create unique index idempotency_by_key on idempotency (partner_id, request_id, method, path);

create table order_ (
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    order_id text collate "C" not null,
    billing_cycle text collate "C" not null,
    currency_code text collate "C" not null,
    status text collate "C" not null check (status in ('completed', 'cancelled')),
    created_at bigint not null,
    primary key (partner_id, customer_id, order_id),
    foreign key (partner_id, customer_id) references customer
);

create table order_line (
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    order_id text collate "C" not null,
    line_number bigint not null,
    offer_id text collate "C" not null,
    subscription_id text collate "C" not null,
    parent_subscription_id text collate "C",
    friendly_name text collate "C" not null,
    quantity bigint not null check (quantity between 1 and 100000),
    partner_id_on_record text collate "C",
    kind text collate "C" not null check (kind in ('new', 'renew', 'convert')),
    term_duration text collate "C" not null,
    renews_to text collate "C",
    provisioning_context text collate "C",  -- JSON: a string map of the caller's
    primary key (partner_id, customer_id, order_id, line_number),
    foreign key (partner_id, customer_id, order_id) references order_
);

create table cart (
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    cart_id text collate "C" not null,
    status text collate "C" not null check (status in ('active', 'ordered')),
    modified_by text collate "C" not null,
    lines text collate "C" not null,  -- JSON: a draft of the caller's; it becomes rows when it is checked out
    created_at bigint not null,
    modified_at bigint not null,
    expires_at bigint not null,
    primary key (partner_id, customer_id, cart_id),
    foreign key (partner_id, customer_id) references customer
);
create index cart_by_age on cart (expires_at) where status = 'active';
create index cart_open on cart (partner_id, expires_at) where status = 'active';

create table subscription (
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    subscription_id text collate "C" not null,
    order_id text collate "C" not null,
    offer_id text collate "C" not null,
    offer_name text collate "C" not null,
    friendly_name text collate "C" not null,
    quantity bigint not null check (quantity between 1 and 100000),
    parent_subscription_id text collate "C",
    partner_id_on_record text collate "C",
    billing_cycle text collate "C" not null,
    term_duration text collate "C" not null check (term_duration in ('P1M', 'P1Y', 'P3Y')),  -- of the present term
    renewal_term_duration text collate "C" not null check (renewal_term_duration in ('P1M', 'P1Y', 'P3Y')),  -- of those after it
    status text collate "C" not null check (status in ('active', 'suspended', 'deleted', 'expired')),
    auto_renew bigint not null check (auto_renew in (0, 1)),
    is_trial bigint not null default 0 check (is_trial in (0, 1)),
    revision bigint not null default 1,  -- counts changes: the etag
    created_at bigint not null,
    started_at bigint not null,  -- of the first term: every term's end is counted from here
    terms bigint not null default 1,
    months bigint not null,  -- of all terms so far
    commitment_end_at bigint not null,
    primary key (partner_id, customer_id, subscription_id),
    foreign key (partner_id, customer_id, order_id) references order_
);
create index subscription_due on subscription (commitment_end_at) where status in ('active', 'suspended');
create index subscription_by_end on subscription (partner_id, commitment_end_at, customer_id, status)
    where status in ('active', 'suspended');

create table renewal (  -- one row a term: exactly once is the primary key's doing
    partner_id text collate "C" not null,
    customer_id text collate "C" not null,
    subscription_id text collate "C" not null,
    term bigint not null,  -- the term that began (2 = first renewal), or that did not because it expired
    outcome text collate "C" not null check (outcome in ('renewed', 'expired')),
    due_at bigint not null,
    recorded_at bigint not null,
    primary key (partner_id, customer_id, subscription_id, term),
    foreign key (partner_id, customer_id, subscription_id) references subscription
);
create index renewal_by_due on renewal (partner_id, due_at, customer_id) where outcome = 'renewed' and term > 1;

create table audit_record (  -- who did what; no personal data, contacts are joined when read
    number bigint generated by default as identity primary key,  -- in the order of recording, over all partners
    partner_id text collate "C" not null,
    audit_id text collate "C" not null,
    customer_id text collate "C",
    resource_type text collate "C" not null,
    resource_id text collate "C",
    operation_type text collate "C" not null,
    operation_status text collate "C" not null check (operation_status in ('succeeded', 'failed', 'progress', 'decline')),
    user_id text collate "C",
    application_id text collate "C",
    channel text collate "C" not null,
    correlation_id text collate "C",
    resource_old_value text collate "C",  -- JSON
    resource_new_value text collate "C",
    operation_at bigint not null
);
create unique index audit_record_by_time on audit_record (partner_id, operation_at, audit_id);
create index audit_record_by_customer on audit_record (partner_id, customer_id, operation_at, audit_id);

create table session (
    session_key text collate "C" primary key,  -- SHA-256 of what the browser holds: who reads this table can sign in as nobody
    data text collate "C" not null,  -- JSON: the user, a sign-in under way, what was typed when a session ended
    began_at bigint not null,
    seen_at bigint not null
);
create index session_by_age on session (seen_at);

create table clock_acceptance (  -- an operator said that the clock is right
    number bigint generated by default as identity primary key,  -- in the order of saying: a partner's latest counts, whatever its instant
    partner_id text collate "C" not null references partner,
    accepted_at bigint not null,
    ahead_until bigint not null,  -- the newest instant known then: what lies between is not compared any more
    reason text collate "C" not null,
    accepted_by text collate "C" not null  -- the command
);
create index clock_acceptance_of_partner on clock_acceptance (partner_id);

create table demo_clock (  -- only the demo's clock is ever moved (D14)
    id bigint primary key check (id = 1),
    offset_us bigint not null
);

create table deployment (  -- what this database was made for
    id bigint primary key check (id = 1),
    programme text collate "C" not null,
    demo bigint not null check (demo in (0, 1))
);

-- What is append only is never changed, deleted or emptied.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'append only' using errcode = 'integrity_constraint_violation', table = tg_table_name;
end $$;
create trigger confirmation_kept before delete on confirmation for each row execute function refuse_change();
create trigger confirmation_unchanged before update on confirmation for each row execute function refuse_change();
create trigger confirmation_not_emptied before truncate on confirmation for each statement execute function refuse_change();
create trigger confirmation_text_kept before delete on confirmation_text for each row execute function refuse_change();
create trigger confirmation_text_unchanged before update on confirmation_text for each row execute function refuse_change();
create trigger confirmation_text_not_emptied before truncate on confirmation_text for each statement execute function refuse_change();
create trigger confirmation_warning_kept before delete on confirmation_warning for each row execute function refuse_change();
create trigger confirmation_warning_unchanged before update on confirmation_warning for each row execute function refuse_change();
create trigger confirmation_warning_not_emptied before truncate on confirmation_warning for each statement execute function refuse_change();
create trigger ending_kept before delete on ending for each row execute function refuse_change();
create trigger ending_unchanged before update on ending for each row execute function refuse_change();
create trigger ending_not_emptied before truncate on ending for each statement execute function refuse_change();
create trigger decision_kept before delete on decision for each row execute function refuse_change();
create trigger decision_unchanged before update on decision for each row execute function refuse_change();
create trigger decision_not_emptied before truncate on decision for each statement execute function refuse_change();
create trigger renewal_kept before delete on renewal for each row execute function refuse_change();
create trigger renewal_unchanged before update on renewal for each row execute function refuse_change();
create trigger renewal_not_emptied before truncate on renewal for each statement execute function refuse_change();
create trigger audit_record_kept before delete on audit_record for each row execute function refuse_change();
create trigger audit_record_unchanged before update on audit_record for each row execute function refuse_change();
create trigger audit_record_not_emptied before truncate on audit_record for each statement execute function refuse_change();
create trigger text_version_kept before delete on text_version for each row execute function refuse_change();
create trigger text_version_unchanged before update on text_version for each row execute function refuse_change();
create trigger text_version_not_emptied before truncate on text_version for each statement execute function refuse_change();
create trigger text_file_kept before delete on text_file for each row execute function refuse_change();
create trigger text_file_unchanged before update on text_file for each row execute function refuse_change();
create trigger text_file_not_emptied before truncate on text_file for each statement execute function refuse_change();
create trigger clock_acceptance_kept before delete on clock_acceptance for each row execute function refuse_change();
create trigger clock_acceptance_unchanged before update on clock_acceptance for each row execute function refuse_change();
create trigger clock_acceptance_not_emptied before truncate on clock_acceptance for each statement execute function refuse_change();

create function require_newest_that_counts() returns trigger language plpgsql as $$
begin
    if not exists (
        select 1 from relationship r
        join confirmation c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
        where r.partner_id = new.partner_id and r.customer_id = new.customer_id and r.ended_at is null
          and r.period = new.period and coalesce(r.no_longer_agrees_sequence, 0) < new.sequence
          and r.no_longer_agrees_at is not distinct from new.no_longer_agrees_at
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
    ) then
        raise exception 'not the newest confirmation that counts' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger current_confirmation_counts before insert on current_confirmation
    for each row execute function require_newest_that_counts();
create trigger current_confirmation_advances before update on current_confirmation
    for each row execute function require_newest_that_counts();

create function require_none_current() returns trigger language plpgsql as $$
begin
    if exists (
        select 1 from current_confirmation n where n.partner_id = new.partner_id and n.customer_id = new.customer_id
    ) then
        raise exception 'a confirmation still counts' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger relationship_without_current before update on relationship for each row
    when (new.ended_at is not null or new.period <> old.period
        or new.no_longer_agrees_at is distinct from old.no_longer_agrees_at
        or new.no_longer_agrees_sequence is distinct from old.no_longer_agrees_sequence)
    execute function require_none_current();

create function require_voided_not_current() returns trigger language plpgsql as $$
begin
    if exists (
        select 1 from current_confirmation n where n.partner_id = new.partner_id and n.customer_id = new.customer_id
          and n.sequence = new.confirmation_sequence
    ) then
        raise exception 'a confirmation still counts' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger ending_of_none_current before insert on ending
    for each row execute function require_voided_not_current();

-- A published version gets no further files.
create function require_incomplete() returns trigger language plpgsql as $$
begin
    if (select count(*) from text_file f where f.number = new.number)
        >= (select v.files from text_version v where v.number = new.number) then
        raise exception 'append only' using errcode = 'integrity_constraint_violation', table = tg_table_name;
    end if;
    return new;
end $$;
create trigger text_file_complete before insert on text_file for each row execute function require_incomplete();
