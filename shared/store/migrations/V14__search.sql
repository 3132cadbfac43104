-- Products as they are searched for: words with their misspellings, facets, prices.

-- Numbers beside words in one index, words that are almost the same, and by how much they differ.
create extension if not exists btree_gin;
create extension if not exists pg_trgm;
create extension if not exists fuzzystrmatch;

-- A product as it is searched for: narrow, and apart from its long texts. Facets are written as a
-- client asks for them, such as `category=shirts` and `attribute.color=red`. Words and facets
-- begin with their tenant, as in `7:shirt`, so that an index of them holds tenants apart: beside
-- them in the index, the tenant would be the longest list of all, and read with each of them.
create table product_search (
    tenant int not null,
    product uuid not null,
    state text not null,
    title_key text collate "C" not null,
    created_at timestamptz not null,
    facets text[] not null,
    document tsvector not null,
    primary key (tenant, product),
    foreign key (tenant, product) references product on delete cascade
);
create index product_search_document on product_search using gin (document);
create index product_search_facets on product_search using gin (facets);
create index product_search_newest on product_search (tenant, created_at, product);
create index product_search_title on product_search (tenant, title_key, product);
call isolate_tenants('product_search');

-- The lowest and the highest price among the variants of a product, for as long as they stand.
create table product_price (
    tenant int not null,
    product uuid not null,
    currency text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    low_minor bigint not null,
    high_minor bigint not null,
    primary key (tenant, product, currency, starts_at),
    foreign key (tenant, product) references product on delete cascade
);
create index product_price_low on product_price (tenant, currency, low_minor, product);
call isolate_tenants('product_price');

-- Every word that products were ever described by: what a mistyped one may have meant.
create table search_word (
    tenant int not null references tenant on delete cascade,
    word text collate "C" not null,
    primary key (tenant, word)
);
create index search_word_alike on search_word using gin (tenant, word gin_trgm_ops);
call isolate_tenants('search_word');

-- How many published products have a facet; how many there are under the empty one.
create table facet_count (
    tenant int not null references tenant on delete cascade,
    facet text collate "C" not null,
    products int not null,
    primary key (tenant, facet)
) with (fillfactor = 70);
call isolate_tenants('facet_count');

-- Operators for words and facets are not leakproof: under row-level security they find no index.
-- So the search runs as `takings_system`, and keeps to the tenant of the transaction by itself.
create policy system_searches on product_search for select to takings_system using (true);
create policy system_searches on product_price for select to takings_system using (true);
create policy system_searches on search_word for select to takings_system using (true);
create policy system_searches on facet_count for select to takings_system using (true);
grant select on product_search, product_price, search_word, facet_count to takings_system;

-- What typed words may mean, as the text of a tsquery; null when one of them means nothing. The
-- last word may be half typed. One that nobody knows stands for those that are nearly the same,
-- and so does every word where `forgiving`.
create function search_query(typed text[], forgiving boolean) returns text
language plpgsql stable set search_path = pg_catalog, public
as $$
declare
    asked text;
    meanings text;
    meant text;
