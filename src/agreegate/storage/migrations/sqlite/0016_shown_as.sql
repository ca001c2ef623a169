-- A Word document can have a PDF beside it that pages show instead. The text stays the document: its digest is the text's.
-- Texts published before have none.
alter table text_file add column shown_digest text check (length(shown_digest) = 64);
alter table text_file add column shown_size integer check (shown_size > 0);
