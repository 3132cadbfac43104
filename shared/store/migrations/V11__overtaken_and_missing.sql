-- A letter that waited until a newer one of the same report was due is not sent any more.
alter table delivery drop constraint delivery_state_check;
alter table delivery add constraint delivery_state_check check (state in
    ('planned', 'claimed', 'handed_over', 'accepted', 'unknown', 'failed', 'unsubscribed',
     'overtaken'));

alter table import
    -- Points that were written to a series whose tag was folded.
    add column points_folded bigint not null default 0,
    -- Points that were gone when the import was undone.
    add column points_missing bigint not null default 0;
