-- Which resources lack a tag, with what they cost without it. Without one: what the bill names no resource for.
--
--   tag=             a key of tags.yaml; without it, each required one
--   cost=amortised   or unblended, net-amortised, net-unblended
--   from=            the first month, YYYY-MM; without it, the first there is
--   to=              the last month, YYYY-MM; without it, the last there is
--   currency=        USD, ...; needed only where the bill has several
-- Leaves out: tax, support, commitment, other
-- Needs: line_item_resource_id
SELECT
  key,
  resource_id,
  account,
  usage_group,
  MIN(usage_date) AS first_day,
  MAX(usage_date) AS last_day,
  SUM(cost) AS amount
FROM tagged
WHERE part = 'sagemaker' AND value IS NULL
GROUP BY 1, 2, 3, 4
ORDER BY 1, 7 DESC, 2, 3, 4
