-- Which values of a tag are not allowed by tags.yaml, what they meant (its aliases), and what was spent under them.
--
--   tag=             a key of tags.yaml; without it, all of them
--   cost=amortised   or unblended, net-amortised, net-unblended
--   from=            the first month, YYYY-MM; without it, the first there is
--   to=              the last month, YYYY-MM; without it, the last there is
--   currency=        USD, ...; needed only where the bill has several
-- Leaves out: tax, support, commitment, other
SELECT
  key,
  value,
  meant,
  account,
  MIN(usage_date) AS first_day,
  MAX(usage_date) AS last_day,
  COUNT(DISTINCT resource_id) AS resources,
  SUM(cost) AS amount
FROM tagged
WHERE part = 'sagemaker' AND NOT allowed
GROUP BY 1, 2, 3, 4
ORDER BY 1, 8 DESC, 2, 4
