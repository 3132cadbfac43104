-- Products as a shop of everything has them: 4,000 titles of common words, a number of its own
-- for each, three attributes, two options, a description of 30 words.
create temporary table word as
select n, 'a' || substr(md5('word' || n), 1, 2 + n % 7) || n as word
from generate_series(0, 4999) n;
alter table word add primary key (n);

create temporary table made as
select n, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid as id,
    (array['linen', 'cotton', 'woollen', 'leather', 'bamboo', 'ceramic', 'porcelain', 'steel',
        'wooden', 'silk'])[1 + n % 10] as material,
    (array['shirt', 'sweater', 'jacket', 'boots', 'kettle', 'cup', 'vase', 'headphones',
        'keyboard', 'toothbrush', 'lamp', 'table', 'chair', 'blanket', 'backpack', 'bottle',
        'notebook', 'candle', 'mirror', 'clock'])[1 + n / 10 % 20] as thing,
    (array['red', 'green', 'blue', 'black', 'white', 'yellow', 'brown', 'grey'])[1 + n / 7 % 8]
        as color,
    'maker' || n * 7919 % 200 as brand, 'kind' || n / 200 % 20 as kind,
    (array['S', 'M', 'L', 'XL'])[1 + n % 4] as size, 500 + n * 7919 % 20000 as price
from generate_series(1, 100000) n;

insert into product (tenant, id, slug, title, description, attributes, options, categories, state,
    created_at)
select 1, id, 'p' || n, initcap(material || ' ' || thing || ' ') || 'model' || n,
    (select string_agg(w.word, ' ')
     from generate_series(1, 30) i
     join word w on w.n = floor(5000 * power((made.n * 31 + i * 7919) % 9973 / 9973.0, 3))::int),
    jsonb_build_object('color', color, 'brand', brand, 'material', material), '{size}',
    array[kind, thing || 's'], 'published', timestamptz '2026-01-01' + n * interval '1 minute'
from made;

insert into variant (tenant, id, product, sku, options, position)
select 1, ('00000000-0000-7000-8000-1' || lpad(n::text, 11, '0'))::uuid, id, 'SKU' || n,
    array[size], 0
from made;

insert into price (tenant, variant, currency, amount_minor)
select 1, ('00000000-0000-7000-8000-1' || lpad(n::text, 11, '0'))::uuid, 'EUR', price from made;

insert into product_price (tenant, product, currency, starts_at, ends_at, low_minor, high_minor)
select 1, id, 'EUR', '-infinity', 'infinity', price, price from made;

insert into product_search (tenant, product, state, title_key, created_at, facets, document)
select 1, m.id, 'published', lower(p.title), p.created_at,
    array['1:attribute.brand=' || brand, '1:attribute.color=' || color,
        '1:attribute.material=' || material, '1:attribute.size=' || size, '1:category=' || kind,
        '1:category=' || thing || 's'],
    (format('''1:%s'':1A ''1:%s'':2A ''1:model%s'':3A ''1:sku%s'':4A ''1:%s'':5B ''1:%s'':6B '
            '''1:%ss'':7B ''1:%s'':8C ''1:%s'':9C', material, thing, n, n, lower(size), kind,
            thing, color, brand)
     || (select string_agg(format(' ''1:%s'':%sD', w.word, 9 + w.place), '')
         from regexp_split_to_table(p.description, ' ') with ordinality w(word, place))
    )::tsvector
from made m
join product p on p.tenant = 1 and p.id = m.id;

insert into search_word (tenant, word)
select 1, substr(lexeme, 3)
from product_search s, unnest(s.document)
group by lexeme;

insert into facet_count (tenant, facet, products)
select 1, facet, count(*)
from (select substr(unnest(facets), 3) as facet from product_search union all
      select '' from product_search) each
group by facet;