begin
    for position in 1 .. cardinality(typed) loop
        asked := typed[position];
        perform must(asked !~ '[''\\\s]', 'a word is made of letters and digits');
        meanings := null;
        if not forgiving then
            select string_agg(
                quote_literal(app_tenant() || ':' || w.word)
                    || case when w.word = asked and position = cardinality(typed)
                            then ':*' else '' end, ' | ')
            into meanings
            from search_word w
            where w.tenant = app_tenant()
                and w.word in (asked, asked || 's', asked || 'es',
                    regexp_replace(asked, '(?<=...)s$', ''),
                    regexp_replace(asked, '(?<=...)es$', ''));
            if meanings is null and length(asked) > 1 and exists (
                select from search_word w
                where w.tenant = app_tenant() and w.word ^@ asked
            ) then
                meanings := quote_literal(app_tenant() || ':' || asked) || ':*';
            end if;
        end if;
        if meanings is null then
            select string_agg(quote_literal(app_tenant() || ':' || alike.word), ' | ')
            into meanings
            from (
                select w.word
                from (
                    select w.word from search_word w
                    where w.tenant = app_tenant() and w.word % asked
                    union
                    -- Short words have too few trigrams to share one: there, the first letter is
                    -- right.
                    select w.word from search_word w
                    where w.tenant = app_tenant() and length(asked) < 6
                        and w.word ^@ left(asked, 1)
                        and length(w.word) between length(asked) - 1 and length(asked) + 1
                        and levenshtein_less_equal(w.word, asked, 2) <= 2
                ) w
                cross join lateral levenshtein(w.word, asked) as distance
                -- Two letters that changed places are one mistake.
                cross join lateral (
                    select case when distance = 2 and length(w.word) = length(asked)
                        and array(select unnest(string_to_array(asked, null)) order by 1)
                            = array(select unnest(string_to_array(w.word, null)) order by 1)
                        then 1 else distance end as mistakes
                ) counted
                where distance <= 2 and mistakes <= case
                    when length(asked) < 4 then 0 when length(asked) < 6 then 1 else 2 end
                order by mistakes, similarity(w.word, asked) desc, w.word
                limit 8
            ) alike;
        end if;
        if meanings is null then
            return null;
        end if;
        meant := concat_ws(' & ', meant, '(' || meanings || ')');
    end loop;
    return meant;
end
$$;

-- The products that words and facets describe, a page of them in an order, and what all of them
-- have in common. Facets of one name are alternatives; a product costs what its cheapest variant
-- costs. Up to 3,000 matches are counted and ranked exactly, and so is everything where nothing
-- is asked. Of more, `is_complete` is false: the counts are of 3,000 of them, and only relevance
-- is a matter of those. Values stand in the statements, quoted, so that each has a plan of its
-- own.
create function find_products(
    typed text[], facets text[], states text[], currency text, price_from bigint, price_to bigint,
    sort text, after_key text, after_product uuid, page int, counts boolean, at timestamptz,
    out total int, out is_complete boolean, out products uuid[], out has_more boolean,
    out last_key text, out found_facets text[], out found_counts int[]
)
language plpgsql stable security definer set search_path = pg_catalog, public
    set random_page_cost = 1.1 set max_parallel_workers_per_gather = 0 set jit = off
    set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
    most constant int := 3000;
    values_of_a_facet constant int := 50;
    asks_nothing boolean := cardinality(typed) = 0 and cardinality(facets) = 0
        and price_from is null and price_to is null and states = '{published}';
    source text;
    alternatives text[];
    words text;
    meant text;
    sorted text;
    order_key text;
    key_type text;
    direction text;
    bound text;
