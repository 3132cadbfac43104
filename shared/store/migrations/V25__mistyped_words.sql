-- What mistyped words may mean, in a few milliseconds; among 200,000 words it took some hundred.
-- Short ones are looked for among short words alone, not among all with their first letter; those
-- of four letters by their first letter only, because one trigram of five is enough to be alike and
-- very many words share one. And each word has a plan of its own: one for all words reads all words.
create index search_word_short on search_word (tenant, word) where length(word) <= 6;

-- What typed words may mean, as the text of a tsquery; null when one of them means nothing. The
-- last word may be half typed. One that nobody knows stands for those that are nearly the same,
-- and so does every word where `forgiving`.
create or replace function search_query(typed text[], forgiving boolean) returns text
language plpgsql stable set search_path = pg_catalog, public
    set plan_cache_mode = force_custom_plan
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
                    where w.tenant = app_tenant() and length(asked) > 4 and w.word % asked
                    union
                    -- Short words have too few trigrams to share one: there, the first letter is
                    -- right.
                    select w.word from search_word w
                    where w.tenant = app_tenant() and length(asked) < 6
                        and length(w.word) <= 6 and w.word ^@ left(asked, 1)
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
