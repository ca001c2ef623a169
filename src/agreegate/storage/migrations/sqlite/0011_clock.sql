-- What the machine's clock is compared with: the newest instant that a partner has recorded, and that an operator said that the
-- clock is right.

create index confirmation_by_time on confirmation (partner_id, recorded_at);
create index ending_by_time on ending (partner_id, recorded_at);
create index decision_by_time on decision (partner_id, decided_at);

create table clock_acceptance (     -- an operator said that the clock is right
    partner_id text not null,
    sequence integer not null,      -- the latest counts, whatever its instant
    accepted_at integer not null,
    ahead_until integer not null,   -- the newest instant known then: what lies between is not compared any more
    reason text not null,
    accepted_by text not null,      -- the command
    primary key (partner_id, sequence),
    foreign key (partner_id) references partner
) without rowid;
create trigger clock_acceptance_kept before delete on clock_acceptance begin select raise(abort, 'append only'); end;
create trigger clock_acceptance_unchanged before update on clock_acceptance begin select raise(abort, 'append only'); end;