begin
    perform must(app_tenant() is not null, 'a search is of one tenant');
    perform set_config('pg_trgm.similarity_threshold', '0.2', true);
    source := ' from product_search s';
    if price_from is not null or price_to is not null or sort like '%price' then
        source := source || format(
            ' join product_price p on p.tenant = s.tenant and p.product = s.product
                 and p.currency = %L and p.starts_at <= %L and p.ends_at > %L',
            currency, at, at);
    end if;
    source := source || format(
        ' where s.tenant = %s and s.state = any (%L)', app_tenant(), states);
    for alternatives in
        select array_agg(app_tenant() || ':' || facet)
        from unnest(facets) facet group by split_part(facet, '=', 1)
    loop
        source := source || format(' and s.facets && %L::text[]', alternatives);
    end loop;
    source := source || coalesce(' and p.low_minor >= ' || price_from, '')
        || coalesce(' and p.low_minor <= ' || price_to, '');
    if asks_nothing then
        select c.products into total from facet_count c
        where c.tenant = app_tenant() and c.facet = '';
        asks_nothing := total > most;
    end if;
    for attempt in 1 .. 2 loop
        if cardinality(typed) > 0 then
            words := search_query(typed, attempt = 2);
            total := 0;
            continue when words is null;
        end if;
        meant := source || case when words is null then '' else
            format(' and s.document @@ %L::tsquery', words) end;
        sorted := case when words is null and sort = 'relevance' then 'newest' else sort end;
        select o.order_key, o.key_type, o.direction
        into strict order_key, key_type, direction
        from (values
            ('relevance', format('(ts_rank(s.document, %L::tsquery) * 1e9)::bigint', words),
                'bigint', 'desc'),
            ('newest', 's.created_at', 'timestamptz', 'desc'),
            ('title', 's.title_key', 'text', 'asc'),
            ('price', 'p.low_minor', 'bigint', 'asc'),
            ('-price', 'p.low_minor', 'bigint', 'desc')
        ) o(sort, order_key, key_type, direction)
        where o.sort = sorted;
        bound := case when after_key is null then null else
            format(' %s (%L::%s, %L::uuid)', case direction when 'asc' then '>' else '<' end,
                after_key, key_type, after_product) end;
        exit when asks_nothing;
        execute format(
            'with candidate as materialized (
                 select s.product, %1$s as key, s.facets %2$s limit %3$s
             ), page as (
                 select k.product, k.key, row_number() over ()
                 from (
                     select c.product, c.key from candidate c where %5$s
                     order by c.key %4$s, c.product %4$s limit %6$s
                 ) k
             ), counted as (
                 select e.facet, count(*)::int as products, row_number() over (
                     partition by split_part(e.facet, ''='', 1) order by count(*) desc, e.facet)
                 from (select unnest(c.facets) as facet from candidate c where %7$L) e
                 group by e.facet
             )
             select (select count(*) from candidate),
                 (select array_agg(product order by row_number) from page),
                 (select key::text from page where row_number = %8$s),
                 (select array_agg(substr(facet, strpos(facet, '':'') + 1) order by facet)
                  from counted where row_number <= %9$s),
                 (select array_agg(products order by facet) from counted
                  where row_number <= %9$s)',
            order_key, meant, most + 1, direction, coalesce('(c.key, c.product)' || bound, 'true'),
            page + 1, counts, page, values_of_a_facet)
        into total, products, last_key, found_facets, found_counts;
        exit when total > 0 or words is null;
    end loop;
    is_complete := total <= most or asks_nothing;
    if asks_nothing and counts then
        select array_agg(e.facet order by e.facet), array_agg(e.products order by e.facet)
        into found_facets, found_counts
        from (
            select c.facet, c.products, row_number() over (
                partition by split_part(c.facet, '=', 1) order by c.products desc, c.facet)
            from facet_count c
            where c.tenant = app_tenant() and c.facet <> '' and c.products > 0
        ) e
        where e.row_number <= values_of_a_facet;
    end if;
    -- More than can be put in order here: an index has them in order.
    if total > most and sorted <> 'relevance' then
        execute format(
            'select array_agg(o.product order by o.row_number),
                 max(o.key::text) filter (where o.row_number = %s)
             from (
                 select k.product, k.key, row_number() over ()
                 from (
                     select s.product, %s as key %s order by %s %s, s.product %5$s limit %s
                 ) k
             ) o',
            page, order_key, meant || coalesce(format(' and (%s, s.product)', order_key) || bound, ''),
            order_key, direction, page + 1)
        into products, last_key;
    end if;
    total := case when is_complete then total else least(total, most) end;
    has_more := coalesce(cardinality(products), 0) > page;
    products := coalesce(products[:page], '{}');
end
$$;

grant create on schema public to takings_system;
alter function search_query(text[], boolean) owner to takings_system;
alter function find_products(text[], text[], text[], text, bigint, bigint, text, text, uuid, int,
    boolean, timestamptz) owner to takings_system;
revoke create on schema public from takings_system;
revoke execute on function search_query(text[], boolean) from public;
revoke execute on function find_products(text[], text[], text[], text, bigint, bigint, text, text,
    uuid, int, boolean, timestamptz) from public;
grant execute on function find_products(text[], text[], text[], text, bigint, bigint, text, text,
    uuid, int, boolean, timestamptz) to takings_app;
