-- Locks a customer, then reads the clock: microseconds since 1970, and later than the customer's newest record.
-- A row that is locked in `select` has its columns computed before the wait. Each statement of this function sees what the
-- unit of work committed that it waited for.
create function lock_customer(partner text, customer text, tolerance bigint) returns bigint language plpgsql as $$
declare
    read_at bigint;
    newest_at bigint;
begin
    perform 1 from customer c where c.partner_id = partner and c.customer_id = customer for no key update;
    read_at := floor(extract(epoch from clock_timestamp()) * 1000000);
    select max(at) into newest_at from (
        (select c.recorded_at as at from confirmation c
            where c.partner_id = partner and c.customer_id = customer order by c.sequence desc limit 1)
        union all
        (select e.recorded_at from ending e
            where e.partner_id = partner and e.customer_id = customer order by e.sequence desc limit 1)
        union all
        (select d.decided_at from decision d
            where d.partner_id = partner and d.customer_id = customer order by d.decided_at desc limit 1)
        union all
        select greatest(r.started_at, r.ended_at) from relationship r
            where r.partner_id = partner and r.customer_id = customer
    ) newest;
    -- A clock that is further behind is wrong: the gate is closed, or an operator has accepted the clock.
    if newest_at >= read_at and newest_at - read_at <= tolerance then
        return newest_at + 1;
    end if;
    return read_at;
end $$;
