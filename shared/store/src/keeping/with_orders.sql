select tenant from orders where placed_at >= $1
union
select tenant from recommendation_run
order by tenant
