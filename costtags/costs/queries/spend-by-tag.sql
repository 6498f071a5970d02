-- What each value of a tag cost, month by month.
--
--   tag=             a key of tags.yaml; without it, each required one
--   cost=amortised   or unblended, net-amortised, net-unblended
--   from=            the first month, YYYY-MM; without it, the first there is
--   to=              the last month, YYYY-MM; without it, the last there is
--   currency=        USD, ...; needed only where the bill has several
-- Leaves out: tax, support, commitment, other
SELECT
  billing_period AS month,
  key,
  COALESCE(value, '(untagged)') AS value,
  SUM(cost) AS amount
FROM tagged
WHERE part = 'sagemaker'
GROUP BY 1, 2, 3
ORDER BY 1, 2, 4 DESC, 3
