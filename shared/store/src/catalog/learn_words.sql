insert into search_word (tenant, word)
select $1, w.word from unnest($2::text[]) w(word) order by w.word
on conflict (tenant, word) do nothing
