-- Texts of agreements belong to the programme, so their keys are the template's and not a partner's (D13). The files
-- themselves are in the data folder, each under its digest.

create table text_version (
    template_id text not null,
    number integer not null,        -- in the order of publishing, from 1
    version_id text not null,
    label text not null,
    major integer not null check (major in (0, 1)),
    note text not null,
    effective_at integer not null,
    published_at integer not null,
    published_by text not null,     -- a user, or the command
    files integer not null check (files > 0),  -- how many rows of text_file belong to it
    primary key (template_id, number)
) without rowid;
create unique index text_version_by_id on text_version (version_id);
create unique index text_version_by_label on text_version (template_id, label);
create index text_version_in_force on text_version (template_id, effective_at, number);

create table text_file (
    template_id text not null,
    number integer not null,
    country text not null,
    language text not null,
    digest text not null check (length(digest) = 64),
    media_type text not null,
    size integer not null check (size > 0),
    primary key (template_id, number, country, language),
    foreign key (template_id, number) references text_version
) without rowid;
create index text_file_by_digest on text_file (digest);

create table confirmation_text (    -- which text a confirmation speaks of (R38)
    partner_id text not null,
    customer_id text not null,
    sequence integer not null,
    basis text not null check (basis in ('inferred', 'stated', 'undetermined')),
    version_id text references text_version (version_id),
    country text,
    language text,
    digest text,
    primary key (partner_id, customer_id, sequence),
    foreign key (partner_id, customer_id, sequence) references confirmation,
    check ((basis = 'undetermined') = (version_id is null)),
    check ((country is null) = (language is null)),
    check (version_id is not null or (country is null and digest is null)),
    check (basis <> 'inferred' or (country is not null and digest is not null))
) without rowid;

create trigger text_version_kept before delete on text_version begin select raise(abort, 'append only'); end;
create trigger text_version_unchanged before update on text_version begin select raise(abort, 'append only'); end;
create trigger text_file_kept before delete on text_file begin select raise(abort, 'append only'); end;
create trigger text_file_unchanged before update on text_file begin select raise(abort, 'append only'); end;
create trigger confirmation_text_kept before delete on confirmation_text begin select raise(abort, 'append only'); end;
create trigger confirmation_text_unchanged before update on confirmation_text begin select raise(abort, 'append only'); end;
-- A published version gets no further files.
create trigger text_file_complete before insert on text_file
when (select count(*) from text_file f where f.template_id = new.template_id and f.number = new.number)
  >= (select v.files from text_version v where v.template_id = new.template_id and v.number = new.number)
begin select raise(abort, 'append only'); end;
