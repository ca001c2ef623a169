-- A repeated request whose verdict is the same adds no decision for a day of the machine's clock, which is not that of the
-- decisions in a demo. After the day, and whenever a transaction is completed, the decision is a new one.
drop index decision_once;
create table decision_repeat (      -- the newest decision that a request got, by verdict and kind of action
    partner_id text not null,
    request_id text not null,
    fingerprint text not null,
    verdict text not null,
    action text not null,
    decision_id text not null,
    kept_at integer not null,       -- by the machine's clock
    primary key (partner_id, request_id, fingerprint, verdict, action),
    foreign key (partner_id, decision_id) references decision
) without rowid;
create index decision_repeat_by_age on decision_repeat (kept_at);

-- The confirmation that a kept answer acknowledges: once it no longer counts, the answer is not given again.
alter table replay add column confirmation_id text;
